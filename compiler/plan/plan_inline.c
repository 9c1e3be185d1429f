/* SPDX-License-Identifier: MIT
 *
 * Which values are never stored, but computed where they are used. And which axis of a value runs along
 * rows. */
#include "plan/planner.h"

#include <assert.h>
#include <string.h>

bool plan_is_elementwise(const struct ir_node *node)
{
    if (node->op == IR_EIN)
        return node->ein.n_labels == node->shape.rank;
    return node->op == IR_ADD || ir_op_is_elementwise(node->op) || plan_is_slice(node, NULL);
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

/* ---- slices -------------------------------------------------------------------------------------------- */

static int row_count(const struct ir_select *select)
{
    int rows = 1;
    for (int i = 0; i < select->n_lead; i++)
        rows *= select->lead[i];
    return rows;
}

/* The column of a row, whose place along each of the leading axes is counted row-major. */
static int column_of(const struct ir_select *select, const struct plan_slice *slice, int row)
{
    int column = slice->first;
    for (int i = select->n_lead - 1; i >= 0; i--) {
        column += slice->step[i] * (row % select->lead[i]);
        row /= select->lead[i];
    }
    return column;
}

bool plan_is_slice(const struct ir_node *node, struct plan_slice *slice)
{
    const struct ir_select *select = &node->select;
    if (node->op != IR_SELECT || select->n_entries != row_count(select))
        return false;
    const struct ir_entry *entries = select->entries;
    struct plan_slice found = {.value = entries[0].value, .first = entries[0].column};
    for (int i = select->n_lead - 1, rows = 1; i >= 0; rows *= select->lead[i--])
        if (select->lead[i] > 1 && rows < select->n_entries)
            found.step[i] = entries[rows].column - found.first;
    for (int i = 0; i < select->n_entries; i++)
        if (entries[i].row != i || entries[i].value != found.value ||
            entries[i].column != column_of(select, &found, i))
            return false;
    if (slice)
        *slice = found;
    return true;
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

/* ---- inlining ------------------------------------------------------------------------------------------ */

bool plan_has_narrow_array(const struct ir_node *node)
{
    for (int i = 0; i < node->n_args; i++)
        if (node->args[i]->rate != IR_VARYING && node->args[i]->shape.rank > 0)
            return true;
    return false;
}

/* Sums of products below a bsum are never made: the bsum's nest adds up the products themselves. */
static bool is_swallowed(const struct plan_region *region, const struct ir_node *node,
                         const struct ir_node *user)
{
    bool open = user->op == IR_BSUM || (user->op == IR_ADD && region->value[user->id].inlined &&
                                        region->facts[user->id].user->op == IR_BSUM);
    if (!open)
        return false;
    if (node->op == IR_ADD)
        return user->op == IR_BSUM;
    return node->op == IR_EIN && node->n_args > 0 &&
           !(plan_is_contraction(node) && plan_has_narrow_array(node));
}

static bool is_inlined(const struct plan_region *region, const struct ir_node *node)
{
    const struct node_facts *facts = &region->facts[node->id];
    if (facts->forced || facts->gathers)
        return false;
    if (facts->gathered || plan_is_view(node) || plan_is_slice(node, NULL))
        return true;
    if (facts->users != 1 || !facts->user || !region->facts[facts->user->id].wanted)
        return false;
    if (is_swallowed(region, node, facts->user))
        return true;
    return plan_is_elementwise(node) && plan_is_elementwise(facts->user) && facts->user->op != IR_SELECT &&
           ir_elements(node->shape) == ir_elements(facts->user->shape);
}

/* Parts of an axis that are put together, as derivatives of slices are: one nest writes each row once. */
static bool can_gather(const struct plan_region *region, const struct ir_node *node)
{
    for (int i = 0; i < node->n_args; i++) {
        const struct ir_node *term = node->args[i];
        const struct node_facts *facts = &region->facts[term->id];
        if (term->op != IR_SELECT || term->select.n_lead != 1 || plan_is_slice(term, NULL) ||
            term->select.axis != node->args[0]->select.axis || !facts->wanted || facts->forced ||
            facts->users != 1)
            return false;
    }
    return node->op == IR_ADD;
}

void plan_inline(struct plan_region *region)
{
    for (int id = region->graph->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = region->graph->nodes[id];
        if (!region->facts[id].wanted)
            continue;
        region->facts[id].gathers = can_gather(region, node);
        for (int i = 0; i < node->n_args && region->facts[id].gathers; i++)
            region->facts[node->args[i]->id].gathered = true;
        region->value[id].inlined = is_inlined(region, node);
    }
}

bool plan_may_join(const struct plan_region *region, const struct ir_node *node)
{
    return plan_is_elementwise(node) && !region->facts[node->id].gathers;
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

typedef double axis_votes[IR_MAX_RANK];

static double products_of(const struct ir_node *node)
{
    double products = 1;
    for (int label = 0; label < node->ein.n_labels; label++)
        products *= node->ein.size[label];
    return products;
}

static bool has_label(const struct ir_node *node, int operand, int label)
{
    for (int axis = 0; axis < node->args[operand]->shape.rank; axis++)
        if (node->ein.labels[operand][axis] == label)
            return true;
    return false;
}

/* A contraction of a uniform matrix with one varying value votes for the axis they share, and for the axis of
 * the result that comes from the matrix, with as many votes as it has products. */
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
    const double products = products_of(node);
    for (int axis = 0; axis < x->shape.rank; axis++)
        if (node->ein.labels[value][axis] >= node->shape.rank &&
            has_label(node, matrix, node->ein.labels[value][axis]))
            votes[x->id][axis] += products;
    for (int axis = 0; axis < node->shape.rank; axis++)
        if (has_label(node, matrix, axis) && !has_label(node, value, axis))
            votes[node->id][axis] += products;
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
        double *here = votes[node->id], *there = votes[node->args[i]->id];
        if (has_votes(up ? here : there))
            continue;
        for (int axis = 0; axis < node->args[i]->shape.rank; axis++) {
            if (up)
                here[labels[axis]] += there[axis];
            else
                there[axis] += here[labels[axis]];
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
        if (plan_is_elementwise(graph->nodes[id]) && graph->nodes[id]->op != IR_SELECT)
            spread(graph->nodes[id], votes, true);
    for (int id = graph->n_nodes - 1; id >= 0; id--)
        if (plan_is_elementwise(graph->nodes[id]) && graph->nodes[id]->op != IR_SELECT)
            spread(graph->nodes[id], votes, false);
    for (int id = 0; id < graph->n_nodes; id++)
        region->facts[id].row = best_axis(graph->nodes[id], votes[id]);
}
