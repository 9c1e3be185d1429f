/* SPDX-License-Identifier: MIT
 *
 * Tables as text: what the formats of table.h do. For table*.c only. */
#ifndef GPFC_TABLE_TEXT_H
#define GPFC_TABLE_TEXT_H

#include "files/table_format.h"

bool table_text_open(struct table_reader *reader, const struct byte_source *source,
                     struct fault *fault) MUST_CHECK;
bool table_text_start(struct table_reader *reader, struct fault *fault) MUST_CHECK;
bool table_text_read(struct table_reader *reader, int64_t rows, int64_t *got, struct fault *fault) MUST_CHECK;
bool table_text_tell(const struct table_reader *reader, int64_t place, int64_t column, double value,
                     struct fault *fault);
bool table_text_tell_columns(const struct table_reader *reader, struct fault *fault);
void table_text_name_row(const struct table_reader *reader, int64_t place, char *room, size_t bytes);
void table_text_close(struct table_reader *reader);

#endif
