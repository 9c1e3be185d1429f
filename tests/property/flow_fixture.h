/* SPDX-License-Identifier: MIT
 *
 * Small flows with random weights, for tests of properties. */
#ifndef GPFC_FLOW_FIXTURE_H
#define GPFC_FLOW_FIXTURE_H

#include "bindings.h"
#include "draw.h"
#include "flow/flow.h"

struct flow_fixture {
    struct arena *arena;
    struct model model;
    double *theta; /* [model.n_parameters] */
    uint64_t seed; /* of all that is random */
};

/* n numbers: standard normal, and one value. */
double *drawn_array(struct arena *arena, uint64_t *seed, long n);
double *filled_array(struct arena *arena, long n, double value);

/* A double model with tanh, rk4, squared cost and no penalty; fields may be changed after, but for those that
 * decide the parameters: d, potential and widths. Weights are N(0, 1/inputs), those of the last layer times
 * `scale`. */
struct flow_fixture fixture_new(int d, enum model_field field, enum model_potential potential, int n_hidden,
                                const int *hidden, double scale, uint64_t seed);
void fixture_free(struct flow_fixture *fixture);

double *fixture_normal(struct flow_fixture *fixture, long n);
double *fixture_filled(struct flow_fixture *fixture, long n, double value);
/* The parameters under their names, at theta or another array of the same layout. */
struct bindings fixture_bindings(const struct flow_fixture *fixture, const double *theta);
/* A graph with the parameters as its inputs, "t", and "x" [d]. */
struct ir_graph *fixture_graph(const struct flow_fixture *fixture, const struct ir_node **x,
                               const struct ir_node **t);
/* The outputs, by the interpreter. */
double **fixture_run(const struct ir_graph *graph, int batch, const struct bindings *bindings);

#endif
