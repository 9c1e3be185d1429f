/* SPDX-License-Identifier: MIT
 *
 * The cheapest order in which a product of several operands is computed two at a time: dynamic programming
 * over all sets of operands. Cost of a pair: the product of the extents of its labels, plus a little for
 * storing the result; a pair of uniform operands, computed once for all samples, is nearly free. */
#include "pass/pass_product.h"

#include <float.h>
#include <string.h>

static const double store_cost = 0.25;   /* of an element of the result, in multiplications */
static const double uniform_cost = 1e-3; /* of a multiplication that is done once for all samples */

static double extent(const struct ir_node *ein, unsigned set)
{
    double elements = 1;
    for (int label = 0; label < ein->ein.n_labels; label++)
        if (set & (1u << label))
            elements *= ein->ein.size[label];
    return elements;
}

unsigned product_labels(const struct ir_node *node, const unsigned char *labels)
{
    unsigned set = 0;
    for (int axis = 0; axis < node->shape.rank; axis++)
        set |= 1u << labels[axis];
    return set;
}

/* Labels that something other than the chosen factors (a bit each) has: the result, or another factor. */
static unsigned needed_beside(const struct product *p, unsigned chosen)
{
    unsigned needed = p->out;
    for (int i = 0; i < p->n; i++)
        if (!(chosen & (1u << i)))
            needed |= p->factors[i].set;
    return needed;
}

struct product product_of(struct ir_graph *graph, const struct ir_node *ein)
{
    struct product p = {.graph = graph,
                        .ein = ein,
                        .out = (1u << ein->shape.rank) - 1,
                        .n = ein->n_args,
                        .factors = ARENA_ARRAY(graph->arena, struct factor, (size_t)ein->n_args + 1)};
    for (int i = 0; i < p.n; i++) {
        p.factors[i].node = ein->args[i];
        memcpy(p.factors[i].labels, ein->ein.labels[i], IR_MAX_RANK);
        p.factors[i].set = product_labels(ein->args[i], ein->ein.labels[i]);
    }
    return p;
}

/* `last`: its result is the whole product, whose rank is legal. DBL_MAX: the result has too many axes. */
static double pair_cost(const struct product *p, unsigned labels, unsigned result, bool varying, bool last)
{
    if (!last && __builtin_popcount(result) > IR_MAX_RANK)
        return DBL_MAX;
    const double work = extent(p->ein, labels) + store_cost * extent(p->ein, result);
    return varying ? work : uniform_cost * work;
}

static void plan_set(const struct product *p, struct plan *plan, unsigned set)
{
    struct plan *best = &plan[set];
    const bool last = set == (1u << p->n) - 1;
    const unsigned needed = needed_beside(p, set);
    best->cost = DBL_MAX;
    for (unsigned half = (set - 1) & set; half > 0; half = (half - 1) & set) {
        const struct plan *a = &plan[half], *b = &plan[set & ~half];
        if (half < (set & ~half) || a->cost == DBL_MAX || b->cost == DBL_MAX)
            continue;
        const unsigned all = a->labels | b->labels;
        const bool varying = a->varying || b->varying;
        const double cost = a->cost + b->cost + pair_cost(p, all, all & needed, varying, last);
        const double multiplies = a->multiplies + b->multiplies + (varying ? extent(p->ein, all) : 0);
        if (cost < best->cost)
            *best = (struct plan){cost, multiplies, half, all & needed, varying};
    }
}

struct plan *product_plan(const struct product *p)
{
    struct plan *plan = ARENA_ARRAY(p->graph->arena, struct plan, (size_t)1 << p->n);
    for (unsigned set = 1; set < 1u << p->n; set++) {
        if (set & (set - 1)) {
            plan_set(p, plan, set);
            continue;
        }
        const struct factor *f = &p->factors[__builtin_ctz(set)];
        plan[set] = (struct plan){.labels = f->set, .varying = f->node->rate == IR_VARYING};
    }
    return plan;
}

/* ---- building it --------------------------------------------------------------------------------------- */

/* Appends the labels of f that are in `keep` and not in out[] yet. */
static int append_labels(const struct factor *f, unsigned keep, unsigned char *out, int n)
{
    for (int axis = 0; axis < f->node->shape.rank; axis++) {
        const unsigned char label = f->labels[axis];
        if ((keep & (1u << label)) && !memchr(out, label, (size_t)n))
            out[n++] = label;
    }
    return n;
}

