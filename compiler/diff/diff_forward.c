/* SPDX-License-Identifier: MIT
 *
 * Forward mode: takes nodes of a graph and tangents of some of them, and adds nodes for the tangents of
 * others, a bundle at once, the bundle axis last. A loop becomes a loop over (carry, tangent of carry); what
 * follows it is rebuilt over that loop's results, so that nothing runs the old one. Leaves dead nodes to
 * pass_dead. */
#include "diff/diff_internal.h"

#include <assert.h>
#include <string.h>

struct forward {
    struct ir_graph *graph;
    int width;
    int n;        /* nodes at the start; the arrays below are by their id */
    bool *seeded; /* is one of wrt[] */
    bool *needed;
    const struct ir_node **value;   /* itself, or an equal one after a loop with tangents */
    const struct ir_node **tangent; /* NULL: structurally zero */
    struct forward_loop **loop;     /* of a `steps` that has tangents */
};

/* A loop with tangents. Lists run over the inputs (outputs) of the body it is made of. */
struct forward_loop {
    const struct ir_steps *old;
    const struct ir_node **values; /* operands of the old loop */
    const struct ir_node **seeds;  /* their tangents; NULL: none */
    bool *on;                      /* inputs with a tangent */
    enum ir_rate *rate;            /* of the tangents of inputs */
    struct ir_graph *body;
    const struct ir_node **dot;  /* tangents of the body's outputs; NULL: none */
    const struct ir_node *steps; /* the new node */
    int *value_at, *tangent_at;  /* result numbers; tangent_at -1: none */
};

static struct ir_shape with_bundle(struct ir_shape shape, int width)
{
    assert(width == DIFF_SINGLE || shape.rank < IR_MAX_RANK);
    if (width != DIFF_SINGLE)
        shape.size[shape.rank++] = width;
    return shape;
}

/* ---- operations that are not loops --------------------------------------------------------------------- */

/* y = f(x) elementwise: f'(x) dx, f'(x) without the bundle axis. */
static const struct ir_node *times_derivative(struct ir_graph *graph, const struct ir_node *derivative,
                                              const struct ir_node *dx)
{
    unsigned char labels[2][IR_MAX_RANK] = {{0}};
    for (int i = 0; i < IR_MAX_RANK; i++)
        labels[0][i] = labels[1][i] = (unsigned char)i;
    const struct ir_node *const args[2] = {derivative, dx};
    return ir_ein_labels(graph, 1.0, 2, args, (const unsigned char(*)[IR_MAX_RANK])labels, dx->shape.rank,
                         labels[1], NULL);
}

/* One term of the product rule: operand `which` replaced by its tangent, the bundle, if there is one, a
 * further label. */
static const struct ir_node *ein_term(const struct forward *f, const struct ir_node *node,
                                      const struct ir_node *const *args, int which, const struct ir_node *dot)
{
    const struct ir_ein *ein = &node->ein;
    const unsigned char bundle = (unsigned char)ein->n_labels;
    const bool is_single = f->width == DIFF_SINGLE;
    struct arena *arena = f->graph->arena;
    const struct ir_node **list = ARENA_ARRAY(arena, const struct ir_node *, (size_t)node->n_args);
    unsigned char(*labels)[IR_MAX_RANK] = arena_array(arena, (size_t)node->n_args, sizeof *labels);
    memcpy(list, args, (size_t)node->n_args * sizeof *list);
    memcpy(labels, ein->labels, (size_t)node->n_args * sizeof *labels);
    list[which] = dot;
    if (!is_single)
        labels[which][args[which]->shape.rank] = bundle;
    unsigned char out[IR_MAX_RANK];
    for (int i = 0; i < node->shape.rank; i++)
        out[i] = (unsigned char)i;
    int size[IR_MAX_LABELS + 1];
    memcpy(size, ein->size, sizeof ein->size);
    size[bundle] = f->width;
    if (!is_single)
        out[node->shape.rank] = bundle;
    return ir_ein_labels(f->graph, ein->coefficient, node->n_args, list,
                         (const unsigned char(*)[IR_MAX_RANK])labels, node->shape.rank + !is_single, out,
                         size);
}

static const struct ir_node *sum_of(struct ir_graph *graph, int n, const struct ir_node *const *terms)
{
    if (n == 0)
        return NULL;
    return n == 1 ? terms[0] : ir_add(graph, n, terms);
}

/* ein and add: one term an operand that has a tangent. */
static const struct ir_node *linear_tangent(const struct forward *f, const struct ir_node *node,
                                            const struct ir_node *const *args)
{
    const struct ir_node **terms = ARENA_ARRAY(f->graph->arena, const struct ir_node *, (size_t)node->n_args);
    int n = 0;
    for (int i = 0; i < node->n_args; i++) {
        const struct ir_node *dot = f->tangent[node->args[i]->id];
        if (dot)
            terms[n++] = node->op == IR_ADD ? dot : ein_term(f, node, args, i, dot);
    }
    return sum_of(f->graph, n, terms);
}

