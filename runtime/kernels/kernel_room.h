/* SPDX-License-Identifier: MIT
 *
 * What a thread needs of its own to run a kernel's tiles: scratch, a tile of each varying input and output,
 * and the pointers to all ports as the kernel takes them. Each thread's memory is on pages of its own, to
 * which it was the first to write: so they are near its core, and no cache line is shared by two threads. */
#ifndef GPFC_KERNEL_ROOM_H
#define GPFC_KERNEL_ROOM_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

#include <stddef.h>

struct kernel_room {
    const void **in; /* by port: the tile of a varying input; else NULL, for the owner to set */
    void **out;      /* by port: the tile of a varying output; a total's is as the plan says, or NULL */
    void **in_tile;  /* by port: what `in` points to, to be filled; NULL: uniform */
    void *scratch;
    void *sums; /* REAL [sum_elements], where the plan says so */
    char *block;
    size_t bytes;
};

struct kernel_room_plan {
    const struct gpfc_kernel *kernel;
    int64_t lanes, precision;
    bool alone; /* every thread has sums and totals of its own */
};

/* One for each of the threads, zeroed. */
bool kernel_rooms_new(struct kernel_room **out, const struct kernel_room_plan *plan, int threads,
                      struct fault *fault) MUST_CHECK;
void kernel_rooms_free(struct kernel_room *rooms, int threads); /* NULL is allowed */

/* Memory for kernels, zeroed, aligned as they want it; at least one cache line. NULL: none. To be freed. */
void *kernel_memory(size_t bytes);
size_t kernel_aligned(size_t bytes); /* up to the next multiple of that alignment */

#endif
