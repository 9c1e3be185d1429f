/* SPDX-License-Identifier: MIT
 *
 * Weights of rows, each at least 0, by which a mean over the rows is weighted. */
#ifndef GPFC_ROW_WEIGHTS_H
#define GPFC_ROW_WEIGHTS_H

#include <stdint.h>

/* weights NULL: 1 each. */
static inline double row_weight(const double *weights, int64_t row)
{
    return weights ? weights[row] : 1;
}

double row_weights_sum(const double *weights, int64_t n);

/* How many rows of equal weight tell as much: (sum of w)^2 / sum of w^2 (Kish 1965). n where weights is
 * NULL. */
double row_weights_effective(const double *weights, int64_t n);

/* Systematic resampling: rows drawn[0 .. count - 1], ascending, out of n. Row i is drawn count w_i / sum of w
 * times, rounded up or down, and exactly so often on average over shift, which is uniform on 0 .. 1. Equal
 * weights and count = n: each row once. */
void row_weights_draw(const double *weights, int64_t n, double shift, int64_t count, uint32_t *drawn);

#endif
