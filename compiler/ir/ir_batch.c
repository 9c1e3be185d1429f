/* SPDX-License-Identifier: MIT
 *
 * Sums over the batch of values that may be the same for all samples. `bsum` takes varying values only, so
 * that B times a uniform value is never written by mistake; transforms that mean it multiply by 1 per sample
 * first. */
#include "ir/ir.h"

#include <float.h>

/* One iteration of a loop that takes 1 as if it varied, and sums it up: for graphs whose inputs are all
 * uniform. */
static const struct ir_node *declared_varying(struct ir_graph *graph)
{
    struct ir_graph *body = ir_graph_new(graph->arena, "one");
    const struct ir_node *one = ir_fill(graph, 1.0, ir_shape_of(0));
    ir_output_add(body, "sum", ir_input(body, "one", IR_CAPTURE, IR_VARYING, ir_shape_of(0)));
    const struct ir_steps steps = {.count = 1, .n_capture = 1, .n_sum = 1, .body = body};
    return ir_result(graph, ir_steps(graph, &steps, &one), 0);
}

/* A varying scalar that is 1 for every sample: any varying number lies between the largest ones. */
static const struct ir_node *one_per_sample(struct ir_graph *graph)
{
    for (int i = 0; i < graph->n_inputs; i++) {
        const struct ir_node *x = graph->inputs[i];
        if (x->rate != IR_VARYING)
            continue;
        while (x->shape.rank > 0)
            x = ir_pick(graph, x, 0, 0);
        return ir_inside(graph, x, -DBL_MAX, DBL_MAX);
    }
    return declared_varying(graph);
}

const struct ir_node *ir_batch_sum(struct ir_graph *graph, const struct ir_node *x)
{
    if (x->rate == IR_VARYING || ir_is_zero(x))
        return ir_bsum(graph, x);
    static const unsigned char labels[2][IR_MAX_RANK] = {{0, 1, 2, 3, 4, 5}};
    const struct ir_node *const args[2] = {x, one_per_sample(graph)};
    return ir_bsum(graph,
                   ir_ein_labels(graph, 1.0, 2, args, labels, x->shape.rank, labels[0], x->shape.size));
}
