/* SPDX-License-Identifier: MIT
 *
 * Schedules that were measured, in place of those that were chosen: from wisdom, or by tuning, which adds to
 * it. */
#include "drive/tuning.h"

#include "base/clock.h"
#include "drive/programs.h"
#include "drive/schedules.h"
#include "drive/tuning_parts.h"

#include <stdlib.h>

/* ---- candidates ---------------------------------------------------------------------------------------- */

struct tuning {
    struct compile *c;
    struct family *f;
};

/* Programs, plans and a backend's working data take much more memory than the code; only the code is kept. */
static const struct gpfc_kernel *compile_candidate(void *data, struct arena *arena,
                                                   const struct schedule *schedule, const char **fault)
{
    const struct tuning *tuning = data;
    const struct compile *c = tuning->c;
    struct owned *place;
    struct arena *work = arena_within(arena, &place);
    const struct plan *plan = programs_plan_train(c, work, tuning->f, schedule, fault);
    const struct gpfc_kernel *kernel =
        plan ? backend_load(work, arena, &c->front.target, c->front.real, plan, fault) : NULL;
    if (!kernel)
        *fault = arena_strdup(arena, *fault);
    arena_release(place);
    return kernel;
}

static void tell_progress(void *data, const struct tune_progress *progress)
{
    const struct tuning *tuning = data;
    const struct gpfc_options *options = tuning->c->options;
    const struct gpfc_tuning now = {.part = tuning->f->kind->name,
                                    .done = progress->done,
                                    .total = progress->total,
                                    .wrong = progress->wrong,
                                    .finished = progress->finished,
                                    .ratio = progress->ratio,
                                    .seconds_left = progress->seconds_left};
    if (options->tuning)
        options->tuning(options->data, &now);
}

struct priced {
    struct schedule schedule;
    double seconds;
    int place; /* before: what costs the same stays in order */
};

static int compare_prices(const void *a, const void *b)
{
    const struct priced *x = a, *y = b;
    return x->seconds != y->seconds ? (x->seconds > y->seconds) - (x->seconds < y->seconds)
                                    : x->place - y->place;
}

/* By what they cost, as far as the model knows, so that the time goes to the likely ones first. */
static void sort_candidates(struct compile *c, const struct family *f, int n, struct schedule *schedules)
{
    double *seconds = ARENA_ARRAY(c->arena, double, (size_t)n + 1);
    struct priced *sorted = ARENA_ARRAY(c->arena, struct priced, (size_t)n + 1);
    schedules_costs(c, f, n, schedules, seconds);
    for (int i = 0; i < n; i++)
        sorted[i] = (struct priced){schedules[i], seconds[i] < 0 ? 1e300 : seconds[i], i};
    qsort(sorted, (size_t)n, sizeof *sorted, compare_prices);
    for (int i = 0; i < n; i++)
        schedules[i] = sorted[i].schedule;
}

/* Candidates have the first variant of tanh but where they are there to try another: the one that the model
 * took and the first change places. */
static void exchange_tanh(const struct schedule *taken, struct schedule *candidate)
{
    if (candidate->cpu.tanh == taken->cpu.tanh)
        candidate->cpu.tanh = 0;
    else if (candidate->cpu.tanh == 0)
        candidate->cpu.tanh = taken->cpu.tanh;
}

/* The schedule that would be taken without tuning, and those that differ from it in what the spec leaves
 * open. */
static int list_candidates(struct compile *c, const struct family *f, struct schedule *out)
{
    static const enum sched_extent extents[] = {
        [GPFC_TUNE_NONE] = SCHED_FEW, [GPFC_TUNE_QUICK] = SCHED_QUICK, [GPFC_TUNE_FULL] = SCHED_FULL};
    struct schedule *space = ARENA_ARRAY(c->arena, struct schedule, SCHED_MOST);
    const int n_space =
        backend_planner(c->backend)
            ->space(&c->front.target, c->front.real, extents[c->options->tune], space, SCHED_MOST);
    int n = 0;
    out[n++] = f->schedule;
    for (int i = 0; i < n_space; i++) {
        exchange_tanh(&out[0], &space[i]);
        n = schedules_offer(c, space[i], n, out);
    }
    sort_candidates(c, f, n - 1, out + 1);
    return n;
}

/* ---- the search ---------------------------------------------------------------------------------------- */

static enum gpfc_status tune_family(struct compile *c, struct family *f, double seconds,
                                    struct wisdom_record *record)
{
    struct tuning tuning = {.c = c, .f = f};
    struct tune_result result;
    struct schedule *candidates = ARENA_ARRAY(c->arena, struct schedule, SCHED_MOST + 1);
    const char *fault = NULL;
    schedules_settle(c, f);
    *record = tuning_record(c, f);
    /* Passes round: what comes after them is the program's meaning. */
    const struct ir_graph *program = f->is_mixed ? programs_simple_train(c, c->arena, f, &f->schedule, &fault)
                                                 : programs_train(c, c->arena, f, &f->schedule);
    if (!program)
        return compile_fail(c, GPFC_FAILED, fault);
    const struct tune_task task = {
        .program = program,
        .real = c->front.real,
        .batch = (long)f->kind->batch(&c->front.spec),
        .n = list_candidates(c, f, candidates),
        .schedules = candidates,
        .seconds = seconds,
        .threads = processor_count(),
        .compile = compile_candidate,
        .progress = tell_progress,
        .data = &tuning,
    };
    if (!tune_search(c->arena, &task, &result, &fault))
        return compile_fail(c, GPFC_FAILED,
                            arena_printf(c->arena, "tuning the %s: %s", f->kind->name, fault));
    schedules_take(f, &result.candidates[result.winner].schedule);
    tuning_report(c, f, &result, task.n);
    tuning_fill_record(c, f, record);
    return GPFC_OK;
}

/* The families share the time; what one leaves is the next one's. */
static enum gpfc_status tune_all(struct compile *c)
{
    const double seconds[] = {[GPFC_TUNE_QUICK] = 20, [GPFC_TUNE_FULL] = 240};
    const double limit = c->options->tune_seconds > 0 ? c->options->tune_seconds : seconds[c->options->tune];
    const double end = wall_seconds() + limit;
    struct wisdom_record records[GPFC_FAMILIES];
    for (int i = 0; i < c->choices.n; i++) {
        const double left = end - wall_seconds(), share = left > 0 ? left / (c->choices.n - i) : 0;
        enum gpfc_status status = tune_family(c, &c->choices.family[i], share, &records[i]);
        if (status != GPFC_OK)
            return status;
    }
    tuning_keep_wisdom(c, c->choices.n, records);
    return GPFC_OK;
}

enum gpfc_status tuning_choose(struct compile *c)
{
    if (c->options->tune == GPFC_TUNE_NONE) {
        tuning_use_wisdom(c);
        return GPFC_OK;
    }
    if (!c->front.target.is_host)
        return compile_fail(c, GPFC_FAULTY,
                            arena_printf(c->arena,
                                         "cannot be tuned here: code for %s does not run on this "
                                         "machine",
                                         c->front.target.name));
    return tune_all(c);
}
