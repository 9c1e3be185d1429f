/* SPDX-License-Identifier: MIT
 *
 * What the files runner_cuda*.c share: a kernel on a GPU, where its ports are in memory, and one call of it.
 * */
#ifndef GPFC_RUNNER_CUDA_PARTS_H
#define GPFC_RUNNER_CUDA_PARTS_H

#include "cuda/cuda_code.h"
#include "cuda/cuda_memory.h"
#include "kernels/runner_ports.h"

/* One is filled while the other is computed. */
enum { CUDA_PIECES = 2 };

struct cuda_layout { /* where ports are in a block of memory, bytes */
    size_t in[GPFC_MAX_PORTS], out[GPFC_MAX_PORTS];
    size_t in_bytes, bytes; /* all inputs, which come first; all */
};

struct cuda_piece {                 /* some blocks of a call, with their tiles */
    struct cuda_memory memory;      /* varying inputs, then varying outputs */
    struct cuda_layout layout;      /* of so many tiles */
    CUevent done;                   /* NULL: not made */
    int64_t first, blocks, n_tiles; /* that are under way: first tile, ..; no blocks: none are */
};

struct cuda_run {
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

    struct cuda_layout uniform_layout;
    struct cuda_memory
        uniform; /* uniform inputs and totals; behind them, on the device, what `before` makes */
    struct cuda_memory sums, room;
    struct cuda_piece piece[CUDA_PIECES];
    int pieces;           /* that have memory */
    int64_t piece_blocks; /* at most, and tiles */
    int64_t piece_tiles;
};

static inline bool cuda_varies(const struct gpfc_port *port)
{
    return port->role == GPFC_IN_SAMPLE || port->role == GPFC_IN_NOISE;
}

/* Bytes of so many REALs. */
static inline size_t cuda_reals(const struct cuda_run *run, int64_t numbers)
{
    return (size_t)(numbers * run->ports.bundle->precision);
}

/* ---- runner_cuda_room.c -------------------------------------------------------------------------------- */

/* Of varying ports, for so many tiles one after another. */
void cuda_lay_out_tiles(const struct cuda_run *run, int64_t tiles, struct cuda_layout *out);

/* All memory; where there is no room for large pieces, for small ones. */
bool cuda_room_take(struct cuda_run *run, struct fault *fault) MUST_CHECK;
void cuda_room_free(struct cuda_run *run); /* none, or a part, is allowed */

/* ---- runner_cuda_call.c -------------------------------------------------------------------------------- */

struct cuda_call {
    struct cuda_run *run;
    int64_t n, tiles;
    int64_t each;   /* tiles that a block takes, those past the last one too */
    int64_t blocks; /* in all */
};

struct cuda_call cuda_call_of(struct cuda_run *run, int64_t n);
bool cuda_call_go(const struct cuda_call *call, struct fault *fault) MUST_CHECK;

#endif
