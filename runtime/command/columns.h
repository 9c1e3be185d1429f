/* SPDX-License-Identifier: MIT
 *
 * Text that fits the terminal: entries that wrap below their label, and rows of a table with two numbers. */
#ifndef GPFC_COLUMNS_H
#define GPFC_COLUMNS_H

#include "ground/fault.h"

#include <stdio.h>

/* What COLUMNS says, else the width of the terminal that `out` is, else 80; at least 30. */
int columns_of(FILE *out);

/* "  label     text .."; what does not fit continues below the beginning of the text. */
void columns_item(FILE *out, const char *label, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same for labels of up to 16 characters. */
void columns_wide_item(FILE *out, const char *label, const char *format, ...) PRINTF_LIKE(3, 4);

/* "  what                  before      after": the first column takes the room that there is, up to 36. */
void columns_row(FILE *out, const char *what, const char *before, const char *after);

#endif
