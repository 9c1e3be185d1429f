/* SPDX-License-Identifier: MIT
 *
 * Which columns of a file are meant. For table*.c only. */
#ifndef GPFC_TABLE_COLUMNS_H
#define GPFC_TABLE_COLUMNS_H

#include "files/table_format.h"

/* Finds the columns of labels, weights and the others, by what was requested: label, weight, width, from,
 * chosen and info. */
bool table_columns_choose(struct table_reader *reader, struct fault *fault) MUST_CHECK;

/* "a, b, c" of all names, cut where they are too many; "" where there are none. */
const char *table_columns_list(const struct table_reader *reader, char *room, size_t bytes);

/* Other columns than needed: how many there are, why perhaps ("" where nothing is to be seen), what to do. */
bool table_columns_tell(const struct table_reader *reader, const char *why, struct fault *fault);

#endif
