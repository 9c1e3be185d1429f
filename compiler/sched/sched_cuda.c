/* SPDX-License-Identifier: MIT
 *
 * A GPU's answers to the planner's questions. */
#include "sched/sched_cuda.h"

#include <stdlib.h>

enum { WARP = 32, SCHEDULERS = 4 /* of a multiprocessor: each issues one warp's instruction a cycle */ };

const struct sched_cuda_how *sched_cuda_how(const void *how)
{
    static const struct sched_cuda_how one = {.samples = 1,
                                              .rows = 1,
                                              .columns = 1,
                                              .axis_a = -1,
                                              .axis_b = -1,
                                              .block_a = 1,
                                              .block_b = 1,
                                              .split = 1};
    return how ? how : &one;
}

static struct sched_cuda_how *how_new(struct arena *arena, struct plan_nest *nest)
{
    struct sched_cuda_how *how = ARENA_NEW(arena, struct sched_cuda_how);
    *how = *sched_cuda_how(NULL);
    nest->how = how;
    nest->how_bytes = sizeof *how;
    return how;
}

static long at_most(long n, long most)
{
    return n < most ? n : most;
}

static long rounds(long items, long threads)
{
    return (items + threads - 1) / threads;
}

/* ---- maps ---------------------------------------------------------------------------------------------- */

static int size_of_axis(const struct plan_nest *nest, int axis)
{
    return axis < nest->n_axes ? nest->size[axis] : 1;
}

static long map_items(const struct schedule *schedule, const struct plan_nest *nest, bool wide,
                      const struct sched_cuda_how *how)
{
    long items = wide ? schedule->lanes / how->samples : 1;
    for (int axis = 0; axis < nest->n_axes; axis++)
        items *= nest->size[axis];
    return items / how->rows / how->columns;
}

static double summed_values(const struct plan_nest *nest)
{
    double values = 1;
    for (int i = 0; i < nest->n_summed; i++)
        values *= nest->members[0].node->ein.size[nest->summed[i]];
    return values;
}

/* Cycles: what the schedulers issue, or one warp's chain of multiply-adds where few warps are busy. Weights
 * are the same for all threads of a warp, values are not. */
static double map_cycles(const struct schedule *schedule, const struct plan_nest *nest,
                         const struct sched_cuda_how *how)
{
    enum { LATENCY = 4, LOAD = 30, VALUE = 3 /* operations of what follows a sum */ };
    const double samples = how->samples, block = how->rows * how->columns * samples;
    const long items = map_items(schedule, nest, true, how);
    const long warps = rounds(at_most(items, schedule->cuda.threads), WARP);
    const double loads = nest->n_summed ? how->columns + how->rows : 0;
    const double each =
        summed_values(nest) * (block + loads) + block * VALUE * (nest->n_members + nest->n_stores);
    const double busy = (double)(rounds(items, schedule->cuda.threads) * rounds(warps, SCHEDULERS)) * each;
    const double chain = nest->n_summed ? summed_values(nest) * (block / LATENCY + LOAD / 2) : LOAD;
    return busy > chain ? busy : chain;
}

/* What follows a sum takes registers too, less than one a value. */
enum { AT_HAND = 4 };

static bool map_fits(const struct schedule *schedule, const struct plan_nest *nest,
                     const struct sched_cuda_how *how)
{
    const int results = how->rows * how->columns * how->samples;
    return size_of_axis(nest, 0) % how->rows == 0 && size_of_axis(nest, 1) % how->columns == 0 &&
           (nest->n_summed || results == how->samples) &&
           results + results * nest->n_members / AT_HAND <= schedule->cuda.accumulators;
}

enum { MOST_SAMPLES = 4 /* 16 bytes of single precision */, MOST_ROWS = 16, MOST_COLUMNS = 12 };

static void map(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                struct plan_nest *nest)
{
    struct sched_cuda_how *how = how_new(arena, nest), tried = *how;
    double least = 0;
    if (!region->wide)
        return;
    for (tried.samples = 1; tried.samples <= at_most(MOST_SAMPLES, schedule->lanes); tried.samples *= 2)
        for (tried.rows = 1; tried.rows <= MOST_ROWS; tried.rows++)
            for (tried.columns = 1; tried.columns <= MOST_COLUMNS; tried.columns++) {
                if (!map_fits(schedule, nest, &tried))
                    continue;
                const double cycles = map_cycles(schedule, nest, &tried);
                if (least == 0 || cycles < least) {
                    least = cycles;
                    *how = tried;
                }
            }
}

/* ---- sums over the batch ------------------------------------------------------------------------------- */

static bool both_in_one(const struct plan_term *term, int a, int b)
{
    for (int i = 0; i < term->n_factors; i++)
        if (plan_factor_has(&term->factor[i], a) && plan_factor_has(&term->factor[i], b))
            return true;
    return false;
}

