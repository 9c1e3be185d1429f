/* SPDX-License-Identifier: MIT
 *
 * Facts about shapes, rates and names that need no graph. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <stdarg.h>

/* ---- shapes -------------------------------------------------------------------------------------------- */

struct ir_shape ir_shape_of(int rank, ...)
{
    assert(rank >= 0 && rank <= IR_MAX_RANK);
    struct ir_shape shape = {.rank = rank};
    va_list sizes;
    va_start(sizes, rank);
    for (int i = 0; i < rank; i++)
        shape.size[i] = va_arg(sizes, int);
    va_end(sizes);
    return shape;
}

long ir_elements(struct ir_shape shape)
{
    long n = 1;
    for (int i = 0; i < shape.rank; i++)
        n *= shape.size[i];
    return n;
}

bool ir_shape_equal(struct ir_shape a, struct ir_shape b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++)
        if (a.size[i] != b.size[i])
            return false;
    return true;
}

bool ir_shape_is_legal(struct ir_shape shape)
{
    if (shape.rank < 0 || shape.rank > IR_MAX_RANK)
        return false;
    long n = 1; /* stays below 2^28 * 2^12 */
    for (int i = 0; i < shape.rank; i++) {
        if (shape.size[i] < 1 || shape.size[i] > IR_MAX_SIZE)
            return false;
        n *= shape.size[i];
        if (n > IR_MAX_ELEMENTS)
            return false;
    }
    for (int i = shape.rank; i < IR_MAX_RANK; i++)
        if (shape.size[i] != 0)
            return false;
    return true;
}

/* ---- loops --------------------------------------------------------------------------------------------- */

int ir_steps_results(const struct ir_steps *steps)
{
    return steps->n_carry + steps->n_stack + steps->n_sum;
}

int ir_result_count(const struct ir_node *steps)
{
    assert(steps->op == IR_STEPS);
    return ir_steps_results(steps->steps);
}

enum ir_result_kind ir_result_kind(const struct ir_steps *steps, int which)
{
    if (which < steps->n_carry)
        return IR_RESULT_CARRY;
    return which < steps->n_carry + steps->n_stack ? IR_RESULT_STACK : IR_RESULT_SUM;
}

/* ---- rates --------------------------------------------------------------------------------------------- */

static enum ir_rate greater(enum ir_rate a, enum ir_rate b)
{
    return a > b ? a : b;
}

/* The loop itself counts as its fastest result, or operand. */
static enum ir_rate rate_of_steps(const struct ir_steps *steps)
{
    enum ir_rate rate = IR_CONSTANT;
    for (int i = 0; i < steps->body->n_inputs; i++)
        rate = greater(rate, steps->body->inputs[i]->rate);
    for (int i = 0; i < steps->body->n_outputs; i++)
        rate = greater(rate, steps->body->outputs[i].value->rate);
    return rate;
}

/* A carry is as fast as the body takes it in; a stack or a sum as the body's output. What a limited loop
 * gives depends on how many rounds it runs, so it is no constant. */
static enum ir_rate rate_of_result(const struct ir_steps *steps, int which)
{
    const enum ir_rate least = steps->limited ? IR_UNIFORM : IR_CONSTANT;
    if (ir_result_kind(steps, which) == IR_RESULT_CARRY)
        return greater(least, steps->body->inputs[which]->rate);
    return greater(least, steps->body->outputs[which].value->rate);
}

enum ir_rate ir_rate_rule(const struct ir_node *node)
{
    if (node->op == IR_INPUT)
        return node->rate;
    if (node->op == IR_BSUM)
        return IR_UNIFORM;
    if (node->op == IR_STEPS)
        return rate_of_steps(node->steps);
    if (node->op == IR_RESULT)
        return rate_of_result(node->args[0]->steps, node->result);
    enum ir_rate rate = IR_CONSTANT;
    for (int i = 0; i < node->n_args; i++)
        rate = greater(rate, node->args[i]->rate);
    return rate;
}

/* ---- names --------------------------------------------------------------------------------------------- */

const char *ir_op_name(enum ir_op op)
{
    static const char *const name[IR_OP_COUNT] = {
#define IR_STRUCTURAL(name, text) [IR_##name] = text,
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = text,
#include "ir/ops.def"
    };
    return name[op];
}

bool ir_op_is_elementwise(enum ir_op op)
{
    static const bool elementwise[IR_OP_COUNT] = {
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = true,
#include "ir/ops.def"
    };
    return elementwise[op];
}

const char *ir_role_name(enum ir_role role)
{
    static const char *const name[IR_ROLE_COUNT] = {
        [IR_PARAMETER] = "parameter", [IR_SETTING] = "setting", [IR_SAMPLE] = "sample",
        [IR_NOISE] = "noise",         [IR_CARRY] = "carry",     [IR_SEQUENCE] = "sequence",
        [IR_CAPTURE] = "capture",
    };
    return name[role];
}

const char *ir_rate_name(enum ir_rate rate)
{
    static const char *const name[] = {
        [IR_CONSTANT] = "constant", [IR_UNIFORM] = "uniform", [IR_VARYING] = "varying"};
    return name[rate];
}
