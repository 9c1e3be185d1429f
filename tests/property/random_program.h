/* SPDX-License-Identifier: MIT
 *
 * Random well-formed programs of the IR, for tests of properties that every program has. The same seed and
 * options give the same program. Values stay within a modest range for inputs in [-1,1], and the arguments of
 * log, sqrt, recip and erfinv well inside of where these are smooth. */
#ifndef GPFC_RANDOM_PROGRAM_H
#define GPFC_RANDOM_PROGRAM_H

#include "ir/ir.h"

struct random_options {
    int nodes;   /* attempts to add an operation; 0: 20                                     */
    bool loops;  /* with loops, up to two within one another; in every third program limited */
    bool smooth; /* without clamp, inside and hold: differences approximate derivatives     */
};

/* The first output, "y0", varies, is not linear in all it depends on as a rule, and is never an input
 * itself. */
struct ir_graph *random_program(struct arena *arena, uint64_t seed, const struct random_options *options);

/* Arrays for ir_eval: inputs filled with numbers in [-1,1], outputs with zeros. */
double **random_inputs(struct arena *arena, const struct ir_graph *graph, int batch, uint64_t seed);
double **random_outputs(struct arena *arena, const struct ir_graph *graph, int batch);

/* Numbers of input or output `node` for a whole batch. */
long random_count(const struct ir_node *node, int batch);

/* Does it, or a loop in it, sum over the batch? */
bool random_has_totals(const struct ir_graph *graph);

#endif
