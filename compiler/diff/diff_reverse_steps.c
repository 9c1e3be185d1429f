/* SPDX-License-Identifier: MIT
 *
 * Reverse mode of loops: takes a `steps` that takes part in a backward pass, gives two.
 *
 *   forward:   for k up:   carry', stacked.., kept..  = body(carry, ...)
 *   backward:  for k down: cot.carry, cot.sequence (stacked), cot.capture (summed)
 *                  = reversed body(cot.carry', sequences, kept.., cot.stacked, captures, cot.summed)
 *
 * Sums that nobody needs before (diff_late.c) are sums of the backward loop. Both are cut out of one scratch
 * graph that holds the body, replayed (so that loops in it keep what they must), followed by its backward
 * pass. `kept` is where the cut goes: values of the forward part that the backward part reads; the rest it
 * computes again. Everything is an ordinary loop afterwards, so it can be differentiated again. */
#include "diff/diff_internal.h"

struct loop_tape {
    const struct ir_node *node;  /* the loop in rev->from */
    bool *in, *out;              /* inputs of the body that are active, outputs that are useful */
    struct reverse *inner;       /* body -> scratch graph */
    int n_forward;               /* nodes of the scratch graph before the backward part */
    const struct ir_node **cot;  /* by output of the body: an input of the scratch graph; NULL: none */
    const struct ir_node **grad; /* by input of the body: a node of the scratch graph; NULL: zero */
    bool *waits;                 /* by output of the body: a sum that the backward loop adds up */
    const struct ir_node **late; /* and its result in rev->to, when there is one */
    int n_kept;
    const struct ir_node **kept;       /* nodes of the scratch graph, */
    int *kept_at;                      /* which stacked results of the forward loop they are, */
    const struct ir_node **kept_stack; /* and those: forward values, should this loop stand in another */
    int n_new_stacks;                  /* stacks that the forward loop has more than the old one */
    const struct ir_node *forward;     /* in rev->to */
    const struct ir_node **result_cot; /* by result of the loop, nodes of rev->to; NULL: zero */
};

/* ---- the scratch graph --------------------------------------------------------------------------------- */

static struct loop_tape *tape_new(struct reverse *rev, const struct ir_node *node)
{
    const struct ir_steps *steps = node->steps;
    const size_t n_in = (size_t)steps->body->n_inputs + 1, n_out = (size_t)steps->body->n_outputs + 1;
    struct loop_tape *tape = ARENA_NEW(rev->arena, struct loop_tape);
    *tape = (struct loop_tape){.node = node,
                               .in = ARENA_ARRAY(rev->arena, bool, n_in),
                               .out = ARENA_ARRAY(rev->arena, bool, n_out),
                               .cot = ARENA_ARRAY(rev->arena, const struct ir_node *, n_out),
                               .grad = ARENA_ARRAY(rev->arena, const struct ir_node *, n_in),
                               .waits = ARENA_ARRAY(rev->arena, bool, n_out),
                               .late = ARENA_ARRAY(rev->arena, const struct ir_node *, n_out),
                               .result_cot = ARENA_ARRAY(rev->arena, const struct ir_node *, n_out)};
    for (int i = 0; i < node->n_args; i++)
        tape->in[i] = rev->active[node->args[i]->id];
    for (int id = node->id + 1; id < rev->from->n_nodes; id++) {
        const struct ir_node *result = rev->from->nodes[id];
        if (result->op != IR_RESULT || result->args[0] != node || !rev->needed[id])
            continue;
        tape->out[result->result] = rev->useful[id];
        tape->waits[result->result] = result->result >= steps->n_carry + steps->n_stack && rev->useful[id] &&
                                      diff_can_wait(rev, result);
    }
    diff_close_active(steps, tape->in);
    diff_close_useful(steps, tape->out);
    return tape;
}

static void replay_body(struct reverse *rev, struct loop_tape *tape)
{
    const struct ir_graph *body = tape->node->steps->body;
    struct ir_graph *scratch = ir_graph_new(rev->arena, body->name);
    tape->inner = reverse_new(body, scratch, rev->keep, tape->in, tape->out);
    for (int i = 0; i < body->n_inputs; i++) {
        const struct ir_node *in = body->inputs[i];
        tape->inner->map[in->id] = ir_input(scratch, in->input.name, in->input.role, in->rate, in->shape);
    }
    reverse_replay(tape->inner);
    tape->n_forward = scratch->n_nodes;
}

