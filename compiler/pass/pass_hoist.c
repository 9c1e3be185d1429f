/* SPDX-License-Identifier: MIT
 *
 * Moves work out of loops, inner loops first. In a body a value is
 *
 *   free       a constant: stays where it is,
 *   invariant  made of captures only: computed once outside, comes in as a capture,
 *   sliced     uniform, made of uniform slices of sequences (and captures): computed outside for all
 * iterations at once, with the iteration as leading axis, comes in as a sequence: W t_k + b becomes a table,
 *   inside     everything else.
 *
 * Views of the outermost invariant (sliced) values stay inside, where the operations that use them absorb
 * them. What is left over, pass_dead removes. */
#include "pass/pass_internal.h"

#include <assert.h>
#include <string.h>

enum { LARGEST_TABLE = 1 << 22 }; /* elements */

enum whereabouts { PLACE_FREE, PLACE_INVARIANT, PLACE_SLICED, PLACE_INSIDE };

struct hoist {
    const struct ir_node *loop;        /* with its old body */
    const struct ir_graph *body;       /* the body, with inner loops done */
    struct ir_graph *to;               /* the graph around the loop */
    const struct ir_node *const *args; /* the loop's operands there */
    enum whereabouts *place;           /* by id of the body, like all below */
    bool *moves;                       /* is computed outside and comes in */
    const struct ir_node **outside;    /* the value in `to`: of sliced ones for all iterations */
};

/* ---- where values belong ------------------------------------------------------------------------------- */

static enum whereabouts place_of_input(const struct ir_node *input)
{
    if (input->input.role == IR_CAPTURE)
        return PLACE_INVARIANT;
    return input->input.role == IR_SEQUENCE && input->rate != IR_VARYING ? PLACE_SLICED : PLACE_INSIDE;
}

/* Whether the operation has a form with one more, leading, axis, of a reasonable size. */
static bool can_slice(const struct ir_node *node, int count)
{
    if (node->rate == IR_VARYING || node->shape.rank == IR_MAX_RANK ||
        ir_elements(node->shape) > LARGEST_TABLE / count)
        return false;
    for (int i = 0; i < node->n_args; i++)
        if (node->args[i]->shape.rank == IR_MAX_RANK)
            return false;
    if (node->op == IR_EIN)
        return node->ein.n_labels < IR_MAX_LABELS;
    return node->op == IR_ADD || node->op == IR_SELECT || ir_op_is_elementwise(node->op);
}

static enum whereabouts place_of(const struct ir_node *node, int count, const enum whereabouts *place)
{
    if (node->op == IR_INPUT)
        return place_of_input(node);
    enum whereabouts most = PLACE_FREE;
    for (int i = 0; i < node->n_args; i++)
        if (place[node->args[i]->id] > most)
            most = place[node->args[i]->id];
    return most == PLACE_SLICED && !can_slice(node, count) ? PLACE_INSIDE : most;
}

static bool can_move(const struct hoist *h, const struct ir_node *node)
{
    const enum whereabouts place = h->place[node->id];
    return (place == PLACE_INVARIANT || place == PLACE_SLICED) && node->op != IR_INPUT &&
           node->op != IR_STEPS;
}

/* The outermost values that are no views: those that the inside reads directly or through views. */
static void choose_moves(struct hoist *h)
{
    const struct ir_graph *body = h->body;
    bool *wanted = ARENA_ARRAY(body->arena, bool, (size_t)body->n_nodes + 1);
    for (int k = 0; k < body->n_outputs; k++)
        wanted[body->outputs[k].value->id] = true;
    for (int id = body->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = body->nodes[id];
        if (!wanted[id])
            continue;
        h->moves[id] = can_move(h, node) && !pass_is_view(node);
        for (int i = 0; i < node->n_args && !h->moves[id]; i++)
            wanted[node->args[i]->id] = true;
    }
}

/* ---- computing outside --------------------------------------------------------------------------------- */

/* A product over all iterations: the iteration is a further label of the result and of operands that have
 * it. */
static const struct ir_node *slice_ein(struct hoist *h, const struct ir_node *node,
                                       const struct ir_node *const *args)
{
    const struct ir_ein *ein = &node->ein;
    const unsigned char k = (unsigned char)ein->n_labels;
    const size_t n_args = (size_t)node->n_args;
    unsigned char(*labels)[IR_MAX_RANK] = arena_array(h->to->arena, n_args + 1, sizeof *labels);
    unsigned char out[IR_MAX_RANK] = {k};
    int size[IR_MAX_LABELS + 1];
    memcpy(size, ein->size, sizeof ein->size);
    size[k] = h->loop->steps->count;
    for (int i = 0; i < node->n_args; i++) {
        const bool sliced = h->place[node->args[i]->id] == PLACE_SLICED;
        labels[i][0] = k;
        memcpy(labels[i] + (sliced ? 1 : 0), ein->labels[i], (size_t)node->args[i]->shape.rank);
    }
    for (int i = 0; i < node->shape.rank; i++)
        out[i + 1] = (unsigned char)i;
    return ir_ein_labels(h->to, ein->coefficient, node->n_args, args,
                         (const unsigned char(*)[IR_MAX_RANK])labels, node->shape.rank + 1, out, size);
}

static const struct ir_node *slice_node(struct hoist *h, const struct ir_node *node,
                                        const struct ir_node **args)
{
    const struct ir_select *s = &node->select;
    if (node->op == IR_EIN)
        return slice_ein(h, node, args);
    if (node->op == IR_SELECT)
        return ir_select(h->to, args[0], s->axis + 1, s->n_lead, s->lead, s->n_entries, s->entries);
    for (int i = 0; i < node->n_args; i++)
        if (h->place[node->args[i]->id] != PLACE_SLICED)
            args[i] = pass_repeat(h->to, args[i], h->loop->steps->count);
    return pass_rebuild(h->to, node, args);
}

