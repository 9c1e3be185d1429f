/* SPDX-License-Identifier: MIT
 *
 * The nest of one sum over the batch (weight gradients): which products it adds up, and the register block it does so in. */
#include "sched/planner.h"

#include <string.h>

struct terms {
    struct planner *planner;
    struct plan_region *region;
    struct plan_nest *nest;
    bool failed;
};

static struct plan_term *term_new(struct terms *terms)
{
    struct plan_term *grown =
        ARENA_ARRAY(terms->planner->arena, struct plan_term, (size_t)terms->nest->n_terms + 1);
    if (terms->nest->n_terms)
        memcpy(grown, terms->nest->terms, (size_t)terms->nest->n_terms * sizeof *grown);
    terms->nest->terms = grown;
    return &grown[terms->nest->n_terms++];
}

/* A factor that is a view is looked through: its labels are renamed and its coefficient joins the term's. */
static void add_factor(struct terms *terms, struct plan_term *term, const struct ir_node *node,
                       const unsigned char labels[IR_MAX_RANK])
{
    if (plan_is_view(node) && terms->region->value[node->id].inlined) {
        term->coefficient *= node->ein.coefficient;
        if (node->n_args == 0)
            return;
        unsigned char inner[IR_MAX_RANK] = {0};
        for (int a = 0; a < node->args[0]->shape.rank; a++)
            inner[a] = labels[node->ein.labels[0][a]];
        add_factor(terms, term, node->args[0], inner);
        return;
    }
    if (term->n_factors == PLAN_MAX_FACTORS) {
        terms->failed = true;
        return;
    }
    struct plan_factor *factor = &term->factor[term->n_factors++];
    factor->node = node;
    memcpy(factor->labels, labels, IR_MAX_RANK);
}

static void add_term(struct terms *terms, const struct ir_node *node)
{
    bool open = terms->region->value[node->id].inlined;
    if (open && node->op == IR_ADD) {
        for (int i = 0; i < node->n_args; i++)
            add_term(terms, node->args[i]);
        return;
    }
    struct plan_term *term = term_new(terms);
    term->coefficient = 1;
    term->n_labels = node->shape.rank;
    memcpy(term->size, node->shape.size, sizeof node->shape.size);
    if (open && node->op == IR_EIN) {
        term->coefficient = node->ein.coefficient;
        term->n_labels = node->ein.n_labels;
        memcpy(term->size, node->ein.size, sizeof term->size);
        for (int i = 0; i < node->n_args; i++)
            add_factor(terms, term, node->args[i], node->ein.labels[i]);
        return;
    }
    unsigned char labels[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    add_factor(terms, term, node, labels);
}

/* ---- the register block ------------------------------------------------------------------------------------------ */

static bool factor_has(const struct plan_factor *factor, int label)
{
    for (int axis = 0; axis < factor->node->shape.rank; axis++)
        if (factor->labels[axis] == label)
            return true;
    return false;
}

/* a and b are worth a block if no factor depends on both and each has one of its own: an outer product. */
static bool is_outer(const struct plan_term *term, int a, int b)
{
    bool only_a = false, only_b = false;
    for (int i = 0; i < term->n_factors; i++) {
        bool has_a = factor_has(&term->factor[i], a), has_b = factor_has(&term->factor[i], b);
        if (has_a && has_b)
            return false;
        only_a |= has_a;
        only_b |= has_b;
    }
    return only_a && only_b;
}

/* Cost of covering a x b results in blocks of m x k: every step loads m + k vectors and multiplies m * k times (two of either
 * a cycle), and each block ends with a reduction over lanes of about two operations a result. */
static double block_cost(int a, int b, int m, int k)
{
    double cost = 0;
    for (int i = 0; i < a; i += m)
        for (int j = 0; j < b; j += k) {
            int rows = a - i < m ? a - i : m, columns = b - j < k ? b - j : k;
            double loads = rows + columns, products = rows * columns;
            cost += (loads > products ? loads : products) + 0.15 * loads + 0.2 * products + 1;
        }
    return cost;
}

/* Beside its sums a step holds one row's operand and those of all columns, for the rows after the first. Where loads come
 * in pairs, there is the second half of each, too, and with many registers LLVM loads the rows at once. */
static bool block_fits(const struct schedule *schedule, int m, int k)
{
    enum { MANY = 24 };
    bool all_at_once = schedule->in_flight > 1 && schedule->registers > MANY;
    int rows = all_at_once ? m : 1, columns = m > 1 ? k : 1;
    return m * k <= schedule->accumulators &&
           m * k + schedule->in_flight * (rows + columns) <= schedule->registers;
}

static void choose_block(const struct planner *planner, struct plan_nest *nest)
{
    const struct schedule *schedule = &planner->plan->schedule;
    int most = schedule->accumulators;
    int a = nest->axis_a < 0 ? 1 : nest->total->shape.size[nest->axis_a];
    int b = nest->axis_b < 0 ? 1 : nest->total->shape.size[nest->axis_b];
    double least = 0;
    for (int m = 1; m <= most && m <= a; m++)
        for (int k = 1; k <= b && block_fits(schedule, m, k); k++) {
            double cost = block_cost(a, b, m, k);
            if (least == 0 || cost < least) {
                least = cost;
                nest->block_a = m;
                nest->block_b = k;
            }
        }
}

static void choose_axes(struct plan_nest *nest)
{
    struct ir_shape shape = nest->total->shape;
    long largest = 0;
    nest->axis_a = -1;
    nest->axis_b = shape.rank - 1;
    for (int t = 0; t < nest->n_terms; t++)
        for (int a = 0; a < shape.rank; a++)
            for (int b = 0; b < shape.rank; b++) {
                /* results contiguous along b are stored as vectors */
                long size = (long)shape.size[a] * shape.size[b] * 2 + (b == shape.rank - 1);
                if (a != b && size > largest && is_outer(&nest->terms[t], a, b)) {
                    largest = size;
                    nest->axis_a = a;
                    nest->axis_b = b;
                }
            }
}

struct plan_nest *plan_total(struct planner *planner, struct plan_region *region, const struct ir_node *bsum)
{
    struct plan_nest *nest = ARENA_NEW(planner->arena, struct plan_nest);
    nest->kind = PLAN_TOTAL;
    nest->total = bsum;
    struct terms terms = {planner, region, nest, false};
    add_term(&terms, bsum->args[0]);
    if (terms.failed) {
        planner->fault = arena_printf(planner->arena, "graph %s: node %%%d: a product of more than %d factors",
                                      region->graph->name, bsum->id, PLAN_MAX_FACTORS);
        return NULL;
    }
    choose_axes(nest);
    choose_block(planner, nest);
    return nest;
}