static bool is_outer(const struct plan_nest *nest, int a, int b)
{
    for (int t = 0; t < nest->n_terms; t++)
        if (both_in_one(&nest->terms[t], a, b))
            return false;
    return true;
}

/* The two longest axes of an outer product; else the longest axis. */
static void choose_axes(const struct plan_nest *nest, struct sched_cuda_how *how)
{
    const struct ir_shape shape = nest->total->shape;
    long most = 0;
    for (int a = 0; a < shape.rank; a++) {
        for (int b = a + 1; b < shape.rank; b++) {
            const long results = (long)shape.size[a] * shape.size[b];
            if (is_outer(nest, a, b) && results > most) {
                most = results;
                how->axis_a = a;
                how->axis_b = b;
            }
        }
        if (most == 0 && (how->axis_a < 0 || shape.size[a] > shape.size[how->axis_a]))
            how->axis_a = a;
    }
}

static int extent(const struct plan_nest *nest, int axis)
{
    return axis < 0 ? 1 : nest->total->shape.size[axis];
}

static long total_items(const struct plan_nest *nest, const struct sched_cuda_how *how)
{
    return ir_elements(nest->total->shape) / how->block_a / how->block_b * how->split;
}

/* Cycles of one value of the summed labels. */
static double total_cycles(const struct schedule *schedule, const struct plan_nest *nest,
                           const struct sched_cuda_how *how)
{
    const double products = how->block_a * how->block_b, loads = how->block_a + how->block_b;
    const double steps = (double)schedule->lanes / how->samples / how->split;
    return (double)rounds(total_items(nest, how), schedule->cuda.threads) * steps *
           (products * how->samples + 1.2 * loads + 2);
}

static bool total_fits(const struct schedule *schedule, const struct plan_nest *nest,
                       const struct sched_cuda_how *how)
{
    return extent(nest, how->axis_a) % how->block_a == 0 && extent(nest, how->axis_b) % how->block_b == 0 &&
           how->block_a * how->block_b <= schedule->cuda.accumulators &&
           how->samples * how->split <= schedule->lanes;
}

static bool choose_block(const struct schedule *schedule, const struct plan_nest *nest,
                         struct sched_cuda_how *how)
{
    struct sched_cuda_how tried = *how;
    double least = 0;
    tried.samples = (int)at_most(MOST_SAMPLES, schedule->lanes);
    for (tried.split = 1; tried.split * tried.samples <= schedule->lanes; tried.split *= 2)
        for (tried.block_a = 1; tried.block_a <= MOST_ROWS; tried.block_a++)
            for (tried.block_b = 1; tried.block_b <= MOST_ROWS; tried.block_b++) {
                if (!total_fits(schedule, nest, &tried))
                    continue;
                const double cycles = total_cycles(schedule, nest, &tried);
                if (least == 0 || cycles < least) {
                    least = cycles;
                    *how = tried;
                }
            }
    return least > 0;
}

static void total(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                  struct plan_nest *nest)
{
    struct sched_cuda_how *how = how_new(arena, nest);
    (void)region;
    choose_axes(nest, how);
    (void)choose_block(schedule, nest, how);
}

/* Registers of a thread that the sums take while they stay. */
static long registers_of(const struct schedule *schedule, const struct plan_nest *nest,
                         const struct sched_cuda_how *how)
{
    return rounds(total_items(nest, how), schedule->cuda.threads) * how->block_a * how->block_b;
}

static bool is_fixed(const struct plan_value *place)
{
    bool moves = place->space != PLAN_SUMS;
    for (int depth = 0; depth < PLAN_MAX_DEPTH; depth++)
        moves |= place->step[depth] != 0;
    return !moves;
}

static void placed(const struct schedule *schedule, struct plan_region *region)
{
    (void)schedule;
    (void)region;
}

static bool keeps_lanes(const struct schedule *schedule, const struct plan_nest *nest)
{
    (void)schedule;
    (void)nest;
    return false;
}

/* ---- which sums stay in registers ---------------------------------------------------------------------- */

struct stay {
    struct plan_nest *nest;
    long rounds; /* of the loops around it, in all */
    long registers;
};

struct stays {
    const struct schedule *schedule;
    int n;
    struct stay *list;
};

static void note_total(struct stays *stays, struct plan_nest *nest, long rounds_around)
{
    const long registers = registers_of(stays->schedule, nest, nest->how);
    if (nest->n_stores == 1 && is_fixed(&nest->stores[0].to) &&
        registers <= stays->schedule->cuda.accumulators)
        stays->list[stays->n++] = (struct stay){nest, rounds_around, registers};
    else
        ((struct sched_cuda_how *)nest->how)->split = 1; /* so that each result has one thread */
}

static void find_totals(struct stays *stays, const struct plan_region *region, long rounds_around)
{
    for (int i = 0; i < region->n_items; i++) {
        struct plan_nest *nest = region->items[i].nest;
        const struct plan_loop *loop = region->items[i].loop;
        if (loop)
            find_totals(stays, loop->body, rounds_around * loop->node->steps->count);
        else if (nest->kind == PLAN_TOTAL)
            note_total(stays, nest, rounds_around);
    }
}

