/* SPDX-License-Identifier: MIT
 *
 * How far the flow is from Euler's equations (8). Takes the velocity, gives its total derivative a, the
 * penalty (11) at one point of space and time, and the kinetic energy (9). A pressure with a = -grad p exists
 * where da/dx is symmetric, so its antisymmetric part is probed with random pairs (z, y), by one bundle of
 * two tangents. */
#include "flow/flow.h"

#include "diff/diff.h"

#include <math.h>

/* dv/dt + (dv/dx) v: the tangent of v along (x, t) + s (v, 1). As a bundle of one it would leave an axis of
 * length 1, and the backward pass would have sums over it. */
static const struct ir_node *exact_acceleration(struct ir_graph *graph, const struct ir_node *v,
                                                const struct ir_node *x, const struct ir_node *t)
{
    const struct ir_node *const wrt[2] = {x, t};
    const struct ir_node *const seeds[2] = {v, ir_fill(graph, 1.0, t->shape)};
    const struct ir_node *a = NULL;
    diff_forward(graph, 2, wrt, seeds, DIFF_SINGLE, 1, &v, &a, NULL);
    return a ? a : ir_fill(graph, 0.0, x->shape);
}

/* (12): (v(x + delta v, t + delta) - v(x, t)) / delta. delta = 2 sqrt(epsilon), where truncation and
 * round-off meet. */
static const struct ir_node *difference_acceleration(struct ir_graph *graph, const struct model *model,
                                                     const struct flow_network *network,
                                                     const struct ir_node *v, const struct ir_node *x,
                                                     const struct ir_node *t)
{
    const double delta = 2.0 * sqrt(model->epsilon);
    const struct ir_node *x_next = ir_add2(graph, x, ir_scale(graph, delta, v));
    const struct ir_node *t_next = ir_add2(graph, t, ir_fill(graph, delta, t->shape));
    const struct ir_node *v_next = flow_field(graph, model, network, x_next, t_next);
    return ir_scale(graph, 1.0 / delta, ir_sub(graph, v_next, v));
}

const struct ir_node *flow_acceleration(struct ir_graph *graph, const struct model *model,
                                        const struct flow_network *network, const struct ir_node *x,
                                        const struct ir_node *t)
{
    const struct ir_node *v = flow_field(graph, model, network, x, t);
    return model->derivative == MODEL_EXACT ? exact_acceleration(graph, v, x, t)
                                            : difference_acceleration(graph, model, network, v, x, t);
}

const struct ir_node *flow_asymmetry(struct ir_graph *graph, const struct ir_node *x, const struct ir_node *a,
                                     const struct ir_node *pair)
{
    /* J [d,2]: column 0 is (da/dx) z, column 1 (da/dx) y; crossed [2,d]: y, then -z */
    static const struct ir_entry cross[] = {{0, 1, 1.0}, {1, 0, -1.0}};
    static const int two = 2;
    const struct ir_node *seed = ir_ein(graph, 1.0, "ni->in", pair), *J = NULL;
    diff_forward(graph, 1, &x, &seed, 2, 1, &a, &J, NULL);
    if (!J)
        return ir_fill(graph, 0.0, ir_shape_of(0));
    const struct ir_node *crossed = ir_select(graph, pair, 0, 1, &two, 2, cross);
    const struct ir_node *gap = ir_ein(graph, 1.0, "ni,in->", crossed, J);
    return ir_mul(graph, gap, gap);
}

const struct ir_node *flow_penalty(struct ir_graph *graph, const struct model *model,
                                   const struct flow_network *network, const struct ir_node *x,
                                   const struct ir_node *t, const struct ir_node *pair)
{
    return flow_asymmetry(graph, x, flow_acceleration(graph, model, network, x, t), pair);
}

const struct ir_node *flow_energy(struct ir_graph *graph, const struct ir_node *v)
{
    return ir_ein(graph, 0.5, "i,i->", v, v);
}
