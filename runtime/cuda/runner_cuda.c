/* SPDX-License-Identifier: MIT */
#include "cuda/runner_cuda.h"

#include "cuda/runner_cuda_parts.h"
#include "kernels/bundle.h"
#include "kernels/runner_cpu.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct cuda_run *cuda_of(struct runner *runner)
{
    return (struct cuda_run *)runner;
}

/* Which device it was. Always false. */
static bool of_device(const struct cuda_device *device, struct fault *fault)
{
    if (!fault)
        return false;
    const struct fault first = *fault;
    return fault_set(fault, (enum fault_code)first.exit_code, "cuda:%d, %s: %s", device->number, device->name,
                     first.text);
}

static bool cuda_go(struct runner *runner, int64_t n, struct fault *fault)
{
    struct cuda_run *const run = cuda_of(runner);
    assert(n > 0 && n <= run->rows);
    const struct cuda_call call = cuda_call_of(run, n);
    return (cuda_device_enter(run->device, fault) && cuda_call_go(&call, fault)) ||
           of_device(run->device, fault);
}

/* ---- making -------------------------------------------------------------------------------------------- */

static bool make_events(struct cuda_run *run, struct fault *fault)
{
    for (int i = 0; i < run->pieces; i++)
        if (!CUDA_CALL(&run->device->driver, cuEventCreate, (&run->piece[i].done, CU_EVENT_DISABLE_TIMING),
                       fault))
            return false;
    return true;
}

static void cuda_free(struct runner *runner)
{
    struct cuda_run *const run = cuda_of(runner);
    struct fault unheard;
    if (cuda_device_enter(run->device, &unheard)) {
        cuda_room_free(run);
        for (int i = 0; i < CUDA_PIECES; i++)
            if (run->piece[i].done)
                (void)run->device->driver.cuEventDestroy(run->piece[i].done);
        cuda_code_free(&run->code, run->device);
    }
    runner_ports_free(&run->ports);
    free(run);
}

/* ---- binding ------------------------------------------------------------------------------------------- */

static void cuda_parameters(struct runner *runner, const void *theta)
{
    cuda_of(runner)->theta = theta;
}

static void cuda_setting(struct runner *runner, const char *name, const void *values)
{
    struct cuda_run *const run = cuda_of(runner);
    const int port = runner_port_in(&run->ports, name, GPFC_IN_SETTING);
    if (port >= 0)
        run->setting[port] = values;
}

static void cuda_steps(struct runner *runner, int64_t steps)
{
    runner_ports_steps(&cuda_of(runner)->ports, steps);
}

static void cuda_input(struct runner *runner, const char *name, const struct runner_rows *rows)
{
    runner_ports_input(&cuda_of(runner)->ports, name, rows);
}

static void cuda_output(struct runner *runner, const char *name, void *rows)
{
    runner_ports_output(&cuda_of(runner)->ports, name, rows);
}

static void cuda_total(struct runner *runner, const char *name, void *values)
{
    struct cuda_run *const run = cuda_of(runner);
    const int port = runner_port_out(&run->ports, name, GPFC_OUT_TOTAL);
    if (port >= 0)
        run->total[port] = values;
}

static void cuda_order(struct runner *runner, const uint32_t *order, int64_t first)
{
    runner_ports_order(&cuda_of(runner)->ports, order, first);
}

static void cuda_noise(struct runner *runner, uint64_t seed, uint64_t stream, uint64_t first)
{
    runner_ports_noise(&cuda_of(runner)->ports, seed, stream, first);
}

static double cuda_flop(const struct runner *runner)
{
    return runner_ports_flop(&((const struct cuda_run *)runner)->ports);
}

static double cuda_useful_flop(const struct runner *runner)
{
    return runner_ports_useful_flop(&((const struct cuda_run *)runner)->ports);
}

static const struct runner_resources *cuda_resources(const struct runner *runner)
{
    return &((const struct cuda_run *)runner)->resources;
}

