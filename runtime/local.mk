# SPDX-License-Identifier: MIT
#
# What programs see of the runtime.
gpfcincludedir = $(includedir)/gpfc
dist_gpfcinclude_HEADERS += runtime/include/gpfc/cpu_name.h runtime/include/gpfc/kernel_abi.h \
	runtime/include/gpfc/runtime.h

# What the main programs of both halves begin with.
EXTRA_DIST += runtime/include/gpfc/json_memory.h runtime/include/gpfc/standard_streams.h
