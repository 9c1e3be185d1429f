# SPDX-License-Identifier: MIT
#
# What programs see of the runtime.
gpfcincludedir = $(includedir)/gpfc
dist_gpfcinclude_HEADERS += runtime/include/gpfc/cpu_name.h runtime/include/gpfc/kernel_abi.h \
	runtime/include/gpfc/runtime.h
