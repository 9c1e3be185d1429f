/* SPDX-License-Identifier: MIT
 *
 * Which of the training rows a training learns from, and which it only measures, to choose the best weights
 * and to know when to stop. Drawn by a fixed seed: the same for a base flow and the flow after it, and for
 * every seed of a training. Rows stay where they are; order is all that a split holds. */
#ifndef GPFC_SPLIT_H
#define GPFC_SPLIT_H

#include "ground/fault.h"

#include <stdint.h>

struct split {
    int64_t train, validation; /* how many rows of each kind */
    uint32_t *rows;            /* [train], then [validation]; NULL: all rows train, as they are, and those
                                  that validate are not among them */
    double *weights;           /* [train] of these; NULL: all the same */
    uint32_t *drawn;           /* [train] room for a draw by weights */
};

/* A share below 1 of n >= 1 rows validates, rounded; at least one row is left to learn from. */
bool split_new(struct split *out, double share, int64_t n, struct fault *fault) MUST_CHECK;
/* All n rows train; there are others that validate. */
struct split split_given(int64_t n, int64_t validation);
/* The rows that train are drawn by their weights, those of all rows, above 0; NULL: each once. */
bool split_weigh(struct split *split, const double *weights, struct fault *fault) MUST_CHECK;
void split_free(struct split *split); /* a zeroed one is allowed */

const uint32_t *split_validation(const struct split *split); /* [validation]; NULL: none of these rows */

/* This epoch's training rows in their order, [train]. With weights a row may be there several times, or not:
 * systematic resampling, anew for each epoch, so that a step costs what it costs without, and the noise of
 * its gradient is that of equal weights (docs/experiments.md). */
void split_shuffle(const struct split *split, uint64_t seed, uint64_t epoch, uint32_t *order);

#endif
