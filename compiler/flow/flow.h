/* SPDX-License-Identifier: MIT
 *
 * Gaussian-preserving flows as programs: builds IR from a model, asks diff/ for derivatives. The equations
 * are those of the paper (Morel et al. 2022) and of docs/mathematics.md. Knows no backend.
 *
 * Shapes below: d the dimension, H the width of the last hidden layer, K the time steps. X is the position in
 * the flow's own space: the cube (-1,1)^d, or, for the gaussian field, the latent space itself. */
#ifndef GPFC_FLOW_H
#define GPFC_FLOW_H

#include "diff/diff.h"
#include "ir/ir.h"
#include "model/model.h"

/* One graph for each kernel that kernel_abi.h lists, in its order; names and ports as there. Before
 * derivatives by the parameters: the first graph is "loss" (inputs of train, outputs "cost", "penalty",
 * "loss"), which diff_reverse turns into "train". */
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

/* A model without penalty keeps the input "lambda" and a constant 0 as the total "penalty"; it has no
 * "noise", and measure then has no output "penalty". A model whose number of steps is looked for has the
 * input "steps" [] wherever time runs, at most K, and positions of the trajectory past the last step are its
 * end. */
struct ir_graph *flow_build(struct arena *arena, const struct model *model, enum flow_kernel kernel);

/* "loss" differentiated by all parameters and renamed "train": outputs cost, penalty, grad.<parameter>.
 * Uniform work is hoisted out of the loops before, so that folding and tables of time are neither repeated
 * nor differentiated in them. */
struct ir_graph *flow_train(struct arena *arena, const struct model *model, enum diff_keep keep);

/* ---- the network and its field ------------------------------------------------------------------------- */

enum { FLOW_MAX_ARRAYS = 2 * MODEL_MAX_LAYERS + 1 };

/* d = 2: there is one potential, U_01, whose gradient costs less than tangents of all that it is made of. */
bool flow_is_planar(const struct model *model);

/* The uniform arrays that the velocity reads, H_k the width of hidden layer k: the part of W_0 that
 * multiplies x [H_0,d], its column of t [H_0], b_0 [H_0], W_1 [H_1,H_0], b_1 [H_1], ..., and last the folded
 * last layer, W [d,d,H] with W_ij = -W_ji and b [d,d] with b_ij = -b_ji; in the plane, W_01 [H] and b_01
 * []. */
struct flow_network {
    int n;
    const struct ir_node *array[FLOW_MAX_ARRAYS];
};

/* The parameters as inputs of the graph, in the order of model->layer; those that are there already stay. */
void flow_parameters(struct ir_graph *graph, const struct model *model);
/* From the parameters, which are made where they are missing. */
struct flow_network flow_network(struct ir_graph *graph, const struct model *model);
/* What a loop's body calls array i: "weight0.x", "weight0.t", "bias0", "weight1", "bias1", ..., "weight",
 * "bias". */
const char *flow_array_name(struct arena *arena, const struct flow_network *network, int i);

/* Last hidden layer h [H] at x [d], varying, and t [], uniform. */
const struct ir_node *flow_hidden(struct ir_graph *graph, const struct model *model,
                                  const struct flow_network *network, const struct ir_node *x,
                                  const struct ir_node *t);

/* The last layer, weight [outputs,H] and bias [outputs], as W [d,d,H] and b [d,d] of U_ij = W_ij h + b_ij; in
 * the plane, those of U_01. */
void flow_fold(struct ir_graph *graph, const struct model *model, const struct ir_node *weight,
               const struct ir_node *bias, const struct ir_node **W, const struct ir_node **b);

/* v(x, t) [d]; x [d] varying, t [] uniform. flow_velocity is flow_field of the graph's own parameters. */
const struct ir_node *flow_field(struct ir_graph *graph, const struct model *model,
                                 const struct flow_network *network, const struct ir_node *x,
                                 const struct ir_node *t);
const struct ir_node *flow_velocity(struct ir_graph *graph, const struct model *model,
                                    const struct ir_node *x, const struct ir_node *t);

/* ---- Euler's equations --------------------------------------------------------------------------------- */

/* Total derivative a [d] of the velocity along its own flow, exact or eq. (12), as model->derivative says. */
const struct ir_node *flow_acceleration(struct ir_graph *graph, const struct model *model,
                                        const struct flow_network *network, const struct ir_node *x,
                                        const struct ir_node *t);
/* (y^T J z - z^T J y)^2 [] with J = da/dx, z = pair[0] and y = pair[1]; pair [2,d]; any a [d] that depends on
 * x [d]. */
const struct ir_node *flow_asymmetry(struct ir_graph *graph, const struct ir_node *x, const struct ir_node *a,
                                     const struct ir_node *pair);
/* The integrand of eq. (11) at (x, t). */
const struct ir_node *flow_penalty(struct ir_graph *graph, const struct model *model,
                                   const struct flow_network *network, const struct ir_node *x,
                                   const struct ir_node *t, const struct ir_node *pair);
/* |v|^2 / 2 [] */
const struct ir_node *flow_energy(struct ir_graph *graph, const struct ir_node *v);

/* ---- the ODE and the map ------------------------------------------------------------------------------- */

/* One way through time, K steps, and what is gathered at the steps' starts (X_k, t_k). */
struct flow_walk {
    const struct ir_node *start;   /* in   [d] X at t = 0, or at t = 1 of an inverse walk */
    bool inverse;                  /* in   from t = 1 to 0 */
    const struct ir_node *noise;   /* in   [K,2,d] the pairs of the penalty; NULL: no penalty wanted */
    bool wants_energy;             /* in */
    bool wants_path;               /* in */
    const struct ir_node *end;     /* out  [d] */
    const struct ir_node *penalty; /* out  []  sum over k of the penalty at (X_k, t_k) */
    const struct ir_node *energy;  /* out  []  sum over k of |v(X_k, t_k)|^2 / (2K) */
    const struct ir_node *path;    /* out  [K+1,d] all positions, start and end among them */
};
void flow_integrate(struct ir_graph *graph, const struct model *model, const struct flow_network *network,
                    struct flow_walk *walk);

/* Between R^d and the flow's own space, componentwise. */
const struct ir_node *flow_enter(struct ir_graph *graph, const struct model *model, const struct ir_node *y);
const struct ir_node *flow_leave(struct ir_graph *graph, const struct model *model, const struct ir_node *X);

/* Cost [] of moving s to x, both [d]. */
const struct ir_node *flow_cost(struct ir_graph *graph, const struct model *model, const struct ir_node *x,
                                const struct ir_node *s);

#endif
