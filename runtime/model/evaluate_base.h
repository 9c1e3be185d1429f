/* SPDX-License-Identifier: MIT
 *
 * How good a base flow is as a map and as a density: how accurate is its inverse, does its density integrate
 * to 1? */
#ifndef GPFC_EVALUATE_BASE_H
#define GPFC_EVALUATE_BASE_H

#include "base/base_flow.h"
#include "data/samples.h"
#include "kernels/device.h"

struct base_trip { /* x -> f(x) -> f^-1(f(x)) */
    int64_t samples;
    int64_t not_converged; /* rows whose inverse, or map, did not reach the tolerance */
    double roundtrip_max;  /* of |f^-1(f(x)) - x| of the others, over coordinates; NaN: there are none */
};

struct base_evaluation {
    struct base_trip near, far; /* samples; and as many directions, 10 standard deviations from their mean */
    /* d = 2: of the density of f, and of s after f, over a grid of twice the samples' extent; else NaN */
    double integral_before, integral_after;
};

/* bundle, theta, rotation (NULL: none): the flow's. part: x of at least one row, standardised. Looks at some
 * thousand rows at most. */
bool evaluate_base(struct base_evaluation *out, const struct gpfc_bundle *bundle, const void *theta,
                   const double *rotation, int64_t time_steps, struct base_flow *base,
                   const struct part *part, const struct device *device, struct fault *fault) MUST_CHECK;

#endif
