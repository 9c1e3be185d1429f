/* SPDX-License-Identifier: MIT
 *
 * Schedules that were measured, in place of those that were chosen: from wisdom, or by tuning, which adds to
 * it. */
#include "compile.h"
#include "gpfc/cpu_name.h"
#include "model/base_model.h"
#include "tune/jit.h"
#include "tune/tune.h"
#include "tune/wisdom.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what a record holds for --------------------------------------------------------------------------- */

static const char *const half_words[] = {[COMPILE_OF_FLOW] = "flow", [COMPILE_OF_BASE] = "base"};

static const char *hash_text(struct arena *arena, const char *text)
{
    return arena_printf(arena, "%016llx", (unsigned long long)hash_bytes(text, strlen(text), 0));
}

static const char *program_hash(struct compile *c, enum compile_half half)
{
    const struct schedule plain = {.keep = SCHED_KEEP_STATE}; /* the same one, whatever was chosen */
    struct strbuf text;
    strbuf_init(&text, c->arena);
    ir_print(programs_train(c, c->arena, half, &plain), &text);
    return hash_text(c->arena, strbuf_text(&text));
}

static const char *schedule_text(struct arena *arena, const struct schedule *schedule)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    sched_text(schedule, &text);
    return strbuf_text(&text);
}

static const char *llvm_version(struct arena *arena)
{
    unsigned major, minor, patch;
    LLVMGetVersion(&major, &minor, &patch);
    return arena_printf(arena, "%u.%u.%u", major, minor, patch);
}

/* A machine that compiles for others knows nothing of them. */
static struct wisdom_record facts_of(struct compile *c, enum compile_half half)
{
    char *machine = arena_alloc(c->arena, GPFC_CPU_NAME);
    gpfc_cpu_name(machine);
    struct wisdom_record record = {
        .machine = machine,
        .cpu = c->cpu.name,
        .features = hash_text(c->arena, c->cpu.features),
        .program = program_hash(c, half),
        .precision = c->is_double ? "double" : "single",
        .fixed =
            c->given ? arena_printf(c->arena, "%x: %s", c->given, schedule_text(c->arena, &c->fixed)) : "",
        .llvm = llvm_version(c->arena),
        .gpfc = gpfc_version(),
        .name = c->model.name,
        .part = half_words[half],
    };
    wisdom_key(&record);
    return record;
}

/* ---- wisdom -------------------------------------------------------------------------------------------- */

static void warn(struct compile *c, const char *text)
{
    diag_warning(&c->diag, (struct place){.line = 0}, "%s", text);
}

static void take(struct compile *c, enum compile_half half, const struct schedule *schedule)
{
    c->schedule[half] = *schedule;
    c->settled[half] = c->measured[half] = true;
}

/* A record from elsewhere is a text that somebody wrote. */
static bool take_record(struct compile *c, enum compile_half half, const struct wisdom_record *record)
{
    struct schedule schedule = c->schedule[half];
    const char *fault = NULL;
    if (!sched_parse(c->arena, record->schedule, &schedule, NULL, &fault) ||
        !sched_check(c->arena, &schedule, &c->machine, c->is_double ? 8 : 4, &fault)) {
        warn(c, arena_printf(c->arena, "wisdom %s is not used: %s", record->key, fault));
        return false;
    }
    take(c, half, &schedule);
    struct gpfc_choice *choice = &c->report->choice[half];
    choice->source = GPFC_FROM_WISDOM;
    choice->default_seconds = 1e-9 * (double)record->default_ns;
    choice->seconds = 1e-9 * (double)record->tuned_ns;
    return true;
}

static bool read_wisdom(struct compile *c, struct wisdom *out)
{
    const char *path = wisdom_path(c->arena), *fault = NULL;
    if (!path)
        return false;
    if (!wisdom_read(c->arena, path, true, out, &fault)) {
        warn(c, arena_printf(c->arena, "no wisdom: %s", fault));
        return false;
    }
    if (out->broken > 0)
        warn(c, arena_printf(c->arena, "%s:%d: wisdom passed over, %s (%d record%s in all)", path,
                             out->broken_line, out->why, out->broken, out->broken == 1 ? "" : "s"));
    return true;
}

static void use_wisdom(struct compile *c, int halves)
{
    struct wisdom wisdom;
    if (c->options->no_wisdom || !c->cpu.is_host || !read_wisdom(c, &wisdom) || wisdom.n == 0)
        return;
    for (int half = 0; half < halves; half++) {
        const struct wisdom_record facts = facts_of(c, half), *found = wisdom_find(&wisdom, facts.key);
        if (found)
            (void)take_record(c, half, found);
    }
}

static void keep_wisdom(struct compile *c, int n, const struct wisdom_record *records)
{
    const char *path = wisdom_path(c->arena), *fault = "neither GPFC_WISDOM nor HOME is set";
    if (c->options->no_wisdom)
        return;
    if (!path || !wisdom_put(c->arena, path, n, records, &fault))
        warn(c, arena_printf(c->arena, "what was measured is not kept: %s", fault));
}

