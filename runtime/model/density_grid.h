/* SPDX-License-Identifier: MIT
 *
 * Integrals of densities in the plane: a log-likelihood is valid only if its exponential integrates to 1. */
#ifndef GPFC_DENSITY_GRID_H
#define GPFC_DENSITY_GRID_H

#include "base/base_flow.h"
#include "kernels/device.h"

/* Of the density of the base flow f, and of s after f, with the flow's theta
 * and rotation (NULL: none), over a grid twice as wide and
 * high as the samples x, REAL [n][2], lie apart. */
bool density_integrals(double *before, double *after, const struct gpfc_bundle *bundle, const void *theta,
                       const double *rotation, int64_t time_steps, struct base_flow *base, const void *x,
                       int64_t n, const struct device *device, struct fault *fault) MUST_CHECK;

#endif
