/* SPDX-License-Identifier: MIT
 *
 * Which nests of some kernels have the same code: those that differ only in the memory they work on. Each is
 * written once, whichever kernel it belongs to, and they are distributed over modules that are compiled in
 * parallel. */
#include "emit_llvm/emitter.h"
#include "sched/sched_space.h"

#include <stdlib.h>
#include <string.h>

/* ---- how much code it is, about: by vector operations -------------------------------------------------- */

enum { WEIGHT_OF_FUNCTION = 60, WEIGHT_OF_CALL = 3 };

/* Elements whose code stands beside each other. */
static long elements_of(const struct nest *nest, const struct sched_how *how)
{
    long elements = 1;
    for (int axis = 0; axis < nest->n_axes && how->unroll; axis++)
        elements *= nest->size[axis];
    if (how->unroll || !nest->n_axes)
        return elements;
    return nest->size[0] < how->block ? nest->size[0] : how->block + nest->size[0] % how->block;
}

static long map_weight(const struct nest *nest, const struct sched_how *how, long operations)
{
    const long elements = elements_of(nest, how);
    long products = 0;
    if (nest->n_summed)
        products = elements * how->sum_unroll;
    for (int i = 0; i < nest->n_summed && how->unroll; i++)
        products *= nest->values[nest->members[0].value].label_size[nest->summed[i]];
    return 2 * products + (how->apart ? 1 : elements) * (operations + nest->n_stores);
}

static long total_weight(const struct schedule *schedule, const struct nest *nest,
                         const struct sched_how *how)
{
    const int a = how->axis_a < 0 ? 1 : nest->total_size[how->axis_a];
    int b = how->axis_b < 0 ? 1 : nest->total_size[how->axis_b];
    if (how->packed)
        b = sched_packed_columns(schedule, b);
    const long rows = a < how->block_a ? a : how->block_a + a % how->block_a;
    const long columns = b < how->block_b ? b : how->block_b + b % how->block_b;
    return rows * columns * (4 + 2 * nest->n_terms);
}

static long weight_of(const struct schedule *schedule, const struct nest *nest)
{
    const int vectors = nest->wide ? sched_group(schedule) : 1;
    long operations = 0;
    for (int i = 0; i < nest->n_values; i++)
        operations += nest->values[i].op != NEST_NONE;
    long weight = operations * 10;
    if (nest->kind == PLAN_MAP)
        weight = map_weight(nest, nest->how, operations);
    if (nest->kind == PLAN_TOTAL)
        weight = total_weight(schedule, nest, nest->how);
    return WEIGHT_OF_FUNCTION + weight * vectors;
}

/* ---- the list ------------------------------------------------------------------------------------------ */

struct listing {
    struct arena *arena;
    struct emit_nests *nests;
    const struct bundle_kernel *kernel; /* at hand */
    int n_of_kernel;
    int room_uses, room_distinct;
    uint64_t *hash; /* by distinct nest */
    struct strbuf *key;
};

/* Room for one more in each of the arrays, for which there is a copy of what they held. */
static void *grown(struct arena *arena, const void *old, int n, int room, size_t bytes_each)
{
    void *array = arena_array(arena, (size_t)room, bytes_each);
    if (n)
        memcpy(array, old, (size_t)n * bytes_each);
    return array;
}

static void make_room(struct listing *l)
{
    struct emit_nests *nests = l->nests;
    if (nests->n_uses == l->room_uses) {
        l->room_uses = 2 * l->room_uses + 64;
        nests->uses = grown(l->arena, nests->uses, nests->n_uses, l->room_uses, sizeof *nests->uses);
    }
    if (nests->n_distinct == l->room_distinct) {
        const int n = nests->n_distinct, room = l->room_distinct = 2 * l->room_distinct + 64;
        nests->distinct = grown(l->arena, nests->distinct, n, room, sizeof *nests->distinct);
        l->hash = grown(l->arena, l->hash, n, room, sizeof *l->hash);
        l->key = grown(l->arena, l->key, n, room, sizeof *l->key);
    }
}

static const char *name_of(struct listing *l, const struct plan_nest *nest)
{
    const struct ir_node *first = nest->total ? nest->total : nest->node;
    const char *what = nest->kind == PLAN_TOTAL ? "total" : nest->n_summed ? "contract" : "map";
    if (nest->kind == PLAN_LANES)
        what = nest->n_stores ? "lanes" : "zero";
    if (nest->n_members)
        first = nest->members[0].node;
    if (nest->node)
        what = ir_op_name(nest->node->op);
    struct strbuf name;
    strbuf_init(&name, l->arena);
    strbuf_addf(&name, "%s_%d_%s", l->kernel->name, l->n_of_kernel, first ? what : "copy");
    for (int axis = 0; first && axis < first->shape.rank; axis++)
        strbuf_addf(&name, "%c%d", axis ? 'x' : '_', first->shape.size[axis]);
    return strbuf_text(&name);
}

