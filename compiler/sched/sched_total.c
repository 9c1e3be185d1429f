/* SPDX-License-Identifier: MIT
 *
 * The nest of one sum over the batch (weight gradients): which products it adds up, and the register block it
 * does so in. */
#include "plan/planner.h"

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

/* ---- the register block -------------------------------------------------------------------------------- */

bool plan_factor_has(const struct plan_factor *factor, int label)
{
    for (int axis = 0; label >= 0 && axis < factor->node->shape.rank; axis++)
        if (factor->labels[axis] == label)
            return true;
    return false;
}

int plan_power_of_two(int n, int most)
{
    while (most > n)
        most /= 2;
    return most;
}

/* a and b are worth a block if no factor depends on both and each has one of its own: an outer product. */
static bool is_outer(const struct plan_term *term, int a, int b)
{
    bool only_a = false, only_b = false;
    for (int i = 0; i < term->n_factors; i++) {
        bool has_a = plan_factor_has(&term->factor[i], a), has_b = plan_factor_has(&term->factor[i], b);
        if (has_a && has_b)
            return false;
        only_a |= has_a;
        only_b |= has_b;
    }
    return only_a && only_b;
}

enum { SHORT = 8 }; /* steps among which the processor finds work of the next block */

/* Operations that add up the lanes of m x k sums in groups of powers of two, as many as a vector has lanes,
 * and add them to memory, k of a row at once: an addition of two vectors takes a shuffle and a blend. */
static double reduction_cost(const struct schedule *schedule, int m, int k)
{
    double cost = 0;
    for (int j = 0, columns; j < k; j += columns) {
        columns = plan_power_of_two(k - j, schedule->vector);
        for (int i = 0, rows; i < m; i += rows) {
            rows = plan_power_of_two(m - i, schedule->vector / columns);
            cost += 3 * (rows * columns - 1) + 5 * rows + 2 * (rows > 1) + 4;
            for (int lanes = schedule->vector; lanes > rows * columns; lanes /= 2)
                cost += 2;
        }
    }
    return cost;
}

/* Cycles to cover a x b results in blocks of m x k: every step loads m + k vectors and multiplies m * k
 * times, two of either a cycle, and takes as long as a multiplication at least (four cycles); then comes the
 * reduction, at two or three operations a cycle, or loads and stores of partial sums, which wait for each row
 * that comes from the second cache. */
static double block_cost(const struct schedule *schedule, long steps, const struct plan_partial *partial,
                         int a, int b, int m, int k)
{
    enum { ROW = 7 }; /* operations, while a row comes */
    double cost = 0;
    for (int i = 0; i < a; i += m)
        for (int j = 0; j < b; j += k) {
            int rows = a - i < m ? a - i : m, columns = b - j < k ? b - j : k;
            double loads = rows + columns, products = rows * columns;
            double step = loads > products ? loads : products;
            if (steps > SHORT && step < 8)
                step = 8;
            const double end = partial ? products + (partial->far ? ROW * rows : 0)
                                       : reduction_cost(schedule, rows, columns);
            cost += (double)steps * (0.5 * step + 0.1 * loads) + end / 2.5 + 2;
        }
    return cost;
}

/* Beside its sums a step holds the operands of the shorter side and some of the other: one where registers
 * are few, while with many LLVM loads a handful early, and all where loads come in pairs, which have second
 * halves as well. */
static bool block_fits(const struct schedule *schedule, int m, int k)
{
    enum { MANY = 24, HANDFUL = 6 };
    int held = m < k ? m : k, moving = m + k - held;
    if (schedule->registers <= MANY)
        moving = 1;
    else if (schedule->in_flight == 1 && moving > HANDFUL)
        moving = HANDFUL;
    return m * k <= schedule->accumulators &&
           m * k + schedule->in_flight * (held + moving) <= schedule->registers;
}

long plan_total_steps(const struct schedule *schedule, const struct plan_nest *nest)
{
    long steps = 0;
    for (int t = 0; t < nest->n_terms; t++) {
        long product = schedule->lanes / schedule->vector;
        for (int label = nest->total->shape.rank; label < nest->terms[t].n_labels; label++)
            product *= nest->terms[t].size[label];
        steps += product;
    }
    return steps;
}

