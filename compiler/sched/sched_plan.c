/* SPDX-License-Identifier: MIT
 *
 * A program in three parts (before, tile, after), its loops, and what becomes of the outputs of each. Groups come from
 * sched_group.c, memory from sched_memory.c. */
#include "sched/planner.h"

#include <assert.h>
#include <string.h>

/* What becomes of an output of a body or graph. */
enum fate {
    FATE_NONE,  /* another part's, or there already */
    FATE_WRITE, /* written as soon as it is known: a result of the kernel, a loop's stack */
    FATE_ADD,   /* added to a loop's sum */
    FATE_CARRY, /* handed to the next iteration when everything else is done */
    FATE_TOTAL, /* sums over the batch add to it themselves */
};

/* ---- totals: uniform values made from sums over the batch ---------------------------------------------------------- */

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

static bool fail(struct planner *planner, const struct plan_region *region, const struct ir_node *node,
                 const char *what)
{
    planner->fault =
        arena_printf(planner->arena, "graph %s: node %%%d: %s", region->graph->name, node->id, what);
    return false;
}

static bool check_no_total_read(struct planner *planner, const struct plan_region *region, const bool *total)
{
    for (int id = 0; id < region->graph->n_nodes; id++) {
        const struct ir_node *node = region->graph->nodes[id];
        for (int i = 0; i < node->n_args && region->facts[id].wanted && node->op != IR_RESULT; i++)
            if (total[node->args[i]->id])
                return fail(planner, region, node, "a sample's value depends on a sum over the batch");
    }
    return true;
}

/* Lets every sum over the batch below `node` add to output `which` of the region's graph. */
static bool bind_total(struct planner *planner, struct plan_region *region, const struct ir_node *node, int which)
{
    if (node->op == IR_ADD) {
        for (int i = 0; i < node->n_args; i++)
            if (!bind_total(planner, region, node->args[i], which))
                return false;
        return true;
    }
    if (node->op == IR_BSUM) {
        struct plan_store store = {.node = node, .from = -1, .target = PLAN_TO_OUTPUT, .which = which, .add = true};
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
    return fail(planner, region, node, "a loop's output depends on a sum over the batch in a way that is no sum");
}

/* ---- regions ----------------------------------------------------------------------------------------------------- */

static bool is_given(const struct ir_node *node)
{
    return node->op == IR_INPUT || node->op == IR_CONST || node->op == IR_EYE;
}

static struct plan_region *region_new(struct planner *planner, const struct ir_graph *graph, bool wide, int depth)
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

static void want(struct plan_region *region, const struct ir_node *node)
{
    region->facts[node->id].wanted = true;
    region->facts[node->id].done = false;
}

/* A loop or a function of a matrix reads its operands from memory. */
static bool reads_memory(const struct ir_node *user, int operand)
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
            operand->forced |= reads_memory(node, i);
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

/* A nest that copies: a value, zero, or a temporary -> where `store` says. */
static void copy_nest(struct planner *planner, struct plan_region *region, struct ir_shape shape, int row,
                      struct plan_store store)
{
    struct plan_nest *nest = ARENA_NEW(planner->arena, struct plan_nest);
    nest->kind = PLAN_MAP;
    nest->n_axes = shape.rank;
    nest->block = 1;
    store.rank = shape.rank;
    int next = 1;
    for (int axis = shape.rank - 1; axis >= 0; axis--)
        store.axis[axis] = axis == row ? 0 : next++;
    for (int axis = 0; axis < shape.rank; axis++)
        nest->size[store.axis[axis]] = shape.size[axis];
    plan_store_add(planner, nest, store);
    plan_append(planner, region, nest, NULL);
}

static int temporary_new(struct planner *planner, struct plan_region *region, struct ir_shape shape)
{
    struct plan_temporary *grown =
        ARENA_ARRAY(planner->arena, struct plan_temporary, (size_t)region->n_temporaries + 1);
    if (region->n_temporaries)
        memcpy(grown, region->temporaries, (size_t)region->n_temporaries * sizeof *grown);
    region->temporaries = grown;
    grown[region->n_temporaries].shape = shape;
    return region->n_temporaries++;
}

/* ---- outputs ----------------------------------------------------------------------------------------------------- */

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

static void write_output(struct planner *planner, struct plan_region *region, const struct ir_node *node, int which,
                         bool add)
{
    struct plan_store store = {.node = node, .from = -1, .target = PLAN_TO_OUTPUT, .which = which, .add = add};
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
        copy_nest(planner, region, node->shape, facts->row, store);
    }
}

