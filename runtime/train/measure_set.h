/* SPDX-License-Identifier: MIT
 *
 * Rows on which weights are measured by the kernel "measure", block by block: the test's, and those that
 * validate. */
#ifndef GPFC_MEASURE_SET_H
#define GPFC_MEASURE_SET_H

#include "kernels/runner.h"
#include "model/pairs.h"
#include "numbers/array.h"

/* Means over the rows, by weight. */
struct measured {
    double cost, energy, penalty;
};

struct measure_rows {
    struct part part;
    const uint32_t *order; /* rows order[0 .. n - 1] of the part; NULL: its first n */
    int64_t n;
};

struct measure_set { /* zeroed: without rows */
    struct measure_rows rows;
    int64_t block; /* rows of one call */
    double total;  /* weight of all rows */
    uint64_t seed; /* of the penalty's noise */
    struct runner *runner;
    struct array results[3]; /* REAL [block]: cost, energy, penalty of rows */
};

/* What rows point to is lent. No rows: nothing is made, and the set must not be measured. */
bool measure_set_new(struct measure_set *out, const struct gpfc_bundle *bundle, const struct device *device,
                     const struct measure_rows *rows, uint64_t seed, struct fault *fault) MUST_CHECK;
void measure_set_free(struct measure_set *set); /* a zeroed one is allowed */

/* Allocates nothing. */
bool measure_set_go(struct measured *out, struct measure_set *set, const struct array *theta,
                    int64_t time_steps, struct fault *fault) MUST_CHECK;

#endif
