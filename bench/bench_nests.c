/* SPDX-License-Identifier: MIT
 *
 * A kernel that counts the time of its nests runs in turns with the kernel as it is, both in whole steps;
 * what the counting adds to a step, spread over its looks at the clock, is taken off again. */
#include "bench_nests.h"

#include "command/peak.h"
#include "emit_llvm/emit.h"
#include "kernels/bundle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LEAST_ROUNDS = 3, SPEC_BATCH = 1024 };
static const double slice_seconds = 0.05, peak_seconds = 0.02;
static const double most_look = 20e-9; /* what is more is noise of steps that are long beside their looks */

struct counting {
    struct bench_runner *plain, *clocked;
    struct emit_clocks *clocks; /* in the kernel's module */
    struct emit_clocks *best;   /* of the step with the fewest ticks: those go on where the step waits for its
                                 core */
    int64_t best_ticks;
    double step, clocked_step, peak; /* minimum seconds of the processor's */
    double tick;                     /* seconds */
};

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t table_bytes(const struct emit_clocks *clocks)
{
    return sizeof *clocks + (size_t)clocks->n * sizeof *clocks->nest;
}

/* ---- measuring ----------------------------------------------------------------------------------------- */

static bool run_plain(struct counting *counting, struct fault *fault)
{
    double seconds;
    if (!bench_run_once(counting->plain, &seconds, fault))
        return false;
    counting->step = fmin(counting->step, seconds);
    return true;
}

/* Of a step outside its kernel some are longer than others, as an optimizer's are; what is reported is the
 * shortest. */
static bool run_clocked(struct counting *counting, struct fault *fault)
{
    struct emit_clocks *clocks = counting->clocks;
    double seconds;
    int64_t ticks = 0;
    clocks->begun = 0;
    for (int64_t i = 0; i < clocks->n; i++)
        clocks->nest[i].ticks = clocks->nest[i].calls = 0;
    if (!bench_run_once(counting->clocked, &seconds, fault))
        return false;
    for (int64_t i = 0; i < clocks->n; i++)
        ticks += clocks->nest[i].ticks;
    counting->clocked_step = fmin(counting->clocked_step, seconds);
    if (ticks < counting->best_ticks) {
        counting->best_ticks = ticks;
        memcpy(counting->best, clocks, table_bytes(clocks));
    }
    return true;
}

static bool slice(struct counting *counting, bool (*run)(struct counting *counting, struct fault *fault),
                  struct fault *fault)
{
    const double end = clock_now() + slice_seconds;
    bool good;
    do
        good = run(counting, fault);
    while (good && clock_now() < end);
    return good;
}

/* How long a tick is comes from the last looks of the first step and of the last. */
static bool count(struct counting *counting, int precision, double seconds, struct fault *fault)
{
    if (!run_plain(counting, fault) || !run_clocked(counting, fault))
        return false;
    const double begin = clock_now(), end = begin + seconds;
    const int64_t first = counting->clocks->last;
    counting->step = counting->clocked_step = INFINITY; /* those were to warm up */
    counting->best_ticks = INT64_MAX;
    for (int round = 0; round < LEAST_ROUNDS || clock_now() < end; round++) {
        counting->peak = fmax(counting->peak, peak_probe(precision, peak_seconds));
        if (!slice(counting, run_plain, fault) || !slice(counting, run_clocked, fault))
            return false;
    }
    const double ticks = (double)(counting->clocks->last - first);
    counting->tick = (clock_now() - begin) / ticks;
    return ticks > 0 || fault_set(fault, FAULT_SYSTEM, "this processor's clock stands still");
}

/* ---- adding up ----------------------------------------------------------------------------------------- */

static struct bench_nest *nest_for(struct bench_profile *profile, const struct emit_clock *clock)
{
    for (int i = 0; i < profile->n; i++) {
        struct bench_nest *nest = &profile->nests[i];
        if (strcmp(nest->part, clock->part) == 0 && strcmp(nest->what, clock->what) == 0)
            return nest;
    }
    struct bench_nest *nest = &profile->nests[profile->n++];
    *nest = (struct bench_nest){.part = clock->part, .what = clock->what, .node = clock->node};
    return nest;
}

static int by_seconds(const void *a, const void *b)
{
    const struct bench_nest *x = a, *y = b;
    return (y->seconds > x->seconds) - (y->seconds < x->seconds);
}

