/* SPDX-License-Identifier: MIT
 *
 * A loop within a graph: where its carries, stacks and sums are stored, and what sums over the batch in its
 * body add to. */
#include "emit_c/emit_c_internal.h"

#include "plan/plan.h"

#include <string.h>

/* ---- sums over the batch, within a body ---------------------------------------------------------------- */

static void add_target(struct arena *arena, struct c_targets *targets, const struct c_value *value)
{
    if (targets->n == targets->room) {
        struct c_value *grown = ARENA_ARRAY(arena, struct c_value, (size_t)targets->room * 2 + 2);
        if (targets->n)
            memcpy(grown, targets->value, (size_t)targets->n * sizeof *grown);
        targets->value = grown;
        targets->room = targets->room * 2 + 2;
    }
    targets->value[targets->n++] = *value;
}

/* Lets every sum over the batch below `node` add to these. */
static bool bind_total(struct c_region *r, const struct ir_node *node, const struct c_targets *targets)
{
    if (node->op == IR_ADD) {
        for (int i = 0; i < node->n_args; i++)
            if (!bind_total(r, node->args[i], targets))
                return false;
        return true;
    }
    const bool result = node->op == IR_RESULT && r->targets[node->id].n == 0;
    if (node->op != IR_BSUM && !result)
        return c_fail(r, node, "a loop's output depends on a sum over the batch in a way that is not a sum");
    for (int i = 0; i < targets->n; i++)
        add_target(r->kernel->arena, &r->targets[node->id], &targets->value[i]);
    return true;
}

/* ---- loops --------------------------------------------------------------------------------------------- */

struct loop {
    struct c_region *outer;
    struct c_region body;
    const struct ir_node *node;
    const struct ir_steps *steps;
    const bool *total;      /* of the body */
    struct c_value *result; /* by result; NONE: a total */
    struct c_value *next;   /* by carry: what becomes it, kept apart; NONE: is a value of the body */
};

enum result_kind { RESULT_CARRY, RESULT_STACK, RESULT_SUM };
static enum result_kind kind_of(const struct ir_steps *steps, int result)
{
    return result < steps->n_carry                    ? RESULT_CARRY
           : result < steps->n_carry + steps->n_stack ? RESULT_STACK
                                                      : RESULT_SUM;
}

static struct ir_shape result_shape(const struct ir_steps *steps, int result)
{
    const struct ir_shape shape = steps->body->outputs[result].value->shape;
    if (kind_of(steps, result) != RESULT_STACK)
        return shape;
    struct ir_shape stack = {.rank = shape.rank + 1, .size = {steps->count}};
    memcpy(stack.size + 1, shape.size, (IR_MAX_RANK - 1) * sizeof *stack.size);
    return stack;
}

/* What the round at hand has of a sequence or stack. */
static struct c_value slice(const struct loop *loop, const struct c_value *value)
{
    struct c_value out = *value;
    if (out.kind == C_ARRAY || out.kind == C_EYE)
        out.lead[out.n_lead++] = loop->outer->depth;
    return out;
}

static const struct ir_node *reader(const struct loop *loop, int result)
{
    const struct ir_graph *graph = loop->outer->graph;
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op == IR_RESULT && graph->nodes[id]->args[0] == loop->node &&
            graph->nodes[id]->result == result)
            return graph->nodes[id];
    return NULL;
}

/* Of a total, in each round: the targets of what reads it outside. */
static bool bind_result(struct loop *loop, int result)
{
    const struct ir_node *read = reader(loop, result);
    struct c_targets targets = {.n = 0};
    for (int i = 0; read && i < loop->outer->targets[read->id].n; i++) {
        const struct c_value *target = &loop->outer->targets[read->id].value[i];
        const struct c_value part =
            kind_of(loop->steps, result) == RESULT_STACK ? slice(loop, target) : *target;
        add_target(loop->outer->kernel->arena, &targets, &part);
    }
    return bind_total(&loop->body, loop->steps->body->outputs[result].value, &targets);
}

static bool place_results(struct loop *loop)
{
    const struct ir_graph *body = loop->steps->body;
    struct arena *arena = loop->outer->kernel->arena;
    for (int o = 0; o < body->n_outputs; o++) {
        const struct ir_node *value = body->outputs[o].value;
        const enum result_kind kind = kind_of(loop->steps, o);
        const bool uniform = loop->body.wide && value->rate != IR_VARYING, total = loop->total[value->id];
        if (uniform && total && kind == RESULT_CARRY)
            return c_fail(&loop->body, value, "a loop carries a sum over the batch");
        if (uniform && !total && kind != RESULT_CARRY)
            return c_fail(&loop->body, value, "a loop over samples gives a value that is the same for all");
        if (total && !bind_result(loop, o))
            return false;
        if (total)
            continue;
        const bool wide = (kind == RESULT_CARRY ? body->inputs[o] : value)->rate == IR_VARYING;
        loop->result[o] = c_member(loop->outer, arena_printf(arena, "loop%d_%d", loop->node->id, o),
                                   result_shape(loop->steps, o), wide);
    }
    return true;
}

static void bind_inputs(struct loop *loop)
{
    const struct ir_steps *steps = loop->steps;
    for (int i = 0; i < steps->body->n_inputs; i++) {
        struct c_value *value = &loop->body.value[steps->body->inputs[i]->id];
        const struct c_value *operand = &loop->outer->value[loop->node->args[i]->id];
        if (i < steps->n_carry)
            *value = loop->result[i];
        else if (i < steps->n_carry + steps->n_sequence)
            *value = slice(loop, operand);
        else
            *value = *operand;
    }
}

