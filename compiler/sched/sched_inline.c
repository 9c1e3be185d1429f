/* SPDX-License-Identifier: MIT
 *
 * Which values never get a place: they are computed where they are used. And which axis of a value runs along rows. */
#include "sched/planner.h"

#include <assert.h>
#include <string.h>

bool plan_is_elementwise(const struct ir_node *node)
{
    if (node->op == IR_EIN)
        return node->ein.n_labels == node->shape.rank;
    return node->op == IR_ADD || ir_op_is_elementwise(node->op);
}

bool plan_is_view(const struct ir_node *node)
{
    return node->op == IR_EIN && node->n_args <= 1 && plan_is_elementwise(node);
}

bool plan_is_contraction(const struct ir_node *node)
{
    return node->op == IR_EIN && node->ein.n_labels > node->shape.rank;
}

bool plan_is_matrix(const struct ir_node *node)
{
    return node->op == IR_LOGDET || node->op == IR_INVERSE;
}

void plan_operand_labels(const struct ir_node *node, int operand, unsigned char labels[IR_MAX_RANK])
{
    if (node->op == IR_EIN) {
        memcpy(labels, node->ein.labels[operand], IR_MAX_RANK);
        return;
    }
    for (int axis = 0; axis < IR_MAX_RANK; axis++)
        labels[axis] = (unsigned char)axis;
}

void plan_visit_bases(const struct plan_region *region, const struct ir_node *node,
                      void (*visit)(void *data, const struct ir_node *base), void *data)
{
    for (int i = 0; i < node->n_args; i++) {
        if (region->value[node->args[i]->id].inlined)
            plan_visit_bases(region, node->args[i], visit, data);
        else
            visit(data, node->args[i]);
    }
}

/* ---- inlining ---------------------------------------------------------------------------------------------------- */

static bool has_narrow_array(const struct ir_node *node)
{
    for (int i = 0; i < node->n_args; i++)
        if (node->args[i]->rate != IR_VARYING && node->args[i]->shape.rank > 0)
            return true;
    return false;
}

/* Sums of products below a bsum are never made: the bsum's nest adds up the products themselves. */
static bool is_swallowed(const struct plan_region *region, const struct ir_node *node, const struct ir_node *user)
{
    bool open = user->op == IR_BSUM || (user->op == IR_ADD && region->value[user->id].inlined &&
                                        region->facts[user->id].user->op == IR_BSUM);
    if (!open)
        return false;
    if (node->op == IR_ADD)
        return user->op == IR_BSUM;
    return node->op == IR_EIN && node->n_args > 0 && !(plan_is_contraction(node) && has_narrow_array(node));
}

static bool is_inlined(const struct plan_region *region, const struct ir_node *node)
{
    const struct node_facts *facts = &region->facts[node->id];
    if (facts->forced)
        return false;
    if (plan_is_view(node))
        return true;
    if (facts->users != 1 || !facts->user || !region->facts[facts->user->id].wanted)
        return false;
    if (is_swallowed(region, node, facts->user))
        return true;
    return plan_is_elementwise(node) && plan_is_elementwise(facts->user) &&
           ir_elements(node->shape) == ir_elements(facts->user->shape);
}

void plan_inline(struct plan_region *region)
{
    for (int id = region->graph->n_nodes - 1; id >= 0; id--)
        if (region->facts[id].wanted)
            region->value[id].inlined = is_inlined(region, region->graph->nodes[id]);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

typedef int axis_votes[IR_MAX_RANK];

static bool has_label(const struct ir_node *node, int operand, int label)
{
    for (int axis = 0; axis < node->args[operand]->shape.rank; axis++)
        if (node->ein.labels[operand][axis] == label)
            return true;
    return false;
}

/* A contraction of a uniform matrix with one varying value votes for the axis they share, and for the axis of the result
 * that comes from the matrix. */
static void vote(const struct ir_node *node, axis_votes *votes)
{
    int matrix = -1, value = -1;
    for (int i = 0; i < node->n_args; i++) {
        if (node->args[i]->rate == IR_VARYING)
            value = value < 0 ? i : -2;
        else if (node->args[i]->shape.rank >= 2)
            matrix = i;
    }
    if (matrix < 0 || value < 0)
        return;
    const struct ir_node *x = node->args[value];
    for (int axis = 0; axis < x->shape.rank; axis++)
        if (node->ein.labels[value][axis] >= node->shape.rank &&
            has_label(node, matrix, node->ein.labels[value][axis]))
            votes[x->id][axis]++;
    for (int axis = 0; axis < node->shape.rank; axis++)
        if (has_label(node, matrix, axis) && !has_label(node, value, axis))
            votes[node->id][axis]++;
}

static bool has_votes(const axis_votes votes)
{
    for (int axis = 0; axis < IR_MAX_RANK; axis++)
        if (votes[axis])
            return true;
    return false;
}

/* Elementwise nodes without votes of their own take their operands', operands their users'. */
static void spread(const struct ir_node *node, axis_votes *votes, bool up)
{
    for (int i = 0; i < node->n_args; i++) {
        unsigned char labels[IR_MAX_RANK];
        plan_operand_labels(node, i, labels);
        int *here = votes[node->id], *there = votes[node->args[i]->id];
        if (has_votes(up ? here : there))
            continue;
        for (int axis = 0; axis < node->args[i]->shape.rank; axis++) {
            if (up)
                here[labels[axis]] += there[axis] > 0;
            else
                there[axis] += here[labels[axis]] > 0;
        }
    }
}

static int best_axis(const struct ir_node *node, const axis_votes votes)
{
    int best = 0;
    for (int axis = 1; axis < node->shape.rank; axis++) {
        bool more = votes[axis] > votes[best];
        bool larger = votes[axis] == votes[best] && node->shape.size[axis] > node->shape.size[best];
        if (more || larger)
            best = axis;
    }
    return best;
}

void plan_rows(struct plan_region *region)
{
    const struct ir_graph *graph = region->graph;
    axis_votes *votes = ARENA_ARRAY(graph->arena, axis_votes, (size_t)graph->n_nodes + 1);
    for (int id = 0; id < graph->n_nodes; id++)
        if (plan_is_contraction(graph->nodes[id]))
            vote(graph->nodes[id], votes);
    for (int id = 0; id < graph->n_nodes; id++)
        if (plan_is_elementwise(graph->nodes[id]))
            spread(graph->nodes[id], votes, true);
    for (int id = graph->n_nodes - 1; id >= 0; id--)
        if (plan_is_elementwise(graph->nodes[id]))
            spread(graph->nodes[id], votes, false);
    for (int id = 0; id < graph->n_nodes; id++)
        region->facts[id].row = best_axis(graph->nodes[id], votes[id]);
}
