/* SPDX-License-Identifier: MIT
 *
 * Rows of numbers as text, one row a line: comma-separated values and similar formats.
 *
 * Fields are separated by semicolons, commas, tabs or blanks, whichever of these the first line has (in this
 * order); blanks around a field are ignored. A field may be quoted ("). Lines end with LF, CR LF or CR. Empty
 * lines, and lines that begin with #, are skipped. Numbers have a decimal point whatever the locale says; NaN
 * and infinity are refused. A first line without a number, or with the name "label" or "labels" in it, is a
 * line of names; the column of that name contains whole numbers. Whatever the bytes are, reading ends in a
 * table or in a fault with FILE:LINE:COLUMN, bytes counted from 1. */
#ifndef GPFC_CSV_H
#define GPFC_CSV_H

#include "ground/fault.h"

#include <stdint.h>

enum { CSV_MAX_LINE = 1 << 20 /* bytes */ };

struct csv {
    int64_t rows;
    double *x;       /* [rows][d], owned */
    int64_t *labels; /* [rows], owned; NULL: there are none */
};

/* d columns, beside that of the labels, and at least one row. greatest: of |x|; beyond it a number is refused
 * as too large for the data's precision. path may also be a pipe. */
bool csv_read(struct csv *out, const char *path, int64_t d, double greatest, struct fault *fault) MUST_CHECK;
void csv_free(struct csv *csv); /* what is in it; a zeroed one is allowed */

#endif
