/* SPDX-License-Identifier: MIT */
#include "kernels/runner_cpu.h"

#include "ground/parallel.h"
#include "kernels/bundle.h"
#include "kernels/kernel_call.h"
#include "kernels/kernel_sum.h"
#include "kernels/kernel_tile.h"
#include "numbers/random.h"
#include "numbers/rows.h"

#include <assert.h>
#include <stdlib.h>

/* A thread that gets less than this, a fraction of a millisecond, may have more to wait than to do: on a
 * machine that others use too, OpenMP's threads wait for each other for milliseconds. */
static const double least_flop_of_thread = 1e7;

/* Leaves: enough for many threads and for an even share; fewer where zeroing and adding up a leaf's sums,
 * which costs about as much as `sum_flop` for each number, would take more than `sum_share` of the leaf's
 * tiles, or where all the sums would take more than MOST_SUM_BYTES. */
enum { MOST_LEAVES = 64, ENOUGH_LEAVES = 16, MOST_SUM_BYTES = 64 << 20 };
static const double sum_flop = 8, sum_share = 0.02;

struct cpu {
    struct runner runner;
    struct kernel_call call;
    int64_t rows; /* of a go, at most */

    const char *in[GPFC_MAX_PORTS];         /* rows of the varying inputs */
    const double *rotation[GPFC_MAX_PORTS]; /* of them; NULL: none */
    void *out[GPFC_MAX_PORTS];              /* rows of the varying outputs; NULL: not wanted */
    const uint32_t *order;
    int64_t first;     /* row of the inputs that a call begins with, where there is no order */
    int weight;        /* the port that is filled here; -1: none */
    int64_t steps;     /* time steps that are run; 0: that is no input */
    double steps_room; /* room for the same as a REAL */
    uint64_t noise_seed, noise_stream, noise_first;

    struct kernel_sum *sum;
    char *step_noise; /* the NOISE_STEP ports' values, port by port */
    size_t step_noise_at[GPFC_MAX_PORTS];
};

static struct cpu *cpu_of(struct runner *runner)
{
    return (struct cpu *)runner;
}

