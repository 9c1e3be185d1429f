/* SPDX-License-Identifier: MIT */
#include "kernel_run.h"

#include "parallel.h"
#include "random.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A thread that gets less than this, a fraction of a millisecond, may have more to wait than to do: on a
 * machine that others use too, OpenMP's threads wait for each other for milliseconds. */
static const double least_flop_of_thread = 1e7;

/* Leaves: enough for many threads; fewer where their sums would take more than this. */
enum { MOST_LEAVES = 64, MOST_SUM_BYTES = 64 << 20 };

struct worker { /* what one thread writes */
    char *block;
    void *scratch;
    void *in_tile[GPFC_MAX_PORTS]; /* of varying ports, in block */
    void *out_tile[GPFC_MAX_PORTS];
    const void *in[GPFC_MAX_PORTS]; /* as the kernel takes them */
    void *out[GPFC_MAX_PORTS];
};

struct kernel_run {
    const struct gpfc_bundle *bundle;
    const struct gpfc_kernel *kernel;
    size_t real; /* bytes */
    int64_t rows;
    int threads;
    size_t bytes;

    const void *in[GPFC_MAX_PORTS]; /* rows, or uniform values */
    void *out[GPFC_MAX_PORTS];      /* rows, or totals; NULL: not wanted */
    const uint32_t *order;
    int weight; /* the port that is filled here; -1: none */
    uint64_t noise_seed, noise_stream, noise_first;

    void *uniform;
    char *sums; /* [leaves][sum_stride bytes] */
    size_t sum_stride;
    char *step_noise; /* the NOISE_STEP ports' values, port by port */
    size_t step_noise_at[GPFC_MAX_PORTS];
    struct worker *workers;
};

/* ---- memory ------------------------------------------------------------------------------------------- */

static size_t aligned(size_t bytes)
{
    return (bytes + GPFC_ALIGNMENT - 1) / GPFC_ALIGNMENT * GPFC_ALIGNMENT;
}

/* Zeroed; counts what was taken. Of at least one cache line, so that no pointer given to a kernel is NULL. */
static void *take(struct kernel_run *run, size_t bytes)
{
    size_t size = aligned(bytes > 0 ? bytes : 1);
    void *block = aligned_alloc(GPFC_ALIGNMENT, size);
    if (block != NULL)
        memset(block, 0, size);
    run->bytes += size;
    return block;
}

static bool varying_input(const struct gpfc_port *port)
{
    return port->role == GPFC_IN_SAMPLE || port->role == GPFC_IN_NOISE;
}

static size_t tile_bytes(const struct kernel_run *run, const struct gpfc_port *port)
{
    return aligned((size_t)(port->elements * run->bundle->lanes) * run->real);
}

static bool worker_init(struct kernel_run *run, struct worker *worker)
{
    const struct gpfc_kernel *kernel = run->kernel;
    size_t offset_in[GPFC_MAX_PORTS], offset_out[GPFC_MAX_PORTS];
    size_t bytes = aligned((size_t)kernel->scratch_bytes);
    for (int i = 0; i < kernel->n_in; i++) {
        offset_in[i] = bytes;
        bytes += varying_input(&kernel->in[i]) ? tile_bytes(run, &kernel->in[i]) : 0;
    }
    for (int i = 0; i < kernel->n_out; i++) {
        offset_out[i] = bytes;
        bytes += kernel->out[i].role == GPFC_OUT_SAMPLE ? tile_bytes(run, &kernel->out[i]) : 0;
    }
    worker->block = take(run, bytes);
    if (worker->block == NULL)
        return false;
    worker->scratch = worker->block;
    for (int i = 0; i < kernel->n_in; i++)
        worker->in_tile[i] = worker->block + offset_in[i];
    for (int i = 0; i < kernel->n_out; i++)
        worker->out_tile[i] = worker->block + offset_out[i];
    return true;
}

static bool take_step_noise(struct kernel_run *run)
{
    size_t bytes = 0;
    for (int i = 0; i < run->kernel->n_in; i++)
        if (run->kernel->in[i].role == GPFC_IN_NOISE_STEP) {
            run->step_noise_at[i] = bytes;
            bytes += aligned((size_t)run->kernel->in[i].elements * run->real);
        }
    run->step_noise = take(run, bytes);
    return run->step_noise != NULL;
}