/* Whether output k of the body takes part. A carry does when it is active and useful, even where its next
 * value is not active: its cotangent is then a result that the loop hands out. */
static bool takes_part(const struct loop_tape *tape, int k)
{
    const struct ir_steps *steps = tape->node->steps;
    if (k < steps->n_carry)
        return tape->in[k] && tape->out[k];
    return tape->out[k] && tape->inner->active[steps->body->outputs[k].value->id];
}

static void cotangent_inputs(struct loop_tape *tape)
{
    const struct ir_steps *steps = tape->node->steps;
    struct ir_graph *scratch = tape->inner->to;
    for (int k = 0; k < steps->body->n_outputs; k++) {
        const struct ir_output *out = &steps->body->outputs[k];
        const bool carry = k < steps->n_carry;
        if (!takes_part(tape, k))
            continue;
        const enum ir_role role = carry                                 ? IR_CARRY
                                  : k < steps->n_carry + steps->n_stack ? IR_SEQUENCE
                                                                        : IR_CAPTURE;
        const enum ir_rate rate = carry ? steps->body->inputs[k]->rate : out->value->rate;
        tape->cot[k] = ir_input(scratch, diff_input_name(scratch, NULL, "cot", out->name), role, rate,
                                out->value->shape);
        reverse_give(tape->inner, out->value, tape->cot[k], rate == IR_VARYING);
    }
}

/* Of captures and slices: where the value outside is the same for all samples, the batch is summed in here,
 * so that what the loop sums up or stacks is uniform. */
static void body_gradients(struct loop_tape *tape)
{
    const struct ir_steps *steps = tape->node->steps;
    for (int i = 0; i < steps->body->n_inputs; i++) {
        const struct ir_node *in = steps->body->inputs[i];
        const struct ir_node *grad = tape->in[i] ? reverse_cotangent(tape->inner, in) : NULL;
        if (i < steps->n_carry && !takes_part(tape, i))
            grad = NULL;
        if (grad && i >= steps->n_carry && in->rate == IR_VARYING && tape->node->args[i]->rate != IR_VARYING)
            grad = ir_batch_sum(tape->inner->to, grad);
        tape->grad[i] = grad;
    }
}

/* ---- what to keep -------------------------------------------------------------------------------------- */

static const struct ir_node *scratch_output(const struct loop_tape *tape, int k)
{
    return tape->inner->map[tape->node->steps->body->outputs[k].value->id];
}

/* reached[id] of the scratch graph: the gradients, and sums that waited for them, need it, not looking beyond
 * nodes with stop[id]. */
static void mark_reached(const struct loop_tape *tape, const bool *stop, bool *reached)
{
    const struct ir_graph *scratch = tape->inner->to;
    for (int i = 0; i < tape->node->n_args; i++)
        if (tape->grad[i])
            reached[tape->grad[i]->id] = true;
    for (int k = 0; k < tape->node->steps->body->n_outputs; k++)
        if (tape->waits[k])
            reached[scratch_output(tape, k)->id] = true;
    for (int id = scratch->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = scratch->nodes[id];
        if (!reached[id] || stop[id])
            continue;
        for (int i = 0; i < node->n_args; i++)
            reached[node->args[i]->id] = true;
    }
}

/* late[id] of the forward part: sums that wait need it, and nothing else that the forward loop puts out. */
static void mark_late(const struct loop_tape *tape, bool *late)
{
    const struct ir_graph *scratch = tape->inner->to;
    bool *early = ARENA_ARRAY(scratch->arena, bool, (size_t)tape->n_forward + 1);
    for (int k = 0; k < tape->node->steps->body->n_outputs; k++)
        if (!tape->waits[k])
            early[scratch_output(tape, k)->id] = true;
    for (int id = tape->n_forward - 1; id >= 0; id--) {
        const struct ir_node *node = scratch->nodes[id];
        for (int i = 0; early[id] && i < node->n_args; i++)
            early[node->args[i]->id] = true;
        late[id] = !early[id];
    }
}

