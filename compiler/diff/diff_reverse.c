/* SPDX-License-Identifier: MIT
 *
 * Reverse mode: takes a graph, gives a new one that computes the same outputs and then, from the last node to
 * the first, cotangents. Only what depends on the inputs in question and leads to the outputs in question is
 * gone through. Loops stand in diff_reverse_steps.c. Leaves dead nodes to pass_dead.
 *
 * Rates: the cotangent of a varying value is one array a sample, that of a uniform value one array. Where the
 * way back leads from a varying to a lower rate the batch is summed, in loops' bodies too; through bsum it
 * leads from a uniform cotangent to the same one for every sample. Rates of `from` decide, since the
 * cotangent itself may have a lower one. */
#include "diff/diff_internal.h"

#include <assert.h>
#include <string.h>

/* ---- the state ----------------------------------------------------------------------------------------- */

struct reverse *reverse_new(const struct ir_graph *from, struct ir_graph *to, enum diff_keep keep,
                            const bool *in, const bool *out)
{
    struct arena *arena = to->arena;
    const size_t n = (size_t)from->n_nodes + 1;
    struct reverse *rev = ARENA_NEW(arena, struct reverse);
    *rev = (struct reverse){.arena = arena,
                            .from = from,
                            .to = to,
                            .keep = keep,
                            .needed = ARENA_ARRAY(arena, bool, n),
                            .active = ARENA_ARRAY(arena, bool, n),
                            .useful = ARENA_ARRAY(arena, bool, n),
                            .map = ARENA_ARRAY(arena, const struct ir_node *, n),
                            .cot = ARENA_ARRAY(arena, struct cotangent_term *, n),
                            .tape = ARENA_ARRAY(arena, struct loop_tape *, n)};
    ir_mark_needed(from, rev->needed);
    diff_mark_active(from, in, rev->active);
    diff_mark_useful(from, out, rev->useful);
    return rev;
}

static bool is_taped(const struct reverse *rev, const struct ir_node *node)
{
    return node->op == IR_STEPS && rev->active[node->id] && rev->useful[node->id];
}

static void replay_node(struct reverse *rev, const struct ir_node *node)
{
    if (is_taped(rev, node)) {
        rev->tape[node->id] = tape_build(rev, node);
        return;
    }
    if (node->op == IR_RESULT && rev->tape[node->args[0]->id]) {
        rev->map[node->id] = tape_result(rev, rev->tape[node->args[0]->id], node->result);
        return;
    }
    const struct ir_node **args = ARENA_ARRAY(rev->arena, const struct ir_node *, (size_t)node->n_args + 1);
    for (int i = 0; i < node->n_args; i++)
        args[i] = rev->map[node->args[i]->id];
    rev->map[node->id] = ir_rebuild(rev->to, node, args);
}

void reverse_replay(struct reverse *rev)
{
    for (int id = 0; id < rev->from->n_nodes; id++)
        if (rev->needed[id] && !rev->map[id])
            replay_node(rev, rev->from->nodes[id]);
}

void reverse_give(struct reverse *rev, const struct ir_node *node, const struct ir_node *term,
                  bool per_sample)
{
    if (!rev->active[node->id] || ir_is_zero(term))
        return;
    assert(ir_shape_equal(node->shape, term->shape));
    if (per_sample && node->rate != IR_VARYING)
        term = ir_batch_sum(rev->to, term);
    struct cotangent_term *entry = ARENA_NEW(rev->arena, struct cotangent_term);
    *entry = (struct cotangent_term){.value = term, .next = rev->cot[node->id]};
    rev->cot[node->id] = entry;
}

const struct ir_node *reverse_cotangent(const struct reverse *rev, const struct ir_node *node)
{
    int n = 0;
    for (const struct cotangent_term *t = rev->cot[node->id]; t; t = t->next)
        n++;
    if (n == 0)
        return NULL;
    const struct ir_node **terms = ARENA_ARRAY(rev->arena, const struct ir_node *, (size_t)n);
    int k = n; /* oldest first */
    for (const struct cotangent_term *t = rev->cot[node->id]; t; t = t->next)
        terms[--k] = t->value;
    const struct ir_node *sum = n == 1 ? terms[0] : ir_add(rev->to, n, terms);
    return ir_is_zero(sum) ? NULL : sum;
}

/* ---- rules --------------------------------------------------------------------------------------------- */

/* Operands of one product under construction. */
struct product {
    const struct ir_node **args;
    unsigned char (*labels)[IR_MAX_RANK];
    int n;
};