static const struct cpu *cpu_in(const struct runner *runner)
{
    return (const struct cpu *)runner;
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static bool take_step_noise(struct cpu *run)
{
    const struct gpfc_kernel *kernel = run->call.kernel;
    size_t bytes = 0;
    for (int i = 0; i < kernel->n_in; i++)
        if (kernel->in[i].role == GPFC_IN_NOISE_STEP) {
            run->step_noise_at[i] = bytes;
            bytes += kernel_aligned((size_t)(kernel->in[i].elements * run->call.precision));
        }
    run->step_noise = kernel_memory(bytes);
    for (int i = 0; run->step_noise && i < kernel->n_in; i++)
        if (kernel->in[i].role == GPFC_IN_NOISE_STEP)
            kernel_call_bind_in(&run->call, i, run->step_noise + run->step_noise_at[i]);
    return run->step_noise != NULL;
}

static int64_t leaves_of(const struct cpu *run, int64_t n);

static bool take_all(struct cpu *run, struct fault *fault)
{
    const int64_t leaves = leaves_of(run, run->rows), elements = run->call.kernel->sum_elements;
    run->sum = kernel_sum_new(leaves, elements, run->call.precision);
    return (run->sum && take_step_noise(run)) ||
           fault_memory(fault, kernel_sum_bytes(leaves, elements, run->call.precision),
                        "the kernels' work space");
}

static void cpu_free(struct runner *runner)
{
    struct cpu *run = cpu_of(runner);
    kernel_call_free(&run->call);
    kernel_sum_free(run->sum);
    free(run->step_noise);
    free(run);
}

/* ---- binding ------------------------------------------------------------------------------------------- */

static void cpu_parameters(struct runner *runner, const void *theta)
{
    kernel_call_parameters(&cpu_of(runner)->call, theta);
}

/* The input or output of that name, if it has that role; else -1. */
static int port_in(const struct cpu *run, const char *name, enum gpfc_role role)
{
    const int port = bundle_input(run->call.kernel, name);
    return port >= 0 && run->call.kernel->in[port].role == role ? port : -1;
}

static int port_out(const struct cpu *run, const char *name, enum gpfc_role role)
{
    const int port = bundle_output(run->call.kernel, name);
    return port >= 0 && run->call.kernel->out[port].role == role ? port : -1;
}

static void cpu_setting(struct runner *runner, const char *name, const void *values)
{
    struct cpu *run = cpu_of(runner);
    const int port = port_in(run, name, GPFC_IN_SETTING);
    if (port >= 0)
        kernel_call_bind_in(&run->call, port, values);
}

static void cpu_steps(struct runner *runner, int64_t steps)
{
    struct cpu *run = cpu_of(runner);
    const int port = port_in(run, "steps", GPFC_IN_SETTING);
    assert(port < 0 || (steps > 0 && steps <= run->call.bundle->steps));
    if (port < 0)
        return;
    run->steps = steps;
    rows_put((double)steps, &run->steps_room, 0, run->call.precision);
    kernel_call_bind_in(&run->call, port, &run->steps_room);
}

/* The rows are read where they are, so that it makes no difference how many there are and whether they
 * stay. */
static void cpu_input(struct runner *runner, const char *name, const struct runner_rows *rows)
{
    struct cpu *run = cpu_of(runner);
    const int port = port_in(run, name, GPFC_IN_SAMPLE);
    if (port < 0)
        return;
    run->in[port] = rows->rows;
    run->rotation[port] = rows->rotation;
}

static void cpu_output(struct runner *runner, const char *name, void *rows)
{
    struct cpu *run = cpu_of(runner);
    const int port = port_out(run, name, GPFC_OUT_SAMPLE);
    if (port >= 0)
        run->out[port] = rows;
}

static void cpu_total(struct runner *runner, const char *name, void *values)
{
    struct cpu *run = cpu_of(runner);
    const int port = port_out(run, name, GPFC_OUT_TOTAL);
    if (port >= 0)
        kernel_call_bind_total(&run->call, port, values);
}

static void cpu_order(struct runner *runner, const uint32_t *order, int64_t first)
{
    struct cpu *run = cpu_of(runner);
    run->order = order ? order + first : NULL;
    run->first = order ? 0 : first;
}

static void cpu_noise(struct runner *runner, uint64_t seed, uint64_t stream, uint64_t first)
{
    struct cpu *run = cpu_of(runner);
    run->noise_seed = seed;
    run->noise_stream = stream;
    run->noise_first = first;
}

/* Of the kernel's work, in time steps that are run; as good as all of it depends on them. */
static double share_run(const struct cpu *run)
{
    return run->steps > 0 ? (double)run->steps / (double)run->call.bundle->steps : 1;
}

/* Numbers of a noise port [K,..] that steps which are run read: the first ones. */
static int64_t noise_elements(const struct cpu *run, const struct gpfc_port *port)
{
    return run->steps > 0 ? port->elements / run->call.bundle->steps * run->steps : port->elements;
}

/* ---- tiles --------------------------------------------------------------------------------------------- */

struct batch { /* one call of runner_go */
    const struct cpu *run;
    int64_t n, tiles, leaves;
};

static struct tile tile_at(const struct batch *batch, int64_t number)
{
    const int64_t lanes = batch->run->call.lanes, first = number * lanes, left = batch->n - first;
    return (struct tile){
        .order = batch->run->order, .first = first, .n = left < lanes ? left : lanes, .lanes = lanes};
}

static void fill_weights(const struct batch *batch, const struct tile *tile, void *to)
{
    const double weight = 1.0 / (double)batch->n;
    for (int64_t lane = 0; lane < tile->lanes; lane++)
        rows_put(lane < tile->n ? weight : 0, to, lane, batch->run->call.precision);
}

static bool is_gathered(const struct cpu *run, int port)
{
    return run->call.kernel->in[port].role == GPFC_IN_SAMPLE && port != run->weight;
}

static struct tile_rows rows_of(const struct cpu *run, int port)
{
    const int64_t elements = run->call.kernel->in[port].elements, real = run->call.precision;
    assert(run->in[port]);
    return (struct tile_rows){
        .rows = run->in[port] + run->first * elements * real, .stride = elements, .precision = real};
}

static void fill_rows(const struct cpu *run, int port, const struct tile *tile, void *to)
{
    const struct tile_rows rows = rows_of(run, port);
    const int64_t elements = run->call.kernel->in[port].elements, real = run->call.precision;
    if (run->rotation[port])
        tile_gather_turned(tile, &rows, run->rotation[port], elements, real, to);
    else
        tile_gather(tile, &rows, elements, real, to);
}

static void fill_inputs(const struct batch *batch, const struct kernel_room *room, const struct tile *tile)
{
    const struct cpu *run = batch->run;
    for (int i = 0; i < run->call.kernel->n_in; i++) {
        const struct gpfc_port *port = &run->call.kernel->in[i];
        if (port->role == GPFC_IN_NOISE)
            random_fill_tile(run->noise_seed, run->noise_stream, run->noise_first + (uint64_t)tile->first,
                             noise_elements(run, port), run->call.lanes, run->call.precision,
                             room->in_tile[i]);
        else if (i == run->weight)
            fill_weights(batch, tile, room->in_tile[i]);
        else if (port->role == GPFC_IN_SAMPLE)
            fill_rows(run, i, tile, room->in_tile[i]);
    }
}

static void expect_inputs(const struct batch *batch, int64_t number)
{
    const struct cpu *run = batch->run;
    if (!run->order || number >= batch->tiles)
        return;
    const struct tile tile = tile_at(batch, number);
    for (int i = 0; i < run->call.kernel->n_in; i++)
        if (is_gathered(run, i)) {
            const struct tile_rows rows = rows_of(run, i);
            tile_expect(&tile, &rows, run->call.kernel->in[i].elements);
        }
}

static void spread_outputs(const struct cpu *run, const struct kernel_room *room, const struct tile *tile)
{
    const struct tile here = {.first = tile->first, .n = tile->n, .lanes = tile->lanes};
    for (int i = 0; i < run->call.kernel->n_out; i++) {
        const struct gpfc_port *port = &run->call.kernel->out[i];
        const struct tile_rows_out rows = {
            .rows = run->out[i], .stride = port->elements, .precision = run->call.precision};
        if (port->role == GPFC_OUT_SAMPLE && rows.rows)
            tile_scatter(&here, room->out[i], port->elements, run->call.precision, &rows);
    }
}

/* ---- leaves -------------------------------------------------------------------------------------------- */

static bool worth_a_leaf(const struct cpu *run, int64_t tiles, int64_t leaves)
{
    const double elements = (double)run->call.kernel->sum_elements;
    const double flop = run->call.kernel->flop_per_sample * (double)run->call.lanes * (double)tiles;
    return elements * sum_flop * (double)leaves <= sum_share * flop || leaves <= ENOUGH_LEAVES;
}

static int64_t leaves_of(const struct cpu *run, int64_t n)
{
    const int64_t tiles = (n + run->call.lanes - 1) / run->call.lanes;
    int64_t leaves = 1;
    while (2 * leaves <= tiles && 2 * leaves <= MOST_LEAVES && worth_a_leaf(run, tiles, 2 * leaves) &&
           kernel_sum_bytes(2 * leaves, run->call.kernel->sum_elements, run->call.precision) <=
               MOST_SUM_BYTES)
        leaves *= 2;
    return leaves;
}

int64_t runner_cpu_leaves(const struct runner *runner, int64_t n)
{
    return leaves_of(cpu_in(runner), n);
}

static void run_leaf(void *data, int64_t leaf, int thread)
{
    const struct batch *batch = data;
    const struct cpu *run = batch->run;
    const struct kernel_room *room = &run->call.rooms[thread];
    void *sums = kernel_sum_leaf(run->sum, leaf);
    const int64_t end = (leaf + 1) * batch->tiles / batch->leaves;
    for (int64_t number = leaf * batch->tiles / batch->leaves; number < end; number++) {
        const struct tile tile = tile_at(batch, number);
        fill_inputs(batch, room, &tile);
        expect_inputs(batch, number + 1);
        kernel_call_tile(&run->call, thread, sums);
        spread_outputs(run, room, &tile);
    }
    kernel_sum_leaf_done(run->sum, leaf);
}

/* ---- one call ------------------------------------------------------------------------------------------ */

static void draw_step_noise(const struct cpu *run)
{
    for (int i = 0; i < run->call.kernel->n_in; i++)
        if (run->call.kernel->in[i].role == GPFC_IN_NOISE_STEP)
            random_fill_normal(run->noise_seed, run->noise_stream,
                               run->step_noise_at[i] / (size_t)run->call.precision,
                               run->call.kernel->in[i].elements, run->call.precision,
                               run->step_noise + run->step_noise_at[i]);
}

static double flop_of(const struct cpu *run)
{
    return run->call.kernel->flop_per_sample * share_run(run);
}

/* All or one: to change the number of threads costs more than to have some wait. */
static int threads_for(const struct cpu *run, int64_t n)
{
    return flop_of(run) * (double)n >= 2 * least_flop_of_thread ? run->call.threads : 1;
}

static bool cpu_go(struct runner *runner, int64_t n, struct fault *fault)
{
    (void)fault;
    struct cpu *run = cpu_of(runner);
    assert(n > 0 && n <= run->rows);
    struct batch batch = {
        .run = run,
        .n = n,
        .tiles = (n + run->call.lanes - 1) / run->call.lanes,
        .leaves = leaves_of(run, n),
    };
    draw_step_noise(run);
    kernel_call_before(&run->call);
    kernel_sum_start(run->sum, batch.leaves);
    parallel_for(threads_for(run, n), batch.leaves, run_leaf, &batch);
    kernel_call_after(&run->call, 0, kernel_sum_all(run->sum));
    return true;
}

static double cpu_flop(const struct runner *runner)
{
    return flop_of(cpu_in(runner));
}

static double cpu_useful_flop(const struct runner *runner)
{
    const struct cpu *run = cpu_in(runner);
    return run->call.kernel->useful_flop_per_sample * share_run(run);
}

/* ---- the row of the table ------------------------------------------------------------------------------ */

static const struct runner_ops ops = {
    .free = cpu_free,
    .parameters = cpu_parameters,
    .setting = cpu_setting,
    .steps = cpu_steps,
    .input = cpu_input,
    .output = cpu_output,
    .total = cpu_total,
    .order = cpu_order,
    .noise = cpu_noise,
    .go = cpu_go,
    .flop = cpu_flop,
    .useful_flop = cpu_useful_flop,
};

static bool cpu_new(struct runner **out, const struct device *device, const struct gpfc_bundle *bundle,
                    const char *kernel, int64_t rows, struct fault *fault)
{
    assert(rows > 0 && device->threads > 0);
    *out = NULL;
    struct cpu *run = calloc(1, sizeof *run);
    if (!run)
        return fault_memory(fault, sizeof *run, "a kernel");
    run->runner.ops = &ops;
    run->rows = rows;
    if (!kernel_call_init(&run->call, bundle, kernel, device->threads, false, fault) ||
        !take_all(run, fault)) {
        cpu_free(&run->runner);
        return false;
    }
    run->weight = bundle_input(run->call.kernel, "weight");
    cpu_steps(&run->runner, bundle->steps);
    *out = &run->runner;
    return true;
}

const struct device_row device_row_cpu = {.name = "cpu", .make_runner = cpu_new};
