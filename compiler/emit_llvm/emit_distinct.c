/* SPDX-License-Identifier: MIT
 *
 * Which nests of some kernels come to the same code: those that differ in nothing but the memory they work
 * on. Each is written once, whichever kernel it is of, and they are dealt out to modules that are compiled
 * beside each other.
 *
 * Two nests are the same if the words are that say all of them that the files which write nests look at: what
 * those begin to look at belongs here too. */
#include "emit_llvm/emitter.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(void *) != 8 || (sizeof(struct plan_store) == 184 && sizeof(struct plan_value) == 120 &&
                                       sizeof(struct ir_ein) == 88 && sizeof(struct ir_select) == 48),
               "a field that is new here and decides code is to be among the words");

/* ---- a nest in words ----------------------------------------------------------------------------------- */

struct words {
    struct strbuf bytes;
    const struct plan_region *region;
    const struct nest_params *params;
    int *number; /* by node id: how many were spoken of before it; -1: not spoken of yet */
    int n_nodes;
    long operations;
};

static void put(struct words *words, long value)
{
    const int64_t word = value;
    strbuf_addn(&words->bytes, (const char *)&word, sizeof word);
}

static void put_number(struct words *words, double value)
{
    strbuf_addn(&words->bytes, (const char *)&value, sizeof value);
}

static void put_shape(struct words *words, struct ir_shape shape)
{
    put(words, shape.rank);
    for (int axis = 0; axis < shape.rank; axis++)
        put(words, shape.size[axis]);
}

/* Where it lies is a parameter of the function. */
static void put_layout(struct words *words, const struct plan_value *value, int rank)
{
    put(words, value->wide);
    put(words, value->half);
    for (int axis = 0; axis < rank; axis++)
        put(words, value->stride[axis]);
}

static void put_value(struct words *words, const struct ir_node *node);

static void put_ein(struct words *words, const struct ir_node *node)
{
    put_number(words, node->ein.coefficient);
    put(words, node->ein.n_labels);
    for (int label = 0; label < node->ein.n_labels; label++)
        put(words, node->ein.size[label]);
    for (int i = 0; i < node->n_args; i++)
        for (int axis = 0; axis < node->args[i]->shape.rank; axis++)
            put(words, node->ein.labels[i][axis]);
}

static void put_select(struct words *words, const struct ir_select *select)
{
    put(words, select->axis);
    put(words, select->n_lead);
    for (int i = 0; i < select->n_lead; i++)
        put(words, select->lead[i]);
    put(words, select->n_entries);
    for (int i = 0; i < select->n_entries; i++) {
        put(words, select->entries[i].row);
        put(words, select->entries[i].column);
        put_number(words, select->entries[i].value);
    }
}

static void put_operation(struct words *words, const struct ir_node *node)
{
    words->operations++;
    put(words, node->op);
    put(words, node->n_args);
    if (node->op == IR_EIN)
        put_ein(words, node);
    if (node->op == IR_SELECT)
        put_select(words, &node->select);
    if (node->op == IR_CLAMP || node->op == IR_INSIDE) {
        put_number(words, node->range[0]);
        put_number(words, node->range[1]);
    }
    for (int i = 0; i < node->n_args; i++)
        put_value(words, node->args[i]);
}

/* False: nothing but its number is left to be said. */
static bool put_name(struct words *words, const struct ir_node *node)
{
    const bool is_new = words->number[node->id] < 0;
    if (is_new)
        words->number[node->id] = words->n_nodes++;
    put(words, words->number[node->id]);
    if (!is_new)
        return false;
    const struct plan_value *value = &words->region->value[node->id];
    const int base = words->params->base_of[node->id];
    put_shape(words, node->shape);
    put(words, value->inlined);
    put(words, base);
    put_layout(words, value, base >= 0 ? node->shape.rank : 0);
    return true;
}

static void put_value(struct words *words, const struct ir_node *node)
{
    if (put_name(words, node) && words->region->value[node->id].inlined)
        put_operation(words, node);
}

