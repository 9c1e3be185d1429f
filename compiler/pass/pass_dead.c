/* SPDX-License-Identifier: MIT
 *
 * Removes what no output needs: nodes, and of loops carries, sequences, captures, stacks and sums. On the
 * way:
 *   - operands that a loop has twice, and carries that always agree, become one; so do equal stacks and sums,
 *   - constants that come in as captures, carries that stay zero and sequences of equal slices are known
 * inside,
 *   - stacks and sums of slices and captures are made outside.
 * Inputs and outputs of the whole graph stay as they are. */
#include "pass/pass_internal.h"

/* Which parts of a loop are needed. */
struct need {
    bool *in;  /* by input of the body */
    bool *out; /* by output of the body */
};

/* ---- what is needed ------------------------------------------------------------------------------------ */

static void mark_live(const struct ir_graph *graph, bool *live, struct need *need);

/* need->out[] holds the results that are wanted; closes it over the carries and fills need->in[]. */
static void close_need(const struct ir_steps *steps, struct need *need)
{
    const struct ir_graph *body = steps->body;
    const size_t n = (size_t)body->n_nodes + 1;
    for (bool again = true; again;) {
        again = false;
        bool *live = ARENA_ARRAY(body->arena, bool, n);
        for (int k = 0; k < body->n_outputs; k++)
            live[body->outputs[k].value->id] = live[body->outputs[k].value->id] || need->out[k];
        mark_live(body, live, ARENA_ARRAY(body->arena, struct need, n));
        for (int i = 0; i < body->n_inputs; i++)
            need->in[i] = live[body->inputs[i]->id];
        for (int c = 0; c < steps->n_carry; c++) {
            if (!need->in[c] || need->out[c])
                continue;
            need->out[c] = again = true;
        }
    }
    for (int c = 0; c < steps->n_carry; c++)
        need->in[c] = need->in[c] || need->out[c];
}

static void mark_loop(const struct ir_node *loop, bool *live, struct need *need)
{
    if (!need->out)
        return;
    const struct ir_graph *body = loop->steps->body;
    need->in = ARENA_ARRAY(body->arena, bool, (size_t)body->n_inputs + 1);
    close_need(loop->steps, need);
    for (int i = 0; i < loop->n_args; i++)
        live[loop->args[i]->id] = live[loop->args[i]->id] || need->in[i];
}

/* live[] holds the roots; adds what they stand on. need[] by id of loops. */
static void mark_live(const struct ir_graph *graph, bool *live, struct need *need)
{
    for (int id = graph->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = graph->nodes[id];
        if (!live[id])
            continue;
        if (node->op == IR_STEPS) {
            mark_loop(node, live, &need[id]);
            continue;
        }
        for (int i = 0; i < node->n_args; i++)
            live[node->args[i]->id] = true;
        if (node->op != IR_RESULT)
            continue;
        struct need *loop = &need[node->args[0]->id];
        if (!loop->out)
            loop->out = ARENA_ARRAY(graph->arena, bool, (size_t)node->args[0]->steps->body->n_outputs + 1);
        loop->out[node->result] = true;
    }
}

/* ---- rebuilding a graph -------------------------------------------------------------------------------- */

/* What became of a loop: by result of the old one, a node of the new graph. */
struct thin_loop {
    const struct ir_node **result;
};

struct thin {
    const struct ir_graph *from;
    struct ir_graph *to;
    bool *live;
    struct need *need;
    const struct ir_node **map;
    struct thin_loop **loop; /* by id */
};

static struct thin_loop *thin_steps(struct thin *t, const struct ir_node *node);

static struct thin *thin_new(const struct ir_graph *from, struct ir_graph *to, const bool *out)
{
    const size_t n = (size_t)from->n_nodes + 1;
    struct thin *t = ARENA_NEW(from->arena, struct thin);
    *t = (struct thin){.from = from,
                       .to = to,
                       .live = ARENA_ARRAY(from->arena, bool, n),
                       .need = ARENA_ARRAY(from->arena, struct need, n),
                       .map = ARENA_ARRAY(from->arena, const struct ir_node *, n),
                       .loop = ARENA_ARRAY(from->arena, struct thin_loop *, n)};
    for (int k = 0; k < from->n_outputs; k++)
        t->live[from->outputs[k].value->id] = t->live[from->outputs[k].value->id] || !out || out[k];
    mark_live(from, t->live, t->need);
    return t;
}

