/* SPDX-License-Identifier: MIT
 *
 * Runs one block of a kernel: its threads are fibers, taken in another order after each barrier. */
#ifndef GPFC_STAND_IN_BLOCK_H
#define GPFC_STAND_IN_BLOCK_H

#include "gpu/stand_in_kernel.h"
#include "gpu/stand_in_memory.h"

enum { WARP = 32, MOST_THREADS = 1024 };

struct launch {
    void (*call)(void **parameters);
    void **parameters;
    struct stand_in_size threads, blocks;
    struct memory *shared;
    uint32_t number; /* of this launch in the process, from 1 */
};

/* All blocks, one after another. False: threads waited for each other without end. */
bool launch_run(const struct launch *launch);

/* What the checks ask while a kernel runs; NULL between launches. */
const struct launch *launch_running(void);
unsigned thread_running(void);
uint32_t block_running(void);
struct stamp stamp_now(void);
/* Is that the running thread's own stack? */
bool thread_owns(const void *at);

#endif
