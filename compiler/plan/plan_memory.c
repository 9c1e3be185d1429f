/* SPDX-License-Identifier: MIT
 *
 * Where values are stored. First bottom up: the frame of each region, in which a slot is reused after its
 * value has been read for the last time. Then top down: every value's address, as the enclosing loops run. */
#include "plan/planner.h"

#include <assert.h>
#include <string.h>

static long round_up(long elements, long aligned)
{
    return (elements + aligned - 1) / aligned * aligned;
}

/* Axes from the one that runs fastest on: `column` (-1: none), the row, the others from the last on. */
static void order_axes(struct ir_shape shape, int row, int column, int axes[IR_MAX_RANK])
{
    int n = 0;
    if (column >= 0)
        axes[n++] = column;
    axes[n++] = row;
    for (int axis = shape.rank - 1; axis >= 0; axis--)
        if (axis != row && axis != column)
            axes[n++] = axis;
}

enum { APART = 16 /* elements, which a stride is made longer by at least */ };

/* Strides that are multiples of `crowd` (0: none) become longer. Gives the elements from the first to the
 * last. */
static long strides_apart(struct ir_shape shape, const int axes[IR_MAX_RANK], long unit, long crowd,
                          long stride[IR_MAX_RANK])
{
    long next = unit;
    memset(stride, 0, IR_MAX_RANK * sizeof *stride);
    for (int i = 0; i < shape.rank; i++) {
        if (i > 0 && crowd && next % crowd == 0)
            next += unit > APART ? unit : APART;
        stride[axes[i]] = next;
        next *= shape.size[axes[i]];
    }
    return next;
}

void plan_strides(struct ir_shape shape, int row, long unit, long stride[IR_MAX_RANK])
{
    int axes[IR_MAX_RANK];
    order_axes(shape, row, -1, axes);
    (void)strides_apart(shape, axes, unit, 0, stride);
}

/* Of a value so large that caches lose it, elements that go by as an axis is walked are not to fall into few
 * sets of a cache. */
static long frame_strides(struct ir_shape shape, int row, int column, long unit, long stride[IR_MAX_RANK])
{
    enum { LARGE = 4096, CROWD = 128 };
    int axes[IR_MAX_RANK];
    order_axes(shape, row, column, axes);
    return strides_apart(shape, axes, unit, ir_elements(shape) * unit < LARGE ? 0 : CROWD, stride);
}

static long frame_elements(struct ir_shape shape, int row, int column, long unit)
{
    long stride[IR_MAX_RANK];
    return frame_strides(shape, row, column, unit, stride);
}

/* Leading axes of a loop's stack, or of stacks in it: whoever reads them is in a loop again, and has one
 * slice. */
static int stack_axes(const struct ir_node *node)
{
    if (node->op != IR_RESULT)
        return 0;
    const struct ir_steps *steps = node->args[0]->steps;
    const int r = node->result - steps->n_carry;
    return r >= 0 && r < steps->n_stack ? 1 + stack_axes(steps->body->outputs[node->result].value) : 0;
}

/* The axis of a sample's value that is closer than its rows; -1: none is. */
static int close_column(const struct planner *planner, const struct plan_region *region,
                        const struct ir_node *node)
{
    if (!planner->choices->columns_close || !region->wide)
        return -1;
    const int row = region->facts[node->id].row;
    for (int axis = node->shape.rank - 1; axis >= stack_axes(node); axis--)
        if (axis != row)
            return axis;
    return -1;
}

/* The value's slice at this iteration of the loop at `depth`: its leading axis becomes a step. */
static struct plan_value slice_of(struct plan_value value, int rank, int depth)
{
    value.step[depth] = value.stride[0];
    for (int axis = 0; axis + 1 < rank; axis++)
        value.stride[axis] = value.stride[axis + 1];
    value.stride[rank - 1] = 0;
    return value;
}

/* ---- lives --------------------------------------------------------------------------------------------- */

struct reader {
    struct plan_region *region;
    int item;
};

static void mark_read(void *data, const struct ir_node *base)
{
    struct reader *reader = data;
    struct node_facts *facts = &reader->region->facts[base->id];
    if (!facts->wanted)
        return;
    facts->placed |= facts->nest != reader->item;
    if (facts->last < reader->item)
        facts->last = reader->item;
}

static void mark_node_read(struct reader *reader, const struct ir_node *node)
{
    if (reader->region->value[node->id].inlined)
        plan_visit_bases(reader->region, node, mark_read, reader);
    else
        mark_read(reader, node);
}