static int order_of_stays(const void *a, const void *b)
{
    const struct stay *x = a, *y = b;
    if (x->rounds != y->rounds)
        return x->rounds < y->rounds ? 1 : -1;
    return (x->registers > y->registers) - (x->registers < y->registers);
}

/* Those that are added to most often, as many as there are registers for beside a nest's own. */
static void settle_totals(struct arena *arena, struct plan *plan)
{
    struct stays stays = {.schedule = plan->schedule,
                          .list = ARENA_ARRAY(arena, struct stay, (size_t)plan->n_nests + 1)};
    long left = plan->schedule->cuda.resident;
    find_totals(&stays, plan->tile, 1);
    qsort(stays.list, (size_t)stays.n, sizeof *stays.list, order_of_stays);
    for (int i = 0; i < stays.n; i++) {
        struct sched_cuda_how *how = stays.list[i].nest->how;
        how->stays = stays.list[i].registers <= left;
        if (how->stays)
            left -= stays.list[i].registers;
        else
            how->split = 1;
    }
}

/* ---- matrices ------------------------------------------------------------------------------------------ */

/* A thread takes a sample's matrix, whose factors need memory. */
static void matrix(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                   struct plan_nest *nest)
{
    (void)schedule;
    (void)region;
    (void)how_new(arena, nest);
    nest->work_shape = nest->node->args[0]->shape;
}

/* ---- as text ------------------------------------------------------------------------------------------- */

void sched_cuda_text(const struct schedule *schedule, struct strbuf *out)
{
    strbuf_addf(out, "lanes=%d", schedule->lanes);
    if (schedule->keep > SCHED_KEEP_ALL)
        strbuf_addf(out, " keep=%d", schedule->keep);
    else
        strbuf_addf(out, " keep=%s", schedule->keep == SCHED_KEEP_ALL ? "all" : "state");
#define SCHED_FIELD(field, least, greatest, words, help)                                                     \
    strbuf_addf(out, " " #field "=%d", schedule->cuda.field);
#include "sched/sched_cuda_fields.def"
}

static void schedule_text(const struct schedule *schedule, struct strbuf *out)
{
    strbuf_add(out, ", ");
    sched_cuda_text(schedule, out);
}

static void how_text(const struct plan_nest *nest, struct strbuf *out)
{
    const struct sched_cuda_how *how = sched_cuda_how(nest->how);
    if (nest->kind == PLAN_MAP)
        strbuf_addf(out, ", a thread %d x %d of %d samples", how->rows, how->columns, how->samples);
    else if (nest->kind == PLAN_TOTAL)
        strbuf_addf(out, ", a thread %d x %d%s, samples split by %d", how->block_a, how->block_b,
                    how->stays ? " in registers" : "", how->split);
}

/* ---- plans --------------------------------------------------------------------------------------------- */

struct schedule sched_cuda_first(enum real real)
{
    return (struct schedule){
        .lanes = real == REAL_8 ? 8 : 16,
        .keep = SCHED_KEEP_ALL,
        .cuda = {.threads = 256, .shared = 96, .leaves = 512, .accumulators = 32, .resident = 48}};
}

bool sched_cuda_is_near(const struct plan *plan, enum real real)
{
    return plan->scratch_elements * (long)real <= (long)plan->schedule->cuda.shared << 10;
}

static struct plan *plan_by(struct arena *arena, const struct ir_graph *graph, struct schedule schedule,
                            const char **fault)
{
    struct schedule *kept = ARENA_NEW(arena, struct schedule);
    *kept = schedule;
    const struct plan_choices choices = {.schedule = kept,
                                         .lanes = schedule.lanes,
                                         .partial_lanes = 1,
                                         .aligned = MOST_SAMPLES,
                                         .stacks_apart = true,
                                         .longest_joined = 1L << 40,
                                         .map = map,
                                         .total = total,
                                         .matrix = matrix,
                                         .keeps_lanes = keeps_lanes,
                                         .placed = placed,
                                         .schedule_text = schedule_text,
                                         .how_text = how_text};
    struct plan *plan = plan_make(arena, graph, &choices, fault);
    if (plan)
        settle_totals(arena, plan);
    return plan;
}

/* Fewer lanes until a tile fits; what does not fit with the fewest lies in global memory, where more lanes do
 * better. */
struct plan *sched_cuda_plan(struct arena *arena, const struct ir_graph *graph, struct schedule schedule,
                             enum real real, const char **fault)
{
    enum { FEWEST = 2 };
    struct plan *const first = plan_by(arena, graph, schedule, fault), *plan = first;
    while (plan && !sched_cuda_is_near(plan, real) && schedule.lanes > FEWEST) {
        schedule.lanes /= 2;
        plan = plan_by(arena, graph, schedule, fault);
    }
    return plan && sched_cuda_is_near(plan, real) ? plan : first;
}
