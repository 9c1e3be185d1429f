# SPDX-License-Identifier: MIT
gpfcincludedir = $(includedir)/gpfc
dist_gpfcinclude_HEADERS = runtime/include/gpfc/kernel_abi.h
libgpfcrt_a_SOURCES +=