/* The factor that gives the result its order of axes: the varying one, or the one with more axes. */
static bool leads(const struct factor *a, const struct factor *b)
{
    const bool va = a->node->rate == IR_VARYING, vb = b->node->rate == IR_VARYING;
    return va != vb ? va : a->node->shape.rank >= b->node->shape.rank;
}

static struct factor multiply(const struct product *p, const struct factor *a, const struct factor *b,
                              unsigned keep)
{
    struct factor result = {.node = NULL};
    unsigned char labels[2][IR_MAX_RANK];
    memcpy(labels[0], a->labels, IR_MAX_RANK);
    memcpy(labels[1], b->labels, IR_MAX_RANK);
    int n = append_labels(leads(a, b) ? a : b, keep, result.labels, 0);
    n = append_labels(leads(a, b) ? b : a, keep, result.labels, n);
    const struct ir_node *const args[2] = {a->node, b->node};
    result.node = ir_ein_labels(p->graph, 1.0, 2, args, (const unsigned char(*)[IR_MAX_RANK])labels, n,
                                result.labels, NULL);
    result.set = product_labels(result.node, result.labels);
    return result;
}

void product_sum_private(struct product *p, int i)
{
    struct factor *f = &p->factors[i];
    const unsigned keep = f->set & needed_beside(p, 1u << i);
    if (keep == f->set)
        return;
    unsigned char labels[1][IR_MAX_RANK];
    struct factor result = {.node = NULL};
    memcpy(labels[0], f->labels, IR_MAX_RANK);
    const int n = append_labels(f, keep, result.labels, 0);
    result.node = ir_ein_labels(p->graph, 1.0, 1, &f->node, (const unsigned char(*)[IR_MAX_RANK])labels, n,
                                result.labels, NULL);
    result.set = product_labels(result.node, result.labels);
    *f = result;
}

static struct factor build(const struct product *p, const struct plan *plan, unsigned set)
{
    if (!(set & (set - 1)))
        return p->factors[__builtin_ctz(set)];
    const struct factor a = build(p, plan, plan[set].split), b = build(p, plan, set & ~plan[set].split);
    return multiply(p, &a, &b, plan[set].labels);
}

/* The last operation gives the result its coefficient, order of axes and broadcasts. */
static const struct ir_node *finish(const struct product *p, int n, const struct factor *factors)
{
    const struct ir_node *ein = p->ein;
    const struct ir_node *args[2];
    unsigned char labels[2][IR_MAX_RANK], out[IR_MAX_RANK];
    for (int i = 0; i < n; i++) {
        args[i] = factors[i].node;
        memcpy(labels[i], factors[i].labels, IR_MAX_RANK);
    }
    for (int i = 0; i < IR_MAX_RANK; i++)
        out[i] = (unsigned char)i;
    return ir_ein_labels(p->graph, ein->ein.coefficient, n, args, (const unsigned char(*)[IR_MAX_RANK])labels,
                         ein->shape.rank, out, ein->ein.size);
}

/* For products that are too long to search: joins the cheapest pair. */
static void join_cheapest(struct product *p)
{
    double least = DBL_MAX;
    int best_i = 0, best_j = 1;
    for (int i = 0; i < p->n; i++)
        for (int j = i + 1; j < p->n; j++) {
            const struct factor *a = &p->factors[i], *b = &p->factors[j];
            const unsigned all = a->set | b->set, keep = all & needed_beside(p, 1u << i | 1u << j);
            const bool varying = a->node->rate == IR_VARYING || b->node->rate == IR_VARYING;
            const double cost =
                pair_cost(p, all, keep, varying, false) - extent(p->ein, a->set) - extent(p->ein, b->set);
            if (cost >= least)
                continue;
            least = cost, best_i = i, best_j = j;
        }
    const struct factor *a = &p->factors[best_i], *b = &p->factors[best_j];
    p->factors[best_i] = multiply(p, a, b, (a->set | b->set) & needed_beside(p, 1u << best_i | 1u << best_j));
    p->factors[best_j] = p->factors[--p->n];
}

/* No order keeps the parts within the largest rank (a product of operands with many labels each): it stays
 * whole. */
const struct ir_node *product_split(struct product *p)
{
    while (p->n > PRODUCT_SEARCHED)
        join_cheapest(p);
    const unsigned all = (1u << p->n) - 1;
    if (p->n <= 2)
        return finish(p, p->n, p->factors);
    const struct plan *plan = product_plan(p);
    if (plan[all].cost == DBL_MAX)
        return p->ein;
    const struct factor halves[2] = {build(p, plan, plan[all].split), build(p, plan, all & ~plan[all].split)};
    return finish(p, 2, halves);
}
