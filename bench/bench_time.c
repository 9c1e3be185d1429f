/* SPDX-License-Identifier: MIT
 *
 * How long does it take? Contenders and the measure of the core's peak take turns, so that the machine's
 * other work falls on all of them; the minimum of many is compared. */
#include "bench.h"

#include "command/peak.h"
#include "kernels/bundle.h"
#include "kernels/runner.h"
#include "numbers/random.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_TIMES = 20000, BATCHES = 4, LEAST_ROUNDS = 2 };
static const double slice_seconds = 0.1, peak_seconds = 0.02;

struct bench_runner {
    struct pairs pairs;
    struct trainer *trainer; /* NULL: only a kernel */
    struct runner *run;
    struct bench_data data;
    void *out;
    double lambda;
    uint64_t step;
};

/* ---- making -------------------------------------------------------------------------------------------- */

static void free_trainer(void *trainer)
{
    trainer_free(trainer);
}

static void free_run(void *run)
{
    runner_free(run);
}

static bool make_trainer(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                         struct bench_runner *runner, struct fault *fault)
{
    struct owned *place = arena_own(arena, free_trainer);
    struct trainer_options options = trainer_options_of(bundle);
    options.batch = c->batch;
    options.epochs = 100000000; /* the rate stays what it is at the start */
    runner->pairs = (struct pairs){.d = bundle->dimension,
                                   .precision = (int)bundle->precision,
                                   .train.n = runner->data.rows,
                                   .train.x = runner->data.x,
                                   .train.y = runner->data.y};
    if (!trainer_new(&runner->trainer, bundle, &runner->pairs, &options, fault))
        return false;
    place->object = runner->trainer;
    trainer_fix_steps(runner->trainer);
    return true;
}

static void bind(struct arena *arena, const struct gpfc_bundle *bundle, const struct gpfc_kernel *kernel,
                 struct bench_runner *runner, int64_t rows)
{
    runner_parameters(runner->run, runner->data.theta);
    runner_setting(runner->run, "lambda", &runner->lambda);
    runner_input(runner->run, "x", &(struct runner_rows){.rows = runner->data.x, .n = rows, .stays = true});
    runner_input(runner->run, "y", &(struct runner_rows){.rows = runner->data.y, .n = rows, .stays = true});
    for (int64_t o = 0; o < kernel->n_out; o++) {
        const bool total = kernel->out[o].role == GPFC_OUT_TOTAL;
        void *array = arena_array(arena, (size_t)(kernel->out[o].elements * (total ? 1 : rows)),
                                  (size_t)bundle->precision);
        if (total)
            runner_total(runner->run, kernel->out[o].name, array);
        else
            runner_output(runner->run, kernel->out[o].name, array);
    }
}

static bool make_run(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                     struct bench_runner *runner, struct fault *fault)
{
    const char *name = bench_kernel_name(c);
    struct owned *place = arena_own(arena, free_run);
    const struct device device = device_cpu(1);
    if (!runner_new(&runner->run, &device, bundle, name, c->batch, fault))
        return false;
    place->object = runner->run;
    bind(arena, bundle, bundle_kernel(bundle, name), runner, c->batch);
    return true;
}

bool bench_runner_new(struct arena *arena, const struct bench_case *c, const struct gpfc_bundle *bundle,
                      bool kernel_alone, struct bench_runner **out, struct fault *fault)
{
    struct bench_runner *runner = *out = ARENA_NEW(arena, struct bench_runner);
    const bool alone = c->apply || kernel_alone;
    bench_data_make(arena, bundle, alone ? c->batch : BATCHES * c->batch, &runner->data);
    return alone ? make_run(arena, c, bundle, runner, fault) : make_trainer(arena, c, bundle, runner, fault);
}

/* ---- measuring ----------------------------------------------------------------------------------------- */

static double clock_now(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool run(struct bench_runner *runner, struct fault *fault)
{
    if (runner->trainer)
        return trainer_step(runner->trainer, fault);
    runner_noise(runner->run, 1, random_stream(RANDOM_NOISE, runner->step++), 0);
    return runner_go(runner->run, runner->data.rows, fault);
}

bool bench_run_once(struct bench_runner *runner, double *seconds, struct fault *fault)
{
    const double before = clock_now(CLOCK_THREAD_CPUTIME_ID);
    const bool good = run(runner, fault);
    *seconds = clock_now(CLOCK_THREAD_CPUTIME_ID) - before;
    return good;
}

static bool run_slice(struct bench_contender *contender, struct fault *fault)
{
    const double end = clock_now(CLOCK_MONOTONIC) + slice_seconds;
    do {
        double seconds;
        if (!bench_run_once(contender->runner, &seconds, fault))
            return false;
        contender->least = contender->count ? fmin(contender->least, seconds) : seconds;
        if (contender->count < MOST_TIMES)
            contender->all[contender->count++] = seconds;
    } while (clock_now(CLOCK_MONOTONIC) < end);
    return true;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool prepare(int n, struct bench_contender *contenders, struct fault *fault)
{
    for (int i = 0; i < n; i++) {
        contenders[i].count = 0;
        contenders[i].all = malloc(MOST_TIMES * sizeof(double));
        if (!contenders[i].all)
            return fault_memory(fault, MOST_TIMES * sizeof(double), "times");
        if (!run(contenders[i].runner, fault)) /* warm */
            return false;
    }
    return true;
}

static void finish(int n, struct bench_contender *contenders)
{
    for (int i = 0; i < n; i++) {
        if (contenders[i].all && contenders[i].count)
            qsort(contenders[i].all, (size_t)contenders[i].count, sizeof(double), by_size);
        contenders[i].median = contenders[i].count ? contenders[i].all[contenders[i].count / 2] : 0;
        free(contenders[i].all);
        contenders[i].all = NULL;
    }
}

bool bench_measure(int n, struct bench_contender *contenders, int precision, double seconds, double *peak,
                   struct fault *fault)
{
    bool good = prepare(n, contenders, fault);
    const double end = clock_now(CLOCK_MONOTONIC) + seconds;
    *peak = 0;
    for (int round = 0; good && (round < LEAST_ROUNDS || clock_now(CLOCK_MONOTONIC) < end); round++) {
        *peak = fmax(*peak, peak_probe(precision, peak_seconds));
        for (int i = 0; good && i < n; i++)
            good = run_slice(&contenders[i], fault);
    }
    finish(n, contenders);
    return good;
}
