# SPDX-License-Identifier: MIT
gpfcincludedir = $(includedir)/gpfc
dist_gpfcinclude_HEADERS = runtime/include/gpfc/kernel_abi.h
libgpfcrt_a_SOURCES += \
	runtime/byte_source.c runtime/byte_source.h \
	runtime/fault.c runtime/fault.h \
	runtime/npy.h runtime/npy_format.h runtime/npy_header.c runtime/npy_read.c runtime/npy_write.c \
	runtime/npz.c runtime/npz.h \
	runtime/random.c runtime/random.h \
	runtime/safe_file.c runtime/safe_file.h \
	runtime/safetensors.h runtime/safetensors_read.c runtime/safetensors_write.c \
	runtime/toys.c runtime/toys.h
