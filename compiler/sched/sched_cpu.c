/* SPDX-License-Identifier: MIT
 *
 * A CPU's answers to the planner's questions. */
#include "sched/sched_cpu.h"

#include "sched/sched_nest.h"

/* ---- how a nest is computed ---------------------------------------------------------------------------- */

const struct sched_how *sched_how(const struct plan_nest *nest)
{
    static const struct sched_how nothing_to_choose;
    return nest->how ? nest->how : &nothing_to_choose;
}

struct sched_how *sched_how_new(struct arena *arena, struct plan_nest *nest)
{
    nest->how = ARENA_NEW(arena, struct sched_how);
    nest->how_bytes = sizeof(struct sched_how);
    return nest->how;
}

/* ---- as text ------------------------------------------------------------------------------------------- */

static void schedule_text(const struct schedule *schedule, struct strbuf *out)
{
    strbuf_addf(out, ", vectors of %d, %d accumulators%s", schedule->cpu.vector, schedule->cpu.accumulators,
                schedule->cpu.tanh == SCHED_TANH_NEWTON ? ", no divisions in tanh" : "");
}

static void map_text(const struct sched_how *how, struct strbuf *out)
{
    strbuf_addf(out, ", rows in blocks of %d%s%s%s", how->block, how->unroll ? ", unrolled" : "",
                how->apart ? ", apart" : "", how->paired >= 0 ? ", in pairs" : "");
    if (how->piece)
        strbuf_addf(out, ", in pieces of %d, sums", how->piece);
}

static void total_text(const struct sched_how *how, struct strbuf *out)
{
    strbuf_addf(out, "%s, blocks of %d x %d%s", how->packed ? ", packed" : "", how->block_a, how->block_b,
                how->packed ? " vectors" : "");
    if (how->axis_a >= 0)
        strbuf_addf(out, " over axes %d and %d", how->axis_a, how->axis_b);
    else if (how->axis_b >= 0)
        strbuf_addf(out, " over axis %d", how->axis_b);
    if (how->packed)
        strbuf_add(out, ", operands");
    else
        strbuf_addf(out, ", operands of %d block%s kept in cache", how->window_b,
                    how->window_b == 1 ? "" : "s");
}

static void how_text(const struct plan_nest *nest, struct strbuf *out)
{
    const struct sched_how *how = sched_how(nest);
    if (nest->kind == PLAN_MAP)
        map_text(how, out);
    else if (nest->kind == PLAN_TOTAL)
        total_text(how, out);
    else if (nest->kind == PLAN_MATRIX)
        strbuf_addf(out, ", %d rows at once, factor", how->block);
}

/* ---- plans --------------------------------------------------------------------------------------------- */

/* So many that operands of some blocks of results are at hand at once. */
static long longest_joined(const struct schedule *schedule)
{
    enum { BLOCKS = 16 };
    return (long)schedule->cpu.window * schedule->cpu.vector / schedule->lanes / BLOCKS;
}

struct plan *sched_plan(struct arena *arena, const struct ir_graph *graph, struct schedule schedule,
                        const char **fault)
{
    struct schedule *kept = ARENA_NEW(arena, struct schedule);
    *kept = schedule;
    const struct plan_choices choices = {.schedule = kept,
                                         .lanes = schedule.lanes,
                                         .partial_lanes = schedule.cpu.vector,
                                         .aligned = 16,
                                         .columns_close = schedule.layout == SCHED_LAYOUT_ROWS,
                                         .sums_in_maps = true,
                                         .longest_joined = longest_joined(kept),
                                         .map = sched_map,
                                         .total = sched_total,
                                         .matrix = sched_matrix,
                                         .keeps_lanes = sched_keeps_lanes,
                                         .placed = sched_pairs,
                                         .schedule_text = schedule_text,
                                         .how_text = how_text};
    return plan_make(arena, graph, &choices, fault);
}