/* What the nest computes itself. */
static void put_computed(struct words *words, const struct ir_node *node)
{
    (void)put_name(words, node);
    put_operation(words, node);
}

static void put_members(struct words *words, int n, const struct plan_member *members)
{
    put(words, n);
    for (int i = 0; i < n; i++) {
        const struct ir_node *node = members[i].node;
        const int labels = node->op == IR_EIN ? node->ein.n_labels : node->shape.rank;
        put_computed(words, node);
        for (int label = 0; label < labels; label++)
            put(words, members[i].axis[label]);
    }
}

static void put_stores(struct words *words, const struct plan_nest *nest)
{
    put(words, nest->n_stores);
    for (int i = 0; i < nest->n_stores; i++) {
        const struct plan_store *store = &nest->stores[i];
        put(words, store->node != NULL);
        put(words, store->from >= 0);
        put(words, store->add);
        put(words, store->rank);
        for (int axis = 0; axis < store->rank; axis++)
            put(words, store->axis[axis]);
        put_layout(words, &store->to, nest->kind == PLAN_TOTAL ? nest->total->shape.rank : store->rank);
        if (store->node && nest->kind == PLAN_MAP)
            put_value(words, store->node);
        if (store->from >= 0)
            put_layout(words, &words->region->temporaries[store->from].value, store->rank);
    }
}

static void put_terms(struct words *words, const struct plan_nest *nest)
{
    put(words, nest->partial != NULL);
    put_shape(words, nest->total->shape);
    put(words, nest->n_terms);
    for (int t = 0; t < nest->n_terms; t++) {
        const struct plan_term *term = &nest->terms[t];
        put_number(words, term->coefficient);
        put(words, term->n_labels);
        for (int label = 0; label < term->n_labels; label++)
            put(words, term->size[label]);
        put(words, term->n_factors);
        put(words, term->how);
        for (int i = 0; i < term->n_factors; i++) {
            put_value(words, term->factor[i].node);
            for (int axis = 0; axis < term->factor[i].node->shape.rank; axis++)
                put(words, term->factor[i].labels[axis]);
        }
    }
}

static void put_loops(struct words *words, const struct plan_nest *nest)
{
    put(words, nest->n_axes);
    for (int axis = 0; axis < nest->n_axes; axis++)
        put(words, nest->size[axis]);
    put(words, nest->n_summed);
    for (int i = 0; i < nest->n_summed; i++)
        put(words, nest->summed[i]);
}

static void put_schedule(struct words *words, const struct schedule *schedule)
{
#define SCHED_FIELD(field, least, greatest, names, help) put(words, schedule->field);
#include "sched/sched_fields.def"
}

static void put_nest(struct words *words, const struct plan *plan, const struct plan_nest *nest)
{
    put_schedule(words, plan->schedule);
    put(words, words->region->wide);
    put(words, words->params->n);
    put(words, nest->kind);
    put_loops(words, nest);
    strbuf_addn(&words->bytes, nest->how, nest->how_bytes);
    put_members(words, nest->n_members, nest->members);
    put_members(words, nest->n_sums, nest->sums);
    put_stores(words, nest);
    if (nest->kind == PLAN_TOTAL)
        put_terms(words, nest);
    if (nest->kind == PLAN_LANES)
        put_shape(words, nest->total->shape);
    if (nest->node) {
        put_computed(words, nest->node);
        put_layout(words, &words->region->value[nest->node->id], nest->node->shape.rank);
    }
    if (plan_has_work(nest))
        put_layout(words, &nest->work, 2);
}

/* ---- how much code it is, about: by vector operations -------------------------------------------------- */

enum { WEIGHT_OF_FUNCTION = 60, WEIGHT_OF_CALL = 3 };

/* Elements whose code stands beside each other. */
static long elements_of(const struct plan_nest *nest)
{
    const struct sched_how *how = sched_how(nest);
    long elements = 1;
    for (int axis = 0; axis < nest->n_axes && how->unroll; axis++)
        elements *= nest->size[axis];
    if (how->unroll || !nest->n_axes)
        return elements;
    return nest->size[0] < how->block ? nest->size[0] : how->block + nest->size[0] % how->block;
}

