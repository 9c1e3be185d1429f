/* SPDX-License-Identifier: MIT
 *
 * Transport costs of one sample: squared distance, or the l1 distance, rounded off at 0 so that it has a
 * gradient. */
#include "flow/flow.h"

#include <assert.h>

/* sum_i sqrt(e_i^2 + smoothing^2) - smoothing */
static const struct ir_node *smooth_l1(struct ir_graph *graph, double smoothing, const struct ir_node *e)
{
    const struct ir_node *square =
        ir_add2(graph, ir_mul(graph, e, e), ir_fill(graph, smoothing * smoothing, e->shape));
    const struct ir_node *sum = ir_ein(graph, 1.0, "i->", ir_unary(graph, IR_SQRT, square));
    return ir_add2(graph, sum, ir_fill(graph, -smoothing * e->shape.size[0], sum->shape));
}

const struct ir_node *flow_cost(struct ir_graph *graph, const struct model *model, const struct ir_node *x,
                                const struct ir_node *s)
{
    const struct ir_node *e = ir_sub(graph, x, s);
    switch (model->cost) {
    case MODEL_SQUARED:
        return ir_ein(graph, 1.0, "i,i->", e, e);
    case MODEL_L1:
        return smooth_l1(graph, model->smoothing, e);
    }
    assert(!"flow: no such cost");
    return e;
}
