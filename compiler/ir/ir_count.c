/* SPDX-License-Identifier: MIT
 *
 * What a graph costs for each sample, by the table of operations: loops multiplied out, products of many
 * operands counted in the order in which they are cheapest. Uniform work is free here: it is done once, not
 * for each sample. */
#include "ir/ir_internal.h"

enum { MANY_SAMPLES = 1024 }; /* varying factors weigh more than uniform ones */

static double function_flops(enum ir_op op)
{
    static const double flops_of[IR_OP_COUNT] = {
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = flops,
#include "ir/ops.def"
    };
    return flops_of[op];
}

/* ---- one product --------------------------------------------------------------------------------------- */

static void count_pair(struct ir_count *count, const struct ir_ein *ein, unsigned labels, unsigned result)
{
    const double multiplies = ir_extent(ein, labels);
    count->multiplies += multiplies;
    count->contracted += (labels & ~result) ? multiplies : 0;
    count->flops += (labels & ~result) ? 2 * multiplies : multiplies;
}

static void join_pair(struct ir_count *count, const struct ir_ein *ein, unsigned out, int *n,
                      struct ir_factor *factors)
{
    int i = 0, j = 1;
    ir_cheapest_pair(ein, MANY_SAMPLES, *n, factors, &i, &j);
    unsigned needed = out;
    for (int k = 0; k < *n; k++)
        if (k != i && k != j)
            needed |= factors[k].labels;
    const unsigned all = factors[i].labels | factors[j].labels;
    const struct ir_factor product = {all & needed, factors[i].varying || factors[j].varying};
    if (product.varying)
        count_pair(count, ein, all, product.labels);
    factors[i] = product;
    factors[j] = factors[--*n];
}

static void count_ein(struct ir_count *count, const struct ir_node *node)
{
    const struct ir_ein *ein = &node->ein;
    const unsigned out = (1u << node->shape.rank) - 1;
    struct ir_factor factors[IR_MAX_OPERANDS];
    int n = node->n_args;
    for (int k = 0; k < n; k++) {
        factors[k] = (struct ir_factor){0, node->args[k]->rate == IR_VARYING};
        for (int axis = 0; axis < node->args[k]->shape.rank; axis++)
            factors[k].labels |= 1u << ein->labels[k][axis];
    }
    if (n == 1)
        count->flops += ir_extent(ein, factors[0].labels) - ir_extent(ein, factors[0].labels & out);
    while (n > 1)
        join_pair(count, ein, out, &n, factors);
    if (ein->coefficient != 1 && ein->coefficient != -1)
        count->flops += (double)ir_elements(node->shape);
}

/* ---- other nodes --------------------------------------------------------------------------------------- */

/* An addition for each further entry of a row, a multiplication for each value that is not 1 or -1. */
static double select_flops(const struct ir_node *node)
{
    const struct ir_select *select = &node->select;
    const double blocks = (double)ir_elements(node->args[0]->shape) / node->args[0]->shape.size[select->axis];
    double flops = 0;
    for (int i = 0; i < select->n_entries; i++) {
        const struct ir_entry e = select->entries[i];
        flops += i > 0 && select->entries[i - 1].row == e.row;
        flops += e.value != 1 && e.value != -1;
    }
    return blocks * flops;
}

/* Cholesky's factor; for the inverse, twice as much again. */
static double matrix_flops(const struct ir_node *node)
{
    const double n = node->args[0]->shape.size[0];
    return node->op == IR_INVERSE ? n * n * n : n * n * n / 3;
}

/* Products that were only made to be added up over the batch. */
static double batch_products(const struct ir_node *node)
{
    double n = 0;
    for (int i = 0; node->op == IR_ADD && i < node->n_args; i++)
        n += batch_products(node->args[i]);
    if (node->op == IR_EIN && node->n_args > 1 && node->ein.n_labels == node->shape.rank)
        n += (double)ir_elements(node->shape);
    return n;
}

static void count_node(struct ir_count *count, const struct ir_node *node)
{
    const double elements = (double)ir_elements(node->shape);
    if (node->op == IR_BSUM) {
        count->flops += elements;
        count->contracted += batch_products(node->args[0]);
    }
    if (node->rate != IR_VARYING)
        return;
    if (node->op == IR_EIN)
        count_ein(count, node);
    else if (node->op == IR_ADD)
        count->flops += elements * (node->n_args - 1);
    else if (node->op == IR_SELECT)
        count->flops += select_flops(node);
    else if (node->op == IR_LOGDET || node->op == IR_INVERSE)
        count->flops += matrix_flops(node);
    else if (ir_op_is_elementwise(node->op))
        count->flops += elements * function_flops(node->op);
}

/* ---- graphs -------------------------------------------------------------------------------------------- */

struct counted { /* bodies that were seen */
    const struct ir_graph *body;
    struct ir_count count;
    const struct counted *next;
};

static struct ir_count count_graph(const struct ir_graph *graph, const struct counted **seen);

/* A body counts its nodes once, its work each time. */
static void count_steps(struct ir_count *count, const struct ir_steps *steps, struct arena *arena,
                        const struct counted **seen)
{
    const struct counted *known = *seen;
    while (known && known->body != steps->body)
        known = known->next;
    if (!known) {
        struct counted *entry = ARENA_NEW(arena, struct counted);
        entry->body = steps->body;
        entry->count = count_graph(steps->body, seen);
        entry->next = *seen;
        *seen = known = entry;
        count->nodes += known->count.nodes;
    }
    count->multiplies += steps->count * known->count.multiplies;
    count->contracted += steps->count * known->count.contracted;
    count->flops += steps->count * known->count.flops;
    for (int i = steps->n_carry + steps->n_stack; i < steps->body->n_outputs; i++)
        if (steps->body->outputs[i].value->rate == IR_VARYING)
            count->flops += (double)steps->count * (double)ir_elements(steps->body->outputs[i].value->shape);
}

static struct ir_count count_graph(const struct ir_graph *graph, const struct counted **seen)
{
    struct ir_count count = {.nodes = 0};
    bool *needed = ARENA_ARRAY(graph->arena, bool, (size_t)graph->n_nodes);
    ir_mark_needed(graph, needed);
    for (int i = 0; i < graph->n_inputs; i++)
        needed[graph->inputs[i]->id] = true;
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (!needed[id])
            continue;
        count.nodes++;
        count_node(&count, node);
        if (node->op == IR_STEPS)
            count_steps(&count, node->steps, graph->arena, seen);
    }
    return count;
}

struct ir_count ir_count(const struct ir_graph *graph)
{
    const struct counted *seen = NULL;
    return count_graph(graph, &seen);
}

struct ir_count ir_count_of(const struct ir_node *node)
{
    struct ir_count count = {.nodes = 1};
    count_node(&count, node);
    return count;
}
