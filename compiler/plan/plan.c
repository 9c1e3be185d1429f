/* SPDX-License-Identifier: MIT
 *
 * A program in three parts (before, tile, after): which part computes what, and what one leaves for another.
 * A part is a region, which plan_region.c plans. */
#include "plan/planner.h"

/* ---- totals: uniform values made from sums over the batch ---------------------------------------------- */

bool *plan_totals(struct arena *arena, const struct ir_graph *graph, bool wide)
{
    bool *total = ARENA_ARRAY(arena, bool, (size_t)graph->n_nodes + 1);
    for (int id = 0; wide && id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (node->rate == IR_VARYING && node->op != IR_STEPS)
            continue;
        total[id] = node->op == IR_BSUM || (node->op == IR_RESULT && node->args[0]->rate == IR_VARYING);
        for (int i = 0; i < node->n_args; i++)
            total[id] |= total[node->args[i]->id] && node->rate != IR_VARYING;
    }
    return total;
}

enum plan_part plan_part_of(const struct ir_node *node, const bool *total)
{
    if (node->rate == IR_VARYING || node->op == IR_BSUM)
        return PLAN_TILE;
    if (node->op == IR_RESULT && node->args[0]->rate == IR_VARYING)
        return PLAN_TILE;
    return total[node->id] ? PLAN_AFTER : PLAN_BEFORE;
}

/* ---- the three parts ----------------------------------------------------------------------------------- */

/* A fill that is read from memory somewhere is an array; any other is a number wherever it is used. */
static bool is_number(const struct ir_graph *graph, const struct ir_node *node)
{
    if (node->op != IR_EIN || node->n_args)
        return false;
    for (int id = node->id + 1; id < graph->n_nodes; id++)
        for (int i = 0; i < graph->nodes[id]->n_args; i++)
            if (graph->nodes[id]->args[i] == node && plan_reads_memory(graph->nodes[id], i))
                return false;
    return true;
}

/* What an earlier part computes for a later one, or for an output, needs a place. */
static void force_crossings(struct plan_region *const *regions, const enum plan_part *part,
                            const bool *needed)
{
    const struct ir_graph *graph = regions[0]->graph;
    for (int id = 0; id < graph->n_nodes; id++)
        for (int i = 0; needed[id] && i < graph->nodes[id]->n_args; i++) {
            int operand = graph->nodes[id]->args[i]->id;
            if (part[operand] != PLAN_GIVEN && part[operand] != part[id])
                regions[part[operand]]->facts[operand].forced = true;
        }
    for (int o = 0; o < graph->n_outputs; o++)
        if (part[graph->outputs[o].value->id] == PLAN_BEFORE)
            regions[PLAN_BEFORE]->facts[graph->outputs[o].value->id].forced = true;
}

/* A uniform carry of a loop over samples lies among the samples' values; only they can read it. */
static bool check_uniform_carries(struct planner *planner, struct plan_region *const *regions,
                                  const enum plan_part *part, const bool *needed)
{
    static const char what[] = "a loop over samples gives a value that is the same for all";
    const struct ir_graph *graph = regions[0]->graph;
    for (int id = 0; id < graph->n_nodes; id++)
        for (int i = 0; needed[id] && i < graph->nodes[id]->n_args; i++) {
            const struct ir_node *x = graph->nodes[id]->args[i];
            bool carry =
                x->op == IR_RESULT && x->rate != IR_VARYING && x->result < x->args[0]->steps->n_carry;
            if (carry && part[x->id] == PLAN_TILE && part[id] != PLAN_TILE)
                return plan_fail(planner, regions[0], x, what);
        }
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *x = graph->outputs[o].value;
        if (part[x->id] == PLAN_TILE && x->rate != IR_VARYING && x->op == IR_RESULT &&
            x->result < x->args[0]->steps->n_carry)
            return plan_fail(planner, regions[0], x, what);
    }
    return true;
}

