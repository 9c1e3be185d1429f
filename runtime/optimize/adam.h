/* SPDX-License-Identifier: MIT
 *
 * The Adam optimiser on arrays of REALs (float or double, as the bundle's precision says). Allocates
 * nothing. */
#ifndef GPFC_ADAM_H
#define GPFC_ADAM_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

#include <stdint.h>

struct adam {
    double beta1, beta2;
    double epsilon;
    double weight_decay; /* weight_decay * theta is added to the gradient; see also shrink.h */
    double clip;         /* largest norm of the gradient; 0: any */
};

struct adam_arrays { /* each of n REALs */
    int64_t n;
    int64_t precision; /* bytes of a REAL */
    void *theta;       /* changed */
    const void *gradient;
    void *mean, *square; /* the moments; zeros before the first step; changed */
    int threads;         /* at least 1; decides nothing */
};

struct adam adam_from_settings(const struct gpfc_bundle *bundle);

/* Euclidean norm, summed in double; not finite where an element is not, or where squares of doubles
 * overflow. */
double adam_norm(const void *array, int64_t n, int64_t precision);

/* One step; `step` counts from 1; `norm` is the gradient's, for clipping: a longer gradient is scaled by
 * clip / (norm + 1e-6) before the weight decay is added. False: a weight or moment is not finite now. */
bool adam_step(const struct adam *adam, const struct adam_arrays *arrays, int64_t step, double rate,
               double norm) MUST_CHECK;

#endif
