/* SPDX-License-Identifier: MIT
 *
 * Base flows as programs: builds IR from a base_model, asks diff/ for derivatives. y = f(x) maps data to N(0,
 * I); its log likelihood is log p(x) = -|y|^2/2 - d/2 log 2 pi + log|det dy/dx|. The equations are in
 * docs/mathematics.md. Knows no backend. */
#ifndef GPFC_BASEFLOW_H
#define GPFC_BASEFLOW_H

#include "diff/diff.h"
#include "ir/ir.h"
#include "model/base_model.h"

/* The kernels that kernel_abi.h lists for this kind of base flow: the first is "loss" (inputs of train,
 * outputs "cost", "penalty", "loss"), which baseflow_train differentiates, then measure, apply, and those of
 * the kind. */
int baseflow_kernel_count(const struct base_model *base);
struct ir_graph *baseflow_build(struct arena *arena, const struct base_model *base, int kernel);
struct ir_graph *baseflow_train(struct arena *arena, const struct base_model *base, enum diff_keep keep);

/* ---- for those who build kernels, and for tests -------------------------------------------------------- */

/* What a block makes of x. */
struct baseflow_result {
    const struct ir_node *y;      /* [d] */
    const struct ir_node *logdet; /* [] */
};

/* A parameter as an input of the graph, made where it is missing. A name that the base lacks is a broken
 * promise. */
const struct ir_node *baseflow_parameter(struct ir_graph *graph, const struct base_model *base,
                                         const char *format, ...) PRINTF_LIKE(3, 4);
/* All of them, in their order, so that every kernel has the same inputs. */
void baseflow_parameters(struct ir_graph *graph, const struct base_model *base);

/* The probes of an estimate, [blocks,d] (docs: Hutchinson), Gaussian or signs, from the input "noise". */
const struct ir_node *baseflow_probes(struct ir_graph *graph, const struct base_model *base);

/* One kind of base flow: the functions of its file. */
struct baseflow_kind {
    /* The whole map. exact: the exact log-determinant whatever the base says of its training. *penalty, NULL
     * before, gets what is added to the training's loss, [] varying, if there is such; penalty NULL: it is
     * not wanted. */
    struct baseflow_result (*map)(struct ir_graph *graph, const struct base_model *base,
                                  const struct ir_node *x, bool exact, const struct ir_node **penalty);
    int (*count)(const struct base_model *base); /* kernels of its own, beyond loss, measure and apply */
    void (*build)(struct ir_graph *graph, const struct base_model *base, int which);
    const char *(*name)(struct arena *arena, const struct base_model *base, int which);
};
extern const struct baseflow_kind baseflow_bnaf, baseflow_ffjord, baseflow_cp_flow;

#endif
