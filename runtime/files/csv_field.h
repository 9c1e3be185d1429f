/* SPDX-License-Identifier: MIT
 *
 * The fields of a line of separated values, and the numbers in them. For csv*.c only. */
#ifndef GPFC_CSV_FIELD_H
#define GPFC_CSV_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of the line without blanks and quotes around it. */
struct csv_field {
    const char *text;
    size_t length;
};

/* How numbers and fields are written. */
struct csv_form {
    char separator; /* ' ': blanks */
    char point;     /* '.' or ','; 0: not known yet */
};

/* Of the first line: `usual`, or the first of ; , and tab, that stands in it, outside of quotes; otherwise
 * ' '. */
char csv_find_separator(const char *line, char usual);

/* The field at *at, which moves to the next one, or becomes NULL after the last. On false what is wrong is
 * returned by its text, and *at is the place. */
bool csv_take_field(const struct csv_form *form, const char **at, struct csv_field *out, const char **wrong);

/* [+-] 12 [.34] or .5, then [e[+-]67]: no other notation that strtod knows, such as 0x10. form->point is set
 * by the first number with a decimal point or comma, and the other one is none from then on; a comma is one
 * only where it does not separate. */
bool csv_number(struct csv_form *form, const struct csv_field *f, double *out);

/* The word in upper or lower case, with a sign or without. */
bool csv_is_word(const struct csv_field *f, const char *word);

/* What stands for a number that is missing: nothing, NA, N/A, NaN, null, none. */
bool csv_is_missing(const struct csv_field *f);

#endif
