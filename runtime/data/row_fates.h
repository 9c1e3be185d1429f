/* SPDX-License-Identifier: MIT
 *
 * What becomes of rows that are read: they are kept, drawn for the test, or left out because their weight is
 * 0. Test rows are drawn by a fixed seed, so that training and every later evaluation see the same ones. */
#ifndef GPFC_ROW_FATES_H
#define GPFC_ROW_FATES_H

#include "ground/fault.h"

#include <stddef.h>
#include <stdint.h>

enum row_fate { ROW_KEPT, ROW_FOR_TEST, ROW_LEFT_OUT };

struct row_fates {
    int64_t rows;                    /* that were read */
    int64_t count[ROW_LEFT_OUT + 1]; /* how many have each fate */
    unsigned char *of;               /* [rows] enum row_fate; NULL: all are kept */
};

/* How many of the rows are for the test, by their share; at least one is left. */
int64_t row_fates_test(int64_t rows, double share);

/* weights [rows], or NULL: all the same. A share of the rows that have one is for the test; at least one is
 * kept. Where none has one: a fault. */
bool row_fates_draw(struct row_fates *out, int64_t rows, const double *weights, double share,
                    struct fault *fault) MUST_CHECK;
void row_fates_free(struct row_fates *fates); /* a zeroed one is allowed */

enum row_fate row_fate(const struct row_fates *fates, int64_t row);

/* Which of the rows that were read is row `row` of those with this fate. */
int64_t row_fates_find(const struct row_fates *fates, enum row_fate fate, int64_t row);

/* Rows first .. first + n - 1 of those that were read: the kept ones to to[ROW_KEPT], the others to
 * to[ROW_FOR_TEST]; next: how many each has. */
void row_fates_hand_out(const struct row_fates *fates, int64_t first, const void *rows, int64_t n,
                        size_t row_bytes, void *const to[2], int64_t next[2]);

/* The same for all rows, in rooms made here, the caller's also after a fault; test: NULL where none is for
 * the test. */
bool row_fates_split(const struct row_fates *fates, const void *rows, size_t row_bytes, void **kept,
                     void **test, struct fault *fault) MUST_CHECK;

#endif
