/* SPDX-License-Identifier: MIT
 *
 * Looks at data before anything is learned from them: statistics of each column in one pass over blocks of
 * rows, and findings, that is, what will make a training fail or its result mean little. Memory does not grow
 * with the rows but for 8 bytes each, up to LOOK_MOST_HASHES of them. */
#ifndef GPFC_LOOK_H
#define GPFC_LOOK_H

#include "gpfc/runtime.h"
#include "ground/fault.h"

#include <stdbool.h>
#include <stdint.h>

enum { LOOK_MOST_HASHES = 1 << 25 }; /* rows that are compared with each other */

struct look_request {
    int64_t d;
    bool has_y;               /* a row is x [d], then y [d] */
    bool dequantised;         /* what is discrete will be made continuous: worth a note */
    bool standardised;        /* x will be */
    double greatest;          /* a number that can be trained on, once it is standardised; 0: any can */
    bool by_line;             /* places are lines, from 1 */
    const char *const *names; /* of x's columns, lent for the call; NULL: they have numbers */
};

struct look;

bool look_new(struct look **out, const struct look_request *request, struct fault *fault) MUST_CHECK;
void look_free(struct look *look); /* NULL is allowed */

struct look_rows {
    const double *rows;            /* [n][d], or [n][2 d] with y */
    int64_t n;                     /* 0 or more */
    const unsigned char *for_test; /* [n] which of them are test rows; NULL: none is */
    const int64_t *places;         /* [n] in the file, lines or rows from 0; NULL: no row was left out */
    const double *weights;         /* [n], above 0; NULL: all the same */
};

/* The next rows in the order of the file; all of them with weights, or none. */
bool look_add(struct look *look, const struct look_rows *rows, struct fault *fault) MUST_CHECK;

/* So many rows were left out, because a number is missing, or because their weight is 0. */
void look_left_out(struct look *look, int64_t dropped, int64_t weightless);

/* The same once the last row was added, where it is known only then: for_test [n] of the first n rows; those
 * after them are none. */
void look_mark_test(struct look *look, const unsigned char *for_test, int64_t n);

/* After the last row. */
bool look_finish(struct look *look, struct fault *fault) MUST_CHECK;

/* Lives as long as the look. Complete after look_finish. */
const struct gpfc_look *look_result(const struct look *look);

/* The finding that leaves nothing to learn; NULL: there is none. */
const struct gpfc_finding *look_refusal(const struct gpfc_look *look);

#endif