static void mark_nest_reads(struct reader *reader, const struct plan_nest *nest)
{
    for (int i = 0; i < nest->n_members; i++)
        plan_visit_bases(reader->region, nest->members[i].node, mark_read, reader);
    for (int i = 0; i < nest->n_sums; i++)
        plan_visit_bases(reader->region, nest->sums[i].node, mark_read, reader);
    for (int i = 0; i < nest->n_stores; i++)
        if (nest->stores[i].node && nest->kind == PLAN_MAP)
            mark_node_read(reader, nest->stores[i].node);
    if (nest->kind == PLAN_TOTAL)
        plan_visit_bases(reader->region, nest->total, mark_read, reader);
    if (nest->node)
        plan_visit_bases(reader->region, nest->node, mark_read, reader);
}

static void find_lives(struct plan_region *region)
{
    for (int id = 0; id < region->graph->n_nodes; id++)
        region->facts[id].last = region->facts[id].nest;
    for (int item = 0; item < region->n_items; item++) {
        struct reader reader = {region, item};
        const struct plan_loop *loop = region->items[item].loop;
        if (region->items[item].nest)
            mark_nest_reads(&reader, region->items[item].nest);
        for (int i = loop ? loop->node->steps->n_carry : 0; loop && i < loop->node->n_args; i++)
            mark_read(&reader, loop->node->args[i]);
    }
    for (int id = 0; id < region->graph->n_nodes; id++) {
        struct node_facts *facts = &region->facts[id];
        enum ir_op op = region->graph->nodes[id]->op;
        if (!facts->wanted || facts->nest < 0)
            continue;
        facts->first = facts->nest;
        if (op == IR_RESULT)
            facts->first = region->items[facts->nest].loop->prologue;
        const struct plan_nest *nest = region->items[facts->nest].nest;
        facts->placed |= facts->forced || op == IR_RESULT || (nest && nest->node);
    }
}

/* Of a value without an axis of its own for rows: the last. */
static long temporary_elements(struct ir_shape shape, long unit)
{
    return frame_elements(shape, shape.rank - 1, -1, unit);
}

/* ---- what nests have to themselves --------------------------------------------------------------------- */

bool plan_has_work(const struct plan_nest *nest)
{
    return nest->kind == PLAN_LANES || nest->work_shape.rank > 0;
}

/* ---- frames -------------------------------------------------------------------------------------------- */

struct block {
    long start, end;
    int last; /* item that reads it last */
};

struct frame {
    const struct plan_region *region;
    int aligned;
    int n_blocks;
    struct block *blocks; /* by start */
    long size;
};

static enum plan_frame frame_of(const struct planner *planner, const struct plan_region *region,
                                bool is_stack)
{
    return is_stack && region->wide && planner->choices->stacks_apart ? PLAN_STACKS : PLAN_VALUES;
}

static enum plan_frame frame_of_node(const struct planner *planner, const struct plan_region *region,
                                     const struct ir_node *node)
{
    return frame_of(planner, region, stack_axes(node) > 0);
}

static void drop_dead(struct frame *frame, int item)
{
    int kept = 0;
    for (int i = 0; i < frame->n_blocks; i++)
        if (frame->blocks[i].last >= item)
            frame->blocks[kept++] = frame->blocks[i];
    frame->n_blocks = kept;
}

/* First fit. Uniform memory is not used twice: other parts of the kernel read it later. */
static long frame_place(struct frame *frame, long size, int last)
{
    long start = 0;
    int at = 0;
    size = round_up(size, frame->aligned);
    for (; at < frame->n_blocks && start + size > frame->blocks[at].start; at++)
        start = frame->blocks[at].end;
    memmove(&frame->blocks[at + 1], &frame->blocks[at],
            (size_t)(frame->n_blocks - at) * sizeof *frame->blocks);
    frame->blocks[at] = (struct block){start, start + size, frame->region->wide ? last : INT32_MAX};
    frame->n_blocks++;
    if (frame->size < start + size)
        frame->size = start + size;
    return start;
}

static bool lies_in_frame(const struct plan_region *region, const struct ir_node *node)
{
    const struct node_facts *facts = &region->facts[node->id];
    if (!facts->wanted || !facts->placed || facts->output >= 0 || region->value[node->id].inlined)
        return false;
    if (node->op == IR_RESULT)
        return !plan_is_total_result(region, node->args[0], node->result);
    return node->op != IR_STEPS && node->op != IR_BSUM;
}

