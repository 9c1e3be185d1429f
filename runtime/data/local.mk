# SPDX-License-Identifier: MIT
#
# Takes: the spec's data settings, or a file. Gives: samples, standardised, split into training, test and
# validation set; and results written in the format and units that the samples came in.
libgpfcrt_a_SOURCES += \
	runtime/data/array_names.c \
	runtime/data/array_names.h \
	runtime/data/data_path.c \
	runtime/data/data_path.h \
	runtime/data/dequantise.c \
	runtime/data/row_fates.c \
	runtime/data/row_fates.h \
	runtime/data/samples.c \
	runtime/data/samples.h \
	runtime/data/samples_arrays.c \
	runtime/data/samples_file.c \
	runtime/data/samples_look.c \
	runtime/data/samples_parts.h \
	runtime/data/samples_stream.c \
	runtime/data/samples_table.c \
	runtime/data/samples_weights.c \
	runtime/data/standard.c \
	runtime/data/standard.h \
	runtime/data/toys.c \
	runtime/data/toys.h
