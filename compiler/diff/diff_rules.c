/* SPDX-License-Identifier: MIT
 *
 * Derivatives of the elementwise operations, as IR over x and y = f(x), from y where it can be: what the
 * forward pass has need not be computed again. One function a row of ops.def; a row without one does not
 * link. Also the small things that both directions share. Knows nothing of graphs as a whole. */
#include "diff/diff_internal.h"

#include <assert.h>

static const double two_over_sqrt_pi = 1.1283791670955125739;
static const double half_sqrt_pi = 0.88622692545275801365;

#define IR_ELEMENTWISE(name, text, flops) derivative_rule derivative_##name;
#include "ir/ops.def"

static derivative_rule *const derivative_of[IR_OP_COUNT] = {
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = derivative_##name,
#include "ir/ops.def"
};

#define RULE(name)                                                                                           \
    const struct ir_node *derivative_##name(struct ir_graph *graph, const struct ir_node *node,              \
                                            const struct ir_node *x, const struct ir_node *y)

static const struct ir_node *square(struct ir_graph *graph, const struct ir_node *x)
{
    return ir_mul(graph, x, x);
}

RULE(TANH) /* 1 - y^2 */
{
    (void)node, (void)x;
    return ir_sub(graph, ir_fill(graph, 1.0, y->shape), square(graph, y));
}

RULE(EXP)
{
    (void)graph, (void)node, (void)x;
    return y;
}

RULE(LOG)
{
    (void)node, (void)y;
    return ir_unary(graph, IR_RECIP, x);
}

RULE(SQRT) /* 1 / (2 y) */
{
    (void)node, (void)x;
    return ir_scale(graph, 0.5, ir_unary(graph, IR_RECIP, y));
}

RULE(RECIP) /* -y^2 */
{
    (void)node, (void)x;
    return ir_scale(graph, -1.0, square(graph, y));
}

RULE(SIN)
{
    (void)node, (void)y;
    return ir_unary(graph, IR_COS, x);
}

RULE(COS)
{
    (void)node, (void)y;
    return ir_scale(graph, -1.0, ir_unary(graph, IR_SIN, x));
}

RULE(ERF) /* 2/sqrt(pi) exp(-x^2) */
{
    (void)node, (void)y;
    return ir_scale(graph, two_over_sqrt_pi,
                    ir_unary(graph, IR_EXP, ir_scale(graph, -1.0, square(graph, x))));
}

RULE(ERFINV) /* sqrt(pi)/2 exp(y^2) */
{
    (void)node, (void)x;
    return ir_scale(graph, half_sqrt_pi, ir_unary(graph, IR_EXP, square(graph, y)));
}

RULE(SOFTPLUS)
{
    (void)node, (void)y;
    return ir_unary(graph, IR_SIGMOID, x);
}

RULE(SIGMOID) /* y - y^2 */
{
    (void)node, (void)x;
    return ir_sub(graph, y, square(graph, y));
}

RULE(CLAMP)
{
    (void)y;
    return ir_inside(graph, x, node->range[0], node->range[1]);
}

RULE(INSIDE) /* a step: 0 wherever it has a derivative */
{
    (void)node, (void)y;
    return ir_fill(graph, 0.0, x->shape);
}

RULE(BFLOAT) /* as if it did not round */
{
    (void)node, (void)y;
    return ir_fill(graph, 1.0, x->shape);
}

RULE(HOLD)
{
    (void)node, (void)y;
    return ir_fill(graph, 0.0, x->shape);
}

const struct ir_node *diff_derivative(struct ir_graph *graph, const struct ir_node *node,
                                      const struct ir_node *x, const struct ir_node *y)
{
    assert(ir_op_is_elementwise(node->op) && derivative_of[node->op]);
    return derivative_of[node->op](graph, node, x, y);
}

/* ---- names --------------------------------------------------------------------------------------------- */

static const char *numbered(const struct ir_graph *graph, const char *prefix, int number, const char *name)
{
    if (number == 1)
        return arena_printf(graph->arena, "%s.%s", prefix, name);
    return arena_printf(graph->arena, "%s%d.%s", prefix, number, name);
}

const char *diff_input_name(const struct ir_graph *graph, const struct ir_graph *also, const char *prefix,
                            const char *name)
{
    int number = 1;
    const char *text = numbered(graph, prefix, number, name);
    while (ir_input_find(graph, text) || (also && ir_input_find(also, text)))
        text = numbered(graph, prefix, ++number, name);
    return text;
}

const char *diff_output_name(const struct ir_graph *graph, const struct ir_graph *also, const char *prefix,
                             const char *name)
{
    int number = 1;
    const char *text = numbered(graph, prefix, number, name);
    while (ir_output_find(graph, text) || (also && ir_output_find(also, text)))
        text = numbered(graph, prefix, ++number, name);
    return text;
}