static void add_up(struct arena *arena, const struct counting *counting, struct bench_profile *profile)
{
    const struct emit_clocks *best = counting->best;
    profile->nests = ARENA_ARRAY(arena, struct bench_nest, (size_t)best->n + 1);
    profile->looks = (double)best->begun;
    for (int64_t i = 0; i < best->n; i++)
        profile->looks += (double)best->nest[i].calls;
    profile->look = fmin(fmax(0, (counting->clocked_step - counting->step) / profile->looks), most_look);
    profile->counted = counting->clocked_step - profile->looks * profile->look;
    for (int64_t i = 0; i < best->n; i++) {
        const struct emit_clock *clock = &best->nest[i];
        const double calls = (double)clock->calls;
        struct bench_nest *nest = nest_for(profile, clock);
        nest->nests++;
        nest->calls += calls;
        nest->flop += calls * clock->flop;
        nest->seconds += fmax(0, (double)clock->ticks * counting->tick - calls * profile->look);
    }
    for (int i = 0; i < profile->n; i++)
        profile->kernel += profile->nests[i].seconds;
    qsort(profile->nests, (size_t)profile->n, sizeof *profile->nests, by_seconds);
}

/* ---- one kernel ---------------------------------------------------------------------------------------- */

static bool make(struct arena *arena, const struct bench_case *c, struct bench_kernels *plain,
                 struct counting *counting, struct fault *fault)
{
    struct bench_kernels clocked;
    if (!bench_load(arena, c, BENCH_LLVM, plain, fault) ||
        !bench_load(arena, c, BENCH_CLOCKED, &clocked, fault))
        return false;
    *counting = (struct counting){
        .clocks = clocked.clocks, .step = INFINITY, .clocked_step = INFINITY, .best_ticks = INT64_MAX};
    if (!clocked.clocks)
        return fault_set(fault, FAULT_SYSTEM, "case %s: its kernel has no clocks", c->name);
    counting->best = arena_alloc(arena, table_bytes(clocked.clocks));
    return bench_runner_new(arena, c, plain->bundle, false, &counting->plain, fault) &&
           bench_runner_new(arena, c, clocked.bundle, false, &counting->clocked, fault);
}

static bool profile(struct arena *arena, const struct bench_nests_options *options,
                    const struct bench_case *c, const struct gpfc_bundle **bundle, struct fault *fault)
{
    struct bench_kernels plain;
    struct counting counting;
    if (!make(arena, c, &plain, &counting, fault) ||
        !count(&counting, (int)plain.bundle->precision, options->seconds > 0 ? options->seconds : 3, fault))
        return false;
    struct bench_profile profile = {.c = c,
                                    .bundle = *bundle = plain.bundle,
                                    .step = counting.step,
                                    .clocked_step = counting.clocked_step,
                                    .peak = counting.peak};
    profile.flop = bundle_kernel(plain.bundle, bench_kernel_name(c))->flop_per_sample * (double)c->batch;
    add_up(arena, &counting, &profile);
    if (options->json)
        return bench_nests_json(&profile, fault);
    bench_nests_table(&profile);
    return true;
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static const struct bench_case *find_case(const char *name)
{
    for (int i = 0; i < bench_case_count; i++)
        if (strcmp(bench_cases[i].name, name) == 0)
            return &bench_cases[i];
    return NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The flow's training, then the base flow's where that is compiled. */
static bool profile_spec(struct arena *arena, const struct bench_nests_options *options, const char *path,
                         struct fault *fault)
{
    const struct gpfc_bundle *bundle;
    struct bench_case *flow = ARENA_NEW(arena, struct bench_case),
                      *base = ARENA_NEW(arena, struct bench_case);
    if (access(path, R_OK) != 0)
        return fault_set(fault, FAULT_INPUT, "no case '%s', and no readable file of that name", path);
    *flow = (struct bench_case){.name = base_name(path), .spec = path, .batch = SPEC_BATCH};
    *base = *flow;
    base->base = true;
    return profile(arena, options, flow, &bundle, fault) &&
           (!bundle->base || profile(arena, options, base, &bundle, fault));
}

bool bench_nests(struct arena *arena, const struct bench_nests_options *options, struct fault *fault)
{
    const struct gpfc_bundle *bundle;
    for (int i = 0; options->n_names == 0 && i < bench_case_count; i++)
        if (!profile(arena, options, &bench_cases[i], &bundle, fault))
            return false;
    for (int i = 0; i < options->n_names; i++) {
        const struct bench_case *c = find_case(options->names[i]);
        if (c ? !profile(arena, options, c, &bundle, fault)
              : !profile_spec(arena, options, options->names[i], fault))
            return false;
    }
    return true;
}
