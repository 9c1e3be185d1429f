/* SPDX-License-Identifier: MIT
 *
 * Evaluation of a graph by the names of its ports, for tests. By whom it is evaluated is a callback: the
 * interpreter, or a kernel compiled from the graph. */
#ifndef GPFC_BINDINGS_H
#define GPFC_BINDINGS_H

#include "ir/ir.h"

/* Evaluates a graph over a batch, arguments as of ir_eval. False: it could not. */
typedef bool evaluate_function(void *data, const struct ir_graph *graph, int batch, const double *const *in,
                               double *const *out);
/* ir_eval; data is not looked at. */
evaluate_function evaluate_by_interpreter;

enum { MAX_BINDINGS = 256 };
struct bindings {
    int n;
    const char *name[MAX_BINDINGS]; /* of the caller */
    const double *values[MAX_BINDINGS];
};

/* A second binding of a name replaces the first. */
void bind(struct bindings *bindings, const char *name, const double *values);

/* The outputs in their order, in the graph's arena. Every input must be bound; bindings without input do no
 * harm. NULL: the evaluation failed. */
double **evaluate_bound(const struct ir_graph *graph, int batch, const struct bindings *bindings,
                        evaluate_function *evaluate, void *data);
double *output_of(const struct ir_graph *graph, double *const *out, const char *name);

#endif
