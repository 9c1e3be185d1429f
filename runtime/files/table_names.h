/* SPDX-License-Identifier: MIT
 *
 * The formats, and how one is told from another. For table*.c only. */
#ifndef GPFC_TABLE_NAMES_H
#define GPFC_TABLE_NAMES_H

#include "files/table_format.h"

/* By the end of a path, in upper or lower case; NULL: it is no format's. */
const struct table_format *table_format_of_suffix(const char *path);

/* By the word; NULL with a fault that lists the words. */
const struct table_format *table_format_of_word(const char *word, struct fault *fault) MUST_CHECK;

/* By a file's first bytes: what is no other format is text. */
const struct table_format *table_format_of_bytes(const unsigned char *bytes, size_t n);

/* By the suffix of a name, or the first bytes of what was just opened under it. */
bool table_format_find(const struct byte_source *source, const char *name, const struct table_format **out,
                       struct fault *fault) MUST_CHECK;

/* False with a fault that says what to do: a format of tables that cannot be read or written here, by a
 * path's suffix or by the first bytes of a file that has none of a format here. */
bool table_path_known(const char *path, struct fault *fault) MUST_CHECK;
bool table_bytes_known(const char *name, const unsigned char *bytes, size_t n,
                       struct fault *fault) MUST_CHECK;

#endif