/* ---- the row of the table ------------------------------------------------------------------------------ */

static const struct runner_ops ops = {
    .free = cuda_free,
    .parameters = cuda_parameters,
    .setting = cuda_setting,
    .steps = cuda_steps,
    .input = cuda_input,
    .output = cuda_output,
    .total = cuda_total,
    .order = cuda_order,
    .noise = cuda_noise,
    .go = cuda_go,
    .flop = cuda_flop,
    .useful_flop = cuda_useful_flop,
    .resources = cuda_resources,
};

static bool has_cuda(const struct gpfc_bundle *bundle)
{
    for (int64_t i = 0; i < bundle->n_kernels; i++)
        if (bundle->kernels[i].cuda)
            return true;
    return false;
}

static bool make_on_device(struct runner **out, const struct device *device, const struct gpfc_bundle *bundle,
                           const struct gpfc_kernel *kernel, int64_t rows, struct fault *fault)
{
    struct cuda_run *const run = calloc(1, sizeof *run);
    if (!run)
        return fault_memory(fault, sizeof *run, "a kernel");
    run->runner.ops = &ops;
    run->device = device->state;
    run->kernel = kernel->cuda;
    run->threads = device->threads;
    run->rows = rows;
    if (cuda_device_enter(run->device, fault) &&
        runner_ports_init(&run->ports, bundle, kernel->name, kernel->cuda->lanes, fault) &&
        cuda_code_load(&run->code, run->device, run->kernel, fault) &&
        cuda_code_resources(&run->resources, &run->code, run->device, fault) && cuda_room_take(run, fault) &&
        make_events(run, fault)) {
        *out = &run->runner;
        return true;
    }
    cuda_free(&run->runner);
    return of_device(device->state, fault);
}

static bool cuda_new(struct runner **out, const struct device *device, const struct gpfc_bundle *bundle,
                     const char *name, int64_t rows, struct fault *fault)
{
    const struct gpfc_kernel *const kernel = bundle_kernel(bundle, name);
    *out = NULL;
    assert(rows > 0 && device->threads > 0);
    if (!has_cuda(bundle))
        return fault_set(fault, FAULT_SYSTEM, "this trainer was compiled without code for GPUs");
    return kernel && kernel->cuda ? make_on_device(out, device, bundle, kernel, rows, fault)
                                  : device_row_cpu.make_runner(out, device, bundle, name, rows, fault);
}

static bool open_device(void **state, int number, struct fault *fault)
{
    struct cuda_device *device;
    const bool good = cuda_device_open(&device, number, fault);
    *state = device;
    return good;
}

static void close_device(void *state)
{
    cuda_device_close(state);
}

static void facts_of(const void *state, struct device_facts *out)
{
    const struct cuda_device *const device = state;
    *out = (struct device_facts){.architecture = device->capability,
                                 .multiprocessors = device->multiprocessors,
                                 .memory = (double)device->memory,
                                 .peak_single = cuda_device_peak(device, false),
                                 .peak_double = cuda_device_peak(device, true)};
    (void)snprintf(out->name, sizeof out->name, "cuda:%d, %s", device->number, device->name);
    (void)snprintf(out->driver, sizeof out->driver, "CUDA %d.%d", device->driver.version / 1000,
                   device->driver.version % 1000 / 10);
}

static bool notice_of(void *state, char *out, size_t bytes)
{
    struct cuda_device *const device = state;
    if (device->few_rows == 0 || device->few_told)
        return false;
    device->few_told = true;
    (void)snprintf(
        out, bytes,
        "cuda:%d, %s: memory is short, so a kernel takes %lld rows at a time; results stay the same",
        device->number, device->name, (long long)device->few_rows);
    return true;
}

const struct device_row device_row_cuda = {.name = "cuda",
                                           .open = open_device,
                                           .close = close_device,
                                           .facts = facts_of,
                                           .notice = notice_of,
                                           .make_runner = cuda_new};
