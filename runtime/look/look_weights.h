/* SPDX-License-Identifier: MIT
 *
 * Rows that have weights: how many of equal weight they amount to, and weighted moments of their columns. */
#ifndef GPFC_LOOK_WEIGHTS_H
#define GPFC_LOOK_WEIGHTS_H

#include "ground/fault.h"

#include <stdbool.h>
#include <stdint.h>

struct look_weights {
    int64_t width;
    double sum, squares; /* of the weights */
    double *means;       /* [width] */
    double *m2;          /* [width] sums of weight times (value - mean)^2 */
};

bool look_weights_new(struct look_weights *out, int64_t width, struct fault *fault) MUST_CHECK;
void look_weights_free(struct look_weights *weights); /* a zeroed one is allowed */

/* n rows [n][width] of weights [n] above 0. */
void look_weights_add(struct look_weights *to, const double *rows, const double *weights, int64_t n);

bool look_is_weighted(const struct look_weights *weights);
double look_weights_effective(const struct look_weights *weights); /* 0 without weights */
double look_weights_deviation(const struct look_weights *weights, int64_t column);

#endif
