/* SPDX-License-Identifier: MIT
 *
 * Numbers for graphs under test: inputs drawn from a seed and their names, so that a graph and what was made
 * from it get the same ones; totals of outputs; central differences along a random direction against
 * gradients. */
#ifndef GPFC_DIFF_FIXTURE_H
#define GPFC_DIFF_FIXTURE_H

#include "diff/diff.h"

struct fixture {
    int batch;
    uint64_t seed;
    int n_wrt;
    const char *const *wrt; /* inputs that a direction moves */
};

/* Outputs of a graph, in its order, for inputs moved by `step` along the direction. */
double **fixture_eval(const struct fixture *f, const struct ir_graph *graph, double step);

/* Of output `of`: the sum over its elements and, where it varies, over the batch. */
double fixture_total(const struct fixture *f, const struct ir_graph *graph, const char *of, double step);

/* d fixture_total / d step by central differences of fourth order. */
double fixture_difference(const struct fixture *f, const struct ir_graph *graph, const char *of);

/* The same from outputs "grad.<wrt>" of `gradient`: their product with the direction. `prefix` is "grad",
 * "grad2", ... */
double fixture_slope(const struct fixture *f, const struct ir_graph *gradient, const char *prefix);

/* |a - b| relative to their size, absolute below 1. */
double fixture_gap(double a, double b);

/* The largest fixture_gap between outputs that two graphs with equal outputs have; infinite for NaN. */
double fixture_distance(const struct fixture *f, const struct ir_graph *a, const struct ir_graph *b);

/* The product of cotangents and tangents, <cot, J dot> from outputs "d.<of>" of `forward` and <J' cot, dot>
 * from outputs
 * "<prefix>.<wrt>" of `pullback`, where dot and cot are inputs of both. Gives the gap. */
double fixture_dot_gap(const struct fixture *f, const struct ir_graph *forward,
                       const struct ir_graph *pullback, const char *prefix, int n_of, const char *const *of);

#endif