static bool take_all(struct kernel_run *run)
{
    const struct gpfc_kernel *kernel = run->kernel;
    run->sum_stride = aligned((size_t)kernel->sum_elements * run->real);
    run->uniform = take(run, (size_t)kernel->uniform_bytes);
    run->sums = take(run, run->sum_stride * (size_t)kernel_run_leaves(run, run->rows));
    run->workers = calloc((size_t)run->threads, sizeof *run->workers);
    if (run->uniform == NULL || run->sums == NULL || run->workers == NULL || !take_step_noise(run))
        return false;
    for (int i = 0; i < run->threads; i++)
        if (!worker_init(run, &run->workers[i]))
            return false;
    return true;
}

bool kernel_run_new(struct kernel_run **out, const struct gpfc_bundle *bundle, const char *kernel,
                    int64_t rows, int threads, struct fault *fault)
{
    assert(rows > 0 && threads > 0);
    *out = NULL;
    const struct gpfc_kernel *found = bundle_kernel(bundle, kernel);
    if (found == NULL)
        return fault_set(fault, FAULT_SYSTEM, "this trainer has no kernel '%s'", kernel);
    struct kernel_run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return fault_memory(fault, sizeof *run, "a kernel");
    *run = (struct kernel_run){
        .bundle = bundle,
        .kernel = found,
        .real = (size_t)bundle->precision,
        .rows = rows,
        .threads = threads,
        .weight = bundle_input(found, "weight"),
    };
    if (!take_all(run)) {
        size_t bytes = run->bytes;
        kernel_run_free(run);
        return fault_memory(fault, bytes, "the kernels' work space");
    }
    *out = run;
    return true;
}

void kernel_run_free(struct kernel_run *run)
{
    if (run == NULL)
        return;
    for (int i = 0; run->workers != NULL && i < run->threads; i++)
        free(run->workers[i].block);
    free(run->workers);
    free(run->step_noise);
    free(run->sums);
    free(run->uniform);
    free(run);
}

/* ---- binding ------------------------------------------------------------------------------------------ */

void kernel_run_parameters(struct kernel_run *run, const void *theta)
{
    for (int64_t i = 0; i < run->bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &run->bundle->parameters[i];
        int port = bundle_input(run->kernel, parameter->name);
        if (port >= 0)
            run->in[port] = (const char *)theta + (size_t)parameter->offset * run->real;
    }
}

static void bind_input(struct kernel_run *run, const char *name, enum gpfc_role role, const void *values)
{
    int port = bundle_input(run->kernel, name);
    if (port >= 0 && run->kernel->in[port].role == role)
        run->in[port] = values;
}

static void bind_output(struct kernel_run *run, const char *name, enum gpfc_role role, void *values)
{
    int port = bundle_output(run->kernel, name);
    if (port >= 0 && run->kernel->out[port].role == role)
        run->out[port] = values;
}

void kernel_run_setting(struct kernel_run *run, const char *name, const void *values)
{
    bind_input(run, name, GPFC_IN_SETTING, values);
}

void kernel_run_input(struct kernel_run *run, const char *name, const void *rows)
{
    bind_input(run, name, GPFC_IN_SAMPLE, rows);
}

void kernel_run_output(struct kernel_run *run, const char *name, void *rows)
{
    bind_output(run, name, GPFC_OUT_SAMPLE, rows);
}

void kernel_run_total(struct kernel_run *run, const char *name, void *values)
{
    bind_output(run, name, GPFC_OUT_TOTAL, values);
}

void kernel_run_order(struct kernel_run *run, const uint32_t *order)
{
    run->order = order;
}

void kernel_run_noise(struct kernel_run *run, uint64_t seed, uint64_t stream, uint64_t first)
{
    run->noise_seed = seed;
    run->noise_stream = stream;
    run->noise_first = first;
}

/* ---- rows and tiles ----------------------------------------------------------------------------------- */

