/* SPDX-License-Identifier: MIT
 *
 * Constructors of loops and of their results. The body must have all its inputs and outputs; what a loop
 * promises is checked by the verifier's rules. */
#include "ir/ir_internal.h"

#include <assert.h>

const struct ir_node *ir_steps(struct ir_graph *graph, const struct ir_steps *steps,
                               const struct ir_node *const *args)
{
    assert(steps->body->arena == graph->arena);
    struct ir_node draft = {.op = IR_STEPS, .args = args, .steps = steps};
    draft.n_args = steps->n_carry + steps->n_sequence + steps->n_capture;
    draft.rate = ir_rate_rule(&draft);
    assert(!ir_node_fault(&draft));
    return ir_intern(graph, &draft);
}

const struct ir_node *ir_limit(const struct ir_graph *graph)
{
    const struct ir_node *limit = ir_input_find(graph, IR_LIMIT);
    return limit && limit->rate == IR_UNIFORM && limit->shape.rank == 0 ? limit : NULL;
}

static struct ir_shape result_shape(const struct ir_steps *steps, int which)
{
    const struct ir_shape shape = steps->body->outputs[which].value->shape;
    if (ir_result_kind(steps, which) != IR_RESULT_STACK)
        return shape;
    struct ir_shape stack = {.rank = shape.rank + 1, .size = {steps->count}};
    for (int i = 0; i < shape.rank; i++)
        stack.size[i + 1] = shape.size[i];
    return stack;
}

/* A carry that the body hands on unchanged is what it was at first; stacks and sums of zero are zero. */
static const struct ir_node *known_result(struct ir_graph *graph, const struct ir_node *node, int which)
{
    const struct ir_steps *steps = node->steps;
    const struct ir_node *value = steps->body->outputs[which].value;
    if (ir_result_kind(steps, which) == IR_RESULT_CARRY)
        return value == steps->body->inputs[which] ? node->args[which] : NULL;
    return ir_is_zero(value) ? ir_fill(graph, 0, result_shape(steps, which)) : NULL;
}

const struct ir_node *ir_result(struct ir_graph *graph, const struct ir_node *steps, int which)
{
    assert(steps->op == IR_STEPS && which >= 0 && which < ir_result_count(steps));
    const struct ir_node *known = known_result(graph, steps, which);
    if (known)
        return known;
    struct ir_node draft = {.op = IR_RESULT, .n_args = 1, .args = &steps, .result = which};
    draft.shape = result_shape(steps->steps, which);
    return ir_intern(graph, &draft);
}
