/* SPDX-License-Identifier: MIT
 *
 * Passes: a graph to a smaller or better ordered graph of the same value. The order and the dump names stand
 * in pass_list.def. Every pass builds a new graph; ir_verify is run after each. */
#ifndef GPFC_PASS_H
#define GPFC_PASS_H

#include "ir/ir.h"

typedef struct ir_graph *pass_function(const struct ir_graph *graph);

/* The passes in their order, a row each in pass_list.def. */
struct pass {
    const char *name; /* "hoist" */
    pass_function *run;
    bool mixed; /* only where products may be of bfloat16 numbers */
};
extern const struct pass pass_list[];
extern const int pass_count;

typedef void pass_dump(void *data, const char *pass, const struct ir_graph *graph);

/* When all derivatives are taken. mixed: then also the passes that let large products be of bfloat16 numbers,
 * the only ones that change values. Calls `dump(data, name, graph)` after each pass when dump is not NULL.
 * NULL and *fault set when a pass broke the graph (a fault of ours; the text names pass and node). */
struct ir_graph *pass_run(const struct ir_graph *graph, bool mixed, const char **fault, pass_dump *dump,
                          void *data);

/* Drops `hold`, which serves derivatives only. */
pass_function pass_release;
/* Moves uniform work out of loops: what depends only on captures is done once outside, what depends on
 * uniform sequences is done outside for all iterations at once and comes in as a sequence. After it a body
 * holds varying work only. */
pass_function pass_hoist;
/* Removes what no output needs: nodes, and carries, sequences, captures, stacks and sums of loops. */
pass_function pass_dead;
/* Merges single-use products and sums: flattens nested `ein` and `add`, joins contractions with the same
 * weights. */
pass_function pass_merge;
/* Splits products of three and more operands into products of two, in the cheapest order. */
pass_function pass_binary;
/* Rounds the operands of large products to bfloat16. */
pass_function pass_narrow;

#endif
