/* SPDX-License-Identifier: MIT
 *
 * Derivatives of a base flow by central differences, for tests of properties. */
#ifndef GPFC_BASE_DIFFERENCES_H
#define GPFC_BASE_DIFFERENCES_H

#include "property/base_fixture.h"

/* dy_i/dx_j at [i][j] of the kernel's output "y" at x [d]: off by 1e-9 or so */
double *base_jacobian(struct base_fixture *fixture, const struct ir_graph *graph, const double *x);

/* Checks the training's gradient along a random direction of each parameter against differences of the loss.
 * Even seeds keep all values for the backward pass, odd ones the state. */
void base_compare_gradients(struct base_model base, uint64_t seed);

#endif