static void choose_kept(struct loop_tape *tape)
{
    struct arena *arena = tape->inner->arena;
    const struct ir_graph *scratch = tape->inner->to;
    bool *forward = ARENA_ARRAY(arena, bool, (size_t)scratch->n_nodes + 1);
    bool *reached = ARENA_ARRAY(arena, bool, (size_t)scratch->n_nodes + 1);
    bool *late = ARENA_ARRAY(arena, bool, (size_t)scratch->n_nodes + 1);
    bool *keep = ARENA_ARRAY(arena, bool, (size_t)scratch->n_nodes + 1);
    for (int id = 0; id < tape->n_forward; id++)
        forward[id] = true;
    mark_reached(tape, forward, reached);
    mark_late(tape, late);
    diff_choose_kept(scratch, tape->n_forward, reached, late, tape->inner->keep, keep);
    tape->kept = ARENA_ARRAY(arena, const struct ir_node *, (size_t)tape->n_forward + 1);
    tape->kept_at = ARENA_ARRAY(arena, int, (size_t)tape->n_forward + 1);
    for (int id = 0; id < tape->n_forward; id++)
        if (keep[id])
            tape->kept[tape->n_kept++] = scratch->nodes[id];
}

/* ---- the forward loop ---------------------------------------------------------------------------------- */

/* The stack of the old loop that already holds the value; -1: none. */
static int stacked_already(const struct loop_tape *tape, const struct ir_node *value)
{
    const struct ir_steps *steps = tape->node->steps;
    for (int k = steps->n_carry; k < steps->n_carry + steps->n_stack; k++)
        if (scratch_output(tape, k) == value)
            return k;
    return -1;
}

static void forward_stacks(struct loop_tape *tape, struct ir_graph *body, const struct ir_node **map)
{
    const struct ir_steps *steps = tape->node->steps;
    for (int i = 0; i < tape->n_kept; i++) {
        const struct ir_node *value = tape->kept[i];
        tape->kept_at[i] = stacked_already(tape, value);
        if (tape->kept_at[i] >= 0)
            continue;
        ir_copy_into(body, tape->inner->to, 1, &value, map);
        const char *name = arena_printf(body->arena, "%d", tape->n_new_stacks);
        ir_output_add(body, diff_output_name(body, steps->body, "keep", name), map[value->id]);
        tape->kept_at[i] = steps->n_carry + steps->n_stack + tape->n_new_stacks++;
    }
}

static struct ir_graph *forward_body(struct loop_tape *tape)
{
    const struct ir_steps *steps = tape->node->steps;
    const struct ir_graph *old = steps->body, *scratch = tape->inner->to;
    struct ir_graph *body = ir_graph_new(scratch->arena, old->name);
    const struct ir_node **map =
        ARENA_ARRAY(body->arena, const struct ir_node *, (size_t)scratch->n_nodes + 1);
    for (int i = 0; i < old->n_inputs; i++) {
        const struct ir_node *in = scratch->inputs[i];
        map[in->id] = ir_input(body, in->input.name, in->input.role, in->rate, in->shape);
    }
    for (int k = 0; k < old->n_outputs; k++) {
        if (k == steps->n_carry + steps->n_stack)
            forward_stacks(tape, body, map);
        const struct ir_node *value = scratch_output(tape, k);
        ir_copy_into(body, scratch, 1, &value, map);
        ir_output_add(body, old->outputs[k].name, map[value->id]);
    }
    if (steps->n_sum == 0)
        forward_stacks(tape, body, map);
    return body;
}

static void forward_loop(struct reverse *rev, struct loop_tape *tape)
{
    const struct ir_node *node = tape->node;
    const struct ir_node **args = ARENA_ARRAY(rev->arena, const struct ir_node *, (size_t)node->n_args + 1);
    for (int i = 0; i < node->n_args; i++)
        args[i] = rev->map[node->args[i]->id];
    struct ir_steps steps = *node->steps;
    steps.body = forward_body(tape);
    steps.n_stack += tape->n_new_stacks;
    tape->forward = ir_steps(rev->to, &steps, args);
    tape->kept_stack = ARENA_ARRAY(rev->arena, const struct ir_node *, (size_t)tape->n_kept + 1);
    for (int i = 0; i < tape->n_kept; i++)
        tape->kept_stack[i] = ir_result(rev->to, tape->forward, tape->kept_at[i]);
}

