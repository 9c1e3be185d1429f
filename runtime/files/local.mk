# SPDX-License-Identifier: MIT
#
# Takes: paths and bytes. Gives: tables of rows in .npy, .npz and text files (table.h), tensors in
# .safetensors files, and files that are written whole or not at all. Knows formats, not what the arrays mean.
libgpfcrt_a_SOURCES += \
	runtime/files/byte_source.c \
	runtime/files/byte_source.h \
	runtime/files/csv.h \
	runtime/files/csv_field.c \
	runtime/files/csv_field.h \
	runtime/files/csv_read.c \
	runtime/files/half.h \
	runtime/files/npy.h \
	runtime/files/npy_elements.c \
	runtime/files/npy_format.h \
	runtime/files/npy_header.c \
	runtime/files/npy_read.c \
	runtime/files/npy_write.c \
	runtime/files/npz.c \
	runtime/files/npz.h \
	runtime/files/npz_error.h \
	runtime/files/npz_place.c \
	runtime/files/npz_place.h \
	runtime/files/npz_write.c \
	runtime/files/safe_file.c \
	runtime/files/safe_file.h \
	runtime/files/safetensors.h \
	runtime/files/safetensors_checksum.c \
	runtime/files/safetensors_checksum.h \
	runtime/files/safetensors_read.c \
	runtime/files/safetensors_write.c \
	runtime/files/side_file.c \
	runtime/files/side_file.h \
	runtime/files/spool.c \
	runtime/files/spool.h \
	runtime/files/table.h \
	runtime/files/table_arrays.c \
	runtime/files/table_columns.c \
	runtime/files/table_columns.h \
	runtime/files/table_format.h \
	runtime/files/table_names.c \
	runtime/files/table_names.h \
	runtime/files/table_read.c \
	runtime/files/table_text.h \
	runtime/files/table_text_read.c \
	runtime/files/table_text_write.c \
	runtime/files/table_write.c \
	runtime/files/text_lines.c \
	runtime/files/text_lines.h \
	runtime/files/word_list.c \
	runtime/files/word_list.h