static void begin(const struct loop *loop)
{
    for (int o = 0; o < loop->steps->body->n_outputs; o++) {
        const enum result_kind kind = kind_of(loop->steps, o);
        const struct c_value *from =
            kind == RESULT_CARRY ? &loop->outer->value[loop->node->args[o]->id] : NULL;
        if (loop->result[o].kind != C_NONE && (kind != RESULT_STACK || loop->steps->limited))
            c_copy(loop->outer, result_shape(loop->steps, o), &loop->result[o], "=", from);
    }
}

/* What is read straight from an input may be another carry, which is replaced by then. */
static void keep_apart(struct loop *loop)
{
    struct c_region *r = &loop->body;
    for (int o = 0; o < loop->steps->n_carry; o++) {
        const struct ir_node *value = r->graph->outputs[o].value;
        if (value->op != IR_INPUT || value == r->graph->inputs[o])
            continue;
        loop->next[o] =
            c_member(r, arena_printf(r->kernel->arena, "next%d", o), value->shape, r->value[value->id].wide);
        c_copy(r, value->shape, &loop->next[o], "=", &r->value[value->id]);
    }
}

static void hand_on(struct loop *loop)
{
    struct c_region *r = &loop->body;
    for (int o = loop->steps->n_carry; o < r->graph->n_outputs; o++) {
        const struct ir_node *value = r->graph->outputs[o].value;
        const bool stack = kind_of(loop->steps, o) == RESULT_STACK;
        const struct c_value to = stack ? slice(loop, &loop->result[o]) : loop->result[o];
        if (loop->result[o].kind != C_NONE)
            c_copy(r, value->shape, &to, stack ? "=" : "+=", &r->value[value->id]);
    }
    keep_apart(loop);
    for (int o = 0; o < loop->steps->n_carry; o++) {
        const struct ir_node *value = r->graph->outputs[o].value;
        if (value != r->graph->inputs[o])
            c_copy(r, value->shape, &loop->result[o], "=",
                   loop->next[o].kind == C_NONE ? &r->value[value->id] : &loop->next[o]);
    }
}

/* Everything the outputs need, except for sums of totals: these are only targets. */
static bool *wanted_of_body(struct arena *arena, const struct ir_graph *graph, const bool *total)
{
    bool *wanted = ARENA_ARRAY(arena, bool, (size_t)graph->n_nodes + 1);
    ir_mark_needed(graph, wanted);
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        wanted[id] &= !c_is_given(node) && (!total[id] || node->op == IR_BSUM || node->op == IR_RESULT);
    }
    return wanted;
}

static void open_body(struct loop *loop)
{
    struct c_region *r = &loop->body, *outer = loop->outer;
    struct arena *arena = outer->kernel->arena;
    c_region_init(r, outer->kernel, loop->steps->body);
    r->wide = outer->wide;
    r->depth = outer->depth + 1;
    r->place = outer->place;
    r->prefix = arena_printf(arena, "%sloop%d.", outer->prefix, loop->node->id);
    r->members = ARENA_NEW(arena, struct strbuf);
    strbuf_init(r->members, arena);
    r->code = outer->code;
    r->indent = outer->indent + 1;
    r->total = loop->total = plan_totals(arena, r->graph, r->wide);
    r->wanted = wanted_of_body(arena, r->graph, loop->total);
    c_constants(r);
}

static void close_body(struct loop *loop)
{
    struct c_region *outer = loop->outer;
    const int indent = 4 * (outer->depth + 1);
    if (loop->body.members->length)
        strbuf_addf(outer->members, "%*sstruct {\n%s%*s} loop%d;\n", indent, "",
                    strbuf_text(loop->body.members), indent, "", loop->node->id);
}

static void loop_line(const struct loop *loop)
{
    struct c_region *r = loop->outer;
    const char *k = c_round[r->depth];
    const char *rounds = loop->steps->limited
                             ? arena_printf(r->kernel->arena, "rounds(%d, limit)", loop->steps->count)
                             : arena_printf(r->kernel->arena, "%d", loop->steps->count);
    r->code->limit = r->code->limit || loop->steps->limited;
    if (loop->steps->backward)
        c_line(r, "for (int %s = %s - 1; %s >= 0; %s--) {", k, rounds, k, k);
    else
        c_line(r, "for (int %s = 0; %s < %s; %s++) {", k, k, rounds, k);
}

bool c_loop(struct c_region *r, const struct ir_node *node)
{
    struct arena *arena = r->kernel->arena;
    const size_t n = (size_t)node->steps->body->n_outputs + 1;
    struct loop *loop = ARENA_NEW(arena, struct loop);
    if (r->depth + 1 >= C_MOST_LEAD)
        return c_fail(r, node, "loops are nested too deeply");
    *loop = (struct loop){.outer = r, .node = node, .steps = node->steps};
    loop->result = ARENA_ARRAY(arena, struct c_value, n);
    loop->next = ARENA_ARRAY(arena, struct c_value, n);
    open_body(loop);
    if (!place_results(loop))
        return false;
    bind_inputs(loop);
    begin(loop);
    loop_line(loop);
    if (!c_region(&loop->body))
        return false;
    hand_on(loop);
    c_line(r, "}");
    close_body(loop);
    for (int o = 0; o < node->steps->body->n_outputs; o++) {
        const struct ir_node *read = reader(loop, o);
        if (read && loop->result[o].kind != C_NONE)
            r->value[read->id] = loop->result[o];
    }
    return true;
}