/* The inputs must be mapped. */
static void thin_nodes(struct thin *t)
{
    for (int id = 0; id < t->from->n_nodes; id++) {
        const struct ir_node *node = t->from->nodes[id];
        if (!t->live[id] || node->op == IR_INPUT)
            continue;
        if (node->op == IR_STEPS) {
            t->loop[id] = thin_steps(t, node);
        } else if (node->op == IR_RESULT) {
            t->map[id] = t->loop[node->args[0]->id]->result[node->result];
        } else {
            const struct ir_node **args =
                ARENA_ARRAY(t->to->arena, const struct ir_node *, (size_t)node->n_args + 1);
            for (int i = 0; i < node->n_args; i++)
                args[i] = t->map[node->args[i]->id];
            t->map[id] = pass_rebuild(t->to, node, args);
        }
    }
}

struct ir_graph *pass_dead(const struct ir_graph *graph)
{
    struct ir_graph *to = ir_graph_new(graph->arena, graph->name);
    struct thin *t = thin_new(graph, to, NULL);
    for (int i = 0; i < graph->n_inputs; i++) {
        const struct ir_node *in = graph->inputs[i];
        t->map[in->id] = ir_input(to, in->input.name, in->input.role, in->rate, in->shape);
    }
    thin_nodes(t);
    for (int k = 0; k < graph->n_outputs; k++)
        ir_output_add(to, graph->outputs[k].name, t->map[graph->outputs[k].value->id]);
    return to;
}

/* ---- rebuilding a loop --------------------------------------------------------------------------------- */

enum fate {
    FATE_GONE,  /* nobody needs it */
    FATE_INPUT, /* an input of the new body */
    FATE_SAME,  /* the same as input `as` of the old body */
    FATE_KNOWN, /* a constant: args[] copied inside */
    FATE_ZERO,  /* a carry that is zero at first, taken to stay zero */
};

struct slim {
    struct thin *around;
    const struct ir_steps *old;
    const struct ir_node **args; /* operands around, by input of the old body; NULL: not needed */
    const struct need *need;
    enum fate *fate; /* by input, like all below */
    int *as;
    enum ir_role *role; /* a sequence of equal slices, or a carry that stays, becomes a capture */
    struct thin *inside;
    struct ir_steps steps; /* the new loop */
    const struct ir_node **new_args;
    int n_new_args;
};

/* Of a sequence that is a broadcast along the iterations: one slice. NULL: it is none. */
static const struct ir_node *equal_slices(struct ir_graph *graph, const struct ir_node *x)
{
    if (!pass_is_view(x))
        return NULL;
    for (int i = 0; x->n_args && i < x->args[0]->shape.rank; i++)
        if (x->ein.labels[0][i] == 0)
            return NULL;
    unsigned char out[IR_MAX_RANK] = {0};
    for (int i = 1; i < x->shape.rank; i++)
        out[i - 1] = (unsigned char)i;
    return ir_ein_labels(graph, x->ein.coefficient, x->n_args, x->args,
                         (const unsigned char(*)[IR_MAX_RANK])x->ein.labels, x->shape.rank - 1, out,
                         x->ein.size);
}

/* Constants that do not come from an input of a loop around. */
static bool is_closed(const struct ir_node *node)
{
    if (node->rate != IR_CONSTANT || node->op == IR_INPUT)
        return false;
    for (int i = 0; i < node->n_args; i++)
        if (!is_closed(node->args[i]))
            return false;
    return true;
}

static int first_alike(const struct slim *s, int i)
{
    for (int j = 0; j < i; j++)
        if (s->fate[j] == FATE_INPUT && s->role[j] == s->role[i] && s->args[j] == s->args[i] &&
            s->old->body->inputs[j]->rate == s->old->body->inputs[i]->rate)
            return j;
    return -1;
}

static void choose_fate(struct slim *s, int i)
{
    const struct ir_node *in = s->old->body->inputs[i];
    s->role[i] = in->input.role;
    s->fate[i] = s->args[i] ? FATE_INPUT : FATE_GONE;
    if (!s->args[i])
        return;
    if (in->input.role == IR_CARRY && s->old->body->outputs[i].value == in)
        s->role[i] = IR_CAPTURE;
    const struct ir_node *slice =
        in->input.role == IR_SEQUENCE ? equal_slices(s->around->to, s->args[i]) : NULL;
    if (slice) {
        s->args[i] = slice;
        s->role[i] = IR_CAPTURE;
    }
    if (s->role[i] == IR_CAPTURE && is_closed(s->args[i])) {
        s->fate[i] = FATE_KNOWN;
    } else if (s->role[i] == IR_CARRY && ir_is_zero(s->args[i])) {
        s->fate[i] = FATE_ZERO;
    } else if (first_alike(s, i) >= 0) {
        s->fate[i] = FATE_SAME;
        s->as[i] = first_alike(s, i);
    }
}

