/* SPDX-License-Identifier: MIT
 *
 * Where a nest's operands come from: what was last used N bytes ago is in the caches that hold more than N
 * bytes. Values that loops stack are written one iteration after another and read in the opposite order. */
#include "sched/sched_work.h"

struct reuse {
    const struct plan *plan;
    const struct plan_region *region;
    const struct machine *machine;
    enum real real;
    double clock;            /* bytes that were used so far in an iteration */
    double *last;            /* by node id: the clock at the last use; negative: none yet */
    double footprint;        /* the clock at an iteration's end */
    double stacks;           /* bytes between two uses of what loops stack, on the average */
    struct traffic *traffic; /* of the nest at hand */
    const struct plan_nest *nest;
};

/* How much of what was used `distance` bytes ago a cache of `room` bytes has lost: it holds neither all that
 * fits, nor nothing beyond that. */
static double lost(double distance, double room)
{
    const double share = (distance - 0.75 * room) / (0.75 * room);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* Of a stack the last `room` bytes are still there when it is read. */
static double lost_of_stack(double bytes, double room)
{
    return bytes <= room ? 0 : (bytes - room) / bytes;
}

static void move(struct reuse *r, double bytes, double distance, bool is_stacked)
{
    const struct machine *m = r->machine;
    double (*const share)(double, double) = is_stacked ? lost_of_stack : lost;
    r->traffic->from_l2 += bytes * share(distance, (double)m->l1_bytes);
    r->traffic->from_l3 += bytes * share(distance, (double)m->l2_bytes);
    r->traffic->from_memory += bytes * share(distance, (double)machine_l3_share(m));
    r->clock += bytes;
}

static bool is_stacked(const struct reuse *r, const struct plan_value *value)
{
    for (int depth = 0; depth < r->region->depth; depth++)
        if (value->step[depth] != 0 && value->wide)
            return true;
    return false;
}

static double bytes_of(const struct reuse *r, const struct plan_value *value, double elements)
{
    const bool is_memory = value->space != PLAN_NOWHERE && value->space != PLAN_CONST;
    return is_memory ? elements * (value->wide ? r->plan->schedule->lanes : 1) * r->real : 0;
}

static void use(struct reuse *r, const struct ir_node *node, const struct plan_value *value, double elements)
{
    const double bytes = bytes_of(r, value, elements);
    double *last = &r->last[node->id];
    if (bytes == 0)
        return;
    if (*last >= 0)
        move(r, bytes, r->clock - *last, false);
    else if (is_stacked(r, value))
        move(r, bytes, r->stacks, true);
    else
        move(r, bytes, r->footprint, false);
    *last = r->clock;
}

/* A value of the same nest comes from a register. */
static void use_base(void *data, const struct ir_node *base)
{
    struct reuse *r = data;
    for (int i = 0; i < r->nest->n_members; i++)
        if (r->nest->members[i].node == base)
            return;
    use(r, base, &r->region->value[base->id], (double)ir_elements(base->shape));
}

/* Written where it is no value's own place: a loop's result, an output. */
static void use_place(struct reuse *r, const struct plan_store *store, double elements)
{
    if (store->node && store->target == PLAN_TO_SELF) {
        use(r, store->node, &store->to, elements);
        return;
    }
    const double bytes = bytes_of(r, &store->to, elements);
    const bool stacked = is_stacked(r, &store->to);
    move(r, bytes, stacked ? r->stacks : r->footprint, stacked);
}

static double store_elements(const struct schedule *schedule, const struct plan_nest *nest,
                             const struct plan_store *store)
{
    double elements = nest->total ? (double)ir_elements(nest->total->shape) : 1;
    for (int axis = 0; axis < store->rank; axis++)
        elements *= nest->size[store->axis[axis]];
    if (nest->kind == PLAN_TOTAL && nest->partial) /* one vector each, however many lanes there are */
        elements *= (double)schedule->cpu.vector / schedule->lanes;
    return elements;
}

/* Rows of a total's block are read again for each pass of columns, and a pass's columns for each block of
 * rows where the first cache does not hold both. The second one does, as it has just been read. */
static void reread_operands(struct reuse *r, const struct plan_nest *nest)
{
    const struct schedule *schedule = r->plan->schedule;
    const struct sched_how *how = sched_how(nest);
    const struct ir_shape shape = nest->total->shape;
    const double rows = how->axis_a < 0 ? 1 : shape.size[how->axis_a];
    const double columns = how->axis_b < 0 ? 1 : shape.size[how->axis_b];
    const double pass = how->window_b * how->block_b < columns ? how->window_b * how->block_b : columns;
    double steps = 0; /* elements of a row, or of a column */
    for (int t = 0; t < nest->n_terms; t++) {
        double each = 1;
        for (int label = shape.rank; label < nest->terms[t].n_labels; label++)
            each *= nest->terms[t].size[label];
        steps += each;
    }
    const double bytes = steps * schedule->lanes * r->real,
                 outer = (double)ir_elements(shape) / (rows * columns);
    const bool fits = bytes * (pass + how->block_a) <= (double)r->machine->l1_bytes;
    if (bytes * (rows + columns) <= (double)r->machine->l1_bytes)
        return;
    r->traffic->from_l2 += outer * (columns / pass - 1) * rows * bytes;
    if (!fits)
        r->traffic->from_l2 += outer * (rows / how->block_a - 1) * columns * bytes;
}

static void use_nest(struct reuse *r, const struct plan_nest *nest)
{
    r->nest = nest;
    if (nest->total)
        reread_operands(r, nest);
    for (int i = 0; i < nest->n_members; i++)
        plan_visit_bases(r->region, nest->members[i].node, use_base, r);
    for (int i = 0; i < nest->n_sums; i++)
        plan_visit_bases(r->region, nest->sums[i].node, use_base, r);
    if (nest->kind == PLAN_TOTAL)
        plan_visit_bases(r->region, nest->total, use_base, r);
    if (nest->node) {
        plan_visit_bases(r->region, nest->node, use_base, r);
        use_base(r, nest->node);
    }
    for (int i = 0; i < nest->n_stores; i++) {
        const struct plan_store *store = &nest->stores[i];
        if (store->node && nest->n_members == 0 && !nest->total)
            plan_visit_bases(r->region, store->node, use_base, r);
        use_place(r, store, store_elements(r->plan->schedule, nest, store));
    }
}

/* ---- regions ------------------------------------------------------------------------------------------- */

static void forget(struct reuse *r)
{
    for (int id = 0; id < r->region->graph->n_nodes; id++)
        r->last[id] = -1;
    r->clock = 0;
}

static double footprint_of(const struct plan *plan, const struct plan_region *region,
                           const struct machine *machine, enum real real);

static void use_items(struct reuse *r, struct traffic *traffic)
{
    forget(r);
    for (int i = 0; i < r->region->n_items; i++) {
        const struct plan_item *item = &r->region->items[i];
        r->traffic = &traffic[i];
        *r->traffic = (struct traffic){0};
        if (item->nest)
            use_nest(r, item->nest);
        else
            r->clock += footprint_of(r->plan, item->loop->body, r->machine, r->real);
    }
}

/* Bytes of an iteration; values count once each. */
static double footprint_of(const struct plan *plan, const struct plan_region *region,
                           const struct machine *machine, enum real real)
{
    double bytes = 0;
    for (int id = 0; id < region->graph->n_nodes; id++) {
        const struct plan_value *value = &region->value[id];
        const bool is_memory = value->space != PLAN_NOWHERE && value->space != PLAN_CONST && !value->inlined;
        if (is_memory)
            bytes += (double)ir_elements(region->graph->nodes[id]->shape) *
                     (value->wide ? plan->schedule->lanes : 1) * real;
    }
    for (int i = 0; i < region->n_items; i++)
        if (region->items[i].loop)
            bytes += footprint_of(plan, region->items[i].loop->body, machine, real);
    const double most = (double)plan->scratch_elements * real;
    return region->depth == 0 && bytes > most ? most : bytes;
}

const struct traffic *traffic_of(const struct plan *plan, const struct plan_region *region,
                                 const struct machine *machine, enum real real)
{
    struct traffic *traffic = ARENA_ARRAY(plan->arena, struct traffic, (size_t)region->n_items + 1);
    struct reuse r = {.plan = plan, .region = region, .machine = machine, .real = real};
    r.last = ARENA_ARRAY(plan->arena, double, (size_t)region->graph->n_nodes + 1);
    r.footprint = footprint_of(plan, region, machine, real);
    r.stacks = (double)plan->scratch_elements * real;
    use_items(&r, traffic);
    return traffic;
}
