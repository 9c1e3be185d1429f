/* SPDX-License-Identifier: MIT
 *
 * Which columns and rows of a file are data: what the spec says, or options instead. */
#ifndef GPFC_COLUMN_CHOICE_H
#define GPFC_COLUMN_CHOICE_H

#include "files/table.h"
#include "gpfc/kernel_abi.h"

struct data_options {    /* NULL: as the spec says */
    const char *file;    /* "" is NULL */
    const char *columns; /* "a,b,c", or as the spec has it, ["a", "b, c"] */
    const char *label;   /* "": none but the usual */
    const char *missing; /* "refuse", "drop" */
    const char *weights; /* a column, an array or a file; "": only the usual array */
};

/* The same with no NULL but that of the file: it means the same to every other spec. */
struct data_options data_options_resolved(const struct gpfc_bundle *bundle, const struct data_options *given);

struct column_choice {
    struct table_columns columns; /* lent */
    char **names;                 /* [columns.n], owned */
    const char *weights_file;     /* lent; NULL: the weights are a column or an array, or there are none */
};

/* given: its file does not matter. A choice of the spec's own is loose (table.h) where `loose` says so; one
 * by options never is. */
bool column_choice_make(struct column_choice *out, const struct gpfc_bundle *bundle,
                        const struct data_options *given, bool loose, struct fault *fault) MUST_CHECK;
/* Are weights of this name a file? It has the suffix of one. */
bool column_choice_is_file(const char *weights);
void column_choice_free(struct column_choice *choice); /* a zeroed one is allowed */

#endif
