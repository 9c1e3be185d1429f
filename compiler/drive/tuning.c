/* SPDX-License-Identifier: MIT
 *
 * Schedules that were measured, in place of those that were chosen: from wisdom, or by tuning, which adds to
 * it. */
#include "drive/tuning.h"

#include "base/clock.h"
#include "model/base_model.h"

#include <stdlib.h>

const char *const tuning_half[COMPILE_HALVES] = {[COMPILE_OF_FLOW] = "flow", [COMPILE_OF_BASE] = "base"};

const char *tuning_text(struct arena *arena, const struct schedule *schedule)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    sched_text(schedule, &text);
    return strbuf_text(&text);
}

void tuning_warn(struct compile *c, const char *text)
{
    diag_warning(&c->diag, (struct place){.line = 0}, "%s", text);
}

void tuning_take(struct compile *c, enum compile_half half, const struct schedule *schedule)
{
    c->schedule[half] = *schedule;
    c->settled[half] = c->measured[half] = true;
}

/* ---- candidates ---------------------------------------------------------------------------------------- */

struct tuning {
    struct compile *c;
    enum compile_half half;
};

/* Programs, plans and what a backend works with take much more memory than the code, which alone stays. */
static const struct gpfc_kernel *compile_candidate(void *data, struct arena *arena,
                                                   const struct schedule *schedule, const char **fault)
{
    const struct tuning *tuning = data;
    const struct compile *c = tuning->c;
    struct owned *place;
    struct arena *work = arena_within(arena, &place);
    const struct plan *plan = programs_plan_train(c, work, tuning->half, schedule, fault);
    const struct gpfc_kernel *kernel =
        plan ? backend_load(work, arena, &c->target, c->is_double, plan, fault) : NULL;
    if (!kernel)
        *fault = arena_strdup(arena, *fault);
    arena_release(place);
    return kernel;
}

static void tell_progress(void *data, const struct tune_progress *progress)
{
    const struct tuning *tuning = data;
    const struct gpfc_options *options = tuning->c->options;
    const struct gpfc_tuning now = {.part = tuning_half[tuning->half],
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
static void sort_candidates(struct compile *c, enum compile_half half, int n, struct schedule *schedules)
{
    double *seconds = ARENA_ARRAY(c->arena, double, (size_t)n + 1);
    struct priced *sorted = ARENA_ARRAY(c->arena, struct priced, (size_t)n + 1);
    schedules_costs(c, half, n, schedules, seconds);
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
static int list_candidates(struct compile *c, enum compile_half half, struct schedule *out)
{
    static const enum sched_extent extents[] = {
        [GPFC_TUNE_NONE] = SCHED_FEW, [GPFC_TUNE_QUICK] = SCHED_QUICK, [GPFC_TUNE_FULL] = SCHED_FULL};
    struct schedule *space = ARENA_ARRAY(c->arena, struct schedule, SCHED_MOST);
    const char *fault = NULL;
    const int size = c->is_double ? 8 : 4;
    int n_space = sched_space(&c->target.machine, size, extents[c->options->tune], space, SCHED_MOST), n = 0;
    out[n++] = c->schedule[half];
    for (int i = 0; i < n_space; i++) {
        exchange_tanh(&out[0], &space[i]);
        sched_fix(&space[i], &c->fixed, c->given);
        bool known = !sched_check(c->arena, &space[i], &c->target.machine, size, &fault);
        for (int k = 0; k < n; k++)
            known = known || sched_equal(&out[k], &space[i]);
        if (!known)
            out[n++] = space[i];
    }
    sort_candidates(c, half, n - 1, out + 1);
    return n;
}

/* ---- the search ---------------------------------------------------------------------------------------- */

static enum gpfc_status tune_half(struct compile *c, enum compile_half half, double seconds,
                                  struct wisdom_record *record)
{
    struct tuning tuning = {.c = c, .half = half};
    struct tune_result result;
    struct schedule *candidates = ARENA_ARRAY(c->arena, struct schedule, SCHED_MOST + 1);
    const char *fault = NULL;
    schedules_settle(c, half);
    *record = tuning_record(c, half);
    /* Passes round: what comes after them is the program's meaning. */
    const bool mixed = c->is_mixed && half == COMPILE_OF_FLOW;
    const struct ir_graph *program =
        mixed ? programs_simple_train(c, c->arena, half, &c->schedule[half], &fault)
              : programs_train(c, c->arena, half, &c->schedule[half]);
    if (!program)
        return compile_fail(c, GPFC_FAILED, fault);
    const struct tune_task task = {
        .program = program,
        .is_double = c->is_double,
        .batch = half == COMPILE_OF_FLOW ? (long)c->spec.train_batch.value : (long)c->spec.base_batch.value,
        .n = list_candidates(c, half, candidates),
        .schedules = candidates,
        .seconds = seconds,
        .threads = processor_count(),
        .compile = compile_candidate,
        .progress = tell_progress,
        .data = &tuning,
    };
    if (!tune_search(c->arena, &task, &result, &fault))
        return compile_fail(c, GPFC_FAILED,
                            arena_printf(c->arena, "tuning the %s: %s", tuning_half[half], fault));
    tuning_take(c, half, &result.candidates[result.winner].schedule);
    tuning_report(c, half, &result, task.n);
    tuning_fill_record(c, half, record);
    return GPFC_OK;
}

/* The halves share the time; what one leaves is the next one's. */
static enum gpfc_status tune_all(struct compile *c, int halves)
{
    const double seconds[] = {[GPFC_TUNE_QUICK] = 20, [GPFC_TUNE_FULL] = 240};
    const double limit = c->options->tune_seconds > 0 ? c->options->tune_seconds : seconds[c->options->tune];
    const double end = wall_seconds() + limit;
    struct wisdom_record records[COMPILE_HALVES];
    for (int half = 0; half < halves; half++) {
        const double left = end - wall_seconds();
        enum gpfc_status status = tune_half(c, half, left > 0 ? left / (halves - half) : 0, &records[half]);
        if (status != GPFC_OK)
            return status;
    }
    tuning_keep_wisdom(c, halves, records);
    return GPFC_OK;
}

enum gpfc_status tuning_choose(struct compile *c)
{
    const bool has_base = base_is_compiled(c->model.base) && c->options->emit != GPFC_EMIT_LIBRARY;
    const int halves = has_base ? COMPILE_HALVES : 1;
    if (c->options->tune == GPFC_TUNE_NONE) {
        tuning_use_wisdom(c, halves);
        return GPFC_OK;
    }
    if (!c->target.is_host)
        return compile_fail(c, GPFC_FAULTY,
                            arena_printf(c->arena,
                                         "cannot be tuned here: code for %s does not run on this "
                                         "machine",
                                         c->target.name));
    return tune_all(c, halves);
}
