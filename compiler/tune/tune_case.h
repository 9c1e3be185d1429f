/* SPDX-License-Identifier: MIT
 *
 * What compiled code must give: a few samples, and the answer of the interpreter, which is the meaning of the
 * program. A training program's totals are sums of weight times a sample's part, so the answers for single
 * samples give those for every batch made of them: tiles of any number of lanes, full or partial, each lane
 * with a weight of its own. */
#ifndef GPFC_TUNE_CASE_H
#define GPFC_TUNE_CASE_H

#include "ir/ir.h"
#include "tune/tune_run.h"

struct tune_case;

/* `graph`: a training program (kernel_abi.h), before any pass. NULL, with *fault, where it has no input
 * "weight", or where no inputs were found for which its outputs are finite. */
const struct tune_case *tune_case_new(struct arena *arena, const struct ir_graph *graph,
                                      const char **fault) MUST_CHECK;

/* Inputs for timing: all lanes have samples, weights are 1/batch. */
void tune_case_fill(const struct tune_case *tuned, const struct tune_run *run, long batch);

/* Runs a full tile and one with some lanes empty. The largest difference from the answer, relative to what is
 * largest in the same output (or, where that output is small, to 1/1000 of the largest of all); infinite for
 * a NaN. Negative: an input or output is not the program's. */
double tune_case_error(const struct tune_case *tuned, const struct tune_run *run);

/* What is allowed. */
double tune_case_tolerance(enum real real);

#endif
