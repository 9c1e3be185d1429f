/* SPDX-License-Identifier: MIT
 *
 * The canonical order of a product. Operands stand in the order of their ids. Where one node is an operand
 * more than once, the order among these is the one whose labels, numbered as they appear, read smallest; so
 * x_i A_ij x_j is one node, whether A or its transpose was written. */
#include "ir/ir_ein.h"

#include <string.h>

enum { MAX_ORDERS = 24 }; /* tried; a product with more repeats is ordered operand by operand */

static void swap_operands(struct ein_draft *d, int a, int b)
{
    const struct ir_node *arg = d->args[a];
    d->args[a] = d->args[b];
    d->args[b] = arg;
    unsigned char labels[IR_MAX_RANK];
    memcpy(labels, d->labels[a], IR_MAX_RANK);
    memcpy(d->labels[a], d->labels[b], IR_MAX_RANK);
    memcpy(d->labels[b], labels, IR_MAX_RANK);
}

/* Moves operand `from` to place `to` before it; the ones between keep their order. */
static void move_operand(struct ein_draft *d, int from, int to)
{
    for (int i = from; i > to; i--)
        swap_operands(d, i, i - 1);
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

static void number_label(struct ein_numbering *n, int label)
{
    if (n->number[label] == EIN_NO_LABEL)
        n->number[label] = (unsigned char)n->count++;
}

static void number_result(const struct ein_draft *d, struct ein_numbering *n)
{
    memset(n->number, EIN_NO_LABEL, sizeof n->number);
    n->count = 0;
    for (int i = 0; i < d->n_out; i++)
        number_label(n, d->out[i]);
}

static void number_operand(const struct ein_draft *d, int i, struct ein_numbering *n)
{
    for (int axis = 0; axis < d->args[i]->shape.rank; axis++)
        number_label(n, d->labels[i][axis]);
}

static void number_all(const struct ein_draft *d, struct ein_numbering *n)
{
    number_result(d, n);
    for (int i = 0; i < d->n_args; i++)
        number_operand(d, i, n);
}

/* ---- all orders of repeated operands ------------------------------------------------------------------- */

static void sort_by_id(struct ein_draft *d)
{
    for (int i = 1; i < d->n_args; i++) {
        int to = i;
        while (to > 0 && d->args[to - 1]->id > d->args[i]->id)
            to--;
        move_operand(d, i, to);
    }
}

/* Product of the factorials of the repeats; past MAX_ORDERS any larger number. */
static int order_count(const struct ein_draft *d)
{
    int orders = 1;
    for (int i = 1, run = 1; i < d->n_args && orders <= MAX_ORDERS; i++) {
        run = d->args[i] == d->args[i - 1] ? run + 1 : 1;
        orders *= run;
    }
    return orders;
}

/* The operands' labels under their numbers, one after another. */
static int compare_labels(const struct ein_draft *a, const struct ein_numbering *m, const struct ein_draft *b,
                          const struct ein_numbering *n)
{
    for (int i = 0; i < a->n_args; i++) {
        for (int axis = 0; axis < a->args[i]->shape.rank; axis++) {
            const int x = m->number[a->labels[i][axis]], y = n->number[b->labels[i][axis]];
            if (x != y)
                return x < y ? -1 : 1;
        }
    }
    return 0;
}

struct best {
    struct ein_draft draft;
    struct ein_numbering numbering;
    bool found;
};

/* Operands before `first` stand; those of one id take each place in turn. */
static void try_orders(struct ein_draft *d, int first, struct best *best)
{
    if (first == d->n_args) {
        struct ein_numbering n;
        number_all(d, &n);
        if (best->found && compare_labels(d, &n, &best->draft, &best->numbering) >= 0)
            return;
        *best = (struct best){*d, n, true};
        return;
    }
    for (int i = first; i < d->n_args && d->args[i] == d->args[first]; i++) {
        swap_operands(d, first, i);
        try_orders(d, first + 1, best);
        swap_operands(d, first, i);
    }
}

/* ---- many repeats -------------------------------------------------------------------------------------- */

/* By id, then by the numbers that the labels have so far; labels without a number come last. */
static int compare_operands(const struct ein_draft *d, const struct ein_numbering *n, int a, int b)
{
    if (d->args[a] != d->args[b])
        return d->args[a]->id < d->args[b]->id ? -1 : 1;
    for (int axis = 0; axis < d->args[a]->shape.rank; axis++) {
        const int x = n->number[d->labels[a][axis]], y = n->number[d->labels[b][axis]];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

/* Takes the smallest operand, numbers its labels, and so on. */
static void order_greedily(struct ein_draft *d, struct ein_numbering *n)
{
    number_result(d, n);
    for (int i = 0; i < d->n_args; i++) {
        int best = i;
        for (int j = i + 1; j < d->n_args; j++)
            if (compare_operands(d, n, j, best) < 0)
                best = j;
        move_operand(d, best, i);
        number_operand(d, i, n);
    }
}

void ein_order(struct ein_draft *draft, struct ein_numbering *numbering)
{
    sort_by_id(draft);
    const int orders = order_count(draft);
    if (orders == 1) {
        number_all(draft, numbering);
    } else if (orders > MAX_ORDERS) {
        order_greedily(draft, numbering);
    } else {
        struct best best = {.found = false};
        try_orders(draft, 0, &best);
        *draft = best.draft;
        *numbering = best.numbering;
    }
}
