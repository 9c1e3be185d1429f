/* SPDX-License-Identifier: MIT
 *
 * Barriers: a nest waits for the threads of those before it where it reads what they wrote, or writes what
 * they read or wrote, since the last barrier. What iterations move in counts as all of its space. */
#include "emit_cuda/emit_cuda_internal.h"

#include <string.h>

static void note(struct cuda_kernel *k, struct cuda_accesses *all, struct cuda_access access)
{
    if (all->n == all->room) {
        all->room = all->room ? 2 * all->room : 32;
        struct cuda_access *grown = ARENA_ARRAY(k->arena, struct cuda_access, (size_t)all->room);
        if (all->n)
            memcpy(grown, all->list, (size_t)all->n * sizeof *grown);
        all->list = grown;
    }
    all->list[all->n++] = access;
}

static bool touches(const struct cuda_accesses *all, const struct cuda_access *access)
{
    for (int i = 0; i < all->n; i++) {
        const struct cuda_access *other = &all->list[i];
        if (other->space == access->space && other->port == access->port && other->first < access->end &&
            access->first < other->end)
            return true;
    }
    return false;
}

static struct cuda_access whole(const struct plan_value *value)
{
    return (struct cuda_access){value->space, value->port, 0, INT64_MAX};
}

static struct cuda_access access_of(const struct cuda_kernel *k, const struct plan_value *value,
                                    const struct nest_place *place, const int32_t *size)
{
    long end = value->offset + (place->wide ? k->schedule->lanes : 1);
    for (int depth = 0; depth < PLAN_MAX_DEPTH; depth++)
        if (value->step[depth])
            return whole(value);
    for (int axis = 0; axis < place->rank; axis++)
        end += place->stride[axis] * (size[axis] - 1);
    return (struct cuda_access){value->space, value->port, value->offset, end};
}

struct order { /* of one nest */
    struct cuda_kernel *k;
    const struct nest *nest;
    const struct plan_value *const *params;
    struct cuda_accesses reads, writes;
};

static void add(struct order *o, struct cuda_accesses *to, const struct nest_place *place,
                const int32_t *size)
{
    if (place->param == NEST_NONE)
        return;
    const struct plan_value *value = o->params[place->param];
    if (value->space != PLAN_IN && value->space != PLAN_CONST)
        note(o->k, to, access_of(o->k, value, place, size));
}

static void find_reads(struct order *o)
{
    for (int i = 0; i < o->nest->n_values; i++)
        add(o, &o->reads, &o->nest->values[i].place, o->nest->values[i].size);
}

/* Sizes of the stored value's axes. */
static void store_sizes(const struct nest *nest, const struct nest_store *store, int32_t size[IR_MAX_RANK])
{
    for (int axis = 0; axis < store->to.rank; axis++)
        size[axis] = nest->kind == PLAN_MAP    ? nest->size[store->axis[axis]]
                     : nest->node != NEST_NONE ? nest->values[nest->node].size[axis]
                                               : nest->total_size[axis];
}

static void find_writes(struct order *o)
{
    const struct nest *nest = o->nest;
    int32_t size[IR_MAX_RANK];
    for (int i = 0; i < nest->n_stores; i++) {
        store_sizes(nest, &nest->stores[i], size);
        add(o, &o->writes, &nest->stores[i].to, size);
        add(o, &o->reads, &nest->stores[i].from, size);
    }
    if (nest->work.param != NEST_NONE)
        add(o, &o->writes, &nest->work, nest_arg(nest, &nest->values[nest->node], 0)->size);
}

static bool clashes(const struct order *o)
{
    for (int i = 0; i < o->reads.n; i++)
        if (touches(&o->k->writes, &o->reads.list[i]))
            return true;
    for (int i = 0; i < o->writes.n; i++)
        if (touches(&o->k->writes, &o->writes.list[i]) || touches(&o->k->reads, &o->writes.list[i]))
            return true;
    return false;
}

void cuda_barrier(struct cuda_kernel *k)
{
    cuda_line(k, "BARRIER();");
    k->reads.n = k->writes.n = 0;
}

void cuda_barrier_after_any(struct cuda_kernel *k)
{
    if (k->reads.n || k->writes.n)
        cuda_barrier(k);
}

void cuda_order(struct cuda_kernel *k, const struct nest *nest, const struct plan_value *const *params,
                bool stays)
{
    struct order o = {.k = k, .nest = nest, .params = params};
    find_reads(&o);
    if (!stays)
        find_writes(&o);
    if (clashes(&o))
        cuda_barrier(k);
    for (int i = 0; i < o.reads.n; i++)
        note(k, &k->reads, o.reads.list[i]);
    for (int i = 0; i < o.writes.n; i++)
        note(k, &k->writes, o.writes.list[i]);
}

void cuda_order_write(struct cuda_kernel *k, const struct plan_value *value)
{
    const struct cuda_access access = whole(value);
    if (touches(&k->reads, &access) || touches(&k->writes, &access))
        cuda_barrier(k);
    note(k, &k->writes, access);
}
