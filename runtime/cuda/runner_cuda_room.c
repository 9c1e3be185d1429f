/* SPDX-License-Identifier: MIT
 *
 * Where a kernel's ports are in a GPU's memory, and that memory. */
#include "cuda/runner_cuda_parts.h"

#include "kernels/bundle.h"

/* A piece is no larger than what hides the cost of a launch by far. */
enum { MOST_PIECE_BYTES = 256 << 20, MEMORY_ALIGNMENT = 256 };

/* ---- layouts ------------------------------------------------------------------------------------------- */

static size_t aligned(size_t bytes)
{
    return (bytes + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
}

static void put(struct cuda_layout *layout, size_t *at, size_t bytes)
{
    *at = layout->bytes;
    layout->bytes += aligned(bytes);
}

void cuda_lay_out_tiles(const struct cuda_run *run, int64_t tiles, struct cuda_layout *out)
{
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    out->bytes = 0;
    for (int64_t i = 0; i < kernel->n_in; i++)
        if (cuda_varies(&kernel->in[i]))
            put(out, &out->in[i], cuda_reals(run, kernel->in[i].elements * run->ports.lanes * tiles));
    out->in_bytes = out->bytes;
    for (int64_t i = 0; i < kernel->n_out; i++)
        if (kernel->out[i].role == GPFC_OUT_SAMPLE)
            put(out, &out->out[i], cuda_reals(run, kernel->out[i].elements * run->ports.lanes * tiles));
}

/* Of uniform ports: theta as a whole, then the others. */
static void lay_out_uniform(const struct cuda_run *run, struct cuda_layout *out)
{
    const struct gpfc_bundle *const bundle = run->ports.bundle;
    const struct gpfc_kernel *const kernel = run->ports.kernel;
    out->bytes = aligned(cuda_reals(run, bundle->theta_elements));
    for (int64_t i = 0; i < kernel->n_in; i++) {
        const struct gpfc_port *const port = &kernel->in[i];
        if (port->role == GPFC_IN_PARAMETER)
            out->in[i] = cuda_reals(run, bundle_parameter(bundle, port->name)->offset);
        else if (!cuda_varies(port))
            put(out, &out->in[i], cuda_reals(run, port->elements));
    }
    out->in_bytes = out->bytes;
    for (int64_t i = 0; i < kernel->n_out; i++)
        if (kernel->out[i].role == GPFC_OUT_TOTAL)
            put(out, &out->out[i], cuda_reals(run, kernel->out[i].elements));
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void free_pieces(struct cuda_run *run)
{
    cuda_memory_free(&run->room, run->device);
    for (int i = 0; i < CUDA_PIECES; i++)
        cuda_memory_free(&run->piece[i].memory, run->device);
}

static size_t piece_bytes(const struct cuda_run *run, int64_t tiles)
{
    struct cuda_layout layout;
    cuda_lay_out_tiles(run, tiles, &layout);
    return layout.bytes;
}

/* For so many blocks of `each` tiles; of all tiles of the largest call, no more than there are. */
static bool take_pieces(struct cuda_run *run, const struct cuda_call *largest, int64_t blocks, bool *full,
                        struct fault *fault)
{
    const int64_t all = largest->blocks * largest->each, tiles = blocks * largest->each;
    run->piece_blocks = blocks;
    run->piece_tiles = tiles < all ? tiles : all;
    run->pieces = run->piece_tiles < all ? CUDA_PIECES : 1;
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
static bool find_room(struct cuda_run *run, struct fault *fault)
{
    const struct cuda_call largest = cuda_call_of(run, run->rows);
    int64_t blocks = smaller(run->kernel->leaves, largest.tiles);
    bool full = false;
    while (blocks > 1 &&
           piece_bytes(run, smaller(blocks * largest.each, largest.blocks * largest.each)) > MOST_PIECE_BYTES)
        blocks = (blocks + 1) / 2;
    while (!take_pieces(run, &largest, blocks, &full, fault)) {
        if (!full || blocks == 1)
            return false;
        blocks = (blocks + 1) / 2;
        run->device->few_rows = blocks * largest.each * run->ports.lanes;
    }
    return true;
}

static bool take_uniform(struct cuda_run *run, struct fault *fault)
{
    const int64_t leaves = smaller(run->kernel->leaves, runner_ports_tiles(&run->ports, run->rows));
    bool full;
    lay_out_uniform(run, &run->uniform_layout);
    const size_t bytes = run->uniform_layout.bytes;
    return cuda_memory_take(&run->uniform, run->device, bytes + (size_t)run->kernel->uniform_bytes, bytes,
                            &full, fault) &&
           cuda_memory_take(&run->sums, run->device, cuda_reals(run, leaves * run->kernel->sum_elements), 0,
                            &full, fault);
}

bool cuda_room_take(struct cuda_run *run, struct fault *fault)
{
    return take_uniform(run, fault) && find_room(run, fault);
}

void cuda_room_free(struct cuda_run *run)
{
    free_pieces(run);
    cuda_memory_free(&run->uniform, run->device);
    cuda_memory_free(&run->sums, run->device);
}
