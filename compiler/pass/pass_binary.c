/* SPDX-License-Identifier: MIT
 *
 * Splits products of three and more operands into products of two, in the cheapest order of all (for up to
 * PRODUCT_SEARCHED operands; of longer ones the cheapest pair is taken first until so many are left). Labels that a single
 * operand has are summed before anything else. */
#include "pass/pass_product.h"

#include <float.h>
#include <string.h>

/* ---- one operation ------------------------------------------------------------------------------------------------------- */

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

static struct factor multiply(const struct product *p, const struct factor *a, const struct factor *b, unsigned keep)
{
    struct factor result = {.node = NULL};
    unsigned char labels[2][IR_MAX_RANK];
    memcpy(labels[0], a->labels, IR_MAX_RANK);
    memcpy(labels[1], b->labels, IR_MAX_RANK);
    int n = append_labels(leads(a, b) ? a : b, keep, result.labels, 0);
    n = append_labels(leads(a, b) ? b : a, keep, result.labels, n);
    const struct ir_node *const args[2] = {a->node, b->node};
    result.node = ir_ein_labels(p->graph, 1.0, 2, args, (const unsigned char(*)[IR_MAX_RANK])labels, n, result.labels,
                                NULL);
    result.set = product_labels(result.node, result.labels);
    return result;
}

/* Sums what no one else has. */
static void sum_private(const struct product *p, int i)
{
    struct factor *f = &p->factors[i];
    const unsigned keep = f->set & product_needed_beside(p, 1u << i);
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

/* ---- the order -------------------------------------------------------------------------------------------------------------- */

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
            const unsigned all = a->set | b->set, keep = all & product_needed_beside(p, 1u << i | 1u << j);
            const bool varying = a->node->rate == IR_VARYING || b->node->rate == IR_VARYING;
            const double cost = product_pair_cost(p, all, keep, varying, false) - product_extent(p->ein, a->set) - product_extent(p->ein, b->set);
            if (cost >= least)
                continue;
            least = cost, best_i = i, best_j = j;
        }
    const struct factor *a = &p->factors[best_i], *b = &p->factors[best_j];
    p->factors[best_i] =
        multiply(p, a, b, (a->set | b->set) & product_needed_beside(p, 1u << best_i | 1u << best_j));
    p->factors[best_j] = p->factors[--p->n];
}

/* No order keeps the parts within the largest rank (a product of operands with many labels each): it stays whole. */
static const struct ir_node *split_product(struct product *p)
{
    while (p->n > PRODUCT_SEARCHED)
        join_cheapest(p);
    const unsigned all = (1u << p->n) - 1;
    if (p->n <= 2)
        return finish(p, p->n, p->factors);
    const struct plan *plan = product_plan(p);
    if (plan[all].cost == DBL_MAX)
        return finish(p, p->n, p->factors);
    const struct factor halves[2] = {build(p, plan, plan[all].split), build(p, plan, all & ~plan[all].split)};
    return finish(p, 2, halves);
}

static const struct ir_node *rule(void *data, struct ir_graph *to, const struct ir_node *node,
                                  const struct ir_node *const *args)
{
    (void)data;
    const struct ir_node *whole = pass_rebuild(to, node, args);
    if (whole->op != IR_EIN || whole->n_args < 2)
        return whole;
    struct product p = product_of(to, whole);
    for (int i = 0; i < p.n; i++)
        sum_private(&p, i);
    return split_product(&p);
}

struct ir_graph *pass_binary(const struct ir_graph *graph)
{
    return pass_rewrite(graph, rule, NULL, NULL);
}