static void product_add(struct product *p, const struct ir_node *arg, const unsigned char *labels)
{
    p->args[p->n] = arg;
    memcpy(p->labels[p->n++], labels, (size_t)arg->shape.rank);
}

/* Labels of the cotangent of an operand: its own; where one repeats, a new one and an eye that ties it to the
 * first. */
static void operand_labels(struct reverse *rev, const struct ir_node *node, int which, struct product *p,
                           unsigned char *out)
{
    const struct ir_ein *ein = &node->ein;
    const int rank = node->args[which]->shape.rank;
    int n_labels = ein->n_labels;
    for (int i = 0; i < rank; i++) {
        out[i] = ein->labels[which][i];
        for (int j = 0; j < i; j++) {
            if (out[j] != out[i])
                continue;
            const unsigned char tie[2] = {out[i], (unsigned char)n_labels++};
            product_add(p, ir_eye(rev->to, ein->size[tie[0]]), tie);
            out[i] = tie[1];
            break;
        }
    }
}

/* Of operand `which`: the cotangent times all other operands, summed to the operand's labels. */
static const struct ir_node *ein_term(struct reverse *rev, const struct ir_node *node, int which,
                                      const struct ir_node *cot)
{
    const struct ir_ein *ein = &node->ein;
    const size_t room = (size_t)node->n_args + IR_MAX_RANK;
    struct product p = {.args = ARENA_ARRAY(rev->arena, const struct ir_node *, room),
                        .labels = arena_array(rev->arena, room, sizeof *p.labels)};
    unsigned char result[IR_MAX_RANK], out[IR_MAX_RANK];
    for (int i = 0; i < IR_MAX_RANK; i++)
        result[i] = (unsigned char)i;
    for (int k = 0; k < node->n_args; k++)
        if (k != which)
            product_add(&p, rev->map[node->args[k]->id], ein->labels[k]);
    product_add(&p, cot, result);
    operand_labels(rev, node, which, &p, out);
    int size[2 * IR_MAX_LABELS] = {0};
    memcpy(size, ein->size, sizeof ein->size);
    return ir_ein_labels(rev->to, ein->coefficient, p.n, p.args,
                         (const unsigned char(*)[IR_MAX_RANK])p.labels, node->args[which]->shape.rank, out,
                         size);
}

/* A linear map to no axis at all: the cotangent times the row, along a new axis. */
static const struct ir_node *spread_row(struct ir_graph *g, const struct ir_node *cot, int axis, int columns,
                                        int n, const struct ir_entry *entries)
{
    double *row = ARENA_ARRAY(g->arena, double, (size_t)columns);
    for (int e = 0; e < n; e++)
        row[entries[e].column] = entries[e].value;
    unsigned char labels[2][IR_MAX_RANK] = {{0}}, out[IR_MAX_RANK];
    const int rank = cot->shape.rank + 1;
    for (int i = 0, k = 0; i < rank; i++) {
        out[i] = (unsigned char)i;
        if (i != axis)
            labels[0][k++] = (unsigned char)i;
    }
    labels[1][0] = (unsigned char)axis;
    const struct ir_node *const args[2] = {cot, ir_const(g, ir_shape_of(1, columns), row)};
    return ir_ein_labels(g, 1.0, 2, args, (const unsigned char(*)[IR_MAX_RANK])labels, rank, out, NULL);
}

static const struct ir_node *select_transposed(struct ir_graph *g, const struct ir_node *cot, int axis,
                                               int n_lead, const int *lead, int columns, int n,
                                               const struct ir_entry *entries);

/* Several leading axes: one slice of the first of them after the other. */
static const struct ir_node *select_by_slices(struct ir_graph *g, const struct ir_node *cot, int axis,
                                              int n_lead, const int *lead, int columns, int n,
                                              const struct ir_entry *entries)
{
    int rows = 1, n_terms = 0;
    for (int i = 1; i < n_lead; i++)
        rows *= lead[i];
    const struct ir_node **terms = ARENA_ARRAY(g->arena, const struct ir_node *, (size_t)lead[0] + 1);
    struct ir_entry *part = ARENA_ARRAY(g->arena, struct ir_entry, (size_t)n + 1);
    for (int slice = 0; slice < lead[0]; slice++) {
        int n_part = 0;
        for (int e = 0; e < n; e++)
            if (entries[e].row / rows == slice)
                part[n_part++] = (struct ir_entry){
                    .row = entries[e].row % rows, .column = entries[e].column, .value = entries[e].value};
        if (n_part > 0)
            terms[n_terms++] = select_transposed(g, ir_pick(g, cot, axis, slice), axis, n_lead - 1, lead + 1,
                                                 columns, n_part, part);
    }
    return ir_add(g, n_terms, terms);
}

