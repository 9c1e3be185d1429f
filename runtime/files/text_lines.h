/* SPDX-License-Identifier: MIT
 *
 * The lines of a text, one after another, none longer than a limit. */
#ifndef GPFC_TEXT_LINES_H
#define GPFC_TEXT_LINES_H

#include "files/byte_source.h"
#include "ground/fault.h"

#include <stdint.h>

struct text_lines;

/* Takes the source, also where it fails. name: for faults; most: bytes of a line, without its end. */
bool text_lines_open(struct text_lines **out, const char *name, const struct byte_source *source, size_t most,
                     struct fault *fault) MUST_CHECK;
void text_lines_close(struct text_lines *lines); /* NULL is allowed */

/* The next line, lent until the next call; without its end (LF, CR LF or CR), with a NUL after it and none in
 * it. NULL: there was no more. A byte order mark before the first line is left out. */
bool text_lines_next(struct text_lines *lines, const char **line, struct fault *fault) MUST_CHECK;
int64_t text_lines_number(const struct text_lines *lines); /* of that line, counted from 1 */

#endif
