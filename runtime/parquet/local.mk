# SPDX-License-Identifier: MIT
#
# Takes: Parquet files. Gives: their rows, by the format of files/table_format.h. Knows DuckDB's library,
# which reads them where it is, and the layout in which they are written.
libgpfcrt_a_SOURCES += \
	runtime/parquet/parquet_functions.def \
	runtime/parquet/parquet_library.c \
	runtime/parquet/parquet_library.h \
	runtime/parquet/parquet_metadata.c \
	runtime/parquet/parquet_metadata.h \
	runtime/parquet/parquet_query.c \
	runtime/parquet/parquet_query.h \
	runtime/parquet/parquet_table.h \
	runtime/parquet/parquet_table_read.c \
	runtime/parquet/parquet_table_write.c \
	runtime/parquet/parquet_thrift.c \
	runtime/parquet/parquet_thrift.h
