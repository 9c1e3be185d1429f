/* SPDX-License-Identifier: MIT
 *
 * Gaussian-preserving flows as programs: builds IR from a model, asks diff/ for derivatives. The equations are those of
 * the paper (Morel et al. 2022) and of docs/mathematics.md. Knows no backend. */
#ifndef GPFC_FLOW_H
#define GPFC_FLOW_H

#include "ir/ir.h"
#include "model/model.h"

/* One graph for each kernel that kernel_abi.h lists, in its order; names and ports as there. Before derivatives by
 * the parameters: the first graph is "loss" (inputs of train, outputs "cost", "penalty", "loss"), which
 * diff_reverse turns into "train". */
enum flow_kernel {
    FLOW_LOSS,
    FLOW_MEASURE,
    FLOW_APPLY,
    FLOW_INVERT,
    FLOW_JACOBIAN,
    FLOW_INVERSE_JACOBIAN,
    FLOW_VELOCITY,
    FLOW_TRAJECTORY,
    FLOW_KERNEL_COUNT
};

struct ir_graph *flow_build(struct arena *arena, const struct model *model, enum flow_kernel kernel);
const char *flow_kernel_name(enum flow_kernel kernel); /* "loss", "measure", ... */

/* "loss" differentiated by all parameters and renamed "train": outputs cost, penalty, grad.<parameter>. */
struct ir_graph *flow_train(struct arena *arena, const struct model *model, bool keep_all);

/* ---- pieces, for tests and for other models ----------------------------------------------------------------------- */

struct flow_potential {      /* the network's last hidden layer and its folded last layer                        */
    const struct ir_node *h; /* [H]      varying                                                                */
    const struct ir_node *T; /* [H,d]    dh/dx                                                                  */
    const struct ir_node *W; /* [d,d,H]  uniform; W_ij = -W_ji                                                  */
    const struct ir_node *b; /* [d,d]    uniform                                                                */
};

/* v(x, t) [d]; x [d] varying, t [] uniform; parameters are (found or made as) inputs of the graph. */
const struct ir_node *flow_velocity(struct ir_graph *graph, const struct model *model, const struct ir_node *x,
                                    const struct ir_node *t);
/* The network's raw outputs u [outputs], for tests against published numbers. */
const struct ir_node *flow_network_outputs(struct ir_graph *graph, const struct model *model,
                                           const struct ir_node *x, const struct ir_node *t);

#endif
