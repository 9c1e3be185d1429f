/* SPDX-License-Identifier: MIT
 *
 * One region of a plan, which is a part of the program or the body of a loop: its facts and items, copies,
 * and what becomes of its outputs. Which nodes are one nest is plan_group.c's, where they lie
 * plan_memory.c's. */
#include "plan/planner.h"

#include <string.h>

bool plan_fail(struct planner *planner, const struct plan_region *region, const struct ir_node *node,
               const char *what)
{
    planner->fault =
        arena_printf(planner->arena, "graph %s: node %%%d: %s", region->graph->name, node->id, what);
    return false;
}

bool plan_reads_no_total(struct planner *planner, const struct plan_region *region, const bool *total)
{
    for (int id = 0; id < region->graph->n_nodes; id++) {
        const struct ir_node *node = region->graph->nodes[id];
        for (int i = 0; i < node->n_args && region->facts[id].wanted && node->op != IR_RESULT; i++)
            if (total[node->args[i]->id])
                return plan_fail(planner, region, node, "a sample's value depends on a sum over the batch");
    }
    return true;
}

bool plan_is_member(const struct plan_nest *nest, const struct ir_node *node)
{
    for (int i = 0; i < nest->n_members; i++)
        if (nest->members[i].node == node)
            return true;
    for (int i = 0; i < nest->n_sums; i++)
        if (nest->sums[i].node == node)
            return true;
    return false;
}

int plan_row(const struct plan_region *region, const struct ir_node *node)
{
    return region->facts[node->id].row;
}

/* ---- regions ------------------------------------------------------------------------------------------- */

bool plan_is_given(const struct ir_node *node)
{
    return node->op == IR_INPUT || node->op == IR_CONST || node->op == IR_EYE;
}

struct plan_region *plan_region_new(struct planner *planner, const struct ir_graph *graph, bool wide,
                                    int depth)
{
    size_t n = (size_t)graph->n_nodes + 1;
    struct plan_region *region = ARENA_NEW(planner->arena, struct plan_region);
    region->graph = graph;
    region->value = ARENA_ARRAY(planner->arena, struct plan_value, n);
    region->facts = ARENA_ARRAY(planner->arena, struct node_facts, n);
    region->wide = wide;
    region->depth = depth;
    for (int id = 0; id < graph->n_nodes; id++) {
        region->facts[id].nest = -1;
        region->facts[id].output = -1;
        region->facts[id].done = true; /* until wanted */
    }
    return region;
}

void plan_want(struct plan_region *region, const struct ir_node *node)
{
    region->facts[node->id].wanted = true;
    region->facts[node->id].done = false;
}

bool plan_reads_memory(const struct ir_node *user, int operand)
{
    return plan_is_matrix(user) || (user->op == IR_STEPS && operand >= user->steps->n_carry);
}

static void count_users(struct plan_region *region)
{
    for (int id = 0; id < region->graph->n_nodes; id++) {
        const struct ir_node *node = region->graph->nodes[id];
        for (int i = 0; i < node->n_args && region->facts[id].wanted; i++) {
            struct node_facts *operand = &region->facts[node->args[i]->id];
            operand->users++;
            operand->user = node;
            operand->forced |= plan_reads_memory(node, i);
        }
    }
    for (int o = 0; o < region->graph->n_outputs; o++) {
        region->facts[region->graph->outputs[o].value->id].users++;
        region->facts[region->graph->outputs[o].value->id].user = NULL;
    }
}

bool plan_region(struct planner *planner, struct plan_region *region)
{
    count_users(region);
    plan_rows(region);
    plan_inline(region);
    return plan_group(planner, region);
}

void plan_append(struct planner *planner, struct plan_region *region, struct plan_nest *nest,
                 struct plan_loop *loop)
{
    if (region->n_items == region->room) {
        int room = region->room ? 2 * region->room : 16;
        struct plan_item *grown = ARENA_ARRAY(planner->arena, struct plan_item, (size_t)room);
        if (region->n_items)
            memcpy(grown, region->items, (size_t)region->n_items * sizeof *grown);
        region->items = grown;
        region->room = room;
    }
    region->items[region->n_items++] = (struct plan_item){.nest = nest, .loop = loop};
    planner->plan->n_nests += nest != NULL;
}

void plan_store_add(struct planner *planner, struct plan_nest *nest, struct plan_store store)
{
    struct plan_store *grown = ARENA_ARRAY(planner->arena, struct plan_store, (size_t)nest->n_stores + 1);
    if (nest->n_stores)
        memcpy(grown, nest->stores, (size_t)nest->n_stores * sizeof *grown);
    grown[nest->n_stores++] = store;
    nest->stores = grown;
}

void plan_copy(struct planner *planner, struct plan_region *region, struct ir_shape shape, int row,
               struct plan_store store)
{
    struct plan_nest *nest = ARENA_NEW(planner->arena, struct plan_nest);
    nest->kind = PLAN_MAP;
    nest->n_axes = shape.rank;
    store.rank = shape.rank;
    int next = 1;
    for (int axis = shape.rank - 1; axis >= 0; axis--)
        store.axis[axis] = axis == row ? 0 : next++;
    for (int axis = 0; axis < shape.rank; axis++)
        nest->size[store.axis[axis]] = shape.size[axis];
    plan_store_add(planner, nest, store);
    planner->choices->map(planner->choices->schedule, planner->arena, region, nest);
    plan_append(planner, region, nest, NULL);
}

