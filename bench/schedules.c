/* SPDX-License-Identifier: MIT
 *
 * Candidates of one program: planned, priced, compiled, timed against each other. */
#include "schedules.h"

#include "pass/pass.h"
#include "sched/sched_cost.h"
#include "tune/tune_case.h"
#include "tune/tune_time.h"

#include <string.h>

enum { ROUNDS = TUNE_MOST_ROUNDS, MOST_KEEPS = 16 };

struct program { /* of one way to keep values */
    int keep;
    const struct ir_graph *graph; /* after the passes */
    uint64_t hash;
};

struct work {
    struct comparison *comparison;
    enum real real;
    int n_programs;
    struct program programs[MOST_KEEPS];
};

static const struct target *target_of(const struct work *work)
{
    return &work->comparison->subject->front->target;
}

const struct ir_graph *schedules_program(struct arena *arena, const struct subject *subject, int keep)
{
    return subject->kind->train(arena, &subject->front->model, (enum diff_keep)keep);
}

/* ---- programs ------------------------------------------------------------------------------------------ */

static uint64_t hash_of(struct arena *arena, const struct ir_graph *graph)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    ir_print(graph, &text);
    return hash_bytes(strbuf_text(&text), text.length, 0);
}

/* NULL: the passes failed. */
static const struct program *program_for(struct work *work, int keep, const char **fault)
{
    struct arena *arena = work->comparison->arena;
    for (int i = 0; i < work->n_programs; i++)
        if (work->programs[i].keep == keep)
            return &work->programs[i];
    if (work->n_programs == MOST_KEEPS) {
        *fault = "too many ways to keep values";
        return NULL;
    }
    const struct ir_graph *built = schedules_program(arena, work->comparison->subject, keep);
    const struct ir_graph *graph = pass_run(built, false, fault, NULL, NULL);
    if (!graph)
        return NULL;
    work->programs[work->n_programs] = (struct program){keep, graph, hash_of(arena, graph)};
    return &work->programs[work->n_programs++];
}

/* Another way to keep values that comes to the same program. */
static bool is_repeated(const struct work *work, int n, const struct schedule *schedule,
                        const struct program *program)
{
    for (int i = 0; i < n; i++) {
        struct schedule other = work->comparison->entries[i].schedule;
        for (int k = 0; k < work->n_programs; k++)
            if (work->programs[k].keep == other.keep && work->programs[k].hash == program->hash) {
                other.keep = schedule->keep;
                if (sched_equal(&other, schedule))
                    return true;
            }
    }
    return false;
}

/* ---- candidates ---------------------------------------------------------------------------------------- */

static struct contender *contender_for(struct work *work, const struct tune_case *tuned, struct entry *entry,
                                       const struct program *program, const char **fault)
{
    struct arena *arena = work->comparison->arena;
    const int lanes = entry->schedule.lanes, tiles = (SCHEDULES_BATCH + lanes - 1) / lanes;
    const struct plan *plan =
        backend_in_process()->planner->plan(arena, program->graph, entry->schedule, fault);
    const struct gpfc_kernel *kernel =
        plan ? backend_load(arena, arena, target_of(work), work->real, plan, fault) : NULL;
    if (!kernel)
        return NULL;
    entry->predicted = backend_in_process()->planner->cost(plan, target_of(work), work->real) * tiles;
    return contender_new(arena, tuned, kernel, lanes, work->real, SCHEDULES_BATCH);
}

static void measure(struct comparison *comparison, struct contender *const *contenders)
{
    for (int round = 0; round < ROUNDS; round++)
        contenders_round(contenders, comparison->n, round, NULL);
    for (int i = 0; i < comparison->n; i++) {
        comparison->entries[i].measured = contender_least(contenders[i]);
        if (comparison->entries[i].measured < comparison->entries[comparison->fastest].measured)
            comparison->fastest = i;
    }
}

/* Those of the space; or the first of it, and what was asked for. */
static int list(const struct work *work, const struct schedules_options *options, struct schedule *out,
                const char **fault)
{
    const struct comparison *comparison = work->comparison;
    const int n =
        backend_in_process()->planner->space(target_of(work), work->real, options->extent, out, SCHED_MOST);
    if (options->n_texts == 0)
        return n;
    for (int i = 0; i < options->n_texts; i++) {
        struct schedule *schedule = &out[i + 1], given = out[0];
        sched_fields fields;
        *schedule = out[0];
        if (!sched_parse(comparison->arena, options->texts[i], &given, &fields, fault))
            return 0;
        sched_fix(schedule, &given, fields);
        if (!backend_in_process()->planner->check(comparison->arena, schedule, target_of(work), work->real,
                                                  fault))
            return 0;
    }
    return 1 + options->n_texts;
}

bool schedules_compare(struct comparison *comparison, const struct schedules_options *options,
                       const char **fault)
{
    struct arena *arena = comparison->arena;
    struct work *work = ARENA_NEW(arena, struct work);
    *work = (struct work){.comparison = comparison, .real = comparison->subject->front->real};
    struct schedule *space = ARENA_ARRAY(arena, struct schedule, SCHED_MOST);
    const int n_space = list(work, options, space, fault);
    struct contender **contenders = ARENA_ARRAY(arena, struct contender *, SCHED_MOST);
    double *predicted = ARENA_ARRAY(arena, double, SCHED_MOST);
    const struct tune_case *tuned =
        tune_case_new(arena, schedules_program(arena, comparison->subject, SCHED_KEEP_STATE), fault);
    comparison->entries = ARENA_ARRAY(arena, struct entry, SCHED_MOST);
    for (int i = 0; tuned && i < n_space; i++) {
        const struct program *program = program_for(work, space[i].keep, fault);
        if (!program)
            return false;
        if (is_repeated(work, comparison->n, &space[i], program))
            continue;
        struct entry *entry = &comparison->entries[comparison->n];
        entry->schedule = space[i];
        contenders[comparison->n] = contender_for(work, tuned, entry, program, fault);
        if (!contenders[comparison->n])
            return false;
        predicted[comparison->n++] = entry->predicted;
    }
    if (!tuned || comparison->n == 0)
        return false;
    comparison->picked = sched_pick(comparison->n, predicted);
    measure(comparison, contenders);
    return true;
}