static void place_sums(struct planner *planner, struct plan_region *region)
{
    for (int id = 0; id < region->graph->n_nodes; id++) {
        const struct ir_node *node = region->graph->nodes[id];
        bool total = node->op == IR_BSUM ||
                     (node->op == IR_RESULT && plan_is_total_result(region, node->args[0], node->result));
        if (region->facts[id].wanted && region->wide && region->depth == 0 && total) {
            region->facts[id].offset = planner->plan->sum_elements;
            planner->plan->sum_elements += round_up(ir_elements(node->shape), planner->choices->aligned);
        }
    }
}

/* From where it is cleared to where its lanes are added up. */
static void place_partial(const struct planner *planner, struct frame *frame, const struct plan_nest *nest)
{
    const long elements = ir_elements(nest->partial->shape) * planner->choices->partial_lanes;
    if (nest->n_stores == 0)
        nest->partial->place.offset = frame_place(frame, elements, nest->partial->end);
}

static long own_elements(const struct planner *planner, const struct plan_region *region,
                         const struct ir_node *node)
{
    const long unit = region->wide ? planner->choices->lanes : 1;
    return frame_elements(node->shape, region->facts[node->id].row, close_column(planner, region, node),
                          unit);
}

static void size_nodes(struct planner *planner, struct plan_region *region, struct frame *frames, int item)
{
    for (int id = 0; id < region->graph->n_nodes; id++) {
        const struct ir_node *node = region->graph->nodes[id];
        struct node_facts *facts = &region->facts[id];
        if (lies_in_frame(region, node) && facts->first == item)
            facts->offset = frame_place(&frames[frame_of_node(planner, region, node)],
                                        own_elements(planner, region, node), facts->last);
    }
}

static void size_loop(struct planner *planner, struct plan_loop *loop, struct frame *frames, int item)
{
    plan_size(planner, loop->body);
    for (int f = 0; f < PLAN_FRAMES; f++)
        loop->frame[f] = frame_place(&frames[f], loop->body->frame_elements[f], item);
}

static void size_temporaries(const struct planner *planner, struct plan_region *region, struct frame *frames)
{
    const long unit = region->wide ? planner->choices->lanes : 1;
    for (int t = 0; t < region->n_temporaries; t++) {
        struct plan_temporary *temporary = &region->temporaries[t];
        temporary->value.offset = frame_place(&frames[frame_of(planner, region, temporary->is_stack)],
                                              temporary_elements(temporary->shape, unit), INT32_MAX);
    }
}

void plan_size(struct planner *planner, struct plan_region *region)
{
    const long unit = region->wide ? planner->choices->lanes : 1;
    const size_t most = (size_t)(region->graph->n_nodes + region->n_items + region->n_temporaries + 1);
    struct frame frames[PLAN_FRAMES];
    for (int f = 0; f < PLAN_FRAMES; f++)
        frames[f] = (struct frame){.region = region,
                                   .aligned = planner->choices->aligned,
                                   .blocks = ARENA_ARRAY(planner->arena, struct block, most)};
    find_lives(region);
    place_sums(planner, region);
    size_temporaries(planner, region, frames);
    for (int item = 0; item < region->n_items; item++) {
        for (int f = 0; f < PLAN_FRAMES; f++)
            drop_dead(&frames[f], item);
        size_nodes(planner, region, frames, item);
        struct plan_nest *nest = region->items[item].nest;
        if (nest && nest->kind == PLAN_LANES)
            place_partial(planner, &frames[PLAN_VALUES], nest);
        else if (nest && plan_has_work(nest))
            nest->work.offset =
                frame_place(&frames[PLAN_VALUES], temporary_elements(nest->work_shape, unit), item);
        if (region->items[item].loop)
            size_loop(planner, region->items[item].loop, frames, item);
    }
    for (int f = 0; f < PLAN_FRAMES; f++)
        region->frame_elements[f] = round_up(frames[f].size, planner->choices->aligned);
}

/* ---- addresses ----------------------------------------------------------------------------------------- */

static struct plan_value own_place(const struct planner *planner, const struct plan_region *region,
                                   enum plan_frame frame, struct ir_shape shape, int row, int column,
                                   long offset)
{
    static const enum plan_space space[PLAN_FRAMES] = {PLAN_SCRATCH, PLAN_STACK};
    struct plan_value value = {
        .space = region->wide ? space[frame] : PLAN_UNIFORM, .offset = offset, .wide = region->wide};
    (void)frame_strides(shape, row, column, region->wide ? planner->choices->lanes : 1, value.stride);
    return value;
}

