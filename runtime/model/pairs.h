/* SPDX-License-Identifier: MIT
 *
 * What a GP flow is trained on: pairs (x, y), y = f(x), for training, test and validation, in the trainer's
 * precision. Arrays are row-major, [n][d], finite, and there is at least one training row. Pairs come from
 * samples, and
 *
 *   from the samples' own y
 *   from a base flow, y = f(x)
 *   from a base flow and noise: z drawn, x = f^-1(z), y = f(x), as many as there are
 * samples */
#ifndef GPFC_PAIRS_H
#define GPFC_PAIRS_H

#include "base/base_flow.h"
#include "data/samples.h"
#include "ground/fault.h"

#include <stdint.h>

struct pairs {
    int64_t d;
    int64_t precision;
    struct part train, test;    /* test.n may be 0; labels are the samples' */
    struct part validation;     /* of samples that have such rows; else n = 0 */
    double nll_train, nll_test; /* of f, mean by weight, nats, of data as they were given; NaN: not known */
    struct base_flow_report report; /* of f on all samples */
    int64_t left_out;               /* rows of noise whose inverse was not found */
    bool of_noise;
    void *owned[2 * PARTS];
};

/* Samples as they are, lent until pairs_free: for a base flow's training, where y may be missing (NULL), and
 * for pairs that are given. The likelihoods are known where there are y and log-determinants. */
void pairs_of_samples(struct pairs *out, const struct samples *samples);

/* y = f(x); x is the samples', lent. A row whose y did not reach the tolerance stays, and is counted. */
bool pairs_through(struct pairs *out, const struct samples *samples, struct base_flow *base,
                   struct fault *fault) MUST_CHECK;

/* Noise z by (seed, row), x = f^-1(z), y = f(x), which is z but for rounding. A row for which it is not is
 * left out. The likelihoods are not known: that of such an x says nothing of the data. */
bool pairs_from_noise(struct pairs *out, const struct samples *samples, struct base_flow *base, uint64_t seed,
                      struct fault *fault) MUST_CHECK;

/* The parts' rotation, [d][d] or NULL, lent until pairs_free. */
void pairs_turn(struct pairs *pairs, const double *rotation);

/* The rows that a flow is measured on: the test's, or, where there are none, those of the training; and the
 * likelihood of f on them. */
struct part pairs_measured(const struct pairs *pairs, double *nll);

/* Position and scale of rows, the pairs' training x or y, by as many as 10,000 of them: how far their mean is
 * from the origin, and a coordinate's root mean square distance from it. */
struct pairs_place {
    double offset, spread;
};
struct pairs_place pairs_place(const struct pairs *pairs, const void *rows);

void pairs_free(struct pairs *pairs); /* what is its own; a zeroed one is allowed */

#endif
