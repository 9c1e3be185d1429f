/* SPDX-License-Identifier: MIT
 *
 * Products of numbers rounded to bfloat16: which are computed two at a time. A contraction pairs two steps of
 * its innermost sum, whose weights are adjacent; a sum over the batch pairs two vectors of lanes. */
#include "sched/sched_nest.h"

static int operand_axis(const struct ir_node *node, int operand, int label)
{
    for (int axis = 0; axis < node->args[operand]->shape.rank; axis++)
        if (node->ein.labels[operand][axis] == label)
            return axis;
    return -1;
}

static int row_label(const struct plan_member *root)
{
    for (int label = 0; label < root->node->shape.rank; label++)
        if (root->axis[label] == 0)
            return label;
    return -1;
}

/* Weights by row in memory, times a value of the sample. */
static int paired_operand(const struct plan_region *region, const struct plan_nest *nest)
{
    const struct plan_member *root = &nest->members[0];
    const int row = row_label(root);
    if (!region->wide || nest->n_summed == 0 || root->node->n_args != 2)
        return -1;
    for (int i = 0; i < 2; i++) {
        const struct plan_value *weights = &region->value[root->node->args[i]->id];
        const int axis = operand_axis(root->node, i, nest->summed[nest->n_summed - 1]);
        if (weights->bfloat && !weights->inlined && axis >= 0 && weights->stride[axis] == 1 &&
            operand_axis(root->node, i, row) >= 0 && operand_axis(root->node, 1 - i, row) < 0 &&
            root->node->args[1 - i]->op == IR_BFLOAT)
            return i;
    }
    return -1;
}

/* A factor by row and one by column. A sign goes to one of them. */
static bool is_paired(const struct sched_how *how, const struct plan_term *term)
{
    if (term->n_factors != 2 || (term->coefficient != 1 && term->coefficient != -1))
        return false;
    for (int i = 0; i < 2; i++) {
        const struct plan_factor *factor = &term->factor[i];
        const bool a = plan_factor_has(factor, how->axis_a), b = plan_factor_has(factor, how->axis_b);
        if (factor->node->op != IR_BFLOAT || a == b ||
            plan_factor_has(&term->factor[1 - i], how->axis_a) == a)
            return false;
    }
    return true;
}

static void pair_terms(struct plan_nest *nest)
{
    for (int t = 0; t < nest->n_terms; t++)
        nest->terms[t].how = is_paired(nest->how, &nest->terms[t]) ? TERM_PAIRED : TERM_PLAIN;
}

void sched_pairs(const struct schedule *schedule, struct plan_region *region)
{
    const bool even = region->wide && sched_group(schedule) % 2 == 0;
    for (int item = 0; item < region->n_items; item++) {
        struct plan_nest *nest = region->items[item].nest;
        if (nest && nest->kind == PLAN_MAP && nest->n_members > 0)
            ((struct sched_how *)nest->how)->paired = paired_operand(region, nest);
        if (nest && even)
            pair_terms(nest);
    }
}