struct loop_tape *tape_build(struct reverse *rev, const struct ir_node *node)
{
    struct loop_tape *tape = tape_new(rev, node);
    replay_body(rev, tape);
    cotangent_inputs(tape);
    reverse_run(tape->inner);
    body_gradients(tape);
    diff_reuse_products(tape->inner->to, tape->n_forward, node->n_args, tape->grad);
    choose_kept(tape);
    forward_loop(rev, tape);
    return tape;
}

const struct ir_node *tape_result(const struct reverse *rev, const struct loop_tape *tape, int which)
{
    const struct ir_steps *steps = tape->node->steps;
    const bool sum = which >= steps->n_carry + steps->n_stack;
    return ir_result(rev->to, tape->forward, sum ? which + tape->n_new_stacks : which);
}

void tape_give(struct loop_tape *tape, int which, const struct ir_node *cotangent)
{
    tape->result_cot[which] = cotangent;
}

/* ---- the backward loop --------------------------------------------------------------------------------- */

struct backward_loop {
    struct reverse *rev;
    struct loop_tape *tape;
    struct ir_steps steps;
    const struct ir_node **map;  /* scratch graph -> body */
    const struct ir_node **args; /* operands in rev->to */
    int n_args;
    bool *reached; /* nodes of the scratch graph that the body needs */
};

static void add_input(struct backward_loop *loop, const struct ir_node *old, const char *name,
                      enum ir_role role, const struct ir_node *arg)
{
    const enum ir_rate rate = old->rate > arg->rate ? old->rate : arg->rate;
    loop->map[old->id] = ir_input(loop->steps.body, name, role, rate, old->shape);
    loop->args[loop->n_args++] = arg;
}

static void carry_inputs(struct backward_loop *loop)
{
    const struct loop_tape *tape = loop->tape;
    for (int c = 0; c < tape->node->steps->n_carry; c++) {
        const struct ir_node *cot = tape->cot[c], *last = tape->result_cot[c];
        if (cot)
            add_input(loop, cot, cot->input.name, IR_CARRY,
                      last ? last : ir_fill(loop->rev->to, 0.0, cot->shape));
    }
    loop->steps.n_carry = loop->n_args;
}

/* The loop's own slices (captures) that are read, from the first up to the end-th input. */
static void old_inputs(struct backward_loop *loop, int first, int end, enum ir_role role)
{
    const struct loop_tape *tape = loop->tape;
    for (int i = first; i < end; i++) {
        const struct ir_node *in = tape->inner->to->inputs[i];
        if (loop->reached[in->id])
            add_input(loop, in, in->input.name, role, loop->rev->map[tape->node->args[i]->id]);
    }
}

/* Cotangents of stacks (sums): what is zero is zero inside. */
static void result_inputs(struct backward_loop *loop, int first, int end, enum ir_role role)
{
    const struct loop_tape *tape = loop->tape;
    for (int k = first; k < end; k++) {
        const struct ir_node *cot = tape->cot[k];
        if (cot && tape->result_cot[k])
            add_input(loop, cot, cot->input.name, role, tape->result_cot[k]);
        else if (cot)
            loop->map[cot->id] = ir_fill(loop->steps.body, 0.0, cot->shape);
    }
}

static void kept_inputs(struct backward_loop *loop)
{
    const struct loop_tape *tape = loop->tape;
    for (int i = 0; i < tape->n_kept; i++) {
        const char *number = arena_printf(loop->rev->arena, "%d", i);
        add_input(loop, tape->kept[i], diff_input_name(loop->steps.body, tape->inner->to, "keep", number),
                  IR_SEQUENCE, tape->kept_stack[i]);
    }
}

static void backward_inputs(struct backward_loop *loop)
{
    const struct ir_steps *old = loop->tape->node->steps;
    carry_inputs(loop);
    old_inputs(loop, old->n_carry, old->n_carry + old->n_sequence, IR_SEQUENCE);
    kept_inputs(loop);
    result_inputs(loop, old->n_carry, old->n_carry + old->n_stack, IR_SEQUENCE);
    loop->steps.n_sequence = loop->n_args - loop->steps.n_carry;
    old_inputs(loop, old->n_carry + old->n_sequence, old->body->n_inputs, IR_CAPTURE);
    result_inputs(loop, old->n_carry + old->n_stack, old->body->n_outputs, IR_CAPTURE);
    loop->steps.n_capture = loop->n_args - loop->steps.n_carry - loop->steps.n_sequence;
}

