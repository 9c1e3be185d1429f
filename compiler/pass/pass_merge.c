/* SPDX-License-Identifier: MIT
 *
 * Makes sums and products fewer and cheaper, never more expensive:
 *   - sums within sums become one sum,
 *   - a product that is only scaled, transposed or summed by its one user is made in that form at once; one
 * that is only multiplied further is where some order of the longer product is strictly cheaper,
 *   - in a sum, products that share a factor in the same place become one: ein(W,A) + ein(W,B) = ein(W, A+B).
 * A value that has several users stays as it is, and uniform values, computed once for all samples, are not
 * looked into; a product never gets a second weight matrix, since the pair of them may be large. */
#include "pass/pass_product.h"

#include <string.h>

struct merge {
    const int *uses; /* by id of the graph that is rewritten */
};

static void *count_uses(void *data, const struct ir_graph *from)
{
    (void)data;
    bool *needed = ARENA_ARRAY(from->arena, bool, (size_t)from->n_nodes + 1);
    int *uses = ARENA_ARRAY(from->arena, int, (size_t)from->n_nodes + 1);
    struct merge *merge = ARENA_NEW(from->arena, struct merge);
    merge->uses = uses;
    ir_mark_needed(from, needed);
    for (int id = 0; id < from->n_nodes; id++)
        for (int i = 0; needed[id] && i < from->nodes[id]->n_args; i++)
            uses[from->nodes[id]->args[i]->id]++;
    for (int k = 0; k < from->n_outputs; k++)
        uses[from->outputs[k].value->id]++;
    return merge;
}

/* ---- products ------------------------------------------------------------------------------------------ */

/* Operands of a product under construction. */
struct list {
    const struct ir_node **args;
    unsigned char (*labels)[IR_MAX_RANK];
    int n;
    int n_labels;
    int size[2 * IR_MAX_LABELS];
};

static void list_add(struct list *list, const struct ir_node *arg, const unsigned char *labels)
{
    list->args[list->n] = arg;
    memcpy(list->labels[list->n++], labels, (size_t)arg->shape.rank);
}

/* Adds the operands of `inner`, which stands with `labels` in the outer product; its summed labels become new
 * ones. */
static void list_add_product(struct list *list, const struct ir_node *inner, const unsigned char *labels)
{
    unsigned char number[IR_MAX_LABELS], own[IR_MAX_RANK];
    for (int label = 0; label < inner->ein.n_labels; label++) {
        number[label] = label < inner->shape.rank ? labels[label] : (unsigned char)list->n_labels++;
        list->size[number[label]] = inner->ein.size[label];
    }
    for (int k = 0; k < inner->n_args; k++) {
        for (int axis = 0; axis < inner->args[k]->shape.rank; axis++)
            own[axis] = number[inner->ein.labels[k][axis]];
        list_add(list, inner->args[k], own);
    }
}

static bool may_inline(const struct ir_node *outer, const struct ir_node *inner)
{
    return inner->op == IR_EIN && inner->n_args >= 1 && inner->rate == IR_VARYING &&
           outer->ein.n_labels + inner->ein.n_labels - inner->shape.rank <= IR_MAX_LABELS &&
           outer->n_args + inner->n_args - 1 <= PRODUCT_SEARCHED;
}

/* A label that the outer product sums and the inner one broadcasts is in no operand any more: it counts its
 * extent. */
static double vanished(const struct list *list, int rank)
{
    unsigned seen = (1u << rank) - 1;
    double factor = 1;
    for (int k = 0; k < list->n; k++)
        seen |= product_labels(list->args[k], list->labels[k]);
    for (int label = 0; label < list->n_labels; label++)
        if (!(seen & (1u << label)))
            factor *= list->size[label];
    return factor;
}

