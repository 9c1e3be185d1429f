/* SPDX-License-Identifier: MIT
 *
 * The constructor of `add`: like terms are collected (2a + 3a = 5a, a - a = 0), constants are summed, terms
 * stand in the order of their ids. Sums within sums stay: pass_merge looks after those. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <stdlib.h>

struct term {
    double coefficient;
    const struct ir_node *base; /* an `ein` counts without its own coefficient, which is in `coefficient` */
    const struct ir_node *node; /* as it was given; NULL once it was joined with another */
};

/* An `ein` that only multiplies by a number. Its operand is never one itself: views absorb views. */
static bool is_scale(const struct ir_node *node)
{
    if (node->op != IR_EIN || node->n_args != 1 || node->ein.n_labels != node->shape.rank ||
        node->args[0]->shape.rank != node->shape.rank)
        return false;
    for (int axis = 0; axis < node->shape.rank; axis++)
        if (node->ein.labels[0][axis] != axis)
            return false;
    return true;
}

static struct term split(const struct ir_node *node)
{
    struct term term = {.coefficient = 1, .base = node, .node = node};
    if (is_scale(term.base)) {
        term.coefficient *= term.base->ein.coefficient;
        term.base = term.base->args[0];
    }
    if (term.base->op == IR_EIN)
        term.coefficient *= term.base->ein.coefficient;
    return term;
}

static bool same_base(const struct term *a, const struct term *b)
{
    return a->base == b->base ||
           (a->base->op == IR_EIN && b->base->op == IR_EIN && ir_same_form(a->base, b->base));
}

/* Adds to the like term that is there, or as a new one. Gives the number of terms. */
static int collect(struct term *terms, int n, const struct ir_node *node)
{
    const struct term term = split(node);
    if (term.coefficient == 0)
        return n;
    for (int i = 0; i < n; i++) {
        if (!same_base(&terms[i], &term))
            continue;
        terms[i].coefficient += term.coefficient;
        terms[i].node = NULL;
        return n;
    }
    terms[n] = term;
    return n + 1;
}

static const struct ir_node *without_coefficient(struct ir_graph *graph, const struct ir_node *base)
{
    if (base->op != IR_EIN || base->ein.coefficient == 1)
        return base;
    struct ir_node draft = *base;
    draft.ein.coefficient = 1;
    return ir_intern(graph, &draft);
}

/* Terms to nodes; what cancelled is dropped. */
static int build_terms(struct ir_graph *graph, int n, const struct term *terms, const struct ir_node **nodes)
{
    int kept = 0;
    for (int i = 0; i < n; i++) {
        if (terms[i].node)
            nodes[kept++] = terms[i].node;
        else if (terms[i].coefficient != 0)
            nodes[kept++] = ir_scale(graph, terms[i].coefficient, without_coefficient(graph, terms[i].base));
    }
    return kept;
}

static int compare_ids(const void *a, const void *b)
{
    const struct ir_node *const *x = a, *const *y = b;
    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static bool is_number(const struct ir_node *node)
{
    return node->op == IR_CONST || (node->op == IR_EIN && node->n_args == 0);
}

/* Constants are moved to the front and summed into one. */
static int sum_constants(struct ir_graph *graph, int n, const struct ir_node **nodes)
{
    int numbers = 0;
    for (int i = 0; i < n; i++) {
        if (!is_number(nodes[i]))
            continue;
        const struct ir_node *number = nodes[i];
        nodes[i] = nodes[numbers];
        nodes[numbers++] = number;
    }
    if (numbers < 2)
        return n;
    const struct ir_node draft = {.op = IR_ADD, .shape = nodes[0]->shape, .n_args = numbers, .args = nodes};
    const struct ir_node *sum = ir_fold(graph, &draft);
    if (!sum)
        return n;
    int kept = 0;
    if (!ir_is_zero(sum))
        nodes[kept++] = sum;
    for (int i = numbers; i < n; i++)
        nodes[kept++] = nodes[i];
    return kept;
}

const struct ir_node *ir_add(struct ir_graph *graph, int n, const struct ir_node *const *terms)
{
    assert(n > 0);
    struct term *collected = ARENA_ARRAY(graph->arena, struct term, (size_t)n);
    const struct ir_node **nodes = ARENA_ARRAY(graph->arena, const struct ir_node *, (size_t)n);
    int count = 0;
    for (int i = 0; i < n; i++) {
        assert(ir_shape_equal(terms[i]->shape, terms[0]->shape) && "add: terms of different shapes");
        count = collect(collected, count, terms[i]);
    }
    count = build_terms(graph, count, collected, nodes);
    count = sum_constants(graph, count, nodes);
    if (count == 0)
        return ir_fill(graph, 0, terms[0]->shape);
    if (count == 1)
        return nodes[0];
    qsort(nodes, (size_t)count, sizeof *nodes, compare_ids);
    const struct ir_node draft = {.op = IR_ADD, .shape = terms[0]->shape, .n_args = count, .args = nodes};
    return ir_intern(graph, &draft);
}

const struct ir_node *ir_add2(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b)
{
    const struct ir_node *const terms[2] = {a, b};
    return ir_add(graph, 2, terms);
}

const struct ir_node *ir_sub(struct ir_graph *graph, const struct ir_node *a, const struct ir_node *b)
{
    return ir_add2(graph, a, ir_scale(graph, -1, b));
}
