/* SPDX-License-Identifier: MIT
 *
 * Sums over the batch: a thread's item is a block of results and some of the samples. Its sums are added to
 * memory at the nest's end or, where they stay in registers, when all tiles are done. */
#include "emit_cuda/emit_cuda_internal.h"

struct total {
    struct cuda_nest *ne;
    const struct nest_term *term;
    struct cuda_index a, b; /* first row and column of the block */
    struct cuda_index label[IR_MAX_LABELS];
    const char *first, **sums; /* first sample of the item; [block_a][block_b] */
    int samples;               /* of the item */
};

/* ---- products ------------------------------------------------------------------------------------------ */

static void set_label(struct total *t, int axis, struct cuda_index first, int i)
{
    if (axis >= 0)
        t->label[axis] = cuda_plus(first, i);
}

/* Product of the term's factors that have exactly these of the block's two labels; false: there are none. */
static bool product(const struct total *t, bool a, bool b, struct cuda_lanes *result)
{
    const struct nest *nest = t->ne->nest;
    bool any = false;
    for (int i = 0; i < t->term->n_factors; i++) {
        const struct nest_operand *factor = &nest->factors[t->term->factors + i];
        if (nest_factor_has(nest, factor, t->ne->how->axis_a) != a ||
            nest_factor_has(nest, factor, t->ne->how->axis_b) != b)
            continue;
        *result = cuda_product(t->ne, any ? result : NULL, cuda_operand(t->ne, factor, t->label));
        any = true;
    }
    return any;
}

/* What all products of the block have in common. */
static bool common(const struct total *t, struct cuda_lanes *result)
{
    const struct nest_term *term = t->term;
    struct cuda_lanes factors;
    bool any = product(t, false, false, &factors);
    if (term->coefficient == 1 && term->n_factors > 0) {
        if (any)
            *result = factors;
        return any;
    }
    const struct cuda_lanes number =
        cuda_all(cuda_number(t->ne->kernel->arena, term->coefficient, t->ne->kernel->real));
    *result = any ? cuda_product(t->ne, &number, factors) : number;
    return true;
}

static void add_product(const struct total *t, const char *sum, const struct cuda_lanes *a,
                        const struct cuda_lanes *b)
{
    struct cuda_kernel *k = t->ne->kernel;
    for (int v = 0; v < t->ne->samples; v++) {
        if (a && b)
            cuda_line(k, "%s = multiply_add(%s, %s, %s);", sum, a->of[v], b->of[v], sum);
        else
            cuda_line(k, "%s += %s;", sum, a ? a->of[v] : b->of[v]);
    }
}

/* The block's products at the samples at hand. */
static void accumulate(struct total *t)
{
    const struct sched_cuda_how *how = t->ne->how;
    struct cuda_lanes all, right[64], left, both;
    bool has_right = false;
    const bool has_common = common(t, &all);
    for (int j = 0; j < how->block_b; j++) {
        set_label(t, how->axis_b, t->b, j);
        has_right = product(t, false, true, &right[j]);
    }
    for (int i = 0; i < how->block_a; i++) {
        set_label(t, how->axis_a, t->a, i);
        bool has_left = product(t, true, false, &left);
        if (has_common) {
            left = has_left ? cuda_product(t->ne, &all, left) : all;
            has_left = true;
        }
        for (int j = 0; j < how->block_b; j++) {
            set_label(t, how->axis_b, t->b, j);
            const struct cuda_lanes *r = has_right ? &right[j] : NULL;
            if (product(t, true, true, &both)) {
                both = cuda_product(t->ne, r, both);
                r = &both;
            }
            add_product(t, t->sums[i * how->block_b + j], has_left ? &left : NULL, r);
        }
    }
}

static void over_samples(struct total *t)
{
    struct cuda_nest *ne = t->ne;
    struct cuda_known *before = cuda_known_begin(ne);
    const char *lane = cuda_name(ne->kernel, 'l');
    cuda_line(ne->kernel, "ROLLED");
    cuda_open(ne->kernel, "for (int %s = %s; %s < %s + %d; %s += %d)", lane, t->first, lane, t->first,
              t->samples, lane, ne->samples);
    ne->lane = lane;
    accumulate(t);
    cuda_close(ne->kernel);
    cuda_known_end(ne, before);
}

static void over_summed(struct total *t, int next)
{
    struct cuda_kernel *k = t->ne->kernel;
    if (next == t->term->n_labels) {
        over_samples(t);
        return;
    }
    const char *index = cuda_name(k, 's');
    cuda_line(k, "ROLLED");
    cuda_open(k, "for (int %s = 0; %s < %d; %s++)", index, index, t->term->size[next], index);
    t->label[next] = (struct cuda_index){index, 0};
    over_summed(t, next + 1);
    cuda_close(k);
}

/* ---- items --------------------------------------------------------------------------------------------- */

static int blocks_along(const struct nest *nest, int axis, int block)
{
    return axis < 0 ? 1 : nest->total_size[axis] / block;
}

static long items_of(const struct nest *nest, const struct sched_cuda_how *how)
{
    return nest_total_elements(nest) / how->block_a / how->block_b * how->split;
}

