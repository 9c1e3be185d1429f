# SPDX-License-Identifier: MIT
#
# Takes: paths and bytes. Gives: arrays from .npy, .npz, .csv and .safetensors files, and files that are
# written whole or not at all. Knows formats, not what the arrays mean.
libgpfcrt_a_SOURCES += \
	runtime/files/byte_source.c \
	runtime/files/byte_source.h \
	runtime/files/csv.c \
	runtime/files/csv.h \
	runtime/files/file_map.c \
	runtime/files/file_map.h \
	runtime/files/npy.h \
	runtime/files/npy_format.h \
	runtime/files/npy_header.c \
	runtime/files/npy_read.c \
	runtime/files/npy_write.c \
	runtime/files/npz.c \
	runtime/files/npz.h \
	runtime/files/npz_place.c \
	runtime/files/npz_place.h \
	runtime/files/safe_file.c \
	runtime/files/safe_file.h \
	runtime/files/safetensors.h \
	runtime/files/safetensors_read.c \
	runtime/files/safetensors_write.c \
	runtime/files/text_lines.c \
	runtime/files/text_lines.h
