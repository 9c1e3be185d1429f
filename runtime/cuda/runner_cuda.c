/* SPDX-License-Identifier: MIT */
#include "cuda/runner_cuda.h"

#include "cuda/cuda_code.h"
#include "cuda/cuda_memory.h"
#include "ground/parallel.h"
#include "kernels/bundle.h"
#include "kernels/runner_cpu.h"
#include "kernels/runner_ports.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two pieces: one is filled while the other is computed. Each is no larger than what hides the cost of a
 * launch by far. Fewer numbers than a thread's share are gathered by one thread. */
enum { PIECES = 2, MOST_PIECE_BYTES = 256 << 20, MEMORY_ALIGNMENT = 256, SHARE_OF_THREAD = 1 << 15 };

struct layout { /* where ports are in a block of memory, bytes */
    size_t in[GPFC_MAX_PORTS], out[GPFC_MAX_PORTS];
    size_t in_bytes, bytes; /* all inputs, which come first; all */
};

struct piece {                      /* some blocks of a call, with their tiles */
    struct cuda_memory memory;      /* varying inputs, then varying outputs */
    struct layout layout;           /* of so many tiles */
    CUevent done;                   /* NULL: not made */
    int64_t first, blocks, n_tiles; /* that are under way: first tile, ..; no blocks: none are */
};

struct cuda {
    struct runner runner;
    struct cuda_device *device;
    const struct gpfc_cuda_kernel *kernel;
    struct runner_ports ports;
    struct cuda_code code;
    struct runner_resources resources;
    int threads;
    int64_t rows; /* of a go, at most */

    const void *theta;
    const void *setting[GPFC_MAX_PORTS]; /* by input */
    void *total[GPFC_MAX_PORTS];         /* by output */

    struct layout uniform_layout;
    struct cuda_memory
        uniform; /* uniform inputs and totals; behind them, on the device, what `before` makes */
    struct cuda_memory sums, room;
    struct piece piece[PIECES];
    int pieces;           /* that have memory */
    int64_t piece_blocks; /* at most, and tiles */
    int64_t piece_tiles;
};

static struct cuda *cuda_of(struct runner *runner)
{
    return (struct cuda *)runner;
}

