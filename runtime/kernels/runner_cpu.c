/* SPDX-License-Identifier: MIT */
#include "kernels/runner_cpu.h"

#include "ground/parallel.h"
#include "kernels/kernel_call.h"
#include "kernels/kernel_sum.h"
#include "kernels/runner_ports.h"

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
    struct runner_ports ports;
    struct kernel_call call;
    int64_t rows; /* of a go, at most */
    struct kernel_sum *sum;
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

static int64_t leaves_of(const struct cpu *run, int64_t n);

static bool take_sum(struct cpu *run, struct fault *fault)
{
    const int64_t leaves = leaves_of(run, run->rows), elements = run->call.kernel->sum_elements;
    run->sum = kernel_sum_new(leaves, elements, run->call.precision);
    return run->sum || fault_memory(fault, kernel_sum_bytes(leaves, elements, run->call.precision),
                                    "the kernels' work space");
}

static void cpu_free(struct runner *runner)
{
    struct cpu *run = cpu_of(runner);
    runner_ports_free(&run->ports);
    kernel_call_free(&run->call);
    kernel_sum_free(run->sum);
    free(run);
}

/* ---- binding ------------------------------------------------------------------------------------------- */

static void cpu_parameters(struct runner *runner, const void *theta)
{
    kernel_call_parameters(&cpu_of(runner)->call, theta);
}

static void cpu_setting(struct runner *runner, const char *name, const void *values)
{
    struct cpu *run = cpu_of(runner);
    const int port = runner_port_in(&run->ports, name, GPFC_IN_SETTING);
    if (port >= 0)
        kernel_call_bind_in(&run->call, port, values);
}

static void cpu_steps(struct runner *runner, int64_t steps)
{
    runner_ports_steps(&cpu_of(runner)->ports, steps);
}

static void cpu_input(struct runner *runner, const char *name, const struct runner_rows *rows)
{
    runner_ports_input(&cpu_of(runner)->ports, name, rows);
}

static void cpu_output(struct runner *runner, const char *name, void *rows)
{
    runner_ports_output(&cpu_of(runner)->ports, name, rows);
}

static void cpu_total(struct runner *runner, const char *name, void *values)
{
    struct cpu *run = cpu_of(runner);
    const int port = runner_port_out(&run->ports, name, GPFC_OUT_TOTAL);
    if (port >= 0)
        kernel_call_bind_total(&run->call, port, values);
}

static void cpu_order(struct runner *runner, const uint32_t *order, int64_t first)
{
    runner_ports_order(&cpu_of(runner)->ports, order, first);
}

static void cpu_noise(struct runner *runner, uint64_t seed, uint64_t stream, uint64_t first)
{
    runner_ports_noise(&cpu_of(runner)->ports, seed, stream, first);
}

/* What the ports hold rather than the caller. */
static void bind_own(struct cpu *run)
{
    const struct runner_ports *const ports = &run->ports;
    if (ports->steps >= 0)
        kernel_call_bind_in(&run->call, ports->steps, &ports->steps_room);
    for (int i = 0; i < ports->kernel->n_in; i++)
        if (ports->kernel->in[i].role == GPFC_IN_NOISE_STEP)
            kernel_call_bind_in(&run->call, i, ports->step_noise + ports->step_noise_at[i]);
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
    const int64_t tiles = runner_ports_tiles(&run->ports, n);
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

struct batch { /* one call of runner_go */
    const struct cpu *run;
    int64_t n, tiles, leaves;
};

static void run_leaf(void *data, int64_t leaf, int thread)
{
    const struct batch *batch = data;
    const struct cpu *run = batch->run;
    const struct kernel_room *room = &run->call.rooms[thread];
    void *sums = kernel_sum_leaf(run->sum, leaf);
    const int64_t end = (leaf + 1) * batch->tiles / batch->leaves;
    for (int64_t number = leaf * batch->tiles / batch->leaves; number < end; number++) {
        runner_ports_fill(&run->ports, batch->n, number, room->in_tile);
        runner_ports_expect(&run->ports, batch->n, number + 1);
        kernel_call_tile(&run->call, thread, sums);
        runner_ports_spread(&run->ports, batch->n, number, room->out);
    }
    kernel_sum_leaf_done(run->sum, leaf);
}

/* ---- one call ------------------------------------------------------------------------------------------ */

/* All or one: to change the number of threads costs more than to have some wait. */
static int threads_for(const struct cpu *run, int64_t n)
{
    return runner_ports_flop(&run->ports) * (double)n >= 2 * least_flop_of_thread ? run->call.threads : 1;
}

static bool cpu_go(struct runner *runner, int64_t n, struct fault *fault)
{
    (void)fault;
    struct cpu *run = cpu_of(runner);
    assert(n > 0 && n <= run->rows);
    struct batch batch = {
        .run = run,
        .n = n,
        .tiles = runner_ports_tiles(&run->ports, n),
        .leaves = leaves_of(run, n),
    };
    runner_ports_draw(&run->ports);
    kernel_call_before(&run->call);
    kernel_sum_start(run->sum, batch.leaves);
    parallel_for(threads_for(run, n), batch.leaves, run_leaf, &batch);
    kernel_call_after(&run->call, 0, kernel_sum_all(run->sum));
    return true;
}

static double cpu_flop(const struct runner *runner)
{
    return runner_ports_flop(&cpu_in(runner)->ports);
}

static double cpu_useful_flop(const struct runner *runner)
{
    return runner_ports_useful_flop(&cpu_in(runner)->ports);
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
    if (!runner_ports_init(&run->ports, bundle, kernel, bundle->lanes, fault) ||
        !kernel_call_init(&run->call, bundle, kernel, device->threads, false, fault) ||
        !take_sum(run, fault)) {
        cpu_free(&run->runner);
        return false;
    }
    bind_own(run);
    *out = &run->runner;
    return true;
}

const struct device_row device_row_cpu = {.name = "cpu", .make_runner = cpu_new};
