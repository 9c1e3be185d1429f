/* SPDX-License-Identifier: MIT
 *
 * A loop with its body: which values the body computes, what its outputs are to the loop, and what stands
 * before the loop. */
#include "plan/planner.h"

static enum fate body_fate(const struct ir_steps *steps, int output, bool total)
{
    if (output < steps->n_carry)
        return FATE_CARRY;
    if (total)
        return FATE_TOTAL;
    return output < steps->n_carry + steps->n_stack ? FATE_WRITE : FATE_ADD;
}

static bool plan_body(struct planner *planner, struct plan_loop *loop, struct plan_region *body)
{
    const struct ir_steps *steps = loop->node->steps;
    const struct ir_graph *graph = steps->body;
    bool *needed = ARENA_ARRAY(planner->arena, bool, (size_t)graph->n_nodes + 1);
    bool *total = plan_totals(graph->arena, graph, body->wide);
    ir_mark_needed(graph, needed);
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        bool sum_of_totals = total[id] && node->op != IR_BSUM && node->op != IR_RESULT;
        if (needed[id] && !plan_is_given(node) && !sum_of_totals)
            plan_want(body, node);
    }
    enum fate *fates = ARENA_ARRAY(planner->arena, enum fate, (size_t)graph->n_outputs + 1);
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *value = graph->outputs[o].value;
        fates[o] = body_fate(steps, o, total[value->id]);
        bool uniform = body->wide && value->rate != IR_VARYING;
        if (uniform && fates[o] == FATE_CARRY && total[value->id])
            return plan_fail(planner, body, value, "a loop carries a sum over the batch");
        bool narrow_result = body->wide && o >= steps->n_carry && uniform;
        if (narrow_result && fates[o] != FATE_TOTAL)
            return plan_fail(planner, body, value,
                             "a loop over samples gives a value that is the same for all");
    }
    return plan_reads_no_total(planner, body, total) && plan_region(planner, body) &&
           plan_outputs(planner, body, fates);
}

static int body_row(const struct plan_loop *loop, int result)
{
    const struct ir_steps *steps = loop->node->steps;
    if (result < steps->n_carry)
        return loop->body->facts[loop->body->graph->inputs[result]->id].row;
    const struct ir_node *value = loop->body->graph->outputs[result].value;
    int row = loop->body->facts[value->id].row;
    bool stack = result < steps->n_carry + steps->n_stack;
    return stack && value->shape.rank ? row + 1 : row;
}

struct ir_shape plan_result_shape(const struct ir_node *steps, int result)
{
    struct ir_shape shape = steps->steps->body->outputs[result].value->shape;
    if (result < steps->steps->n_carry || result >= steps->steps->n_carry + steps->steps->n_stack)
        return shape;
    for (int axis = shape.rank++; axis > 0; axis--)
        shape.size[axis] = shape.size[axis - 1];
    shape.size[0] = steps->steps->count;
    return shape;
}

bool plan_is_total_result(const struct plan_region *region, const struct ir_node *steps, int result)
{
    return region->wide && result >= steps->steps->n_carry &&
           steps->steps->body->outputs[result].value->rate != IR_VARYING;
}

static bool is_stack(const struct ir_steps *steps, int result)
{
    return result >= steps->n_carry && result < steps->n_carry + steps->n_stack;
}

static void find_reads(struct planner *planner, struct plan_region *region, struct plan_loop *loop)
{
    const struct ir_graph *graph = region->graph;
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op == IR_RESULT && graph->nodes[id]->args[0] == loop->node &&
            region->facts[id].wanted)
            loop->results[graph->nodes[id]->result].read = graph->nodes[id];
    for (int r = 0; r < loop->n_results; r++) {
        struct plan_result *result = &loop->results[r];
        result->output = result->temporary = -1;
        if (result->read)
            region->facts[result->read->id].row = body_row(loop, r);
        else if (!plan_is_total_result(region, loop->node, r))
            result->temporary = plan_temporary_new(planner, region, plan_result_shape(loop->node, r));
        if (result->temporary >= 0)
            region->temporaries[result->temporary].is_stack = is_stack(loop->node->steps, r);
    }
}

/* Initial carries are copied to where the loop keeps them, sums start as zeros. */
static void append_prologue(struct planner *planner, struct plan_region *region, struct plan_loop *loop)
{
    const struct ir_steps *steps = loop->node->steps;
    for (int r = 0; r < loop->n_results; r++) {
        bool carry = r < steps->n_carry;
        if (plan_is_total_result(region, loop->node, r) || (!carry && r < steps->n_carry + steps->n_stack))
            continue;
        struct plan_store store = {.node = carry ? loop->node->args[r] : NULL,
                                   .from = -1,
                                   .target = PLAN_TO_RESULT,
                                   .which = r,
                                   .loop = loop};
        plan_copy(planner, region, plan_result_shape(loop->node, r), body_row(loop, r), store);
    }
}

bool plan_loop_append(struct planner *planner, struct plan_region *region, const struct ir_node *steps,
                      int *item)
{
    if (region->depth + 1 >= PLAN_MAX_DEPTH)
        return plan_fail(planner, region, steps, "loops are nested too deeply");
    struct plan_loop *loop = ARENA_NEW(planner->arena, struct plan_loop);
    loop->node = steps;
    loop->depth = region->depth;
    loop->n_results = steps->steps->body->n_outputs;
    loop->results = ARENA_ARRAY(planner->arena, struct plan_result, (size_t)loop->n_results + 1);
    loop->body = plan_region_new(planner, steps->steps->body, region->wide, region->depth + 1);
    if (!plan_body(planner, loop, loop->body))
        return false;
    loop->prologue = region->n_items;
    find_reads(planner, region, loop);
    append_prologue(planner, region, loop);
    plan_partial_begin(planner, region, loop);
    *item = region->n_items;
    plan_append(planner, region, NULL, loop);
    plan_partial_end(planner, region, loop);
    return true;
}

/* ---- rounds that are not run --------------------------------------------------------------------------- */

static bool is_limited_sequence(const struct ir_node *user, int operand)
{
    const struct ir_steps *steps = user->op == IR_STEPS ? user->steps : NULL;
    return steps && steps->limited && operand >= steps->n_carry &&
           operand < steps->n_carry + steps->n_sequence;
}

/* Sums over the batch start as zeros. */
bool plan_is_rest_read(const struct ir_graph *graph, const struct plan_loop *loop, int r)
{
    const struct ir_node *stack = loop->results[r].read;
    const struct ir_steps *steps = loop->node->steps;
    if (!stack || loop->results[r].place.space == PLAN_SUMS || r < steps->n_carry ||
        r >= steps->n_carry + steps->n_stack)
        return false;
    for (int o = 0; o < graph->n_outputs; o++)
        if (graph->outputs[o].value == stack)
            return true;
    for (int id = stack->id + 1; id < graph->n_nodes; id++)
        for (int i = 0; i < graph->nodes[id]->n_args; i++)
            if (graph->nodes[id]->args[i] == stack && !is_limited_sequence(graph->nodes[id], i))
                return true;
    return false;
}