/* d log det A = sum_ij (1/A)_ij dA_ij; d(1/A) = -(1/A) dA (1/A) */
static const struct ir_node *matrix_tangent(struct ir_graph *graph, const struct ir_node *node,
                                            const struct ir_node *matrix, const struct ir_node *dot)
{
    const struct ir_node *inverse = ir_inverse(graph, matrix);
    const bool is_single = dot->shape.rank == matrix->shape.rank;
    if (node->op == IR_LOGDET)
        return ir_ein(graph, 1.0, is_single ? "ij,ij->" : "ij,ijs->s", inverse, dot);
    return ir_ein(graph, -1.0, is_single ? "ik,kl,lj->ij" : "ik,kls,lj->ijs", inverse, dot, inverse);
}

static const struct ir_node *tangent_of(const struct forward *f, const struct ir_node *node,
                                        const struct ir_node *const *args, const struct ir_node *value)
{
    struct ir_graph *g = f->graph;
    const struct ir_node *dot = node->n_args ? f->tangent[node->args[0]->id] : NULL;
    if (node->op == IR_EIN || node->op == IR_ADD)
        return linear_tangent(f, node, args);
    if (!dot)
        return NULL;
    if (node->op == IR_SELECT) {
        const struct ir_select *s = &node->select;
        return ir_select(g, dot, s->axis, s->n_lead, s->lead, s->n_entries, s->entries);
    }
    if (node->op == IR_BSUM)
        return ir_batch_sum(g, dot);
    if (node->op == IR_LOGDET || node->op == IR_INVERSE)
        return matrix_tangent(g, node, args[0], dot);
    return times_derivative(g, diff_derivative(g, node, args[0], value), dot);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

/* A tangent known at compile time goes into the body as it is: identity seeds vanish there. */
static bool is_inside(const struct forward_loop *loop, int input)
{
    return input >= loop->old->n_carry + loop->old->n_sequence && loop->seeds[input]->rate == IR_CONSTANT;
}

static const struct ir_node *copy_constant(struct ir_graph *to, const struct ir_graph *from,
                                           const struct ir_node *node)
{
    const struct ir_node **map = ARENA_ARRAY(to->arena, const struct ir_node *, (size_t)from->n_nodes);
    ir_copy_into(to, from, 1, &node, map);
    return map[node->id];
}

static enum ir_rate at_least_uniform(enum ir_rate rate)
{
    return rate == IR_CONSTANT ? IR_UNIFORM : rate;
}

static const struct ir_node *tangent_input(const struct forward *f, const struct forward_loop *loop, int i,
                                           struct ir_graph *body)
{
    const struct ir_node *old = loop->old->body->inputs[i];
    if (loop->seeds[i] && is_inside(loop, i))
        return copy_constant(body, f->graph, loop->seeds[i]);
    return ir_input(body, diff_input_name(body, loop->old->body, "d", old->input.name), old->input.role,
                    at_least_uniform(loop->rate[i]), with_bundle(old->shape, f->width));
}

/* The body's inputs in order: carries and their tangents, sequences and theirs, captures and theirs. */
static void body_inputs(const struct forward *f, struct forward_loop *loop, const struct ir_node **map,
                        const struct ir_node **seeds)
{
    const struct ir_steps *old = loop->old;
    const int end[3] = {old->n_carry, old->n_carry + old->n_sequence, old->body->n_inputs};
    for (int group = 0, first = 0; group < 3; first = end[group++]) {
        for (int i = first; i < end[group]; i++) {
            const struct ir_node *in = old->body->inputs[i];
            map[in->id] = ir_input(loop->body, in->input.name, in->input.role, in->rate, in->shape);
        }
        for (int i = first; i < end[group]; i++)
            if (loop->on[i])
                seeds[i] = tangent_input(f, loop, i, loop->body);
    }
}

/* One try at the body, for the present guess which carries have tangents and at what rate. */
static void build_body(const struct forward *f, struct forward_loop *loop, const struct ir_node **primal)
{
    const struct ir_graph *old = loop->old->body;
    struct arena *arena = f->graph->arena;
    loop->body = ir_graph_new(arena, old->name);
    const struct ir_node **map = ARENA_ARRAY(arena, const struct ir_node *, (size_t)old->n_nodes);
    const struct ir_node **seeds = ARENA_ARRAY(arena, const struct ir_node *, (size_t)old->n_inputs + 1);
    const struct ir_node **wrt = ARENA_ARRAY(arena, const struct ir_node *, (size_t)old->n_inputs + 1);
    const struct ir_node **outs = ARENA_ARRAY(arena, const struct ir_node *, (size_t)old->n_outputs + 1);
    body_inputs(f, loop, map, seeds);
    for (int i = 0; i < old->n_inputs; i++)
        wrt[i] = map[old->inputs[i]->id];
    for (int k = 0; k < old->n_outputs; k++)
        outs[k] = old->outputs[k].value;
    ir_copy_into(loop->body, old, old->n_outputs, outs, map);
    for (int k = 0; k < old->n_outputs; k++)
        outs[k] = map[old->outputs[k].value->id];
    diff_forward(loop->body, old->n_inputs, wrt, seeds, f->width, old->n_outputs, outs, loop->dot, primal);
}

/* A carry has a tangent when its next value has one, at the greater of the rates of both. True: nothing
 * changed. */
static bool carries_settled(struct forward_loop *loop)
{
    bool settled = true;
    for (int c = 0; c < loop->old->n_carry; c++) {
        const struct ir_node *next = loop->dot[c];
        if (!next || (loop->on[c] && next->rate <= at_least_uniform(loop->rate[c])))
            continue;
        loop->on[c] = true;
        loop->rate[c] = next->rate;
        settled = false;
    }
    return settled;
}

/* Operands in the order of body_inputs. */
static int loop_operands(const struct forward *f, const struct forward_loop *loop, struct ir_steps *steps,
                         const struct ir_node **args)
{
    const struct ir_steps *old = loop->old;
    const int end[3] = {old->n_carry, old->n_carry + old->n_sequence, old->body->n_inputs};
    int *const count[3] = {&steps->n_carry, &steps->n_sequence, &steps->n_capture};
    int n = 0;
    for (int group = 0, first = 0; group < 3; first = end[group++]) {
        const int before = n;
        for (int i = first; i < end[group]; i++)
            args[n++] = loop->values[i];
        for (int i = first; i < end[group]; i++) {
            if (!loop->on[i] || (loop->seeds[i] && is_inside(loop, i)))
                continue;
            const struct ir_shape shape = with_bundle(loop->values[i]->shape, f->width);
            args[n++] = loop->seeds[i] ? loop->seeds[i] : ir_fill(f->graph, 0.0, shape);
        }
        *count[group] = n - before;
    }
    return n;
}

static const struct ir_node *carried_dot(const struct forward *f, const struct forward_loop *loop, int c)
{
    const struct ir_shape shape = with_bundle(loop->old->body->outputs[c].value->shape, f->width);
    return loop->dot[c] ? loop->dot[c] : ir_fill(loop->body, 0.0, shape);
}

static void loop_outputs(const struct forward *f, struct forward_loop *loop, struct ir_steps *steps,
                         const struct ir_node *const *primal)
{
    const struct ir_steps *old = loop->old;
    const int end[3] = {old->n_carry, old->n_carry + old->n_stack, old->body->n_outputs};
    int *const count[3] = {NULL, &steps->n_stack, &steps->n_sum};
    for (int group = 0, first = 0; group < 3; first = end[group++]) {
        const int before = loop->body->n_outputs;
        for (int k = first; k < end[group]; k++) {
            loop->value_at[k] = loop->body->n_outputs;
            ir_output_add(loop->body, old->body->outputs[k].name, primal[k]);
        }
        for (int k = first; k < end[group]; k++) {
            const bool has = group == 0 ? loop->on[k] : loop->dot[k] != NULL;
            loop->tangent_at[k] = has ? loop->body->n_outputs : -1;
            if (has)
                ir_output_add(loop->body,
                              diff_output_name(loop->body, old->body, "d", old->body->outputs[k].name),
                              group == 0 ? carried_dot(f, loop, k) : loop->dot[k]);
        }
        if (count[group])
            *count[group] = loop->body->n_outputs - before;
    }
}

static struct forward_loop *loop_new(const struct forward *f, const struct ir_node *node,
                                     const struct ir_node **values)
{
    struct arena *arena = f->graph->arena;
    struct forward_loop *loop = ARENA_NEW(arena, struct forward_loop);
    const size_t n_in = (size_t)node->n_args + 1, n_out = (size_t)node->steps->body->n_outputs + 1;
    loop->old = node->steps;
    loop->values = values;
    loop->seeds = ARENA_ARRAY(arena, const struct ir_node *, n_in);
    loop->on = ARENA_ARRAY(arena, bool, n_in);
    loop->rate = ARENA_ARRAY(arena, enum ir_rate, n_in);
    loop->dot = ARENA_ARRAY(arena, const struct ir_node *, n_out);
    loop->value_at = ARENA_ARRAY(arena, int, n_out);
    loop->tangent_at = ARENA_ARRAY(arena, int, n_out);
    for (int i = 0; i < node->n_args; i++) {
        loop->seeds[i] = f->tangent[node->args[i]->id];
        loop->on[i] = loop->seeds[i] != NULL;
        loop->rate[i] = loop->on[i] ? loop->seeds[i]->rate : IR_CONSTANT;
    }
    return loop;
}

static struct forward_loop *forward_steps(const struct forward *f, const struct ir_node *node,
                                          const struct ir_node **values)
{
    struct arena *arena = f->graph->arena;
    struct forward_loop *loop = loop_new(f, node, values);
    const struct ir_node **primal =
        ARENA_ARRAY(arena, const struct ir_node *, (size_t)loop->old->body->n_outputs + 1);
    do
        build_body(f, loop, primal);
    while (!carries_settled(loop));
    struct ir_steps steps = {.count = loop->old->count,
                             .backward = loop->old->backward,
                             .limited = loop->old->limited,
                             .body = loop->body};
    const struct ir_node **args = ARENA_ARRAY(arena, const struct ir_node *, 2 * (size_t)node->n_args + 1);
    loop_operands(f, loop, &steps, args);
    loop_outputs(f, loop, &steps, primal);
    loop->steps = ir_steps(f->graph, &steps, args);
    return loop;
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

static bool has_tangent(const struct forward *f, const struct ir_node *node)
{
    for (int i = 0; i < node->n_args; i++)
        if (f->tangent[node->args[i]->id])
            return true;
    return false;
}

static void visit_result(struct forward *f, const struct ir_node *node, const struct forward_loop *loop)
{
    f->value[node->id] = ir_result(f->graph, loop->steps, loop->value_at[node->result]);
    if (loop->tangent_at[node->result] >= 0)
        f->tangent[node->id] = ir_result(f->graph, loop->steps, loop->tangent_at[node->result]);
}

static void visit(struct forward *f, const struct ir_node *node)
{
    const struct ir_node **args =
        ARENA_ARRAY(f->graph->arena, const struct ir_node *, (size_t)node->n_args + 1);
    bool same = true;
    for (int i = 0; i < node->n_args; i++) {
        args[i] = f->value[node->args[i]->id];
        same = same && args[i] == node->args[i];
    }
    if (node->op == IR_STEPS && has_tangent(f, node)) {
        f->loop[node->id] = forward_steps(f, node, args);
        return;
    }
    if (node->op == IR_RESULT && f->loop[node->args[0]->id]) {
        visit_result(f, node, f->loop[node->args[0]->id]);
        return;
    }
    f->value[node->id] = same ? node : ir_rebuild(f->graph, node, args);
    if (!has_tangent(f, node))
        return;
    const struct ir_node *dot = tangent_of(f, node, args, f->value[node->id]);
    f->tangent[node->id] = dot && ir_is_zero(dot) ? NULL : dot;
}

/* What outs[] need, not looking beyond wrt[]. */
static void mark_needed(const struct forward *f, int n_outs, const struct ir_node *const *outs)
{
    for (int i = 0; i < n_outs; i++)
        f->needed[outs[i]->id] = true;
    for (int id = f->n - 1; id >= 0; id--) {
        const struct ir_node *node = f->graph->nodes[id];
        if (!f->needed[id] || f->seeded[id])
            continue;
        for (int i = 0; i < node->n_args; i++)
            f->needed[node->args[i]->id] = true;
    }
}

void diff_forward(struct ir_graph *graph, int n_wrt, const struct ir_node *const *wrt,
                  const struct ir_node *const *seeds, int width, int n_outs,
                  const struct ir_node *const *outs, const struct ir_node **tangents,
                  const struct ir_node **primal)
{
    const size_t n = (size_t)graph->n_nodes + 1;
    struct forward f = {.graph = graph,
                        .width = width,
                        .n = graph->n_nodes,
                        .seeded = ARENA_ARRAY(graph->arena, bool, n),
                        .needed = ARENA_ARRAY(graph->arena, bool, n),
                        .value = ARENA_ARRAY(graph->arena, const struct ir_node *, n),
                        .tangent = ARENA_ARRAY(graph->arena, const struct ir_node *, n),
                        .loop = ARENA_ARRAY(graph->arena, struct forward_loop *, n)};
    for (int i = 0; i < n_wrt; i++) {
        assert(!seeds[i] || ir_shape_equal(seeds[i]->shape, with_bundle(wrt[i]->shape, width)));
        f.seeded[wrt[i]->id] = true;
        f.value[wrt[i]->id] = wrt[i];
        f.tangent[wrt[i]->id] = seeds[i] && ir_is_zero(seeds[i]) ? NULL : seeds[i];
    }
    mark_needed(&f, n_outs, outs);
    for (int id = 0; id < f.n; id++)
        if (f.needed[id] && !f.seeded[id])
            visit(&f, graph->nodes[id]);
    for (int i = 0; i < n_outs; i++) {
        tangents[i] = f.tangent[outs[i]->id];
        if (primal)
            primal[i] = f.value[outs[i]->id];
    }
}