/* Weights rounded to bfloat16, the last axis closest: those that are multiplied in pairs lie side by side. */
static struct plan_value bfloat_place(struct ir_shape shape, long offset)
{
    struct plan_value value = {.space = PLAN_UNIFORM, .offset = offset, .bfloat = true};
    plan_strides(shape, shape.rank - 1, 1, value.stride);
    return value;
}

static struct plan_value sums_place(struct ir_shape shape, long offset)
{
    struct plan_value value = {.space = PLAN_SUMS, .offset = offset};
    plan_strides(shape, shape.rank - 1, 1, value.stride);
    return value;
}

static struct plan_value constant_place(struct planner *planner, const struct ir_node *node)
{
    struct plan_value value = {.space = PLAN_CONST, .data = node->values, .origin = node};
    if (node->op == IR_EYE) {
        int n = node->shape.size[0];
        double *ones = ARENA_ARRAY(planner->arena, double, (size_t)n *(size_t)n);
        for (int i = 0; i < n; i++)
            ones[i * n + i] = 1;
        value.data = ones;
    }
    plan_strides(node->shape, node->shape.rank - 1, 1, value.stride);
    return value;
}

static void settle_node(struct planner *planner, struct plan_region *region, const struct ir_node *node,
                        const long base[PLAN_FRAMES], const struct plan_value *outputs)
{
    const enum plan_frame frame = frame_of_node(planner, region, node);
    const struct node_facts *facts = &region->facts[node->id];
    struct plan_value *value = &region->value[node->id];
    bool inlined = value->inlined;
    if (node->op == IR_CONST || node->op == IR_EYE)
        *value = constant_place(planner, node);
    if (!facts->wanted)
        return;
    bool total = node->op == IR_BSUM ||
                 (node->op == IR_RESULT && plan_is_total_result(region, node->args[0], node->result));
    if (total && region->wide && region->depth == 0)
        *value = sums_place(node->shape, facts->offset);
    else if (facts->output >= 0)
        *value = outputs[facts->output];
    else if (lies_in_frame(region, node) && node->op == IR_BFLOAT && !region->wide)
        *value = bfloat_place(node->shape, base[frame] + facts->offset);
    else if (lies_in_frame(region, node))
        *value = own_place(planner, region, frame, node->shape, facts->row,
                           close_column(planner, region, node), base[frame] + facts->offset);
    else
        *value = (struct plan_value){.wide = region->wide};
    value->inlined = inlined;
}

static struct plan_value result_place(struct planner *planner, const struct plan_region *region,
                                      const struct plan_loop *loop, int r, const struct plan_value *outputs)
{
    const struct plan_result *result = &loop->results[r];
    bool total = plan_is_total_result(region, loop->node, r);
    if (total && region->depth > 0 && result->output >= 0)
        return outputs[result->output];
    if (result->read && !(total && region->depth > 0))
        return region->value[result->read->id];
    if (!total)
        return region->temporaries[result->temporary].value;
    /* a total that nobody reads still needs a place */
    struct ir_shape shape = plan_result_shape(loop->node, r);
    struct plan_value place = sums_place(shape, planner->plan->sum_elements);
    planner->plan->sum_elements += round_up(ir_elements(shape), planner->choices->aligned);
    return place;
}

static void settle_partial(const struct planner *planner, struct plan_partial *partial, long base)
{
    partial->place =
        (struct plan_value){.space = PLAN_SCRATCH, .offset = base + partial->place.offset, .wide = true};
    plan_strides(partial->shape, partial->shape.rank - 1, planner->choices->partial_lanes,
                 partial->place.stride);
}