#define MOVE_OF(UNIT)                                                                                        \
    static void gather_##UNIT(const UNIT *rows, int64_t elements, const uint32_t *order, int64_t first,      \
                              int64_t n, int64_t lanes, UNIT *tile)                                          \
    {                                                                                                        \
        for (int64_t lane = 0; lane < lanes; lane++) {                                                       \
            int64_t i = first + (lane < n ? lane : n - 1);                                                   \
            const UNIT *row = rows + (order != NULL ? (int64_t)order[i] : i) * elements;                     \
            for (int64_t e = 0; e < elements; e++)                                                           \
                tile[e * lanes + lane] = row[e];                                                             \
        }                                                                                                    \
    }                                                                                                        \
    static void scatter_##UNIT(const UNIT *tile, int64_t elements, int64_t first, int64_t n, int64_t lanes,  \
                               UNIT *rows)                                                                   \
    {                                                                                                        \
        for (int64_t lane = 0; lane < n; lane++)                                                             \
            for (int64_t e = 0; e < elements; e++)                                                           \
                rows[(first + lane) * elements + e] = tile[e * lanes + lane];                                \
    }
MOVE_OF(float)
MOVE_OF(double)
#undef MOVE_OF

struct batch { /* one call of kernel_run_go */
    struct kernel_run *run;
    int64_t n, tiles, leaves;
};

static void fill_weights(const struct kernel_run *run, int64_t batch, int64_t n, void *tile)
{
    for (int64_t lane = 0; lane < run->bundle->lanes; lane++) {
        double weight = lane < n ? 1.0 / (double)batch : 0;
        if (run->real == sizeof(float))
            ((float *)tile)[lane] = (float)weight;
        else
            ((double *)tile)[lane] = weight;
    }
}

static void gather(const struct kernel_run *run, int port, int64_t first, int64_t n, void *tile)
{
    int64_t elements = run->kernel->in[port].elements, lanes = run->bundle->lanes;
    assert(run->in[port] != NULL);
    if (run->real == sizeof(float))
        gather_float(run->in[port], elements, run->order, first, n, lanes, tile);
    else
        gather_double(run->in[port], elements, run->order, first, n, lanes, tile);
}

static void fill_inputs(const struct kernel_run *run, struct worker *worker, const struct batch *batch,
                        int64_t first, int64_t n)
{
    const struct gpfc_kernel *kernel = run->kernel;
    for (int i = 0; i < kernel->n_in; i++) {
        const struct gpfc_port *port = &kernel->in[i];
        if (port->role == GPFC_IN_NOISE)
            random_fill_tile(run->noise_seed, run->noise_stream, run->noise_first + (uint64_t)first,
                             port->elements, run->bundle->lanes, (int)run->real, worker->in_tile[i]);
        else if (i == run->weight)
            fill_weights(run, batch->n, n, worker->in_tile[i]);
        else if (port->role == GPFC_IN_SAMPLE)
            gather(run, i, first, n, worker->in_tile[i]);
    }
}

static void spread_outputs(const struct kernel_run *run, const struct worker *worker, int64_t first,
                           int64_t n)
{
    const struct gpfc_kernel *kernel = run->kernel;
    for (int i = 0; i < kernel->n_out; i++) {
        const struct gpfc_port *port = &kernel->out[i];
        if (port->role != GPFC_OUT_SAMPLE || run->out[i] == NULL)
            continue;
        if (run->real == sizeof(float))
            scatter_float(worker->out_tile[i], port->elements, first, n, run->bundle->lanes, run->out[i]);
        else
            scatter_double(worker->out_tile[i], port->elements, first, n, run->bundle->lanes, run->out[i]);
    }
}

/* ---- leaves and their sums ---------------------------------------------------------------------------- */

int64_t kernel_run_leaves(const struct kernel_run *run, int64_t n)
{
    int64_t tiles = (n + run->bundle->lanes - 1) / run->bundle->lanes, leaves = 1;
    while (2 * leaves <= tiles && 2 * leaves <= MOST_LEAVES &&
           2 * (size_t)leaves * run->sum_stride <= MOST_SUM_BYTES)
        leaves *= 2;
    return leaves;
}