/* ---- candidates ---------------------------------------------------------------------------------------- */

struct tuning {
    struct compile *c;
    enum compile_half half;
};

static void free_arena(void *arena)
{
    arena_free(arena);
}

static const struct gpfc_kernel *compile_in(const struct tuning *tuning, struct arena *work,
                                            struct arena *arena, const struct schedule *schedule,
                                            const char **fault)
{
    const struct compile *c = tuning->c;
    struct emit_module module;
    struct compile_object object;
    const struct plan *plan = programs_plan_train(c, work, tuning->half, schedule, fault);
    if (!plan)
        return NULL;
    const struct emit_kernel kernel = {.name = plan->graph->name, .plan = plan};
    if (!emit_build(work, &c->cpu, c->is_double, 1, &kernel, NULL, NULL, &module, fault) ||
        !emit_optimize(work, &module, fault) ||
        !module_emit(work, module.module, module.machine, LLVMObjectFile, &object.bytes, &object.length,
                     fault))
        return NULL;
    return jit_kernel(arena, object.bytes, object.length, kernel.name, fault);
}

/* Programs, plans and LLVM's modules take much more memory than the code, which alone stays. */
static const struct gpfc_kernel *compile_candidate(void *data, struct arena *arena,
                                                   const struct schedule *schedule, const char **fault)
{
    jmp_buf no_memory;
    struct owned *place = arena_own(arena, free_arena);
    place->object = arena_new();
    if (!place->object || setjmp(no_memory))
        arena_fail(arena);
    arena_on_failure(place->object, &no_memory);
    const struct gpfc_kernel *kernel = compile_in(data, place->object, arena, schedule, fault);
    if (!kernel)
        *fault = arena_strdup(arena, *fault);
    arena_release(place);
    return kernel;
}

