/* SPDX-License-Identifier: MIT
 *
 * Constructors of loops and of their results. Everything that a loop promises is checked here; the body must have all
 * its inputs and outputs. */
#include "ir/ir_internal.h"

#include <assert.h>

static struct ir_shape stacked(struct ir_shape shape, int count)
{
    assert(shape.rank < IR_MAX_RANK);
    struct ir_shape result = {.rank = shape.rank + 1};
    result.size[0] = count;
    for (int i = 0; i < shape.rank; i++)
        result.size[i + 1] = shape.size[i];
    return result;
}

static enum ir_role expected_role(const struct ir_steps *steps, int which)
{
    if (which < steps->n_carry)
        return IR_CARRY;
    return which < steps->n_carry + steps->n_sequence ? IR_SEQUENCE : IR_CAPTURE;
}

static void check_operand(const struct ir_steps *steps, int which, const struct ir_node *arg)
{
    const struct ir_node *input = steps->body->inputs[which];
    const enum ir_role role = expected_role(steps, which);
    assert(input->input.role == role && "steps: input of another role");
    assert(input->rate >= arg->rate && "steps: an input slower than its operand");
    if (role == IR_SEQUENCE)
        assert(ir_shape_equal(arg->shape, stacked(input->shape, steps->count)) && "steps: shape of a sequence");
    else
        assert(ir_shape_equal(arg->shape, input->shape) && "steps: shape of an operand");
    (void)input, (void)role, (void)arg;
}

static void check_carry(const struct ir_steps *steps, int which)
{
    const struct ir_node *input = steps->body->inputs[which], *next = steps->body->outputs[which].value;
    assert(ir_shape_equal(input->shape, next->shape) && "steps: shape of a carry");
    assert(next->rate <= input->rate && "steps: a carry faster than its input");
    (void)input, (void)next;
}

const struct ir_node *ir_steps(struct ir_graph *graph, const struct ir_steps *steps,
                               const struct ir_node *const *args)
{
    const int n_args = steps->n_carry + steps->n_sequence + steps->n_capture;
    assert(steps->count > 0 && steps->count <= IR_MAX_SIZE);
    assert(steps->body->arena == graph->arena);
    assert(steps->body->n_inputs == n_args && "steps: number of operands");
    assert(steps->body->n_outputs == ir_steps_results(steps) && "steps: number of results");
    for (int i = 0; i < n_args; i++)
        check_operand(steps, i, args[i]);
    for (int i = 0; i < steps->n_carry; i++)
        check_carry(steps, i);
    const struct ir_node draft = {.op = IR_STEPS, .n_args = n_args, .args = args, .steps = steps};
    return ir_intern(graph, &draft);
}

/* A carry that the body hands on unchanged is what it was at first; stacks and sums of zero are zero. */
static const struct ir_node *known_result(struct ir_graph *graph, const struct ir_node *node, int which,
                                          struct ir_shape shape)
{
    const struct ir_steps *steps = node->steps;
    const struct ir_node *value = steps->body->outputs[which].value;
    if (ir_result_kind(steps, which) == IR_RESULT_CARRY)
        return value == steps->body->inputs[which] ? node->args[which] : NULL;
    return ir_is_zero(value) ? ir_fill(graph, 0, shape) : NULL;
}

const struct ir_node *ir_result(struct ir_graph *graph, const struct ir_node *node, int which)
{
    assert(node->op == IR_STEPS && which >= 0 && which < ir_result_count(node));
    const struct ir_steps *steps = node->steps;
    struct ir_shape shape = steps->body->outputs[which].value->shape;
    if (ir_result_kind(steps, which) == IR_RESULT_STACK)
        shape = stacked(shape, steps->count);
    const struct ir_node *known = known_result(graph, node, which, shape);
    if (known)
        return known;
    const struct ir_node draft = {.op = IR_RESULT, .shape = shape, .n_args = 1, .args = &node, .result = which};
    return ir_intern(graph, &draft);
}