/* Gradients of inputs first .. end-1 as outputs; gives how many. */
static int gradient_outputs(struct backward_loop *loop, int first, int end)
{
    const struct loop_tape *tape = loop->tape;
    struct ir_graph *body = loop->steps.body;
    int n = 0;
    for (int i = first; i < end; i++) {
        const struct ir_node *grad = tape->grad[i], *in = tape->inner->to->inputs[i];
        const bool carry = i < tape->node->steps->n_carry;
        if (carry ? !tape->cot[i] : !grad)
            continue;
        if (grad)
            ir_copy_into(body, tape->inner->to, 1, &grad, loop->map);
        ir_output_add(body, diff_output_name(body, NULL, "grad", in->input.name),
                      grad ? loop->map[grad->id] : ir_fill(body, 0.0, in->shape));
        n++;
    }
    return n;
}

static int late_outputs(struct backward_loop *loop)
{
    const struct loop_tape *tape = loop->tape;
    struct ir_graph *body = loop->steps.body;
    int n = 0;
    for (int k = 0; k < tape->node->steps->body->n_outputs; k++) {
        if (!tape->waits[k])
            continue;
        const struct ir_node *term = scratch_output(tape, k);
        ir_copy_into(body, tape->inner->to, 1, &term, loop->map);
        ir_output_add(body, diff_output_name(body, NULL, "late", tape->node->steps->body->outputs[k].name),
                      loop->map[term->id]);
        n++;
    }
    return n;
}

static void give_results(struct backward_loop *loop, const struct ir_node *node)
{
    const struct loop_tape *tape = loop->tape;
    const struct ir_steps *old = tape->node->steps;
    int which = 0;
    for (int i = 0; i < old->body->n_inputs; i++) {
        const bool carry = i < old->n_carry;
        if (carry ? !tape->cot[i] : !tape->grad[i])
            continue;
        reverse_give(loop->rev, tape->node->args[i], ir_result(loop->rev->to, node, which++),
                     carry && old->body->inputs[i]->rate == IR_VARYING);
    }
    for (int k = 0; k < old->body->n_outputs; k++)
        if (tape->waits[k])
            tape->late[k] = ir_result(loop->rev->to, node, which++);
}

const struct ir_node *tape_late_result(const struct loop_tape *tape, int which)
{
    return tape->late[which];
}

static bool any_cotangent(const struct loop_tape *tape)
{
    for (int k = 0; k < tape->node->steps->body->n_outputs; k++)
        if (tape->result_cot[k])
            return true;
    return false;
}

void tape_reverse(struct reverse *rev, struct loop_tape *tape)
{
    const struct ir_steps *old = tape->node->steps;
    struct ir_graph *scratch = tape->inner->to;
    const size_t n = (size_t)scratch->n_nodes + 1;
    if (!any_cotangent(tape))
        return;
    struct backward_loop loop = {
        .rev = rev,
        .tape = tape,
        .steps = {.count = old->count, .backward = !old->backward, .limited = old->limited},
        .map = ARENA_ARRAY(rev->arena, const struct ir_node *, n),
        .args = ARENA_ARRAY(rev->arena, const struct ir_node *, n),
        .reached = ARENA_ARRAY(rev->arena, bool, n)};
    bool *stop = ARENA_ARRAY(rev->arena, bool, n);
    for (int i = 0; i < tape->n_kept; i++)
        stop[tape->kept[i]->id] = true;
    mark_reached(tape, stop, loop.reached);
    loop.steps.body = ir_graph_new(rev->arena, arena_printf(rev->arena, "%s.back", old->body->name));
    backward_inputs(&loop);
    gradient_outputs(&loop, 0, old->n_carry);
    loop.steps.n_stack = gradient_outputs(&loop, old->n_carry, old->n_carry + old->n_sequence);
    loop.steps.n_sum = gradient_outputs(&loop, old->n_carry + old->n_sequence, old->body->n_inputs);
    loop.steps.n_sum += late_outputs(&loop);
    give_results(&loop, ir_steps(rev->to, &loop.steps, loop.args));
}
