/* SPDX-License-Identifier: MIT
 *
 * A mean over the weights of a training's latest steps, which has less of the noise of batches than the
 * weights have (polynomial-decay averaging; Shamir and Zhang 2013): after step t = 1, 2, ...
 *   mean_t = mean_(t-1) + w_t (theta_t - mean_(t-1)),  w_t = min(1, 1 / (share t)),
 * in which the weights of step i count in proportion to about i^(1/share - 1), whatever the training's
 * length: those of the latest `share` of the steps for most. */
#ifndef GPFC_AVERAGE_H
#define GPFC_AVERAGE_H

#include <stdint.h>

struct average_arrays {
    int64_t n;
    int64_t precision; /* bytes of a REAL */
    const void *theta;
    void *mean; /* changed */
};

/* After step `step`, counted from 1. */
void average_step(const struct average_arrays *arrays, double share, int64_t step);

#endif
