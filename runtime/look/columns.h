/* SPDX-License-Identifier: MIT
 *
 * One column of numbers that pass by in blocks: its moments, its outermost values, whether it counts the
 * rows, and a word by which it equals another. */
#ifndef GPFC_COLUMNS_H
#define GPFC_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

enum { COLUMN_EXTREMES = 64 };

struct extreme {
    double value;
    int64_t row; /* from 0 */
};

struct column {
    int64_t n;
    double mean, m2, m3, m4;              /* sums of powers of (value - mean) */
    struct extreme low[COLUMN_EXTREMES];  /* ascending; the first min(n, COLUMN_EXTREMES) are set */
    struct extreme high[COLUMN_EXTREMES]; /* descending */
    double first, step;                   /* value of row 0; of row 1 less that */
    bool counts;                          /* row i holds first + i step, but for rounding */
    uint64_t word;                        /* equal for equal columns */
};

/* The next n values, `stride` apart. */
void column_add(struct column *column, const double *values, int64_t n, int64_t stride);

int64_t column_extremes(const struct column *column); /* how many are set */
double column_deviation(const struct column *column);
double column_kurtosis(const struct column *column); /* 0 for a normal column; 0 where it does not vary */
bool column_constant(const struct column *column);   /* but for rounding */
bool column_counts(const struct column *column);     /* from row to row, by more than rounding */

#endif