static void tell_progress(void *data, const struct tune_progress *progress)
{
    const struct tuning *tuning = data;
    const struct gpfc_options *options = tuning->c->options;
    const struct gpfc_tuning now = {.part = half_words[tuning->half],
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

/* The schedule that would be taken without tuning, and those that differ from it in what the spec leaves
 * open. */
static int list_candidates(struct compile *c, enum compile_half half, struct schedule *out)
{
    static const enum sched_extent extents[] = {
        [GPFC_TUNE_NONE] = SCHED_FEW, [GPFC_TUNE_QUICK] = SCHED_QUICK, [GPFC_TUNE_FULL] = SCHED_FULL};
    struct schedule *space = ARENA_ARRAY(c->arena, struct schedule, SCHED_MOST);
    const char *fault = NULL;
    const int size = c->is_double ? 8 : 4;
    int n_space = sched_space(&c->machine, size, extents[c->options->tune], space, SCHED_MOST), n = 0;
    out[n++] = c->schedule[half];
    for (int i = 0; i < n_space; i++) {
        sched_fix(&space[i], &c->fixed, c->given);
        bool known = !sched_check(c->arena, &space[i], &c->machine, size, &fault);
        for (int k = 0; k < n; k++)
            known = known || sched_equal(&out[k], &space[i]);
        if (!known)
            out[n++] = space[i];
    }
    sort_candidates(c, half, n - 1, out + 1);
    return n;
}

/* ---- results ------------------------------------------------------------------------------------------- */

static void warn_of_wrong(struct compile *c, const struct tune_candidate *candidate)
{
    warn(c, arena_printf(
                c->arena,
                "dropped while tuning, since its code gives other values than the interpreter (relative "
                "difference %.3g): %s",
                candidate->error, schedule_text(c->arena, &candidate->schedule)));
}

static int compare_candidates(const void *a, const void *b)
{
    const struct tune_candidate *x = *(const struct tune_candidate *const *)a,
                                *y = *(const struct tune_candidate *const *)b;
    return x->ratio != y->ratio ? (x->ratio > y->ratio) - (x->ratio < y->ratio) : (x > y) - (x < y);
}

static const char *fate_word(const struct tune_result *result, const struct tune_candidate *candidate)
{
    static const char *const words[] = {[TUNE_UNTRIED] = "",
                                        [TUNE_BROKEN] = "no code",
                                        [TUNE_WRONG] = "wrong",
                                        [TUNE_SLOWER] = "",
                                        [TUNE_LAST] = ""};
    if (candidate == &result->candidates[result->winner])
        return "winner";
    return candidate == result->candidates ? "untuned" : words[candidate->fate];
}

static void add_row(struct compile *c, const struct tune_result *result, const struct tune_candidate *t,
                    struct strbuf *text)
{
    if (t->seconds > 0)
        strbuf_addf(text, "  %7.3f  %9.3f ms  %-9s %s\n", t->ratio, 1e3 * t->seconds, fate_word(result, t),
                    schedule_text(c->arena, &t->schedule));
    else
        strbuf_addf(text, "  %7s  %12s  %-9s %s%s%s\n", "", "", fate_word(result, t),
                    schedule_text(c->arena, &t->schedule), t->fault[0] ? ": " : "", t->fault);
}

/* All that were timed, the fastest first, and then what was dropped for other reasons. */
static const char *table_of(struct compile *c, const struct tune_result *result, int n)
{
    const struct tune_candidate **sorted = ARENA_ARRAY(c->arena, const struct tune_candidate *, (size_t)n);
    struct strbuf text;
    int untried = 0;
    strbuf_init(&text, c->arena);
    for (int k = 0; k < n; k++)
        sorted[k] = &result->candidates[k];
    qsort(sorted, (size_t)n, sizeof *sorted, compare_candidates);
    for (int untimed = 0; untimed < 2; untimed++)
        for (int k = 0; k < n; k++)
            if (sorted[k]->fate == TUNE_UNTRIED)
                untried += untimed;
            else if ((sorted[k]->seconds > 0) != untimed)
                add_row(c, result, sorted[k], &text);
    if (untried > 0)
        strbuf_addf(&text, "  and %d more, for which there was no time\n", untried);
    return strbuf_text(&text);
}

static void report_result(struct compile *c, enum compile_half half, const struct tune_result *result, int n)
{
    struct gpfc_choice *choice = &c->report->choice[half];
    const struct tune_candidate *winner = &result->candidates[result->winner];
    for (int k = 0; k < n; k++)
        if (result->candidates[k].fate == TUNE_WRONG)
            warn_of_wrong(c, &result->candidates[k]);
    choice->source = GPFC_BY_TUNING;
    choice->seconds = winner->seconds;
    choice->default_seconds = winner->ratio > 0 ? winner->seconds / winner->ratio : winner->seconds;
    choice->crowded = winner->crowded;
    choice->candidates = n;
    choice->timed = result->timed;
    choice->wrong = result->wrong;
    choice->broken = result->broken;
    choice->table = strdup(table_of(c, result, n));
}

static void fill_record(struct compile *c, enum compile_half half, struct wisdom_record *record)
{
    const struct gpfc_choice *choice = &c->report->choice[half];
    record->schedule = schedule_text(c->arena, &c->schedule[half]);
    record->effort = c->options->tune == GPFC_TUNE_FULL ? "full" : "quick";
    record->default_ns = (long)(1e9 * choice->default_seconds + 0.5);
    record->tuned_ns = (long)(1e9 * choice->seconds + 0.5);
    record->when = (long)time(NULL);
}

/* ---- the search ---------------------------------------------------------------------------------------- */

static int processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static enum gpfc_status tune_half(struct compile *c, enum compile_half half, double seconds,
                                  struct wisdom_record *record)
{
    struct tuning tuning = {.c = c, .half = half};
    struct tune_result result;
    struct schedule *candidates = ARENA_ARRAY(c->arena, struct schedule, SCHED_MOST + 1);
    const char *fault = NULL;
    schedules_settle(c, half);
    *record = facts_of(c, half);
    const struct tune_task task = {
        .program = programs_train(c, c->arena, half, &c->schedule[half]),
        .is_double = c->is_double,
        .batch = half == COMPILE_OF_FLOW ? (long)c->spec.train_batch.value : (long)c->spec.base_batch.value,
        .n = list_candidates(c, half, candidates),
        .schedules = candidates,
        .seconds = seconds,
        .threads = processors(),
        .compile = compile_candidate,
        .progress = tell_progress,
        .data = &tuning,
    };
    if (!tune_search(c->arena, &task, &result, &fault))
        return compile_fail(c, GPFC_FAILED,
                            arena_printf(c->arena, "tuning the %s: %s", half_words[half], fault));
    take(c, half, &result.candidates[result.winner].schedule);
    report_result(c, half, &result, task.n);
    fill_record(c, half, record);
    return GPFC_OK;
}

static double wall_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The halves share the time; what one leaves is the next one's. */
static enum gpfc_status tune_all(struct compile *c, int halves)
{
    const double seconds[] = {[GPFC_TUNE_QUICK] = 20, [GPFC_TUNE_FULL] = 240};
    const double limit = c->options->tune_seconds > 0 ? c->options->tune_seconds : seconds[c->options->tune];
    const double end = wall_clock() + limit;
    struct wisdom_record records[COMPILE_HALVES];
    for (int half = 0; half < halves; half++) {
        const double left = end - wall_clock();
        enum gpfc_status status = tune_half(c, half, left > 0 ? left / (halves - half) : 0, &records[half]);
        if (status != GPFC_OK)
            return status;
    }
    keep_wisdom(c, halves, records);
    return GPFC_OK;
}

enum gpfc_status tuning_choose(struct compile *c)
{
    const bool has_base = c->model.base->kind >= BASE_BNAF && c->options->emit != GPFC_EMIT_LIBRARY;
    const int halves = has_base ? COMPILE_HALVES : 1;
    if (c->options->tune == GPFC_TUNE_NONE) {
        use_wisdom(c, halves);
        return GPFC_OK;
    }
    if (!c->cpu.is_host)
        return compile_fail(c, GPFC_FAULTY,
                            arena_printf(c->arena,
                                         "cannot be tuned here: code for %s does not run on this "
                                         "machine",
                                         c->cpu.name));
    return tune_all(c, halves);
}