/* The map the other way: `columns` along `axis` from the n_lead axes there. */
static const struct ir_node *select_transposed(struct ir_graph *g, const struct ir_node *cot, int axis,
                                               int n_lead, const int *lead, int columns, int n,
                                               const struct ir_entry *entries)
{
    if (n_lead == 0)
        return spread_row(g, cot, axis, columns, n, entries);
    if (n_lead > 1)
        return select_by_slices(g, cot, axis, n_lead, lead, columns, n, entries);
    struct ir_entry *swapped = ARENA_ARRAY(g->arena, struct ir_entry, (size_t)n + 1);
    for (int e = 0; e < n; e++)
        swapped[e] =
            (struct ir_entry){.row = entries[e].column, .column = entries[e].row, .value = entries[e].value};
    return ir_select(g, cot, axis, 1, &columns, n, swapped);
}

/* A += c/A for c = d/d log det A; A -= (1/A) C (1/A) for C = d/d(1/A). */
static const struct ir_node *matrix_cotangent(struct ir_graph *g, const struct ir_node *node,
                                              const struct ir_node *matrix, const struct ir_node *cot)
{
    const struct ir_node *inverse = ir_inverse(g, matrix);
    if (node->op == IR_LOGDET)
        return ir_ein(g, 1.0, ",ij->ij", cot, inverse);
    return ir_ein(g, -1.0, "ki,kl,jl->ij", inverse, cot, inverse);
}

static void reverse_node(struct reverse *rev, const struct ir_node *node, const struct ir_node *cot)
{
    struct ir_graph *g = rev->to;
    const bool per_sample = node->rate == IR_VARYING;
    if (node->op == IR_EIN) {
        for (int i = 0; i < node->n_args; i++)
            if (rev->active[node->args[i]->id])
                reverse_give(rev, node->args[i], ein_term(rev, node, i, cot), per_sample);
    } else if (node->op == IR_ADD) {
        for (int i = 0; i < node->n_args; i++)
            reverse_give(rev, node->args[i], cot, per_sample);
    } else if (node->op == IR_BSUM) {
        reverse_give(rev, node->args[0], cot, false);
    } else if (node->op == IR_SELECT) {
        const struct ir_select *s = &node->select;
        reverse_give(rev, node->args[0],
                     select_transposed(g, cot, s->axis, s->n_lead, s->lead,
                                       node->args[0]->shape.size[s->axis], s->n_entries, s->entries),
                     per_sample);
    } else if (node->op == IR_LOGDET || node->op == IR_INVERSE) {
        const struct ir_node *matrix = rev->map[node->args[0]->id];
        reverse_give(rev, node->args[0], matrix_cotangent(g, node, matrix, cot), per_sample);
    } else if (ir_op_is_elementwise(node->op)) {
        const struct ir_node *x = rev->map[node->args[0]->id], *y = rev->map[node->id];
        reverse_give(rev, node->args[0], ir_mul(g, cot, diff_derivative(g, node, x, y)), per_sample);
    }
}

void reverse_run(struct reverse *rev)
{
    for (int id = rev->from->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = rev->from->nodes[id];
        if (rev->tape[id]) {
            tape_reverse(rev, rev->tape[id]);
            continue;
        }
        const struct ir_node *cot = node->op == IR_INPUT ? NULL : reverse_cotangent(rev, node);
        if (cot && node->op == IR_RESULT)
            tape_give(rev->tape[node->args[0]->id], node->result, cot);
        else if (cot)
            reverse_node(rev, node, cot);
    }
}

/* ---- within one graph ---------------------------------------------------------------------------------- */

/* active[]: depends on x. */
static void mark_dependent(const struct ir_graph *graph, const struct ir_node *x, bool *active)
{
    active[x->id] = true;
    for (int id = x->id + 1; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        for (int i = 0; i < node->n_args && !diff_stops(node); i++)
            active[id] = active[id] || active[node->args[i]->id];
    }
}