static void settle_loop(struct planner *planner, struct plan_region *region, struct plan_loop *loop,
                        const long base[PLAN_FRAMES], const struct plan_value *outputs)
{
    const struct ir_steps *steps = loop->node->steps;
    struct plan_region *body = loop->body;
    struct plan_value *body_outputs =
        ARENA_ARRAY(planner->arena, struct plan_value, (size_t)loop->n_results + 1);
    for (int r = 0; r < loop->n_results; r++) {
        struct plan_value place = result_place(planner, region, loop, r, outputs);
        bool stack = r >= steps->n_carry && r < steps->n_carry + steps->n_stack;
        loop->results[r].place = place;
        body_outputs[r] = stack ? slice_of(place, plan_result_shape(loop->node, r).rank, loop->depth) : place;
        if (loop->results[r].partial)
            body_outputs[r] = loop->results[r].partial->place;
    }
    for (int i = 0; i < body->graph->n_inputs; i++) {
        const struct ir_node *operand = loop->node->args[i];
        struct plan_value value = region->value[operand->id];
        if (i < steps->n_carry)
            value = loop->results[i].place;
        else if (i < steps->n_carry + steps->n_sequence)
            value = slice_of(value, operand->shape.rank, loop->depth);
        body->value[body->graph->inputs[i]->id] = value;
    }
    long within[PLAN_FRAMES];
    for (int f = 0; f < PLAN_FRAMES; f++)
        within[f] = base[f] + loop->frame[f];
    plan_settle(planner, body, within, body_outputs);
}

static void settle_stores(struct plan_region *region, struct plan_nest *nest,
                          const struct plan_value *outputs)
{
    for (int i = 0; i < nest->n_stores; i++) {
        struct plan_store *store = &nest->stores[i];
        switch (store->target) {
        case PLAN_TO_SELF:
            store->to = region->value[store->node->id];
            break;
        case PLAN_TO_OUTPUT:
            store->to = outputs[store->which];
            break;
        case PLAN_TO_RESULT:
            store->to = store->loop->results[store->which].place;
            break;
        case PLAN_TO_TEMPORARY:
            store->to = region->temporaries[store->which].value;
            break;
        }
    }
}

static void store_own_values(struct planner *planner, struct plan_region *region, struct plan_nest *nest)
{
    for (int i = 0; i < nest->n_members; i++) {
        const struct plan_member *member = &nest->members[i];
        struct plan_store store = {
            .node = member->node, .from = -1, .target = PLAN_TO_SELF, .rank = member->node->shape.rank};
        memcpy(store.axis, member->axis, sizeof store.axis);
        if (region->value[member->node->id].space != PLAN_NOWHERE)
            plan_store_add(planner, nest, store);
    }
    for (int i = 0; i < nest->n_sums; i++) {
        const struct plan_member *sum = &nest->sums[i];
        struct plan_store store = {.node = sum->node,
                                   .from = -1,
                                   .target = PLAN_TO_SELF,
                                   .add = true,
                                   .rank = sum->node->shape.rank};
        memcpy(store.axis, sum->axis, sizeof store.axis);
        plan_store_add(planner, nest, store);
    }
    if (nest->kind == PLAN_TOTAL && region->depth == 0)
        plan_store_add(
            planner, nest,
            (struct plan_store){.node = nest->total, .from = -1, .target = PLAN_TO_SELF, .add = true});
}

static void settle_temporaries(const struct planner *planner, struct plan_region *region,
                               const long base[PLAN_FRAMES])
{
    for (int t = 0; t < region->n_temporaries; t++) {
        struct plan_temporary *temporary = &region->temporaries[t];
        const enum plan_frame frame = frame_of(planner, region, temporary->is_stack);
        temporary->value = own_place(planner, region, frame, temporary->shape, temporary->shape.rank - 1, -1,
                                     base[frame] + temporary->value.offset);
    }
}

void plan_settle(struct planner *planner, struct plan_region *region, const long base[PLAN_FRAMES],
                 const struct plan_value *outputs)
{
    for (int id = 0; id < region->graph->n_nodes; id++)
        settle_node(planner, region, region->graph->nodes[id], base, outputs);
    settle_temporaries(planner, region, base);
    for (int item = 0; item < region->n_items; item++) {
        const struct plan_nest *nest = region->items[item].nest;
        if (nest && nest->kind == PLAN_LANES && nest->n_stores == 0)
            settle_partial(planner, nest->partial, base[PLAN_VALUES]);
        if (region->items[item].loop)
            settle_loop(planner, region, region->items[item].loop, base, outputs);
    }
    for (int item = 0; item < region->n_items; item++) {
        struct plan_nest *nest = region->items[item].nest;
        if (!nest)
            continue;
        const struct ir_shape work = nest->work_shape;
        if (nest->kind == PLAN_LANES)
            nest->work = nest->partial->place;
        else if (plan_has_work(nest))
            nest->work = own_place(planner, region, PLAN_VALUES, work, work.rank - 1, -1,
                                   base[PLAN_VALUES] + nest->work.offset);
        store_own_values(planner, region, nest);
        settle_stores(region, nest, outputs);
    }
    planner->choices->placed(planner->choices->schedule, region);
}
