/* SPDX-License-Identifier: MIT
 *
 * Small base flows with random parameters, for tests of properties. */
#ifndef GPFC_BASE_FIXTURE_H
#define GPFC_BASE_FIXTURE_H

#include "baseflow/baseflow.h"
#include "bindings.h"

struct base_fixture {
    struct arena *arena;
    struct base_model base;
    double *theta; /* [base.n_elements] */
    uint64_t seed; /* of all that is random */
};

/* `base` with the parameters of its kind, which are drawn: weights N(0, 1/inputs), all else N(0, 1/4). */
struct base_fixture base_fixture_new(struct base_model base, uint64_t seed);
void base_fixture_free(struct base_fixture *fixture);

double *base_fixture_normal(struct base_fixture *fixture, long n);
double *base_fixture_filled(struct base_fixture *fixture, long n, double value);
/* The kernel of that name; a broken promise if there is none. */
struct ir_graph *base_fixture_kernel(const struct base_fixture *fixture, const char *name);
/* The parameters under their names, at theta or another array of the same layout. */
struct bindings base_fixture_bindings(const struct base_fixture *fixture, const double *theta);
/* Inputs of the kernels: x, t, lambda, weight and noise for so many samples. */
struct bindings base_fixture_inputs(struct base_fixture *fixture, int batch);
/* The inputs of 2^d samples: one point x, every combination of signs as the noise of the only block. An
 * estimate's mean over them is the exact value. */
struct bindings base_fixture_all_signs(struct base_fixture *fixture);
/* The outputs, by the interpreter. */
double **base_fixture_run(const struct ir_graph *graph, int batch, const struct bindings *bindings);

#endif
