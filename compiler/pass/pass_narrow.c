/* SPDX-License-Identifier: MIT
 *
 * Rounds to bfloat16 what large products multiply: weights by values of a sample, and the outer products that
 * are summed over the batch. Sums stay as they are. Weights get their summed axes last, the longest at the
 * very end, so that those multiplied one after another are adjacent in memory. */
#include "pass/pass_internal.h"

enum {
    LEAST = 8
}; /* extent of a weight's axes, and of an outer product's: below, rounding costs what it
                       saves */

static bool is_large(struct ir_shape shape)
{
    for (int axis = 0; axis < shape.rank; axis++)
        if (shape.size[axis] < LEAST)
            return false;
    return shape.rank >= 2;
}

/* Bit l: label l; 0: a label stands twice. */
static unsigned labels_of(const struct ir_node *node, int operand)
{
    unsigned found = 0;
    for (int axis = 0; axis < node->args[operand]->shape.rank; axis++) {
        const unsigned bit = 1u << node->ein.labels[operand][axis];
        if (found & bit)
            return 0;
        found |= bit;
    }
    return found;
}

static const struct ir_node *rounded(struct ir_graph *to, const struct ir_node *x)
{
    return ir_unary(to, IR_BFLOAT, x);
}

/* ---- weights times values ------------------------------------------------------------------------------ */

/* The operand that is a weight matrix, with rows of its own and every summed label; -1: it is no such
 * product. */
static int weights_of(const struct ir_node *node)
{
    const unsigned kept = (1u << node->shape.rank) - 1, all = (1u << node->ein.n_labels) - 1;
    if (node->n_args != 2 || node->rate != IR_VARYING || all == kept)
        return -1;
    for (int i = 0; i < 2; i++) {
        const unsigned weights = labels_of(node, i), values = labels_of(node, 1 - i), summed = all & ~kept;
        if (node->args[i]->rate == IR_UNIFORM && node->args[1 - i]->rate == IR_VARYING &&
            is_large(node->args[i]->shape) && (weights & summed) == summed && (values & summed) == summed &&
            (weights & kept & ~values) && !(weights & kept & values))
            return i;
    }
    return -1;
}

/* Axes in the order in which the weights' labels become last to first: kept ones as they are, then by
 * extent. */
static void order_axes(const struct ir_node *node, int operand, unsigned char order[IR_MAX_RANK])
{
    const struct ir_node *w = node->args[operand];
    const int rank = w->shape.rank;
    int n = 0;
    for (int axis = 0; axis < rank; axis++)
        if (node->ein.labels[operand][axis] < node->shape.rank)
            order[n++] = (unsigned char)axis;
    for (int axis = 0, first = n; axis < rank; axis++) {
        if (node->ein.labels[operand][axis] < node->shape.rank)
            continue;
        int at = n++;
        for (; at > first && w->shape.size[order[at - 1]] > w->shape.size[axis]; at--)
            order[at] = order[at - 1];
        order[at] = (unsigned char)axis;
    }
}

static const struct ir_node *narrow_weights(struct ir_graph *to, const struct ir_node *node, int operand,
                                            const struct ir_node *const *args)
{
    typedef const unsigned char(*label_list)[IR_MAX_RANK];
    unsigned char labels[2][IR_MAX_RANK] = {{0}}, order[IR_MAX_RANK] = {0};
    unsigned char own[1][IR_MAX_RANK] = {{0}}, out[IR_MAX_RANK] = {0};
    const struct ir_node *of[2], *w = args[operand];
    order_axes(node, operand, order);
    for (int axis = 0; axis < IR_MAX_RANK; axis++) {
        own[0][axis] = out[axis] = (unsigned char)axis;
        labels[1 - operand][axis] = node->ein.labels[1 - operand][axis];
        labels[operand][axis] = axis < w->shape.rank ? node->ein.labels[operand][order[axis]] : 0;
    }
    of[operand] = rounded(to, ir_ein_labels(to, 1.0, 1, &w, (label_list)own, w->shape.rank, order, NULL));
    of[1 - operand] = rounded(to, args[1 - operand]);
    return ir_ein_labels(to, node->ein.coefficient, 2, of, (label_list)labels, node->shape.rank, out, NULL);
}

/* ---- sums over the batch ------------------------------------------------------------------------------- */

/* Some axes of the result come from one operand, the rest from the other. */
static bool is_outer(const struct ir_node *node)
{
    if (node->op != IR_EIN || node->n_args != 2 || !is_large(node->shape))
        return false;
    const unsigned kept = (1u << node->shape.rank) - 1, a = labels_of(node, 0), b = labels_of(node, 1);
    return a && b && (a & kept) && (b & kept) && !(a & b & kept) && node->args[0]->rate == IR_VARYING &&
           node->args[1]->rate == IR_VARYING;
}

static const struct ir_node *rule(void *data, struct ir_graph *to, const struct ir_node *node,
                                  const struct ir_node *const *args)
{
    (void)data;
    const int operand = node->op == IR_EIN ? weights_of(node) : -1;
    if (operand >= 0)
        return narrow_weights(to, node, operand, args);
    if (node->op != IR_BSUM || !is_outer(args[0]))
        return pass_rebuild(to, node, args);
    const struct ir_node *of[2] = {rounded(to, args[0]->args[0]), rounded(to, args[0]->args[1])};
    return ir_bsum(to, ir_rebuild(to, args[0], of));
}

struct ir_graph *pass_narrow(const struct ir_graph *graph)
{
    return pass_rewrite(graph, rule, NULL, NULL);
}
