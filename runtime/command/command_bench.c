/* SPDX-License-Identifier: MIT
 *
 * Times whole training steps (rows gathered, noise, kernels, optimizer) on random pairs. Machines are noisy:
 * slices of steps and of the peak measurement take turns, and medians are compared. A GPU's peak is not
 * measured: it follows from its clock. */
#include "command/columns.h"
#include "command/command.h"
#include "command/peak.h"
#include "command/report.h"
#include "devices/device_open.h"
#include "ground/clock.h"
#include "ground/human.h"
#include "ground/json_make.h"
#include "ground/pin.h"
#include "numbers/random.h"
#include "numbers/rows.h"
#include "train/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TIMES = 100000, BATCHES = 8, WARM_STEPS = 3 };
static const double slice_seconds = 0.2, peak_seconds = 0.03;

struct times {
    double *all; /* [MOST_TIMES] */
    int64_t n;
};

struct bench {
    struct device device;
    struct device_facts facts;
    bool on_gpu; /* the facts are of one */
    struct trainer *trainer;
    struct pairs pairs;
    struct times steps, peaks;
    struct pin *pin; /* NULL: threads are where the system puts them */
};

/* ---- making -------------------------------------------------------------------------------------------- */

static bool choose_stage(const struct gpfc_bundle *bundle, const char *stage, const struct gpfc_bundle **out,
                         struct fault *fault)
{
    const bool base = stage && strcmp(stage, "base") == 0;
    *out = base ? bundle->base : bundle;
    if (stage && !base && strcmp(stage, "flow") != 0)
        return fault_set(fault, FAULT_INPUT, "--stage: expected 'flow' or 'base', found '%s'", stage);
    return *out || fault_set(fault, FAULT_INPUT, "the base flow of this trainer is not trained in steps");
}

static bool fill(void **out, const struct pairs *pairs, uint64_t number, struct fault *fault)
{
    size_t n = (size_t)(pairs->train.n * pairs->d);
    *out = malloc(n * (size_t)pairs->precision);
    if (!*out)
        return fault_memory(fault, n * (size_t)pairs->precision, "random pairs");
    random_fill_normal(1, random_stream(RANDOM_DATA, number), 0, (int64_t)n, pairs->precision, *out);
    return true;
}

static bool bench_init(struct bench *bench, const struct gpfc_bundle *whole,
                       const struct command_options *options, struct fault *fault)
{
    const struct gpfc_bundle *bundle;
    if (!choose_stage(whole, options->stage, &bundle, fault))
        return false;
    struct trainer_options trainer = trainer_options_of(bundle);
    if (!device_open(&bench->device, options->device, options->threads, fault))
        return false;
    bench->on_gpu = device_facts_of(&bench->device, &bench->facts);
    trainer.device = bench->device;
    trainer.validation = 0;
    trainer.epochs = 100000000; /* the rate stays what it is at the start */
    if (options->batch > 0)
        trainer.batch = options->batch;
    bench->pairs = (struct pairs){
        .d = bundle->dimension, .precision = bundle->precision, .train.n = BATCHES * trainer.batch};
    bench->steps.all = malloc(MOST_TIMES * sizeof(double));
    bench->peaks.all = malloc(MOST_TIMES * sizeof(double));
    if (!bench->steps.all || !bench->peaks.all)
        return fault_memory(fault, MOST_TIMES * sizeof(double), "times");
    if (!fill(&bench->pairs.train.x, &bench->pairs, 0, fault) ||
        !fill(&bench->pairs.train.y, &bench->pairs, 1, fault) ||
        !trainer_new(&bench->trainer, bundle, &bench->pairs, &trainer, fault))
        return false;
    trainer_fix_steps(bench->trainer);
    return true;
}

static void bench_free(struct bench *bench)
{
    trainer_free(bench->trainer);
    device_close(&bench->device);
    free(bench->pairs.train.x);
    free(bench->pairs.train.y);
    free(bench->steps.all);
    free(bench->peaks.all);
}

/* ---- measuring ----------------------------------------------------------------------------------------- */

static void add_time(struct times *times, double value)
{
    if (times->n < MOST_TIMES)
        times->all[times->n++] = value;
}

static bool run_slice(struct bench *bench, struct fault *fault)
{
    double end = clock_now() + slice_seconds, before = clock_now();
    do {
        if (!trainer_step(bench->trainer, fault))
            return false;
        double now = clock_now();
        add_time(&bench->steps, now - before);
        before = now;
    } while (before < end && bench->steps.n < MOST_TIMES);
    return true;
}

