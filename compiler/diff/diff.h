/* SPDX-License-Identifier: MIT
 *
 * Derivatives as transforms of programs: graph in, graph out, closed under composition. Takes and gives IR;
 * knows no flow and no backend. */
#ifndef GPFC_DIFF_H
#define GPFC_DIFF_H

#include "ir/ir.h"

enum {
    DIFF_SINGLE = 0, /* width of one tangent, shaped like its value */
};

/* Forward mode, a bundle of `width` tangents at once, within one graph.
 *
 * seeds[i] is the tangent of wrt[i]: its shape with one more, last, axis of extent `width`, or its shape
 * where that is DIFF_SINGLE (NULL: zero). The nodes wrt[] need not be inputs; everything between them and
 * outs[] is differentiated. tangents[i] gets the tangent of outs[i], likewise shaped, NULL where it is
 * structurally zero. primal[i] (may be NULL) gets a node equal to outs[i]: outs[i] itself, or, where it comes
 * out of a loop, the result of the loop that carries value and tangents together, so that a caller who wants
 * both pays for one loop. */
void diff_forward(struct ir_graph *graph, int n_wrt, const struct ir_node *const *wrt,
                  const struct ir_node *const *seeds, int width, int n_outs,
                  const struct ir_node *const *outs, const struct ir_node **tangents,
                  const struct ir_node **primal);

/* Reverse mode within one graph: the gradient by the varying node x, in its shape, of the sum over elements
 * of cotangent * value; NULL where it is structurally zero. Between x and value stand no loops and no sums
 * over the batch. */
const struct ir_node *diff_backward(struct ir_graph *graph, const struct ir_node *value,
                                    const struct ir_node *cotangent, const struct ir_node *x);

/* What the backward pass of a loop finds stored, instead of computing it again. Any number above these, n,
 * is one too: what saves n operations for each element stored. */
enum diff_keep {
    DIFF_KEEP_STATE, /* the minimum: the carried state of each iteration, or what it all follows from */
    DIFF_KEEP_ALL,   /* every varying value that the backward pass reads, but for cheap ones of those */
};

/* Reverse mode: a new graph with the same inputs, `name`d, whose outputs are all outputs of `graph` under
 * their names and, for every input named in wrt[], an output "grad.<input>": the gradient of the sum over the
 * batch (of a uniform output: of itself) and over elements of output `of`. Cotangents of uniform values are
 * summed over the batch (bsum). Where a gradient is structurally zero, a zero fill of the right shape. A name
 * that an output has already, because `graph` was differentiated before, becomes "grad2.<input>", and so
 * on. */
struct ir_graph *diff_reverse(const struct ir_graph *graph, const char *name, const char *of, int n_wrt,
                              const char *const *wrt, enum diff_keep keep);

/* The two ends of every training program. Outputs of a loss: sums over the batch of what is [] each sample,
 * cost and penalty (NULL: none), of which the input "weight" makes means: 1/B for a sample that counts, 0 for
 * one that pads a tile; and loss = cost + lambda penalty. Then its derivative, named "train", outputs cost,
 * penalty, grad.<input>. */
void diff_loss_outputs(struct ir_graph *graph, const struct ir_node *lambda, const struct ir_node *weight,
                       const struct ir_node *cost, const struct ir_node *penalty);
struct ir_graph *diff_train(const struct ir_graph *loss, int n_wrt, const char *const *wrt,
                            enum diff_keep keep);

/* The general form, for a graph in which cotangents are given: cotangent[i] names the output of which the
 * input "cot.<output>" (added by the transform, same shape and rate) is the cotangent. */
struct ir_graph *diff_pullback(const struct ir_graph *graph, const char *name, int n_of,
                               const char *const *of, int n_wrt, const char *const *wrt, enum diff_keep keep);

#endif