static int slim_inputs(struct slim *s, enum ir_role role)
{
    const struct ir_graph *old = s->old->body;
    int n = 0;
    for (int i = 0; i < old->n_inputs; i++) {
        const struct ir_node *in = old->inputs[i];
        if (s->fate[i] != FATE_INPUT || s->role[i] != role)
            continue;
        s->inside->map[in->id] = ir_input(s->steps.body, in->input.name, role, in->rate, in->shape);
        s->new_args[s->n_new_args++] = s->args[i];
        n++;
    }
    return n;
}

static void slim_body(struct slim *s)
{
    const struct ir_graph *old = s->old->body;
    s->steps.body = ir_graph_new(old->arena, old->name);
    s->inside = thin_new(old, s->steps.body, s->need->out);
    s->n_new_args = 0;
    s->steps.n_carry = slim_inputs(s, IR_CARRY);
    s->steps.n_sequence = slim_inputs(s, IR_SEQUENCE);
    s->steps.n_capture = slim_inputs(s, IR_CAPTURE);
    for (int i = 0; i < old->n_inputs; i++) {
        const struct ir_node *in = old->inputs[i];
        if (s->fate[i] == FATE_SAME)
            s->inside->map[in->id] = s->inside->map[old->inputs[s->as[i]]->id];
        else if (s->fate[i] == FATE_KNOWN)
            s->inside->map[in->id] = pass_copy_constant(s->steps.body, s->around->to, s->args[i]);
        else if (s->fate[i] == FATE_ZERO)
            s->inside->map[in->id] = ir_fill(s->steps.body, 0.0, in->shape);
    }
    thin_nodes(s->inside);
}

static const struct ir_node *new_value(const struct slim *s, int k)
{
    return s->inside->map[s->old->body->outputs[k].value->id];
}

/* Carries were taken to be zero, or equal to others. True: the body that came out agrees. */
static bool guesses_hold(struct slim *s)
{
    bool hold = true;
    for (int c = 0; c < s->old->n_carry; c++) {
        const bool zero = s->fate[c] == FATE_ZERO;
        const bool same = s->fate[c] == FATE_SAME && s->role[c] == IR_CARRY;
        if ((zero && !ir_is_zero(new_value(s, c))) || (same && new_value(s, c) != new_value(s, s->as[c]))) {
            s->fate[c] = FATE_INPUT;
            hold = false;
        }
    }
    return hold;
}

/* x summed over its leading axis. */
static const struct ir_node *sum_slices(struct ir_graph *graph, const struct ir_node *x)
{
    const unsigned char labels[1][IR_MAX_RANK] = {{0, 1, 2, 3, 4, 5}}, out[IR_MAX_RANK] = {1, 2, 3, 4, 5};
    return ir_ein_labels(graph, 1.0, 1, &x, labels, x->shape.rank - 1, out, NULL);
}

/* The operand around the loop that an input of the new body stands for. */
static const struct ir_node *operand_of(const struct slim *s, const struct ir_node *input)
{
    int i = 0;
    while (s->steps.body->inputs[i] != input)
        i++;
    return s->new_args[i];
}