/* Where an item's block and samples begin. */
static void set_item(struct total *t, const char *item)
{
    struct cuda_kernel *k = t->ne->kernel;
    const struct nest *nest = t->ne->nest;
    const struct sched_cuda_how *how = t->ne->how;
    t->samples = k->schedule->lanes / how->split;
    t->b = cuda_item_part(k, &item, blocks_along(nest, how->axis_b, how->block_b), how->block_b);
    t->a = cuda_item_part(k, &item, blocks_along(nest, how->axis_a, how->block_a), how->block_a);
    for (int axis = nest->total_rank - 1; axis >= 0; axis--)
        if (axis != how->axis_a && axis != how->axis_b)
            t->label[axis] = cuda_item_part(k, &item, nest->total_size[axis], 1);
    const char *first = cuda_item_part(k, &item, how->split, t->samples).dynamic;
    t->first = first ? first : "0";
}

static void sum_item(struct total *t)
{
    for (int i = 0; i < t->ne->nest->n_terms; i++) {
        t->term = &t->ne->nest->terms[i];
        over_summed(t, t->ne->nest->total_rank);
    }
}

static void add_to_memory(struct total *t)
{
    const struct sched_cuda_how *how = t->ne->how;
    t->ne->samples = 1;
    for (int i = 0; i < how->block_a; i++)
        for (int j = 0; j < how->block_b; j++) {
            set_label(t, how->axis_a, t->a, i);
            set_label(t, how->axis_b, t->b, j);
            for (int s = 0; s < t->ne->nest->n_stores; s++)
                cuda_store(t->ne, &t->ne->nest->stores[s].to, t->label,
                           cuda_all(t->sums[i * how->block_b + j]), true);
        }
    t->ne->samples = how->samples;
}

/* ---- sums that stay ------------------------------------------------------------------------------------ */

static int rounds_of(const struct cuda_kernel *k, const struct nest *nest, const struct sched_cuda_how *how)
{
    const long threads = k->schedule->cuda.threads;
    return (int)((items_of(nest, how) + threads - 1) / threads);
}

/* An item's sums: the registers of a round. */
static void name_sums(struct total *t, const char *registers, int round)
{
    struct cuda_kernel *k = t->ne->kernel;
    const int n = t->ne->how->block_a * t->ne->how->block_b;
    t->sums = ARENA_ARRAY(k->arena, const char *, (size_t)n);
    for (int i = 0; i < n; i++)
        t->sums[i] = arena_printf(k->arena, "%s_%d_%d", registers, round, i);
}

static const char *round_open(struct cuda_kernel *k, const struct nest *nest,
                              const struct sched_cuda_how *how, int round)
{
    const long threads = k->schedule->cuda.threads, left = items_of(nest, how) - round * threads;
    const char *item = cuda_name(k, 'i');
    if (left >= threads)
        cuda_open(k, "%s", "");
    else
        cuda_open(k, "if (tid < %ld)", left);
    cuda_line(k, "const int %s = tid + %ld;", item, round * threads);
    return item;
}

void cuda_stay_declare(struct cuda_kernel *k, const struct cuda_stay *stay)
{
    const struct sched_cuda_how *how = stay->nest->how;
    for (int round = 0; round < rounds_of(k, stay->nest, how); round++)
        for (int i = 0; i < how->block_a * how->block_b; i++)
            cuda_line(k, "real %s_%d_%d = 0;", stay->name, round, i);
}

/* Threads that share a block add their sums one after another. */
static void flush_round(struct total *t, int round, int part)
{
    struct cuda_kernel *k = t->ne->kernel;
    const struct sched_cuda_how *how = t->ne->how;
    set_item(t, round_open(k, t->ne->nest, how, round));
    if (how->split > 1)
        cuda_open(k, "if (%s == %d)", t->first, part * t->samples);
    add_to_memory(t);
    if (how->split > 1)
        cuda_close(k);
    cuda_close(k);
}

void cuda_stay_flush(struct cuda_kernel *k, const struct cuda_stay *stay)
{
    struct cuda_nest ne;
    struct total t = {.ne = &ne};
    cuda_nest_open(&ne, k, stay->nest, stay->params);
    for (int part = 0; part < ne.how->split; part++) {
        for (int round = 0; round < rounds_of(k, stay->nest, ne.how); round++) {
            name_sums(&t, stay->name, round);
            flush_round(&t, round, part);
        }
        cuda_barrier(k);
    }
    cuda_nest_close(&ne);
}

/* ---- nests --------------------------------------------------------------------------------------------- */

static void total_in_registers(struct total *t, const char *registers)
{
    struct cuda_kernel *k = t->ne->kernel;
    for (int round = 0; round < rounds_of(k, t->ne->nest, t->ne->how); round++) {
        struct cuda_known *before = cuda_known_begin(t->ne);
        name_sums(t, registers, round);
        set_item(t, round_open(k, t->ne->nest, t->ne->how, round));
        sum_item(t);
        cuda_close(k);
        cuda_known_end(t->ne, before);
    }
}

static void total_in_memory(struct total *t)
{
    struct cuda_kernel *k = t->ne->kernel;
    const int n = t->ne->how->block_a * t->ne->how->block_b;
    set_item(t, cuda_items_open(k, items_of(t->ne->nest, t->ne->how)));
    t->sums = ARENA_ARRAY(k->arena, const char *, (size_t)n);
    for (int i = 0; i < n; i++) {
        t->sums[i] = cuda_name(k, 'a');
        cuda_line(k, "real %s = 0;", t->sums[i]);
    }
    sum_item(t);
    t->ne->lane = NULL;
    add_to_memory(t);
    cuda_close(k);
}

void cuda_total(struct cuda_nest *ne, const char *registers)
{
    struct total t = {.ne = ne};
    if (registers)
        total_in_registers(&t, registers);
    else
        total_in_memory(&t);
}
