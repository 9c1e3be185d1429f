/* SPDX-License-Identifier: MIT
 *
 * Rows of numbers as text, one row a line: comma-separated values and similar formats. Only for table*.c.
 *
 * Fields are separated by semicolons, commas, tabs or blanks, whichever of these the first line has (in this
 * order, but tabs come first in a .tsv); blanks around a field are ignored. A field may be quoted ("). Lines
 * end with LF, CR LF or CR. Empty lines, and lines that begin with #, are skipped. Numbers have a decimal
 * point or, where commas are not separators, a decimal comma, but not both in one file; the locale does not
 * matter. A first line without a number, or with a requested name or "label" or "labels" in it, is a line of
 * names. Whatever the bytes are, reading ends in rows or in a fault with FILE:LINE:COLUMN, bytes counted
 * from 1. */
#ifndef GPFC_CSV_H
#define GPFC_CSV_H

#include "files/byte_source.h"
#include "files/table.h"

enum { CSV_MAX_LINE = 1 << 20 /* bytes */ };

struct csv_reader;

/* Reads the line of names, if there is one, and looks at the first row. Takes the source, also where it
 * fails. name: for faults; separator: taken if the first line has it; wanted: names that make the first line
 * one of names. */
bool csv_open(struct csv_reader **out, const char *name, char separator, const struct byte_source *source,
              const struct table_columns *wanted, struct fault *fault) MUST_CHECK;
void csv_close(struct csv_reader *reader); /* NULL is allowed */

int64_t csv_columns(const struct csv_reader *reader);
const char *const *csv_names(const struct csv_reader *reader); /* [columns]; NULL: none */

/* The first column, from `column` on, that holds a word in the first row; -1: there is none. word: lent until
 * the first row is read. */
int64_t csv_word_column(const struct csv_reader *reader, int64_t column, const char **word, int *length);

/* Which columns are wanted, and how; once, before the first row. */
struct csv_choice {
    const int64_t *columns; /* [n], all different */
    int64_t n, label;       /* label: a column, or -1 */
    enum table_missing missing;
    double greatest; /* of |x|: beyond it a number is refused as too large for the data's precision */
};
bool csv_choose(struct csv_reader *reader, const struct csv_choice *choice, struct fault *fault) MUST_CHECK;

/* The next row. */
struct csv_row {
    double *x; /* [n]; NaN for what is missing, which is kept */
    struct csv_label {
        const char *text; /* [length], lent until the next row */
        size_t length;
        bool missing;
        bool whole; /* it is a whole number: */
        int64_t number;
    } label;
    int64_t line;
    bool there; /* false after the last row */
};
bool csv_next(struct csv_reader *reader, struct csv_row *row, struct fault *fault) MUST_CHECK;

/* A fault at the label of the row that was read last. */
bool csv_tell_label(const struct csv_reader *reader, const struct csv_label *label, const char *what,
                    struct fault *fault);

#endif
