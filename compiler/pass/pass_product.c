/* SPDX-License-Identifier: MIT
 *
 * The cheapest order in which a product of several operands is computed two at a time: dynamic programming over all sets of
 * operands. Cost of a pair: the product of the extents of its labels, plus a little for storing the result; a pair of
 * uniform operands, computed once for all samples, is nearly free. */
#include "pass/pass_product.h"

#include <float.h>
#include <string.h>

static const double store_cost = 0.25;   /* of an element of the result, in multiplications */
static const double uniform_cost = 1e-3; /* of a multiplication that is done once for all samples */

double product_extent(const struct ir_node *ein, unsigned set)
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

unsigned product_needed_beside(const struct product *p, unsigned chosen)
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

double product_pair_cost(const struct product *p, unsigned labels, unsigned result, bool varying, bool last)
{
    if (!last && __builtin_popcount(result) > IR_MAX_RANK)
        return DBL_MAX;
    const double work = product_extent(p->ein, labels) + store_cost * product_extent(p->ein, result);
    return varying ? work : uniform_cost * work;
}

static void plan_set(const struct product *p, struct plan *plan, unsigned set)
{
    struct plan *best = &plan[set];
    const bool last = set == (1u << p->n) - 1;
    const unsigned needed = product_needed_beside(p, set);
    best->cost = DBL_MAX;
    for (unsigned half = (set - 1) & set; half > 0; half = (half - 1) & set) {
        const struct plan *a = &plan[half], *b = &plan[set & ~half];
        if (half < (set & ~half) || a->cost == DBL_MAX || b->cost == DBL_MAX)
            continue;
        const unsigned all = a->labels | b->labels;
        const bool varying = a->varying || b->varying;
        const double cost = a->cost + b->cost + product_pair_cost(p, all, all & needed, varying, last);
        if (cost < best->cost)
            *best = (struct plan){.cost = cost, .split = half, .labels = all & needed, .varying = varying};
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
