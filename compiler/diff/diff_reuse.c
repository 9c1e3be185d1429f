/* SPDX-License-Identifier: MIT
 *
 * Fewer values of the forward part for the backward part to read. Takes the two in one graph, gives the
 * backward part's roots again, rewritten by the one rule
 *
 *     F (R + sum_j .. U_j) = F R + sum_j .. T_j      where T_j = F U_j is a value of the forward part
 *
 * which is how the gradient of tanh's argument comes to z-bar = g h-bar - 2 h sum_j T-bar_j T_j: with U_j in
 * place of T_j, U and T = g U would both have to be stored, or one computed again. F goes down through
 * products that have all its axes in one operand, and through sums of which every term takes it; what it goes
 * through has no other reader, so that the number of multiplications and additions never grows; nor does what
 * is read, see known_product(). A U that is the same for all samples is not stored, and costs more to read as
 * T: it stays. */
#include "diff/diff_internal.h"

#include <string.h>

struct reuse {
    struct ir_graph *graph;
    int n_forward;
    int *uses;                  /* by the backward part */
    bool *needed;               /* of the forward part: what the backward part reads comes of it */
    const struct ir_node **map; /* old node -> the one in its place */
};

/* Operands of a product; `labels` as in struct ir_ein. */
struct factors {
    int n;
    const struct ir_node **args;
    unsigned char (*labels)[IR_MAX_RANK];
};

/* ---- what there is ------------------------------------------------------------------------------------- */

static void count_uses(struct reuse *r, int n_roots, const struct ir_node *const *roots)
{
    for (int i = 0; i < n_roots; i++)
        if (roots[i]) {
            r->needed[roots[i]->id] = true;
            r->uses[roots[i]->id]++;
        }
    for (int id = r->graph->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = r->graph->nodes[id];
        for (int i = 0; r->needed[id] && i < node->n_args; i++) {
            r->needed[node->args[i]->id] = true;
            r->uses[node->args[i]->id] += id >= r->n_forward;
        }
    }
}

/* An operand's axes are the result's, in order. */
static bool is_in_order(const struct ir_node *arg, const unsigned char *labels)
{
    for (int axis = 0; axis < arg->shape.rank; axis++)
        if (labels[axis] != axis)
            return false;
    return true;
}

/* node = F U, axis i of F being axis at[i] of U. */
static bool is_product_of(const struct ir_node *node, const struct ir_node *f, const unsigned char *at,
                          const struct ir_node *u)
{
    if (node->op != IR_EIN || node->n_args != 2 || node->ein.coefficient != 1 ||
        node->ein.n_labels != u->shape.rank || node->shape.rank != u->shape.rank)
        return false;
    for (int k = 0; k < 2; k++)
        if (node->args[k] == f && node->args[1 - k] == u && is_in_order(u, node->ein.labels[1 - k]) &&
            memcmp(node->ein.labels[k], at, (size_t)f->shape.rank) == 0)
            return true;
    return false;
}

/* To read T in place of U costs nothing where T is read anyhow, or computed anyhow and U read by nothing
 * else. */
static const struct ir_node *known_product(const struct reuse *r, const struct ir_node *f,
                                           const unsigned char *at, const struct ir_node *u)
{
    for (int id = u->id + 1; id < r->n_forward && u->rate == IR_VARYING; id++) {
        const bool is_free = r->uses[id] > 0 || (r->needed[id] && r->uses[u->id] == 1);
        if (is_free && is_product_of(r->graph->nodes[id], f, at, u))
            return r->graph->nodes[id];
    }
    return NULL;
}

/* ---- moving a factor in -------------------------------------------------------------------------------- */

/* The axes of an operand that carry labels[0 .. n-1]. False: it has not each of them once. */
static bool axes_of(const struct ir_node *arg, const unsigned char *arg_labels, int n,
                    const unsigned char *labels, unsigned char *axes)
{
    for (int i = 0; i < n; i++) {
        int found = 0;
        for (int axis = 0; axis < arg->shape.rank; axis++)
            if (arg_labels[axis] == labels[i]) {
                axes[i] = (unsigned char)axis;
                found++;
            }
        if (found != 1 || memchr(axes, axes[i], (size_t)i))
            return false;
    }
    return true;
}

static const struct ir_node **mapped_args(const struct reuse *r, const struct ir_node *node)
{
    const struct ir_node **args =
        ARENA_ARRAY(r->graph->arena, const struct ir_node *, (size_t)node->n_args + 1);
    for (int i = 0; i < node->n_args; i++)
        args[i] = r->map[node->args[i]->id];
    return args;
}

static const struct ir_node *moved_in(struct reuse *r, const struct ir_node *f, const unsigned char *at,
                                      const struct ir_node *into);

/* Into one operand of a product, the first that takes it. */
static const struct ir_node *moved_into_product(struct reuse *r, const struct ir_node *f,
                                                const unsigned char *at, const struct ir_node *into)
{
    unsigned char axes[IR_MAX_RANK];
    for (int k = 0; k < into->n_args; k++) {
        if (!axes_of(into->args[k], into->ein.labels[k], f->shape.rank, at, axes))
            continue;
        const struct ir_node *arg = moved_in(r, f, axes, into->args[k]);
        if (!arg)
            continue;
        const struct ir_node **args = mapped_args(r, into);
        args[k] = arg;
        return ir_rebuild(r->graph, into, args);
    }
    return NULL;
}

