/* SPDX-License-Identifier: MIT
 *
 * The potential F(x) = softplus(w1) u(x) + softplus(w0) |x|^2 / 2 of one convex block of CP-Flow, u an
 * input-convex network, as its gradient and Hessian need it: parameters folded into the arrays that a sample
 * meets, which is uniform work, and what is known of the network at a point x.
 *
 * A level of the network has convex units, G(p) of a pre-activation p, and even units, G(q) - q/2, whose q
 * reads x only; level 0 has even units only. G' = Phi and G'' = phi, the normal distribution and density.
 * With g the derivative of F by the value of a unit,
 *
 *   Hess F = sum over units of g phi(p) (dp/dx)(dp/dx)^T + softplus(w0) I,        g >= 0,
 *
 * which takes tangents of the pre-activations only. */
#ifndef GPFC_ICNN_H
#define GPFC_ICNN_H

#include "ir/ir.h"
#include "model/base_model.h"

/* c convex and e even units, c' and e' in the level below; NULL: there is no such array */
struct icnn_level {
    const struct ir_node *from_convex; /* [c,c'] not negative; NULL in levels 0 and 1 */
    const struct ir_node *from_even;   /* [c,e'] not negative; NULL in level 0, as the next two */
    const struct ir_node *from_x;      /* [c,d] */
    const struct ir_node *bias;        /* [c] */
    const struct ir_node *even_x;      /* [e,d] */
    const struct ir_node *even_bias;   /* [e] */
};

struct icnn {
    int n; /* levels */
    struct icnn_level level[MODEL_MAX_LAYERS];
    /* F by the values of the last level's units, [c] (NULL where n is 1) and [e], and by x, [d] */
    const struct ir_node *top_convex, *top_even, *top_x;
    const struct ir_node *quadratic; /* [] softplus(w0) */
};

/* A value of each unit of a level, [c] and [e], or one for each of n tangents, [c,n] and [e,n]. */
struct icnn_units {
    const struct ir_node *convex, *even; /* NULL: none, or all are zero */
};

/* By levels. */
struct icnn_point {
    struct icnn_units slope[MODEL_MAX_LAYERS];     /* Phi(p) and Phi(q) - 1/2 */
    struct icnn_units curvature[MODEL_MAX_LAYERS]; /* g phi(p) and g phi(q) */
    const struct ir_node *gradient;                /* of F, [d] */
};

/* Of block c of the base flow; the second without its ActNorms and softplus(w1). */
struct icnn icnn_of(struct ir_graph *graph, const struct base_model *base, int c);
struct icnn icnn_unscaled(struct ir_graph *graph, const struct base_model *base, int c);

struct icnn_point icnn_at(struct ir_graph *graph, const struct icnn *icnn, const struct ir_node *x);

/* (dp/dx) v and (dq/dx) v, by levels; v [d], or [d,n]. */
void icnn_tangents(struct ir_graph *graph, const struct icnn *icnn, const struct icnn_point *at,
                   const struct ir_node *v, struct icnn_units *tangents);
/* a^T Hess F b [] for a and b [d], which have the tangents da and db. */
const struct ir_node *icnn_product(struct ir_graph *graph, const struct icnn *icnn,
                                   const struct icnn_point *at, const struct ir_node *a,
                                   const struct icnn_units *da, const struct ir_node *b,
                                   const struct icnn_units *db);
/* Hess F v [d], v [d] with its tangents. */
const struct ir_node *icnn_apply(struct ir_graph *graph, const struct icnn *icnn, const struct icnn_point *at,
                                 const struct ir_node *v, const struct icnn_units *tangents);
/* Hess F [d,d] */
const struct ir_node *icnn_hessian(struct ir_graph *graph, const struct icnn *icnn,
                                   const struct icnn_point *at);

/* log det Hess F [], right to its first derivative. */
const struct ir_node *icnn_logdet(struct ir_graph *graph, const struct icnn *icnn,
                                  const struct icnn_point *at);
/* log det Hess F []: the value is an estimate from one probe [d], the derivative is probe^T d(Hess F) s with
 * s = (Hess F)^-1 probe, by `steps` steps of conjugate gradients. In baseflow_estimate.c. */
const struct ir_node *icnn_logdet_estimate(struct ir_graph *graph, const struct icnn *icnn,
                                           const struct icnn_point *at, const struct ir_node *probe,
                                           int steps);

/* What reaches the ActNorms within a block, one a level: [c], and [1] the last. */
void icnn_reached(struct ir_graph *graph, const struct icnn *icnn, const struct icnn *unscaled,
                  const struct ir_node *x, const struct ir_node **reached);

/* exp(log_scale) + 0.001 of the ActNorm of that name */
const struct ir_node *actnorm_scale(struct ir_graph *graph, const struct base_model *base, const char *name);

#endif