/* A stack [K,..] with zeros in the slices of rounds that a limited loop does not run. */
static const struct ir_node *within_limit(struct ir_graph *graph, const struct ir_node *stack)
{
    static const double most = 1e30;
    const int K = stack->shape.size[0];
    double *ends = ARENA_ARRAY(graph->arena, double, (size_t)K);
    for (int k = 0; k < K; k++)
        ends[k] = -(k + 0.5);
    const struct ir_node *steps = ir_broadcast(graph, ir_limit(graph), "->k", ir_shape_of(1, K));
    const struct ir_node *beyond = ir_add2(graph, steps, ir_const(graph, ir_shape_of(1, K), ends));
    const struct ir_node *args[2] = {ir_inside(graph, beyond, 0, most), stack};
    const unsigned char labels[2][IR_MAX_RANK] = {{0}, {0, 1, 2, 3, 4, 5}},
                        out[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    return ir_ein_labels(graph, 1.0, 2, args, labels, stack->shape.rank, out, NULL);
}

/* A stack or sum that need not be made in the loop; NULL where it must. */
static const struct ir_node *made_outside(const struct slim *s, const struct ir_node *value, bool stack)
{
    struct ir_graph *to = s->around->to;
    const struct ir_node *x = NULL, *slices = NULL;
    if (is_closed(value))
        x = pass_copy_constant(to, s->steps.body, value);
    else if (value->op == IR_INPUT && value->input.role == IR_CAPTURE &&
             value->rate == operand_of(s, value)->rate)
        x = operand_of(s, value);
    else if (value->op == IR_INPUT && value->input.role == IR_SEQUENCE &&
             value->rate == operand_of(s, value)->rate)
        slices = operand_of(s, value);
    else
        return NULL;
    if (x && !stack && !s->steps.limited)
        return ir_scale(to, s->steps.count, x);
    if (x)
        slices = pass_repeat(to, x, s->steps.count);
    if (s->steps.limited)
        slices = within_limit(to, slices);
    return stack ? slices : sum_slices(to, slices);
}

/* Adds stacks (or sums) first .. end-1 that are needed to the body; equal ones once. at[k]: which result. */
static int slim_outputs(struct slim *s, int first, int end, bool stack, struct thin_loop *result, int *at)
{
    struct ir_graph *body = s->steps.body;
    const int before = body->n_outputs;
    for (int k = first; k < end; k++) {
        at[k] = -1;
        if (!s->need->out[k])
            continue;
        result->result[k] = made_outside(s, new_value(s, k), stack);
        if (result->result[k])
            continue;
        for (int j = first; j < k; j++)
            if (at[j] >= 0 && new_value(s, j) == new_value(s, k))
                at[k] = at[j];
        if (at[k] >= 0)
            continue;
        at[k] = body->n_outputs;
        ir_output_add(body, s->old->body->outputs[k].name, new_value(s, k));
    }
    return body->n_outputs - before;
}

static void slim_carries(struct slim *s, struct thin_loop *result, int *at)
{
    struct ir_graph *body = s->steps.body;
    for (int c = 0; c < s->old->n_carry; c++) {
        at[c] = -1;
        if (s->fate[c] == FATE_INPUT && s->role[c] == IR_CARRY) {
            at[c] = body->n_outputs;
            ir_output_add(body, s->old->body->outputs[c].name, new_value(s, c));
        } else if (s->fate[c] == FATE_SAME && s->role[c] == IR_CARRY) {
            at[c] = at[s->as[c]];
        } else if (s->fate[c] != FATE_GONE) {
            result->result[c] = s->args[c];
        }
    }
}

static void finish_loop(struct slim *s, struct thin_loop *result)
{
    const struct ir_graph *old = s->old->body;
    int *at = ARENA_ARRAY(old->arena, int, (size_t)old->n_outputs + 1);
    const int stacks = s->old->n_carry, sums = stacks + s->old->n_stack;
    slim_carries(s, result, at);
    s->steps.n_stack = slim_outputs(s, stacks, sums, true, result, at);
    s->steps.n_sum = slim_outputs(s, sums, old->n_outputs, false, result, at);
    if (s->steps.body->n_outputs == 0)
        return;
    const struct ir_node *loop = ir_steps(s->around->to, &s->steps, s->new_args);
    for (int k = 0; k < old->n_outputs; k++)
        if (at[k] >= 0)
            result->result[k] = ir_result(s->around->to, loop, at[k]);
}

static struct thin_loop *thin_steps(struct thin *t, const struct ir_node *node)
{
    struct arena *arena = t->to->arena;
    const size_t n = (size_t)node->n_args + 1;
    struct thin_loop *result = ARENA_NEW(arena, struct thin_loop);
    result->result = ARENA_ARRAY(arena, const struct ir_node *, (size_t)node->steps->body->n_outputs + 1);
    if (!t->need[node->id].out)
        return result;
    struct slim s = {.around = t,
                     .old = node->steps,
                     .args = ARENA_ARRAY(arena, const struct ir_node *, n),
                     .need = &t->need[node->id],
                     .fate = ARENA_ARRAY(arena, enum fate, n),
                     .as = ARENA_ARRAY(arena, int, n),
                     .role = ARENA_ARRAY(arena, enum ir_role, n),
                     .steps = {.count = node->steps->count,
                               .backward = node->steps->backward,
                               .limited = node->steps->limited},
                     .new_args = ARENA_ARRAY(arena, const struct ir_node *, n)};
    for (int i = 0; i < node->n_args; i++)
        s.args[i] = s.need->in[i] ? t->map[node->args[i]->id] : NULL;
    for (int i = 0; i < node->n_args; i++)
        choose_fate(&s, i);
    do
        slim_body(&s);
    while (!guesses_hold(&s));
    finish_loop(&s, result);
    return result;
}