/* Gives its cycles. */
static double choose_block(const struct planner *planner, struct plan_nest *nest)
{
    const struct schedule *schedule = &planner->plan->schedule;
    const long steps = plan_total_steps(schedule, nest);
    int most = schedule->accumulators;
    int a = nest->axis_a < 0 ? 1 : nest->total->shape.size[nest->axis_a];
    int b = nest->axis_b < 0 ? 1 : nest->total->shape.size[nest->axis_b];
    double least = 0;
    for (int m = 1; m <= most && m <= a; m++)
        for (int k = 1; k <= b && block_fits(schedule, m, k); k++) {
            double cost = block_cost(schedule, steps, nest->partial, a, b, m, k);
            if (least == 0 || cost < least) {
                least = cost;
                nest->block_a = m;
                nest->block_b = k;
            }
        }
    return least;
}

/* Along axis_b so many blocks that what all steps read for them stays in the schedule's share of the first
 * cache: without, every block along axis_a would fetch them anew. */
static void choose_pass(const struct planner *planner, struct plan_nest *nest)
{
    const struct schedule *schedule = &planner->plan->schedule;
    const long block = plan_total_steps(schedule, nest) * nest->block_b;
    const int blocks = (nest->axis_b < 0 ? 1 : nest->total->shape.size[nest->axis_b]) / nest->block_b;
    nest->pass_b = block < schedule->pass ? (int)(schedule->pass / block) : 1;
    if (nest->pass_b > blocks)
        nest->pass_b = blocks;
}

/* Terms with sums of their own first: LLVM keeps a loop's registers where it begins with zeros. */
static void order_terms(struct planner *planner, struct plan_nest *nest)
{
    struct plan_term *ordered = ARENA_ARRAY(planner->arena, struct plan_term, (size_t)nest->n_terms + 1);
    int n = 0;
    for (int summed = 0; summed < 2; summed++)
        for (int t = 0; t < nest->n_terms; t++)
            if ((nest->terms[t].n_labels > nest->total->shape.rank) == (summed == 0))
                ordered[n++] = nest->terms[t];
    nest->terms = ordered;
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
                /* results contiguous along b go to memory as vectors: worth more than a few more of them */
                long size = (long)shape.size[a] * shape.size[b] * (b == shape.rank - 1 ? 3 : 1);
                if (a != b && size > largest && is_outer(&nest->terms[t], a, b)) {
                    largest = size;
                    nest->axis_a = a;
                    nest->axis_b = b;
                }
            }
}

/* How often a block's loops run for other axes. */
static double outer_count(const struct plan_nest *nest)
{
    double count = 1;
    for (int axis = 0; axis < nest->total->shape.rank; axis++)
        if (axis != nest->axis_a && axis != nest->axis_b)
            count *= nest->total->shape.size[axis];
    return count;
}

struct plan_nest *plan_total(struct planner *planner, struct plan_region *region, const struct ir_node *bsum)
{
    struct plan_nest *nest = ARENA_NEW(planner->arena, struct plan_nest);
    nest->kind = PLAN_TOTAL;
    nest->total = bsum;
    struct terms terms = {planner, region, nest, false};
    add_term(&terms, bsum->args[0]);
    if (terms.failed) {
        planner->fault =
            arena_printf(planner->arena, "graph %s: node %%%d: a product of more than %d factors",
                         region->graph->name, bsum->id, PLAN_MAX_FACTORS);
        return NULL;
    }
    order_terms(planner, nest);
    choose_axes(nest);
    const double cost = choose_block(planner, nest);
    choose_pass(planner, nest);
    plan_pack(planner, region, nest, cost * outer_count(nest));
    return nest;
}

void plan_total_to(const struct planner *planner, struct plan_nest *nest, struct plan_partial *partial)
{
    nest->partial = partial;
    nest->packed = 0;
    nest->ahead = false;
    choose_axes(nest);
    choose_block(planner, nest);
    choose_pass(planner, nest);
}