static const struct ir_node *inlined(struct ir_graph *to, const struct ir_node *outer, int which)
{
    const struct ir_node *inner = outer->args[which];
    const size_t n = (size_t)(outer->n_args + inner->n_args);
    struct list list = {.args = ARENA_ARRAY(to->arena, const struct ir_node *, n),
                        .labels = arena_array(to->arena, n, sizeof *list.labels),
                        .n_labels = outer->ein.n_labels};
    unsigned char out[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    memcpy(list.size, outer->ein.size, sizeof outer->ein.size);
    for (int k = 0; k < outer->n_args; k++) {
        if (k == which)
            list_add_product(&list, inner, outer->ein.labels[k]);
        else
            list_add(&list, outer->args[k], outer->ein.labels[k]);
    }
    const double factor =
        outer->ein.coefficient * inner->ein.coefficient * vanished(&list, outer->shape.rank);
    return ir_ein_labels(to, factor, list.n, list.args, (const unsigned char(*)[IR_MAX_RANK])list.labels,
                         outer->shape.rank, out, list.size);
}

static double work_of(const struct ir_node *ein)
{
    double work = 1;
    for (int label = 0; label < ein->ein.n_labels; label++)
        work *= ein->ein.size[label];
    return work;
}

/* Of one operand: a little for each element that is summed or stored. */
static struct plan plan_of(struct ir_graph *graph, const struct ir_node *ein)
{
    const struct product p = product_of(graph, ein);
    return p.n >= 2 ? product_plan(&p)[(1u << p.n) - 1] : (struct plan){.cost = 0.25 * work_of(ein)};
}

static int count_matrices(const struct ir_node *ein)
{
    int n = 0;
    for (int k = 0; k < ein->n_args; k++)
        n += ein->args[k]->rate == IR_UNIFORM && ein->args[k]->shape.rank >= 2;
    return n;
}

/* Looking through a product that is only scaled, transposed or summed may cost the same; else it must be
 * cheaper. */
static bool pays(struct ir_graph *to, const struct ir_node *outer, const struct ir_node *inner,
                 const struct ir_node *both)
{
    if (both->op != IR_EIN)
        return true;
    if (count_matrices(both) > 1 || both->n_args > PRODUCT_SEARCHED)
        return false;
    const struct plan o = plan_of(to, outer), i = plan_of(to, inner), b = plan_of(to, both);
    const double before = o.cost + i.cost;
    if (b.multiplies > o.multiplies + i.multiplies)
        return false;
    return outer->n_args == 1 ? b.cost <= before : b.cost < before * (1 - 1e-9);
}

static const struct ir_node *split_in_two(struct ir_graph *to, const struct ir_node *both)
{
    if (both->op != IR_EIN || both->n_args <= 2)
        return both;
    struct product p = product_of(to, both);
    return product_split(&p);
}

static const struct ir_node *merge_product(const struct merge *merge, struct ir_graph *to,
                                           const struct ir_node *node, const struct ir_node *const *args)
{
    const struct ir_node *outer = pass_rebuild(to, node, args);
    if (outer->op != IR_EIN || outer->rate != IR_VARYING)
        return outer;
    for (int i = 0; i < node->n_args; i++) {
        if (merge->uses[node->args[i]->id] != 1)
            continue;
        for (int k = 0; k < outer->n_args && outer->op == IR_EIN; k++) {
            const struct ir_node *inner = outer->args[k];
            if (inner != args[i] || !may_inline(outer, inner))
                continue;
            const struct ir_node *both = inlined(to, outer, k);
            outer = pays(to, outer, inner, both) ? split_in_two(to, both) : outer;
            break;
        }
    }
    return outer;
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

/* A term of a sum: an `ein` of two operands, one of which may be shared with other terms. */
struct term {
    const struct ir_node *node;
    bool alone; /* nobody else uses it */
};

/* Labels of both operands, renamed so that summed ones are named by their axes in the first: the same for two
 * terms that share the first operand in the same place. */
struct split {
    const struct ir_node *shared, *rest;
    unsigned char shared_labels[IR_MAX_RANK], rest_labels[IR_MAX_RANK];
    int n_labels;
    int size[2 * IR_MAX_LABELS];
};

static struct split split_term(const struct ir_node *node, int which)
{
    const struct ir_ein *ein = &node->ein;
    struct split s = {
        .shared = node->args[which], .rest = node->args[1 - which], .n_labels = node->shape.rank};
    unsigned char number[IR_MAX_LABELS];
    memset(number, 255, sizeof number);
    for (int label = 0; label < node->shape.rank; label++)
        number[label] = (unsigned char)label;
    for (int turn = 0; turn < 2; turn++) {
        const int k = turn ? 1 - which : which;
        for (int axis = 0; axis < node->args[k]->shape.rank; axis++) {
            const int label = ein->labels[k][axis];
            if (number[label] == 255)
                number[label] = (unsigned char)s.n_labels++;
            (turn ? s.rest_labels : s.shared_labels)[axis] = number[label];
        }
    }
    for (int label = 0; label < ein->n_labels; label++)
        if (number[label] != 255)
            s.size[number[label]] = ein->size[label];
    return s;
}

/* The rest's labels as a set, and each of them once: what two rests need to be added up. */
static bool same_place(const struct split *a, const struct split *b)
{
    if (a->shared != b->shared || memcmp(a->shared_labels, b->shared_labels, sizeof a->shared_labels) != 0 ||
        a->rest->shape.rank != b->rest->shape.rank)
        return false;
    const unsigned x = product_labels(a->rest, a->rest_labels), y = product_labels(b->rest, b->rest_labels);
    for (int label = 0; label < 2 * IR_MAX_LABELS; label++)
        if ((x >> label & 1) && a->size[label] != b->size[label])
            return false;
    return x == y && __builtin_popcount(x) == a->rest->shape.rank;
}

/* a + b as shared * (rest of a + rest of b) */
static const struct ir_node *join(struct ir_graph *to, const struct ir_node *a, const struct split *sa,
                                  const struct ir_node *b, const struct split *sb)
{
    const unsigned char *order = sa->rest_labels;
    const struct ir_node *first = ir_scale(to, a->ein.coefficient, sa->rest);
    unsigned char labels[2][IR_MAX_RANK] = {{0}}, out[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    memcpy(labels[0], sb->rest_labels, IR_MAX_RANK);
    const struct ir_node *second =
        ir_ein_labels(to, b->ein.coefficient, 1, &sb->rest, (const unsigned char(*)[IR_MAX_RANK])labels,
                      sa->rest->shape.rank, order, NULL);
    const struct ir_node *const args[2] = {sa->shared, ir_add2(to, first, second)};
    memcpy(labels[0], sa->shared_labels, IR_MAX_RANK);
    memcpy(labels[1], order, IR_MAX_RANK);
    return ir_ein_labels(to, 1.0, 2, args, (const unsigned char(*)[IR_MAX_RANK])labels, a->shape.rank, out,
                         sa->size);
}

static bool can_join(const struct term *t)
{
    return t->alone && t->node->op == IR_EIN && t->node->n_args == 2 && t->node->rate == IR_VARYING;
}

/* A sum of the rests instead of a product: each element of a rest is in at least one product, but for
 * broadcasts. */
static bool join_pays(const struct ir_node *node, const struct split *a)
{
    return (double)ir_elements(a->rest->shape) <= work_of(node);
}

/* The first pair of terms that can be joined, replaced by their joint product. False: there is none. */
static bool join_some(struct ir_graph *to, struct term *terms, int *n)
{
    for (int i = 0; i < *n; i++) {
        for (int j = i + 1; j < *n && can_join(&terms[i]); j++) {
            for (int k = 0; k < 4 && can_join(&terms[j]); k++) {
                const struct split a = split_term(terms[i].node, k & 1),
                                   b = split_term(terms[j].node, k >> 1);
                if (!same_place(&a, &b) || !join_pays(terms[i].node, &a))
                    continue;
                terms[i].node = join(to, terms[i].node, &a, terms[j].node, &b);
                terms[j] = terms[--*n];
                return true;
            }
        }
    }
    return false;
}

/* The terms of the sum, those of sums within it too. */
static int collect(const struct merge *merge, const struct ir_node *node, const struct ir_node *const *args,
                   struct term *terms)
{
    int n = 0;
    for (int i = 0; i < node->n_args; i++) {
        const bool alone = merge->uses[node->args[i]->id] == 1;
        if (!alone || args[i]->op != IR_ADD || node->args[i]->op != IR_ADD) {
            terms[n++] = (struct term){args[i], alone};
            continue;
        }
        for (int k = 0; k < args[i]->n_args; k++)
            terms[n++] = (struct term){args[i]->args[k], false};
    }
    return n;
}

static const struct ir_node *merge_sum(const struct merge *merge, struct ir_graph *to,
                                       const struct ir_node *node, const struct ir_node *const *args)
{
    size_t room = 0;
    for (int i = 0; i < node->n_args; i++)
        room += 1 + (size_t)args[i]->n_args;
    struct term *terms = ARENA_ARRAY(to->arena, struct term, room);
    int n = collect(merge, node, args, terms);
    while (join_some(to, terms, &n))
        continue;
    const struct ir_node **nodes = ARENA_ARRAY(to->arena, const struct ir_node *, (size_t)n + 1);
    for (int i = 0; i < n; i++)
        nodes[i] = terms[i].node;
    return n == 1 ? nodes[0] : ir_add(to, n, nodes);
}

static const struct ir_node *rule(void *data, struct ir_graph *to, const struct ir_node *node,
                                  const struct ir_node *const *args)
{
    if (node->op == IR_EIN && node->n_args > 0)
        return merge_product(data, to, node, args);
    return node->op == IR_ADD ? merge_sum(data, to, node, args) : pass_rebuild(to, node, args);
}

struct ir_graph *pass_merge(const struct ir_graph *graph)
{
    return pass_rewrite(graph, rule, count_uses, NULL);
}