static const struct ir_node *moved_into_sum(struct reuse *r, const struct ir_node *f, const unsigned char *at,
                                            const struct ir_node *into)
{
    const struct ir_node **args = mapped_args(r, into);
    for (int k = 0; k < into->n_args; k++)
        if (!(args[k] = moved_in(r, f, at, into->args[k])))
            return NULL;
    return ir_add(r->graph, into->n_args, args);
}

/* F times a value, axis i of F being its axis at[i], at no cost; NULL: not to be had. */
static const struct ir_node *moved_in(struct reuse *r, const struct ir_node *f, const unsigned char *at,
                                      const struct ir_node *into)
{
    if (into->id < r->n_forward)
        return known_product(r, f, at, into);
    if (r->uses[into->id] != 1)
        return NULL;
    if (into->op == IR_EIN)
        return moved_into_product(r, f, at, into);
    return into->op == IR_ADD ? moved_into_sum(r, f, at, into) : NULL;
}

/* ---- products of the backward part --------------------------------------------------------------------- */

static const struct ir_node *product(struct reuse *r, const struct ir_node *like, const struct factors *p)
{
    static const unsigned char out[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    return ir_ein_labels(r->graph, like->ein.coefficient, p->n, p->args,
                         (const unsigned char(*)[IR_MAX_RANK])p->labels, like->shape.rank, out,
                         like->ein.size);
}

/* All operands but f-th, with the sum-th replaced by `value`. */
static const struct ir_node *without(struct reuse *r, const struct ir_node *node, int f, int sum,
                                     const struct ir_node *value)
{
    struct factors p = {.args = mapped_args(r, node),
                        .labels = arena_array(r->graph->arena, (size_t)node->n_args, sizeof *p.labels)};
    p.args[sum] = value;
    for (int k = 0; k < node->n_args; k++) {
        if (k == f)
            continue;
        p.args[p.n] = p.args[k];
        memcpy(p.labels[p.n++], node->ein.labels[k], IR_MAX_RANK);
    }
    return product(r, node, &p);
}

/* F times a sum, some of whose terms take F: F times what is left of it, and those terms. */
static const struct ir_node *distributed(struct reuse *r, const struct ir_node *node, int f, int sum,
                                         const unsigned char *at)
{
    const struct ir_node *S = node->args[sum];
    const struct ir_node **rest = mapped_args(r, S), **args = mapped_args(r, node);
    const struct ir_node **terms =
        ARENA_ARRAY(r->graph->arena, const struct ir_node *, (size_t)S->n_args + 1);
    int n_rest = 0, n = 1;
    for (int k = 0; k < S->n_args; k++) {
        const struct ir_node *term = moved_in(r, node->args[f], at, S->args[k]);
        if (term)
            terms[n++] = without(r, node, f, sum, term);
        else
            rest[n_rest++] = rest[k];
    }
    if (n == 1 || n_rest == 0)
        return NULL;
    args[sum] = ir_add(r->graph, n_rest, rest);
    terms[0] = ir_rebuild(r->graph, node, args);
    return ir_add(r->graph, n, terms);
}

/* As many operations: both have all axes of the product, which sums over none. */
static bool may_distribute(const struct ir_node *node, int sum)
{
    const struct ir_node *S = node->args[sum];
    return S->op == IR_ADD && node->n_args == 2 && node->ein.n_labels == node->shape.rank &&
           S->shape.rank == node->shape.rank;
}

static const struct ir_node *with_factor_moved(struct reuse *r, const struct ir_node *node, int f, int sum)
{
    const struct ir_node *F = node->args[f], *S = node->args[sum];
    unsigned char at[IR_MAX_RANK];
    if (S->id < r->n_forward || r->uses[S->id] != 1 ||
        !axes_of(S, node->ein.labels[sum], F->shape.rank, node->ein.labels[f], at))
        return NULL;
    const struct ir_node *all = moved_in(r, F, at, S);
    if (all)
        return without(r, node, f, sum, all);
    return may_distribute(node, sum) ? distributed(r, node, f, sum, at) : NULL;
}

static const struct ir_node *rewritten(struct reuse *r, const struct ir_node *node)
{
    for (int f = 0; f < node->n_args && node->op == IR_EIN && node->n_args >= 2; f++)
        for (int sum = 0; sum < node->n_args; sum++) {
            const struct ir_node *better = f == sum ? NULL : with_factor_moved(r, node, f, sum);
            if (better)
                return better;
        }
    const struct ir_node **args = mapped_args(r, node);
    const bool same = memcmp(args, node->args, (size_t)node->n_args * sizeof *args) == 0;
    return same ? node : ir_rebuild(r->graph, node, args);
}

void diff_reuse_products(struct ir_graph *graph, int n_forward, int n_roots, const struct ir_node **roots)
{
    const int n_nodes = graph->n_nodes; /* it grows */
    const size_t n = (size_t)n_nodes + 1;
    struct reuse r = {.graph = graph,
                      .n_forward = n_forward,
                      .uses = ARENA_ARRAY(graph->arena, int, n),
                      .needed = ARENA_ARRAY(graph->arena, bool, n),
                      .map = ARENA_ARRAY(graph->arena, const struct ir_node *, n)};
    count_uses(&r, n_roots, roots);
    for (int id = 0; id < n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        r.map[id] = id < n_forward || r.uses[id] == 0 || node->n_args == 0 ? node : rewritten(&r, node);
    }
    for (int i = 0; i < n_roots; i++)
        if (roots[i])
            roots[i] = r.map[roots[i]->id];
}