/* An iteration's carries are replaced when all else is done; what is read straight from a carry goes through a temporary,
 * since another carry's copy may have replaced it by then. */
static void hand_on_carries(struct planner *planner, struct plan_region *region, const enum fate *fates)
{
    const struct ir_graph *graph = region->graph;
    int *temporary = ARENA_ARRAY(planner->arena, int, (size_t)graph->n_outputs + 1);
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *node = graph->outputs[o].value;
        temporary[o] = -1;
        if (fates[o] != FATE_CARRY || node == graph->inputs[o] || region->facts[node->id].nest >= 0)
            continue;
        temporary[o] = temporary_new(planner, region, node->shape);
        struct plan_store store = {.node = node, .from = -1, .target = PLAN_TO_TEMPORARY, .which = temporary[o]};
        copy_nest(planner, region, node->shape, region->facts[node->id].row, store);
    }
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *node = graph->outputs[o].value;
        if (fates[o] != FATE_CARRY || node == graph->inputs[o])
            continue;
        struct plan_store store = {.node = temporary[o] < 0 ? node : NULL, .from = temporary[o],
                                   .target = PLAN_TO_OUTPUT, .which = o};
        copy_nest(planner, region, node->shape, region->facts[node->id].row, store);
    }
}

static bool plan_outputs(struct planner *planner, struct plan_region *region, const enum fate *fates)
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

/* ---- loops ------------------------------------------------------------------------------------------------------- */

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
        if (needed[id] && !is_given(node) && !sum_of_totals)
            want(body, node);
    }
    enum fate *fates = ARENA_ARRAY(planner->arena, enum fate, (size_t)graph->n_outputs + 1);
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *value = graph->outputs[o].value;
        fates[o] = body_fate(steps, o, total[value->id]);
        bool uniform = body->wide && value->rate != IR_VARYING;
        if (uniform && fates[o] == FATE_CARRY && total[value->id])
            return fail(planner, body, value, "a loop carries a sum over the batch");
        bool narrow_result = body->wide && o >= steps->n_carry && uniform;
        if (narrow_result && fates[o] != FATE_TOTAL)
            return fail(planner, body, value, "a loop over samples gives a value that is the same for all");
    }
    return check_no_total_read(planner, body, total) && plan_region(planner, body) &&
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

static void find_reads(struct planner *planner, struct plan_region *region, struct plan_loop *loop)
{
    const struct ir_graph *graph = region->graph;
    for (int id = 0; id < graph->n_nodes; id++)
        if (graph->nodes[id]->op == IR_RESULT && graph->nodes[id]->args[0] == loop->node && region->facts[id].wanted)
            loop->results[graph->nodes[id]->result].read = graph->nodes[id];
    for (int r = 0; r < loop->n_results; r++) {
        struct plan_result *result = &loop->results[r];
        result->output = result->temporary = -1;
        if (result->read)
            region->facts[result->read->id].row = body_row(loop, r);
        else if (!plan_is_total_result(region, loop->node, r))
            result->temporary = temporary_new(planner, region, plan_result_shape(loop->node, r));
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
        struct plan_store store = {.node = carry ? loop->node->args[r] : NULL, .from = -1,
                                   .target = PLAN_TO_RESULT, .which = r, .loop = loop};
        copy_nest(planner, region, plan_result_shape(loop->node, r), body_row(loop, r), store);
    }
}