/* The schedule as well: vectors, lanes and functions are its. */
static struct strbuf key_of(struct listing *l, const struct nest *nest)
{
    struct strbuf key;
    strbuf_init(&key, l->arena);
    sched_text(l->kernel->plan->schedule, &key);
    nest_key(nest, &key);
    return key;
}

static int find(struct listing *l, const struct strbuf *key, uint64_t hash)
{
    for (int i = 0; i < l->nests->n_distinct; i++)
        if (l->hash[i] == hash && l->key[i].length == key->length &&
            memcmp(l->key[i].text, key->text, key->length) == 0)
            return i;
    return -1;
}

static int find_or_add(struct listing *l, const struct plan_nest *from, const struct nest *nest)
{
    struct emit_nests *nests = l->nests;
    const struct schedule *schedule = l->kernel->plan->schedule;
    const struct strbuf key = key_of(l, nest);
    const uint64_t hash = hash_bytes(key.text, key.length, 0);
    int which = find(l, &key, hash);
    if (which >= 0)
        return which;
    which = nests->n_distinct++;
    nests->distinct[which] = (struct distinct_nest){
        .schedule = schedule, .nest = nest, .name = name_of(l, from), .weight = weight_of(schedule, nest)};
    l->hash[which] = hash;
    l->key[which] = key;
    return which;
}

static void add_nest(struct listing *l, const struct plan_region *region, const struct plan_nest *from)
{
    make_room(l);
    struct nest_use *use = &l->nests->uses[l->nests->n_uses++];
    *use = (struct nest_use){.region = region, .from = from, .schedule = l->kernel->plan->schedule};
    use->nest = nest_new(l->arena, region, from, &use->params);
    use->which = find_or_add(l, from, use->nest);
    l->n_of_kernel++;
}

static void add_region(struct listing *l, const struct plan_region *region)
{
    for (int i = 0; i < region->n_items; i++) {
        if (region->items[i].loop)
            add_region(l, region->items[i].loop->body);
        else
            add_nest(l, region, region->items[i].nest);
    }
}

/* ---- parts --------------------------------------------------------------------------------------------- */

static int heavier_first(const void *a, const void *b)
{
    const struct distinct_nest *const *x = a, *const *y = b;
    if ((*x)->weight != (*y)->weight)
        return (*x)->weight < (*y)->weight ? 1 : -1;
    return *x < *y ? -1 : 1;
}

/* The largest one left goes to the part with the smallest load; the first part has the kernels' own
 * functions. */
static void deal_out(struct arena *arena, struct emit_nests *nests)
{
    long *load = ARENA_ARRAY(arena, long, (size_t)nests->n_parts);
    struct distinct_nest **order = ARENA_ARRAY(arena, struct distinct_nest *, (size_t)nests->n_distinct + 1);
    load[0] = (long)WEIGHT_OF_CALL * nests->n_uses;
    for (int i = 0; i < nests->n_distinct; i++)
        order[i] = &nests->distinct[i];
    if (nests->n_distinct)
        qsort(order, (size_t)nests->n_distinct, sizeof *order, heavier_first);
    for (int i = 0; i < nests->n_distinct; i++) {
        int least = 0;
        for (int part = 1; part < nests->n_parts; part++)
            if (load[part] < load[least])
                least = part;
        order[i]->part = least;
        load[least] += order[i]->weight;
    }
}

const struct emit_nests *emit_nests_new(struct arena *arena, int n_kernels,
                                        const struct bundle_kernel *kernels, int n_parts)
{
    struct emit_nests *nests = ARENA_NEW(arena, struct emit_nests);
    *nests = (struct emit_nests){.n_parts = n_parts};
    struct listing l = {.arena = arena, .nests = nests};
    for (int k = 0; k < n_kernels; k++) {
        l.kernel = &kernels[k];
        l.n_of_kernel = 0;
        add_region(&l, kernels[k].plan->before);
        add_region(&l, kernels[k].plan->tile);
        add_region(&l, kernels[k].plan->after);
    }
    deal_out(arena, nests);
    return nests;
}
