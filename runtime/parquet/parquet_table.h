/* SPDX-License-Identifier: MIT
 *
 * Tables in Parquet files: what the format of table.h does. For parquet_table*.c only. */
#ifndef GPFC_PARQUET_TABLE_H
#define GPFC_PARQUET_TABLE_H

#include "files/table_format.h"

bool parquet_table_open(struct table_reader *reader, const struct byte_source *source,
                        struct fault *fault) MUST_CHECK;
bool parquet_table_start(struct table_reader *reader, struct fault *fault) MUST_CHECK;
bool parquet_table_read(struct table_reader *reader, int64_t rows, int64_t *got,
                        struct fault *fault) MUST_CHECK;
bool parquet_table_tell(const struct table_reader *reader, int64_t place, int64_t column, double value,
                        struct fault *fault);
bool parquet_table_tell_columns(const struct table_reader *reader, struct fault *fault);
void parquet_table_close(struct table_reader *reader);

#endif