static bool plan_parts(struct planner *planner, const struct ir_graph *graph, struct plan_region **regions)
{
    bool *total = plan_totals(graph->arena, graph, true);
    bool *needed = ARENA_ARRAY(planner->arena, bool, (size_t)graph->n_nodes + 1);
    enum plan_part *part = ARENA_ARRAY(planner->arena, enum plan_part, (size_t)graph->n_nodes + 1);
    ir_mark_needed(graph, needed);
    for (int p = 0; p < 3; p++) {
        regions[p] = plan_region_new(planner, graph, p == PLAN_TILE, 0);
        regions[p]->value = regions[0]->value;
    }
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        bool number = is_number(graph, node);
        part[id] = number || plan_is_given(node) ? PLAN_GIVEN : plan_part_of(node, total);
        regions[0]->value[id].inlined = number;
        if (needed[id] && part[id] != PLAN_GIVEN)
            plan_want(regions[part[id]], graph->nodes[id]);
    }
    force_crossings(regions, part, needed);
    if (!plan_reads_no_total(planner, regions[PLAN_TILE], total) ||
        !check_uniform_carries(planner, regions, part, needed))
        return false;
    for (int p = 0; p < 3; p++) {
        enum fate *fates = ARENA_ARRAY(planner->arena, enum fate, (size_t)graph->n_outputs + 1);
        for (int o = 0; o < graph->n_outputs; o++) {
            bool varying = graph->outputs[o].value->rate == IR_VARYING;
            bool mine = varying ? p == PLAN_TILE : p == PLAN_AFTER;
            fates[o] = mine ? FATE_WRITE : FATE_NONE;
        }
        if (!plan_region(planner, regions[p]) || !plan_outputs(planner, regions[p], fates))
            return false;
    }
    return true;
}

/* ---- outputs' and inputs' memory of a kernel ----------------------------------------------------------- */

static struct plan_value port_value(const struct plan *plan, enum plan_space space, int port,
                                    const struct ir_node *node)
{
    struct plan_value value = {.space = space, .port = port, .wide = node->rate == IR_VARYING};
    plan_strides(node->shape, node->shape.rank - 1, value.wide ? plan->choices.lanes : 1, value.stride);
    return value;
}

struct plan *plan_make(struct arena *arena, const struct ir_graph *graph, const struct plan_choices *choices,
                       const char **fault)
{
    struct plan *plan = ARENA_NEW(arena, struct plan);
    struct planner planner = {.plan = plan, .choices = &plan->choices, .arena = arena};
    *plan = (struct plan){.arena = arena, .choices = *choices, .schedule = choices->schedule};
    plan->graph = plan_legalise(graph, choices->longest_joined);
    graph = plan->graph;
    struct plan_region *regions[3];
    if (!plan_parts(&planner, graph, regions)) {
        *fault = planner.fault;
        return NULL;
    }
    struct plan_value *outputs = ARENA_ARRAY(arena, struct plan_value, (size_t)graph->n_outputs + 1);
    for (int o = 0; o < graph->n_outputs; o++)
        outputs[o] = port_value(plan, PLAN_OUT, o, graph->outputs[o].value);
    for (int i = 0; i < graph->n_inputs; i++)
        regions[0]->value[graph->inputs[i]->id] = port_value(plan, PLAN_IN, i, graph->inputs[i]);
    for (int p = 0; p < 3; p++)
        plan_size(&planner, regions[p]);
    const long before = regions[PLAN_BEFORE]->frame_elements[PLAN_VALUES];
    plan->scratch_elements = regions[PLAN_TILE]->frame_elements[PLAN_VALUES];
    plan->stack_elements = regions[PLAN_TILE]->frame_elements[PLAN_STACKS];
    plan->uniform_elements = before + regions[PLAN_AFTER]->frame_elements[PLAN_VALUES];
    plan_settle(&planner, regions[PLAN_BEFORE], (const long[PLAN_FRAMES]){0}, outputs);
    plan_settle(&planner, regions[PLAN_TILE], (const long[PLAN_FRAMES]){0}, outputs);
    plan_settle(&planner, regions[PLAN_AFTER], (const long[PLAN_FRAMES]){before}, outputs);
    plan->before = regions[PLAN_BEFORE];
    plan->tile = regions[PLAN_TILE];
    plan->after = regions[PLAN_AFTER];
    return plan;
}