static long map_weight(const struct plan_nest *nest, long operations)
{
    const struct sched_how *how = sched_how(nest);
    const long elements = elements_of(nest);
    long products = 0;
    if (nest->n_summed)
        products = elements * how->sum_unroll;
    for (int i = 0; i < nest->n_summed && how->unroll; i++)
        products *= nest->members[0].node->ein.size[nest->summed[i]];
    return 2 * products + (how->apart ? 1 : elements) * (operations + nest->n_stores);
}

static long total_weight(const struct schedule *schedule, const struct plan_nest *nest)
{
    const struct sched_how *how = sched_how(nest);
    const int a = how->axis_a < 0 ? 1 : nest->total->shape.size[how->axis_a];
    const int b = how->packed       ? sched_packed_columns(schedule, nest)
                  : how->axis_b < 0 ? 1
                                    : nest->total->shape.size[how->axis_b];
    const long rows = a < how->block_a ? a : how->block_a + a % how->block_a;
    const long columns = b < how->block_b ? b : how->block_b + b % how->block_b;
    return rows * columns * (4 + 2 * nest->n_terms);
}

static long weight_of(const struct plan *plan, const struct plan_region *region, const struct plan_nest *nest,
                      long operations)
{
    const int vectors = region->wide ? sched_group(plan->schedule) : 1;
    long weight = operations * 10;
    if (nest->kind == PLAN_MAP)
        weight = map_weight(nest, operations);
    if (nest->kind == PLAN_TOTAL)
        weight = total_weight(plan->schedule, nest);
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
    const char **text;
    size_t *length;
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
        l->text = grown(l->arena, l->text, n, room, sizeof *l->text);
        l->length = grown(l->arena, l->length, n, room, sizeof *l->length);
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

static struct words words_of(struct listing *l, const struct plan_region *region,
                             const struct plan_nest *nest, const struct nest_params *params)
{
    const size_t n_nodes = (size_t)region->graph->n_nodes + 1;
    struct words words = {.region = region, .params = params, .number = ARENA_ARRAY(l->arena, int, n_nodes)};
    memset(words.number, -1, n_nodes * sizeof(int));
    strbuf_init(&words.bytes, l->arena);
    put_nest(&words, l->kernel->plan, nest);
    return words;
}

static int find(struct listing *l, const struct words *words, uint64_t hash)
{
    for (int i = 0; i < l->nests->n_distinct; i++)
        if (l->hash[i] == hash && l->length[i] == words->bytes.length &&
            memcmp(l->text[i], words->bytes.text, words->bytes.length) == 0)
            return i;
    return -1;
}

static void add_nest(struct listing *l, const struct plan_region *region, const struct plan_nest *nest)
{
    make_room(l);
    struct emit_nests *nests = l->nests;
    const struct nest_params params = emit_nest_params(l->arena, region, nest);
    const struct words words = words_of(l, region, nest, &params);
    const uint64_t hash = hash_bytes(words.bytes.text, words.bytes.length, 0);
    int which = find(l, &words, hash);
    if (which < 0) {
        which = nests->n_distinct++;
        nests->distinct[which] =
            (struct distinct_nest){.plan = l->kernel->plan,
                                   .region = region,
                                   .nest = nest,
                                   .name = name_of(l, nest),
                                   .n_params = params.n,
                                   .weight = weight_of(l->kernel->plan, region, nest, words.operations)};
        l->hash[which] = hash;
        l->text[which] = words.bytes.text;
        l->length[which] = words.bytes.length;
    }
    nests->uses[nests->n_uses++] = (struct nest_use){.plan = l->kernel->plan,
                                                     .region = region,
                                                     .nest = nest,
                                                     .n_params = params.n,
                                                     .which = which,
                                                     .value = params.value};
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

/* The heaviest that is left goes to the part that has the least; the first part has the kernels' own
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