int plan_temporary_new(struct planner *planner, struct plan_region *region, struct ir_shape shape)
{
    struct plan_temporary *grown =
        ARENA_ARRAY(planner->arena, struct plan_temporary, (size_t)region->n_temporaries + 1);
    if (region->n_temporaries)
        memcpy(grown, region->temporaries, (size_t)region->n_temporaries * sizeof *grown);
    region->temporaries = grown;
    grown[region->n_temporaries].shape = shape;
    return region->n_temporaries++;
}

/* ---- outputs ------------------------------------------------------------------------------------------- */

/* Lets every sum over the batch below `node` add to output `which` of the region's graph. */
static bool bind_total(struct planner *planner, struct plan_region *region, const struct ir_node *node,
                       int which)
{
    if (node->op == IR_ADD) {
        for (int i = 0; i < node->n_args; i++)
            if (!bind_total(planner, region, node->args[i], which))
                return false;
        return true;
    }
    if (node->op == IR_BSUM) {
        struct plan_store store = {
            .node = node, .from = -1, .target = PLAN_TO_OUTPUT, .which = which, .add = true};
        plan_store_add(planner, region->items[region->facts[node->id].nest].nest, store);
        return true;
    }
    if (node->op == IR_RESULT && region->facts[node->id].nest >= 0) {
        struct plan_loop *loop = region->items[region->facts[node->id].nest].loop;
        if (loop->results[node->result].output < 0) {
            loop->results[node->result].output = which;
            return true;
        }
    }
    return plan_fail(planner, region, node,
                     "a loop's output depends on a sum over the batch in a way that is not a sum");
}

/* The nest that has `node` in registers, if one has. */
static struct plan_nest *nest_of(const struct plan_region *region, const struct ir_node *node,
                                 const struct plan_member **member)
{
    int item = region->facts[node->id].nest;
    struct plan_nest *nest = item >= 0 ? region->items[item].nest : NULL;
    for (int i = 0; nest && nest->kind == PLAN_MAP && i < nest->n_members; i++)
        if (nest->members[i].node == node) {
            *member = &nest->members[i];
            return nest;
        }
    return NULL;
}

static void write_output(struct planner *planner, struct plan_region *region, const struct ir_node *node,
                         int which, bool add)
{
    struct plan_store store = {
        .node = node, .from = -1, .target = PLAN_TO_OUTPUT, .which = which, .add = add};
    struct node_facts *facts = &region->facts[node->id];
    const struct plan_member *member;
    struct plan_nest *nest = nest_of(region, node, &member);
    bool place_is_free = !add && facts->output < 0;
    if (nest && !(place_is_free && !facts->forced)) {
        store.rank = node->shape.rank;
        memcpy(store.axis, member->axis, sizeof store.axis);
        plan_store_add(planner, nest, store);
    } else if (place_is_free && facts->wanted && !facts->forced && facts->nest >= 0) {
        facts->output = which; /* the output's memory is the value's own */
        facts->placed = true;
    } else {
        plan_copy(planner, region, node->shape, facts->row, store);
    }
}

/* An iteration's carries are replaced when all else is done; what is read straight from a carry goes through
 * a temporary, since another carry's copy may have replaced it by then. */
static void hand_on_carries(struct planner *planner, struct plan_region *region, const enum fate *fates)
{
    const struct ir_graph *graph = region->graph;
    int *temporary = ARENA_ARRAY(planner->arena, int, (size_t)graph->n_outputs + 1);
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *node = graph->outputs[o].value;
        temporary[o] = -1;
        if (fates[o] != FATE_CARRY || node == graph->inputs[o] || region->facts[node->id].nest >= 0)
            continue;
        temporary[o] = plan_temporary_new(planner, region, node->shape);
        struct plan_store store = {
            .node = node, .from = -1, .target = PLAN_TO_TEMPORARY, .which = temporary[o]};
        plan_copy(planner, region, node->shape, region->facts[node->id].row, store);
    }
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *node = graph->outputs[o].value;
        if (fates[o] != FATE_CARRY || node == graph->inputs[o])
            continue;
        struct plan_store store = {.node = temporary[o] < 0 ? node : NULL,
                                   .from = temporary[o],
                                   .target = PLAN_TO_OUTPUT,
                                   .which = o};
        plan_copy(planner, region, node->shape, region->facts[node->id].row, store);
    }
}

bool plan_outputs(struct planner *planner, struct plan_region *region, const enum fate *fates)
{
    for (int o = 0; o < region->graph->n_outputs; o++) {
        const struct ir_node *node = region->graph->outputs[o].value;
        if (fates[o] == FATE_TOTAL && !bind_total(planner, region, node, o))
            return false;
        if (fates[o] == FATE_WRITE || fates[o] == FATE_ADD)
            write_output(planner, region, node, o, fates[o] == FATE_ADD);
    }
    hand_on_carries(planner, region, fates);
    return true;
}