const struct ir_node *diff_backward(struct ir_graph *graph, const struct ir_node *value,
                                    const struct ir_node *cotangent, const struct ir_node *x)
{
    struct arena *arena = graph->arena;
    const size_t n = (size_t)graph->n_nodes + 1;
    struct reverse rev = {.arena = arena,
                          .from = graph,
                          .to = graph,
                          .active = ARENA_ARRAY(arena, bool, n),
                          .map = ARENA_ARRAY(arena, const struct ir_node *, n),
                          .cot = ARENA_ARRAY(arena, struct cotangent_term *, n)};
    mark_dependent(graph, x, rev.active);
    memcpy(rev.map, graph->nodes, (n - 1) * sizeof *rev.map);
    reverse_give(&rev, value, cotangent, false);
    for (int id = value->id; id > x->id; id--) {
        const struct ir_node *node = graph->nodes[id], *cot = reverse_cotangent(&rev, node);
        assert(!cot || (node->rate == IR_VARYING && node->op != IR_RESULT));
        if (cot)
            reverse_node(&rev, node, cot);
    }
    return reverse_cotangent(&rev, x);
}

/* ---- the whole graph ----------------------------------------------------------------------------------- */

static int output_index(const struct ir_graph *graph, const char *name)
{
    for (int k = 0; k < graph->n_outputs; k++)
        if (strcmp(graph->outputs[k].name, name) == 0)
            return k;
    assert(!"no output of that name");
    return -1;
}

static struct reverse *replayed(const struct ir_graph *graph, const char *name, int n_of,
                                const char *const *of, int n_wrt, const char *const *wrt, enum diff_keep keep)
{
    struct ir_graph *to = ir_graph_new(graph->arena, name);
    bool *in = ARENA_ARRAY(graph->arena, bool, (size_t)graph->n_inputs + 1);
    bool *out = ARENA_ARRAY(graph->arena, bool, (size_t)graph->n_outputs + 1);
    for (int i = 0; i < graph->n_inputs; i++)
        for (int w = 0; w < n_wrt; w++)
            in[i] = in[i] || strcmp(graph->inputs[i]->input.name, wrt[w]) == 0;
    for (int o = 0; o < n_of; o++)
        out[output_index(graph, of[o])] = true;
    struct reverse *rev = reverse_new(graph, to, keep, in, out);
    rev->is_whole = true;
    for (int i = 0; i < graph->n_inputs; i++) {
        const struct ir_node *input = graph->inputs[i];
        rev->map[input->id] = ir_input(to, input->input.name, input->input.role, input->rate, input->shape);
    }
    reverse_replay(rev);
    return rev;
}

static struct ir_graph *gradients(struct reverse *rev, int n_wrt, const char *const *wrt)
{
    reverse_run(rev);
    diff_take_late(rev);
    for (int k = 0; k < rev->from->n_outputs; k++)
        ir_output_add(rev->to, rev->from->outputs[k].name, rev->map[rev->from->outputs[k].value->id]);
    for (int w = 0; w < n_wrt; w++) {
        const struct ir_node *input = ir_input_find(rev->from, wrt[w]);
        assert(input && "no input of that name");
        const struct ir_node *cot = reverse_cotangent(rev, input);
        ir_output_add(rev->to, diff_output_name(rev->to, NULL, "grad", wrt[w]),
                      cot ? cot : ir_fill(rev->to, 0.0, input->shape));
    }
    return rev->to;
}

struct ir_graph *diff_reverse(const struct ir_graph *graph, const char *name, const char *of, int n_wrt,
                              const char *const *wrt, enum diff_keep keep)
{
    struct reverse *rev = replayed(graph, name, 1, &of, n_wrt, wrt, keep);
    const struct ir_node *value = graph->outputs[output_index(graph, of)].value;
    reverse_give(rev, value, ir_fill(rev->to, 1.0, value->shape), false);
    return gradients(rev, n_wrt, wrt);
}

/* A cotangent is wanted of outputs that are functions of inputs; of a constant it is an input that nothing
 * reads. */
static enum ir_role cotangent_role(enum ir_rate rate)
{
    return rate == IR_VARYING ? IR_SAMPLE : IR_PARAMETER;
}

struct ir_graph *diff_pullback(const struct ir_graph *graph, const char *name, int n_of,
                               const char *const *of, int n_wrt, const char *const *wrt, enum diff_keep keep)
{
    struct reverse *rev = replayed(graph, name, n_of, of, n_wrt, wrt, keep);
    for (int o = 0; o < n_of; o++) {
        const struct ir_node *value = graph->outputs[output_index(graph, of[o])].value;
        const enum ir_rate rate = value->rate == IR_CONSTANT ? IR_UNIFORM : value->rate;
        reverse_give(rev, value,
                     ir_input(rev->to, diff_input_name(rev->to, NULL, "cot", of[o]), cotangent_role(rate),
                              rate, value->shape),
                     false);
    }
    return gradients(rev, n_wrt, wrt);
}