static bool measure(struct bench *bench, double seconds, struct fault *fault)
{
    for (int i = 0; i < WARM_STEPS; i++)
        if (!trainer_step(bench->trainer, fault))
            return false;
    double end = clock_now() + seconds;
    do {
        if (!bench->on_gpu)
            add_time(&bench->peaks, peak_probe(bench->trainer->bundle->precision, peak_seconds));
        if (!run_slice(bench, fault))
            return false;
    } while (clock_now() < end);
    return true;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(struct times *times)
{
    qsort(times->all, (size_t)times->n, sizeof(double), by_size);
    return (times->all[(times->n - 1) / 2] + times->all[times->n / 2]) / 2;
}

/* ---- telling ------------------------------------------------------------------------------------------- */

struct result {
    double step, least, most, samples, flop, useful, peak, share, useful_share;
    const struct device_facts *gpu; /* NULL: on the CPU */
    const struct runner_resources *resources;
    struct command_memory memory;
    int64_t batch, steps;
    int threads;
    bool pinned;
};

static double peak_of(struct bench *bench)
{
    if (!bench->on_gpu)
        return median(&bench->peaks) * bench->device.threads;
    return is_single(bench->trainer->bundle->precision) ? bench->facts.peak_single : bench->facts.peak_double;
}

static struct result result_of(struct bench *bench)
{
    const struct trainer *trainer = bench->trainer;
    struct result r = {
        .batch = trainer->options.batch, .threads = trainer->options.device.threads, .steps = bench->steps.n};
    r.step = median(&bench->steps);
    r.least = bench->steps.all[0];
    r.most = bench->steps.all[bench->steps.n - 1];
    const double peak = peak_of(bench);
    r.peak = bench->on_gpu ? peak : peak / r.threads;
    r.gpu = bench->on_gpu ? &bench->facts : NULL;
    r.resources = runner_resources_of(trainer->train);
    r.samples = (double)r.batch / r.step;
    r.flop = runner_flop(trainer->train) * (double)r.batch;
    r.useful = runner_useful_flop(trainer->train) * (double)r.batch;
    r.share = r.flop / r.step / peak;
    r.useful_share = r.useful / r.step / peak;
    r.memory = command_memory();
    r.pinned = bench->pin != NULL;
    return r;
}

static void put_gpu(json_t **json, const struct result *r)
{
    if (!r->gpu)
        return;
    report_device_json(json, r->gpu);
    if (!r->resources) /* the base flow's, perhaps, which runs on the CPU */
        return;
    json_put_count(json, "registers", r->resources->registers);
    json_put_count(json, "local_bytes", r->resources->local_bytes);
    json_put_count(json, "shared_bytes", r->resources->shared_bytes);
}

static bool print_json(const struct result *r, struct fault *fault)
{
    json_t *json = json_object();
    json_put_number(&json, "step_s", r->step);
    json_put_number(&json, "samples_per_s", r->samples);
    json_put_number(&json, "flop_per_step", r->flop);
    json_put_number(&json, "peak_flops", r->peak);
    json_put_number(&json, "peak_share", r->share);
    json_put_number(&json, "rss_mb", r->memory.most / 1e6);
    json_put_count(&json, "threads", r->threads);
    json_put_count(&json, "batch", r->batch);
    json_put_number(&json, "step_s_min", r->least);
    json_put_number(&json, "step_s_max", r->most);
    json_put_count(&json, "steps", r->steps);
    json_put(&json, "pinned", json_boolean(r->pinned));
    command_put_memory(&json, &r->memory);
    json_put_number(&json, "useful_flop_per_step", r->useful);
    json_put_number(&json, "useful_share", r->useful_share);
    put_gpu(&json, r);
    return command_print_json(json, fault);
}

static void print_peak(const struct result *r)
{
    if (r->gpu)
        columns_wide_item(stdout, "peak of the GPU", "%.4g GFLOP/s", 1e-9 * r->peak);
    else
        columns_wide_item(stdout, "peak of a core", "%.4g GFLOP/s with %s", 1e-9 * r->peak, peak_vectors());
    columns_wide_item(stdout, "share of peak", "%.1f %% useful, %.1f %% executed%s", 100 * r->useful_share,
                      100 * r->share, !r->gpu && r->threads > 1 ? " of that for each thread" : "");
}

static void print_gpu(const struct result *r)
{
    char device[300];
    struct human local, shared;
    if (!r->gpu)
        return;
    columns_wide_item(stdout, "device", "%s", report_device(r->gpu, device, sizeof device));
    if (r->resources)
        columns_wide_item(stdout, "a thread's",
                          "%d registers, %s of local memory; a block's %s of shared memory",
                          r->resources->registers, human_bytes(&local, (double)r->resources->local_bytes),
                          human_bytes(&shared, (double)r->resources->shared_bytes));
}

static void print_table(const struct gpfc_bundle *bundle, bool base, const struct result *r)
{
    struct human a, b;
    char flow[256], memory[100];
    report_flow(base ? bundle->base : bundle, flow, sizeof flow);
    (void)fprintf(stdout, "%s: %s\n", bundle->name, flow);
    columns_wide_item(stdout, "training step", "%.4g ms, median of %s (%.4g to %.4g)", 1e3 * r->step,
                      human_count(&a, r->steps), 1e3 * r->least, 1e3 * r->most);
    columns_wide_item(stdout, "batch, threads", "%s, %d%s", human_count(&a, r->batch), r->threads,
                      r->pinned ? ", each on a core of its own" : "");
    columns_wide_item(stdout, "samples", "%s a second", human_count(&b, (int64_t)r->samples));
    columns_wide_item(stdout, "arithmetic", "%.4g GFLOP a step, %.4g GFLOP/s; %.4g GFLOP of it useful",
                      1e-9 * r->flop, 1e-9 * r->flop / r->step, 1e-9 * r->useful);
    print_peak(r);
    print_gpu(r);
    columns_wide_item(stdout, "resident memory", "%s",
                      command_memory_text(&r->memory, memory, sizeof memory));
}

bool command_bench(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    struct bench bench = {.pin = pin_threads(options->threads)};
    bool good = bench_init(&bench, context->bundle, options, fault) &&
                measure(&bench, options->seconds > 0 ? options->seconds : 5, fault);
    if (good) {
        command_tell_device(context, &bench.device);
        const struct result result = result_of(&bench);
        if (options->json)
            good = print_json(&result, fault);
        else
            print_table(context->bundle, bench.trainer->stage->number == STAGE_BASE, &result);
    }
    bench_free(&bench);
    pin_release(bench.pin);
    return good;
}