/* Marks what the moving values need, then computes it, operands first. */
static void compute_outside(struct hoist *h)
{
    const struct ir_graph *body = h->body;
    bool *needed = ARENA_ARRAY(body->arena, bool, (size_t)body->n_nodes + 1);
    for (int id = body->n_nodes - 1; id >= 0; id--) {
        needed[id] = needed[id] || h->moves[id];
        for (int i = 0; i < body->nodes[id]->n_args && needed[id]; i++)
            needed[body->nodes[id]->args[i]->id] = true;
    }
    for (int i = 0; i < body->n_inputs; i++)
        h->outside[body->inputs[i]->id] = h->args[i];
    for (int id = 0; id < body->n_nodes; id++) {
        const struct ir_node *node = body->nodes[id];
        if (!needed[id] || node->op == IR_INPUT)
            continue;
        const struct ir_node **args =
            ARENA_ARRAY(body->arena, const struct ir_node *, (size_t)node->n_args + 1);
        for (int i = 0; i < node->n_args; i++)
            args[i] = h->outside[node->args[i]->id];
        h->outside[id] =
            h->place[id] == PLACE_SLICED ? slice_node(h, node, args) : pass_rebuild(h->to, node, args);
    }
}

/* ---- the new loop -------------------------------------------------------------------------------------- */

/* The inputs of one role: the old ones, then what moved. Gives how many. */
static int inputs_of(struct hoist *h, struct ir_graph *body, enum ir_role role, enum whereabouts place,
                     const struct ir_node **map, const struct ir_node **args)
{
    int n = 0, number = 0;
    for (int i = 0; i < h->body->n_inputs; i++) {
        const struct ir_node *in = h->body->inputs[i];
        if (in->input.role != role)
            continue;
        map[in->id] = ir_input(body, in->input.name, role, in->rate, in->shape);
        args[n++] = h->args[i];
    }
    for (int id = 0; id < h->body->n_nodes; id++) {
        const struct ir_node *node = h->body->nodes[id];
        if (role == IR_CARRY || !h->moves[id] || h->place[id] != place)
            continue;
        assert(h->outside[id]->rate <= node->rate);
        map[id] =
            ir_input(body, pass_input_name(body, h->body, "hoist", &number), role, node->rate, node->shape);
        args[n++] = h->outside[id];
    }
    return n;
}

static const struct ir_node *loop_without(struct hoist *h)
{
    const struct ir_graph *old = h->body;
    const size_t n = (size_t)old->n_nodes + 1;
    const struct ir_node **map = ARENA_ARRAY(old->arena, const struct ir_node *, n);
    const struct ir_node **args = ARENA_ARRAY(old->arena, const struct ir_node *, n);
    struct ir_steps steps = *h->loop->steps;
    steps.body = ir_graph_new(old->arena, old->name);
    inputs_of(h, steps.body, IR_CARRY, PLACE_INSIDE, map, args);
    steps.n_sequence = inputs_of(h, steps.body, IR_SEQUENCE, PLACE_SLICED, map, args + steps.n_carry);
    steps.n_capture =
        inputs_of(h, steps.body, IR_CAPTURE, PLACE_INVARIANT, map, args + steps.n_carry + steps.n_sequence);
    for (int k = 0; k < old->n_outputs; k++) {
        const struct ir_node *value = old->outputs[k].value;
        ir_copy_into(steps.body, old, 1, &value, map);
        ir_output_add(steps.body, old->outputs[k].name, map[value->id]);
    }
    return ir_steps(h->to, &steps, args);
}

static const struct ir_node *hoist_loop(struct ir_graph *to, const struct ir_node *loop,
                                        const struct ir_node *const *args)
{
    const struct ir_graph *body = pass_hoist(loop->steps->body);
    const size_t n = (size_t)body->n_nodes + 1;
    struct hoist h = {.loop = loop,
                      .body = body,
                      .to = to,
                      .args = args,
                      .place = ARENA_ARRAY(to->arena, enum whereabouts, n),
                      .moves = ARENA_ARRAY(to->arena, bool, n),
                      .outside = ARENA_ARRAY(to->arena, const struct ir_node *, n)};
    for (int id = 0; id < body->n_nodes; id++)
        h.place[id] = place_of(body->nodes[id], loop->steps->count, h.place);
    choose_moves(&h);
    compute_outside(&h);
    return loop_without(&h);
}

struct ir_graph *pass_hoist(const struct ir_graph *graph)
{
    const size_t n = (size_t)graph->n_nodes + 1;
    bool *needed = ARENA_ARRAY(graph->arena, bool, n);
    const struct ir_node **map = ARENA_ARRAY(graph->arena, const struct ir_node *, n);
    struct ir_graph *to = pass_same_inputs(graph, map);
    ir_mark_needed(graph, needed);
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (!needed[id] || map[id])
            continue;
        const struct ir_node **args =
            ARENA_ARRAY(graph->arena, const struct ir_node *, (size_t)node->n_args + 1);
        for (int i = 0; i < node->n_args; i++)
            args[i] = map[node->args[i]->id];
        map[id] = node->op == IR_STEPS ? hoist_loop(to, node, args) : pass_rebuild(to, node, args);
    }
    for (int k = 0; k < graph->n_outputs; k++)
        ir_output_add(to, graph->outputs[k].name, map[graph->outputs[k].value->id]);
    return to;
}
