/* SPDX-License-Identifier: MIT
 *
 * One call of a kernel on a GPU: uniform values, pieces of tiles there and back, sums. */
#include "cuda/runner_cuda_parts.h"

#include "ground/parallel.h"

#include <string.h>

/* Fewer numbers than this for each thread are gathered by one thread. */
enum { SHARE_OF_THREAD = 1 << 15 };

/* Blocks with sums are few, and their number decides the bits; without sums a block has one tile. */
struct cuda_call cuda_call_of(struct cuda_run *run, int64_t n)
{
    const int64_t tiles = runner_ports_tiles(&run->ports, n), leaves = run->kernel->leaves;
    const int64_t each = run->kernel->sum_elements > 0 ? (tiles + leaves - 1) / leaves : 1;
    return (struct cuda_call){
        .run = run, .n = n, .tiles = tiles, .each = each, .blocks = (tiles + each - 1) / each};
}

/* ---- launches ------------------------------------------------------------------------------------------ */

/* The one parameter of the four functions. */
struct arguments {
    uint64_t word[2 * GPFC_MAX_PORTS + 5];
};

static void fill_arguments(const struct cuda_run *run, const struct cuda_piece *piece, CUdeviceptr sums,
                           int64_t tiles, int64_t blocks, struct arguments *out)
{
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    const struct cuda_layout *const uniform = &run->uniform_layout;
    uint64_t *word = out->word;
    for (int64_t i = 0; i < kernel->n_in; i++)
        *word++ = cuda_varies(&kernel->in[i]) ? piece->memory.device + piece->layout.in[i]
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

static bool launch(const struct cuda_run *run, CUfunction function, int64_t blocks, int64_t shared_bytes,
                   struct arguments *arguments, struct fault *fault)
{
    return CUDA_CALL(&run->device->driver, cuLaunchKernel,
                     (function, (unsigned)blocks, 1, 1, (unsigned)run->kernel->threads, 1, 1,
                      (unsigned)shared_bytes, run->device->stream, (void *[]){arguments}, NULL),
                     fault);
}

/* ---- uniform values ------------------------------------------------------------------------------------ */

static const void *uniform_values(const struct cuda_run *run, int port)
{
    if (port == run->ports.steps)
        return &run->ports.steps_room;
    if (run->ports.kernel->in[port].role == GPFC_IN_NOISE_STEP)
        return run->ports.step_noise + run->ports.step_noise_at[port];
    return run->setting[port];
}

static bool begin(const struct cuda_call *call, struct fault *fault)
{
    struct cuda_run *const run = call->run;
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    struct arguments arguments;
    runner_ports_draw(&run->ports);
    memcpy(run->uniform.host, run->theta, cuda_reals(run, run->ports.bundle->theta_elements));
    for (int i = 0; i < kernel->n_in; i++)
        if (!cuda_varies(&kernel->in[i]) && kernel->in[i].role != GPFC_IN_PARAMETER)
            memcpy(run->uniform.host + run->uniform_layout.in[i], uniform_values(run, i),
                   cuda_reals(run, kernel->in[i].elements));
    fill_arguments(run, &run->piece[0], run->sums.device, call->tiles, call->blocks, &arguments);
    return cuda_memory_send(&run->uniform, run->device, 0, run->uniform_layout.in_bytes, fault) &&
           launch(run, run->code.before, 1, 0, &arguments, fault);
}

static bool fetch_totals(struct cuda_run *run, struct fault *fault)
{
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    const struct cuda_layout *const layout = &run->uniform_layout;
    if (!cuda_memory_fetch(&run->uniform, run->device, layout->in_bytes, layout->bytes - layout->in_bytes,
                           fault) ||
        !CUDA_CALL(&run->device->driver, cuStreamSynchronize, (run->device->stream), fault))
        return false;
    for (int i = 0; i < kernel->n_out; i++)
        if (kernel->out[i].role == GPFC_OUT_TOTAL)
            memcpy(run->total[i], run->uniform.host + layout->out[i],
                   cuda_reals(run, kernel->out[i].elements));
    return true;
}

static bool end(const struct cuda_call *call, struct fault *fault)
{
    struct cuda_run *const run = call->run;
    const int64_t threads = run->kernel->threads,
                  blocks = (run->kernel->sum_elements + threads - 1) / threads;
    struct arguments arguments;
    fill_arguments(run, &run->piece[0], run->sums.device, call->tiles, call->blocks, &arguments);
    return (!run->code.sum || launch(run, run->code.sum, blocks, 0, &arguments, fault)) &&
           launch(run, run->code.after, 1, 0, &arguments, fault) && fetch_totals(run, fault);
}

/* ---- pieces -------------------------------------------------------------------------------------------- */

struct tiles { /* of a piece, filled or emptied */
    const struct cuda_call *call;
    struct cuda_piece *piece;
};

static void tile_addresses(const struct tiles *tiles, int64_t tile, void *in[], void *out[])
{
    const struct runner_ports *const ports = &tiles->call->run->ports;
    const struct cuda_layout *const layout = &tiles->piece->layout;
    char *const host = tiles->piece->memory.host;
    for (int i = 0; i < ports->kernel->n_in; i++)
        in[i] = host + layout->in[i] +
                cuda_reals(tiles->call->run, ports->kernel->in[i].elements * ports->lanes * tile);
    for (int i = 0; i < ports->kernel->n_out; i++)
        out[i] = host + layout->out[i] +
                 cuda_reals(tiles->call->run, ports->kernel->out[i].elements * ports->lanes * tile);
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

static void each_tile(const struct cuda_call *call, struct cuda_piece *piece, size_t bytes,
                      parallel_body *body)
{
    struct tiles tiles = {.call = call, .piece = piece};
    const int64_t shares = (int64_t)bytes / call->run->ports.bundle->precision / SHARE_OF_THREAD;
    parallel_for(shares > 1 ? call->run->threads : 1, piece->n_tiles, body, &tiles);
}

/* What is wanted, in order of its ports. */
static bool fetch_outputs(const struct cuda_run *run, const struct cuda_piece *piece, struct fault *fault)
{
    const struct runner_ports *const ports = &run->ports;
    for (int i = 0; i < ports->kernel->n_out; i++)
        if (ports->out[i] &&
            !cuda_memory_fetch(
                &piece->memory, run->device, piece->layout.out[i],
                cuda_reals(run, ports->kernel->out[i].elements * ports->lanes * piece->n_tiles), fault))
            return false;
    return true;
}

static bool run_tiles(const struct cuda_call *call, struct cuda_piece *piece, struct fault *fault)
{
    const struct cuda_run *const run = call->run;
    struct arguments arguments;
    const CUdeviceptr sums =
        run->sums.device + cuda_reals(run, piece->first / call->each * run->kernel->sum_elements);
    fill_arguments(run, piece, sums, piece->n_tiles, piece->blocks, &arguments);
    return cuda_memory_send(&piece->memory, run->device, 0, piece->layout.in_bytes, fault) &&
           launch(run, run->code.tile, piece->blocks, run->code.shared_bytes, &arguments, fault) &&
           fetch_outputs(run, piece, fault) &&
           CUDA_CALL(&run->device->driver, cuEventRecord, (piece->done, run->device->stream), fault);
}

/* What came back goes to its rows; then the piece is free. */
static bool collect(const struct cuda_call *call, struct cuda_piece *piece, struct fault *fault)
{
    if (piece->blocks == 0)
        return true;
    if (!CUDA_CALL(&call->run->device->driver, cuEventSynchronize, (piece->done), fault))
        return false;
    each_tile(call, piece, piece->layout.bytes - piece->layout.in_bytes, spread_tile);
    piece->blocks = 0;
    return true;
}

static bool send(const struct cuda_call *call, struct cuda_piece *piece, int64_t first_block, int64_t blocks,
                 struct fault *fault)
{
    piece->first = first_block * call->each;
    piece->blocks = blocks;
    piece->n_tiles = blocks * call->each;
    cuda_lay_out_tiles(call->run, piece->n_tiles, &piece->layout);
    each_tile(call, piece, piece->layout.in_bytes, fill_tile);
    return run_tiles(call, piece, fault);
}

static bool run_pieces(const struct cuda_call *call, struct fault *fault)
{
    struct cuda_run *const run = call->run;
    const int64_t of_tiles = run->piece_tiles / call->each,
                  most = of_tiles < run->piece_blocks ? of_tiles : run->piece_blocks;
    int turn = 0;
    for (int i = 0; i < run->pieces; i++)
        run->piece[i].blocks = 0;
    for (int64_t first = 0; first < call->blocks; first += most, turn = (turn + 1) % run->pieces) {
        struct cuda_piece *const piece = &run->piece[turn];
        const int64_t left = call->blocks - first;
        if (!collect(call, piece, fault) || !send(call, piece, first, left < most ? left : most, fault))
            return false;
    }
    for (int i = 0; i < run->pieces; i++)
        if (!collect(call, &run->piece[i], fault))
            return false;
    return true;
}

bool cuda_call_go(const struct cuda_call *call, struct fault *fault)
{
    return begin(call, fault) && run_pieces(call, fault) && end(call, fault);
}