static size_t aligned(size_t bytes)
{
    return (bytes + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
}

static size_t real_bytes(const struct cuda *run, int64_t numbers)
{
    return (size_t)(numbers * run->ports.bundle->precision);
}

/* ---- layouts ------------------------------------------------------------------------------------------- */

static bool varies(const struct gpfc_port *port)
{
    return port->role == GPFC_IN_SAMPLE || port->role == GPFC_IN_NOISE;
}

static void put(struct layout *layout, size_t *at, size_t bytes)
{
    *at = layout->bytes;
    layout->bytes += aligned(bytes);
}

/* Of varying ports, tile after tile. */
static void lay_out_tiles(const struct cuda *run, int64_t tiles, struct layout *out)
{
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    out->bytes = 0;
    for (int64_t i = 0; i < kernel->n_in; i++)
        if (varies(&kernel->in[i]))
            put(out, &out->in[i], real_bytes(run, kernel->in[i].elements * run->ports.lanes * tiles));
    out->in_bytes = out->bytes;
    for (int64_t i = 0; i < kernel->n_out; i++)
        if (kernel->out[i].role == GPFC_OUT_SAMPLE)
            put(out, &out->out[i], real_bytes(run, kernel->out[i].elements * run->ports.lanes * tiles));
}

/* Of uniform ports: theta as a whole, then the others. */
static void lay_out_uniform(const struct cuda *run, struct layout *out)
{
    const struct gpfc_bundle *const bundle = run->ports.bundle;
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    out->bytes = aligned(real_bytes(run, bundle->theta_elements));
    for (int64_t i = 0; i < kernel->n_in; i++) {
        const struct gpfc_port *const port = &kernel->in[i];
        if (port->role == GPFC_IN_PARAMETER)
            out->in[i] = real_bytes(run, bundle_parameter(bundle, port->name)->offset);
        else if (!varies(port))
            put(out, &out->in[i], real_bytes(run, port->elements));
    }
    out->in_bytes = out->bytes;
    for (int64_t i = 0; i < kernel->n_out; i++)
        if (kernel->out[i].role == GPFC_OUT_TOTAL)
            put(out, &out->out[i], real_bytes(run, kernel->out[i].elements));
}

/* ---- one call ------------------------------------------------------------------------------------------ */

struct call {
    struct cuda *run;
    int64_t n, tiles;
    int64_t each;   /* tiles that a block takes, those past the last one too */
    int64_t blocks; /* in all */
};

/* Blocks with sums are few, and their number decides the bits; without sums a block has one tile. */
static struct call call_of(struct cuda *run, int64_t n)
{
    const int64_t tiles = runner_ports_tiles(&run->ports, n), leaves = run->kernel->leaves;
    const int64_t each = run->kernel->sum_elements > 0 ? (tiles + leaves - 1) / leaves : 1;
    return (struct call){
        .run = run, .n = n, .tiles = tiles, .each = each, .blocks = (tiles + each - 1) / each};
}

/* The one parameter of the four functions. */
struct arguments {
    uint64_t word[2 * GPFC_MAX_PORTS + 5];
};

static void fill_arguments(const struct cuda *run, const struct piece *piece, CUdeviceptr sums, int64_t tiles,
                           int64_t blocks, struct arguments *out)
{
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    const struct layout *const uniform = &run->uniform_layout;
    uint64_t *word = out->word;
    for (int64_t i = 0; i < kernel->n_in; i++)
        *word++ = varies(&kernel->in[i]) ? piece->memory.device + piece->layout.in[i]
                                         : run->uniform.device + uniform->in[i];
    for (int64_t i = 0; i < kernel->n_out; i++)
        *word++ = kernel->out[i].role == GPFC_OUT_SAMPLE ? piece->memory.device + piece->layout.out[i]
                                                         : run->uniform.device + uniform->out[i];
    *word++ = run->uniform.device + uniform->bytes;
    *word++ = run->room.device;
    *word++ = sums;
    *word++ = (uint64_t)tiles;
    *word++ = (uint64_t)blocks;
}

static bool launch(const struct cuda *run, CUfunction function, int64_t blocks, int64_t shared_bytes,
                   struct arguments *arguments, struct fault *fault)
{
    return CUDA_CALL(&run->device->driver, cuLaunchKernel,
                     (function, (unsigned)blocks, 1, 1, (unsigned)run->kernel->threads, 1, 1,
                      (unsigned)shared_bytes, run->device->stream, (void *[]){arguments}, NULL),
                     fault);
}

/* ---- uniform values ------------------------------------------------------------------------------------ */

static const void *uniform_values(const struct cuda *run, int port)
{
    if (port == run->ports.steps)
        return &run->ports.steps_room;
    if (run->ports.kernel->in[port].role == GPFC_IN_NOISE_STEP)
        return run->ports.step_noise + run->ports.step_noise_at[port];
    return run->setting[port];
}

static bool begin(const struct call *call, struct fault *fault)
{
    struct cuda *const run = call->run;
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    struct arguments arguments;
    runner_ports_draw(&run->ports);
    memcpy(run->uniform.host, run->theta, real_bytes(run, run->ports.bundle->theta_elements));
    for (int i = 0; i < kernel->n_in; i++)
        if (!varies(&kernel->in[i]) && kernel->in[i].role != GPFC_IN_PARAMETER)
            memcpy(run->uniform.host + run->uniform_layout.in[i], uniform_values(run, i),
                   real_bytes(run, kernel->in[i].elements));
    fill_arguments(run, &run->piece[0], run->sums.device, call->tiles, call->blocks, &arguments);
    return cuda_memory_send(&run->uniform, run->device, 0, run->uniform_layout.in_bytes, fault) &&
           launch(run, run->code.before, 1, 0, &arguments, fault);
}

static bool fetch_totals(struct cuda *run, struct fault *fault)
{
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    const struct layout *const layout = &run->uniform_layout;
    if (!cuda_memory_fetch(&run->uniform, run->device, layout->in_bytes, layout->bytes - layout->in_bytes,
                           fault) ||
        !CUDA_CALL(&run->device->driver, cuStreamSynchronize, (run->device->stream), fault))
        return false;
    for (int i = 0; i < kernel->n_out; i++)
        if (kernel->out[i].role == GPFC_OUT_TOTAL)
            memcpy(run->total[i], run->uniform.host + layout->out[i],
                   real_bytes(run, kernel->out[i].elements));
    return true;
}

static bool end(const struct call *call, struct fault *fault)
{
    struct cuda *const run = call->run;
    const int64_t threads = run->kernel->threads,
                  blocks = (run->kernel->sum_elements + threads - 1) / threads;
    struct arguments arguments;
    fill_arguments(run, &run->piece[0], run->sums.device, call->tiles, call->blocks, &arguments);
    return (!run->code.sum || launch(run, run->code.sum, blocks, 0, &arguments, fault)) &&
           launch(run, run->code.after, 1, 0, &arguments, fault) && fetch_totals(run, fault);
}

/* ---- pieces -------------------------------------------------------------------------------------------- */

struct tiles { /* of a piece, filled or emptied */
    const struct call *call;
    struct piece *piece;
};

static void tile_addresses(const struct tiles *tiles, int64_t tile, void *in[], void *out[])
{
    const struct runner_ports *const ports = &tiles->call->run->ports;
    const struct layout *const layout = &tiles->piece->layout;
    char *const host = tiles->piece->memory.host;
    for (int i = 0; i < ports->kernel->n_in; i++)
        in[i] = host + layout->in[i] +
                real_bytes(tiles->call->run, ports->kernel->in[i].elements * ports->lanes * tile);
    for (int i = 0; i < ports->kernel->n_out; i++)
        out[i] = host + layout->out[i] +
                 real_bytes(tiles->call->run, ports->kernel->out[i].elements * ports->lanes * tile);
}

static void fill_tile(void *data, int64_t tile, int thread)
{
    const struct tiles *const tiles = data;
    const struct runner_ports *const ports = &tiles->call->run->ports;
    void *in[GPFC_MAX_PORTS], *out[GPFC_MAX_PORTS];
    (void)thread;
    tile_addresses(tiles, tile, in, out);
    runner_ports_fill(ports, tiles->call->n, tiles->piece->first + tile, in);
    runner_ports_expect(ports, tiles->call->n, tiles->piece->first + tile + 1);
}

static void spread_tile(void *data, int64_t tile, int thread)
{
    const struct tiles *const tiles = data;
    void *in[GPFC_MAX_PORTS], *out[GPFC_MAX_PORTS];
    (void)thread;
    tile_addresses(tiles, tile, in, out);
    runner_ports_spread(&tiles->call->run->ports, tiles->call->n, tiles->piece->first + tile, out);
}

static void each_tile(const struct call *call, struct piece *piece, size_t bytes, parallel_body *body)
{
    struct tiles tiles = {.call = call, .piece = piece};
    const int64_t shares = (int64_t)bytes / call->run->ports.bundle->precision / SHARE_OF_THREAD;
    parallel_for(shares > 1 ? call->run->threads : 1, piece->n_tiles, body, &tiles);
}

/* What is wanted, in order of its ports. */
static bool fetch_outputs(const struct cuda *run, const struct piece *piece, struct fault *fault)
{
    const struct runner_ports *const ports = &run->ports;
    for (int i = 0; i < ports->kernel->n_out; i++)
        if (ports->out[i] &&
            !cuda_memory_fetch(
                &piece->memory, run->device, piece->layout.out[i],
                real_bytes(run, ports->kernel->out[i].elements * ports->lanes * piece->n_tiles), fault))
            return false;
    return true;
}

static bool run_tiles(const struct call *call, struct piece *piece, struct fault *fault)
{
    const struct cuda *const run = call->run;
    struct arguments arguments;
    const CUdeviceptr sums =
        run->sums.device + real_bytes(run, piece->first / call->each * run->kernel->sum_elements);
    fill_arguments(run, piece, sums, piece->n_tiles, piece->blocks, &arguments);
    return cuda_memory_send(&piece->memory, run->device, 0, piece->layout.in_bytes, fault) &&
           launch(run, run->code.tile, piece->blocks, run->kernel->shared_bytes, &arguments, fault) &&
           fetch_outputs(run, piece, fault) &&
           CUDA_CALL(&run->device->driver, cuEventRecord, (piece->done, run->device->stream), fault);
}

/* What came back goes to its rows; then the piece is free. */
static bool collect(const struct call *call, struct piece *piece, struct fault *fault)
{
    if (piece->blocks == 0)
        return true;
    if (!CUDA_CALL(&call->run->device->driver, cuEventSynchronize, (piece->done), fault))
        return false;
    each_tile(call, piece, piece->layout.bytes - piece->layout.in_bytes, spread_tile);
    piece->blocks = 0;
    return true;
}

static bool send(const struct call *call, struct piece *piece, int64_t first_block, int64_t blocks,
                 struct fault *fault)
{
    piece->first = first_block * call->each;
    piece->blocks = blocks;
    piece->n_tiles = blocks * call->each;
    lay_out_tiles(call->run, piece->n_tiles, &piece->layout);
    each_tile(call, piece, piece->layout.in_bytes, fill_tile);
    return run_tiles(call, piece, fault);
}

static bool run_pieces(const struct call *call, struct fault *fault)
{
    struct cuda *const run = call->run;
    const int64_t of_tiles = run->piece_tiles / call->each,
                  most = of_tiles < run->piece_blocks ? of_tiles : run->piece_blocks;
    int turn = 0;
    for (int i = 0; i < run->pieces; i++)
        run->piece[i].blocks = 0;
    for (int64_t first = 0; first < call->blocks; first += most, turn = (turn + 1) % run->pieces) {
        struct piece *const piece = &run->piece[turn];
        const int64_t left = call->blocks - first;
        if (!collect(call, piece, fault) || !send(call, piece, first, left < most ? left : most, fault))
            return false;
    }
    for (int i = 0; i < run->pieces; i++)
        if (!collect(call, &run->piece[i], fault))
            return false;
    return true;
}

/* ---- faults -------------------------------------------------------------------------------------------- */

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
    struct cuda *const run = cuda_of(runner);
    assert(n > 0 && n <= run->rows);
    const struct call call = call_of(run, n);
    return (cuda_device_enter(run->device, fault) && begin(&call, fault) && run_pieces(&call, fault) &&
            end(&call, fault)) ||
           of_device(run->device, fault);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void free_pieces(struct cuda *run)
{
    cuda_memory_free(&run->room, run->device);
    for (int i = 0; i < PIECES; i++)
        cuda_memory_free(&run->piece[i].memory, run->device);
}

static size_t piece_bytes(const struct cuda *run, int64_t tiles)
{
    struct layout layout;
    lay_out_tiles(run, tiles, &layout);
    return layout.bytes;
}

/* For so many blocks of `each` tiles; of all tiles of the largest call, no more than there are. */
static bool take_pieces(struct cuda *run, const struct call *largest, int64_t blocks, bool *full,
                        struct fault *fault)
{
    const int64_t all = largest->blocks * largest->each, tiles = blocks * largest->each;
    run->piece_blocks = blocks;
    run->piece_tiles = tiles < all ? tiles : all;
    run->pieces = run->piece_tiles < all ? PIECES : 1;
    const size_t bytes = piece_bytes(run, run->piece_tiles);
    bool good =
        cuda_memory_take(&run->room, run->device, (size_t)(blocks * run->kernel->room_bytes), 0, full, fault);
    for (int i = 0; good && i < run->pieces; i++)
        good = cuda_memory_take(&run->piece[i].memory, run->device, bytes, bytes, full, fault);
    if (!good)
        free_pieces(run);
    return good;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Where there is no room, half as large pieces do. */
static bool find_room(struct cuda *run, struct fault *fault)
{
    const struct call largest = call_of(run, run->rows);
    int64_t blocks = smaller(run->kernel->leaves, largest.tiles);
    bool full = false;
    while (blocks > 1 &&
           piece_bytes(run, smaller(blocks * largest.each, largest.blocks * largest.each)) > MOST_PIECE_BYTES)
        blocks = (blocks + 1) / 2;
    while (!take_pieces(run, &largest, blocks, &full, fault)) {
        if (!full || blocks == 1)
            return false;
        blocks = (blocks + 1) / 2;
    }
    return true;
}

static bool take_uniform(struct cuda *run, struct fault *fault)
{
    const int64_t leaves = smaller(run->kernel->leaves, runner_ports_tiles(&run->ports, run->rows));
    bool full;
    lay_out_uniform(run, &run->uniform_layout);
    const size_t bytes = run->uniform_layout.bytes;
    return cuda_memory_take(&run->uniform, run->device, bytes + (size_t)run->kernel->uniform_bytes, bytes,
                            &full, fault) &&
           cuda_memory_take(&run->sums, run->device, real_bytes(run, leaves * run->kernel->sum_elements), 0,
                            &full, fault);
}

static bool make_events(struct cuda *run, struct fault *fault)
{
    for (int i = 0; i < run->pieces; i++)
        if (!CUDA_CALL(&run->device->driver, cuEventCreate, (&run->piece[i].done, CU_EVENT_DISABLE_TIMING),
                       fault))
            return false;
    return true;
}

static void cuda_free(struct runner *runner)
{
    struct cuda *const run = cuda_of(runner);
    struct fault unheard;
    if (cuda_device_enter(run->device, &unheard)) {
        free_pieces(run);
        cuda_memory_free(&run->uniform, run->device);
        cuda_memory_free(&run->sums, run->device);
        for (int i = 0; i < PIECES; i++)
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
    struct cuda *const run = cuda_of(runner);
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
    struct cuda *const run = cuda_of(runner);
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
    return runner_ports_flop(&((const struct cuda *)runner)->ports);
}

static double cuda_useful_flop(const struct runner *runner)
{
    return runner_ports_useful_flop(&((const struct cuda *)runner)->ports);
}

static const struct runner_resources *cuda_resources(const struct runner *runner)
{
    return &((const struct cuda *)runner)->resources;
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
    struct cuda *const run = calloc(1, sizeof *run);
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
        cuda_code_resources(&run->resources, &run->code, run->device, run->kernel, fault) &&
        take_uniform(run, fault) && find_room(run, fault) && make_events(run, fault)) {
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

const struct device_row device_row_cuda = {
    .name = "cuda", .open = open_device, .close = close_device, .facts = facts_of, .make_runner = cuda_new};