bool plan_loop_append(struct planner *planner, struct plan_region *region, const struct ir_node *steps, int *item)
{
    if (region->depth + 1 >= PLAN_MAX_DEPTH)
        return fail(planner, region, steps, "loops are nested too deeply");
    struct plan_loop *loop = ARENA_NEW(planner->arena, struct plan_loop);
    loop->node = steps;
    loop->depth = region->depth;
    loop->n_results = steps->steps->body->n_outputs;
    loop->results = ARENA_ARRAY(planner->arena, struct plan_result, (size_t)loop->n_results + 1);
    loop->body = region_new(planner, steps->steps->body, region->wide, region->depth + 1);
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

/* ---- the three parts --------------------------------------------------------------------------------------------- */

/* A fill that is read from memory somewhere is an array; any other is a number wherever it is used. */
static bool is_number(const struct ir_graph *graph, const struct ir_node *node)
{
    if (node->op != IR_EIN || node->n_args)
        return false;
    for (int id = node->id + 1; id < graph->n_nodes; id++)
        for (int i = 0; i < graph->nodes[id]->n_args; i++)
            if (graph->nodes[id]->args[i] == node && reads_memory(graph->nodes[id], i))
                return false;
    return true;
}

/* What an earlier part computes for a later one, or for an output, needs a place. */
static void force_crossings(struct plan_region *const *regions, const enum plan_part *part, const bool *needed)
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
            bool carry = x->op == IR_RESULT && x->rate != IR_VARYING && x->result < x->args[0]->steps->n_carry;
            if (carry && part[x->id] == PLAN_TILE && part[id] != PLAN_TILE)
                return fail(planner, regions[0], x, what);
        }
    for (int o = 0; o < graph->n_outputs; o++) {
        const struct ir_node *x = graph->outputs[o].value;
        if (part[x->id] == PLAN_TILE && x->rate != IR_VARYING && x->op == IR_RESULT &&
            x->result < x->args[0]->steps->n_carry)
            return fail(planner, regions[0], x, what);
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
        regions[p] = region_new(planner, graph, p == PLAN_TILE, 0);
        regions[p]->value = regions[0]->value;
    }
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        bool number = is_number(graph, node);
        part[id] = number || is_given(node) ? PLAN_GIVEN : plan_part_of(node, total);
        regions[0]->value[id].inlined = number;
        if (needed[id] && part[id] != PLAN_GIVEN)
            want(regions[part[id]], graph->nodes[id]);
    }
    force_crossings(regions, part, needed);
    if (!check_no_total_read(planner, regions[PLAN_TILE], total) ||
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

/* ---- outputs' and inputs' memory of a kernel ----------------------------------------------------------------------- */

static struct plan_value port_value(const struct plan *plan, enum plan_space space, int port,
                                    const struct ir_node *node)
{
    struct plan_value value = {.space = space, .port = port, .wide = node->rate == IR_VARYING};
    plan_strides(node->shape, node->shape.rank - 1, value.wide ? plan->schedule.lanes : 1, value.stride);
    return value;
}

/* Sums over the batch that go through more values of summed labels than these do not share a nest: so many that operands of
 * some blocks of results are at hand at once. */
static long longest_joined(const struct schedule *schedule)
{
    enum { BLOCKS = 16 };
    return (long)schedule->pass * schedule->vector / schedule->lanes / BLOCKS;
}

struct plan *sched_plan(struct arena *arena, const struct ir_graph *graph, struct schedule schedule,
                        const char **fault)
{
    struct plan *plan = ARENA_NEW(arena, struct plan);
    struct planner planner = {.plan = plan, .arena = arena};
    *plan = (struct plan){.arena = arena, .schedule = schedule};
    plan->graph = sched_legalise(graph, longest_joined(&schedule));
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
    plan->scratch_elements = regions[PLAN_TILE]->frame_elements;
    plan->uniform_elements = regions[PLAN_BEFORE]->frame_elements + regions[PLAN_AFTER]->frame_elements;
    plan_settle(&planner, regions[PLAN_BEFORE], 0, outputs);
    plan_settle(&planner, regions[PLAN_TILE], 0, outputs);
    plan_settle(&planner, regions[PLAN_AFTER], regions[PLAN_BEFORE]->frame_elements, outputs);
    plan->before = regions[PLAN_BEFORE];
    plan->tile = regions[PLAN_TILE];
    plan->after = regions[PLAN_AFTER];
    return plan;
}