static char *leaf_sums(const struct kernel_run *run, int64_t leaf)
{
    return run->sums + (size_t)leaf * run->sum_stride;
}

static void run_leaf(void *data, int64_t leaf, int thread)
{
    const struct batch *batch = data;
    const struct kernel_run *run = batch->run;
    struct worker *worker = &run->workers[thread];
    int64_t lanes = run->bundle->lanes;
    char *sums = leaf_sums(run, leaf);
    memset(sums, 0, run->sum_stride);
    for (int64_t tile = leaf * batch->tiles / batch->leaves; tile < (leaf + 1) * batch->tiles / batch->leaves;
         tile++) {
        int64_t first = tile * lanes, n = batch->n - first < lanes ? batch->n - first : lanes;
        fill_inputs(run, worker, batch, first, n);
        run->kernel->tile(worker->in, worker->out, run->uniform, worker->scratch, sums);
        spread_outputs(run, worker, first, n);
    }
}

static void add_floats(float *to, const float *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void add_doubles(double *to, const double *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += from[i];
}

/* Leaf 0 gets the sum of all, over a binary tree: (0+1)+(2+3), ... */
static void add_leaves(const struct kernel_run *run, int64_t leaves)
{
    for (int64_t apart = 1; apart < leaves; apart *= 2)
        for (int64_t leaf = 0; leaf < leaves; leaf += 2 * apart) {
            void *to = leaf_sums(run, leaf);
            const void *from = leaf_sums(run, leaf + apart);
            if (run->real == sizeof(float))
                add_floats(to, from, run->kernel->sum_elements);
            else
                add_doubles(to, from, run->kernel->sum_elements);
        }
}

/* ---- one call ----------------------------------------------------------------------------------------- */

static void draw_step_noise(struct kernel_run *run)
{
    for (int i = 0; i < run->kernel->n_in; i++)
        if (run->kernel->in[i].role == GPFC_IN_NOISE_STEP) {
            run->in[i] = run->step_noise + run->step_noise_at[i];
            random_fill_normal(run->noise_seed, run->noise_stream, run->step_noise_at[i] / run->real,
                               run->kernel->in[i].elements, (int)run->real,
                               run->step_noise + run->step_noise_at[i]);
        }
}

/* What before, tile and after are given is bound. */
static void point_worker(const struct kernel_run *run, struct worker *worker)
{
    const struct gpfc_kernel *kernel = run->kernel;
    for (int i = 0; i < kernel->n_in; i++) {
        worker->in[i] = varying_input(&kernel->in[i]) ? worker->in_tile[i] : run->in[i];
        assert(worker->in[i] != NULL);
    }
    for (int i = 0; i < kernel->n_out; i++) {
        worker->out[i] = kernel->out[i].role == GPFC_OUT_SAMPLE ? worker->out_tile[i] : NULL;
        assert(kernel->out[i].role == GPFC_OUT_SAMPLE || run->out[i] != NULL);
    }
}

static int threads_for(const struct kernel_run *run, int64_t n)
{
    double worth = run->kernel->flop_per_sample * (double)n / least_flop_of_thread;
    return worth >= run->threads ? run->threads : worth > 1 ? (int)worth : 1;
}

void kernel_run_go(struct kernel_run *run, int64_t n)
{
    assert(n > 0 && n <= run->rows);
    struct batch batch = {
        .run = run,
        .n = n,
        .tiles = (n + run->bundle->lanes - 1) / run->bundle->lanes,
        .leaves = kernel_run_leaves(run, n),
    };
    draw_step_noise(run);
    for (int i = 0; i < run->threads; i++)
        point_worker(run, &run->workers[i]);
    run->kernel->before(run->in, run->uniform);
    parallel_for(threads_for(run, n), batch.leaves, run_leaf, &batch);
    add_leaves(run, batch.leaves);
    run->kernel->after(run->in, run->out, run->uniform, run->sums);
}

double kernel_run_flop(const struct kernel_run *run)
{
    return run->kernel->flop_per_sample;
}

size_t kernel_run_bytes(const struct kernel_run *run)
{
    return run->bytes;
}
