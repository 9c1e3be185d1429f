/* SPDX-License-Identifier: MIT
 *
 * Plans for GPUs: a block of threads computes a tile, and shares each of its nests. How a nest is dealt out
 * to threads is the record that the planner keeps with it. */
#ifndef GPFC_SCHED_CUDA_H
#define GPFC_SCHED_CUDA_H

#include "plan/plan.h"
#include "sched/sched.h"

/* How threads share a nest. A thread's item is a block of results of some samples; items go to threads in
 * turns. Only numbers of one type, so that its bytes are what it says. */
struct sched_cuda_how {
    int samples; /* that a thread computes side by side: 1, 2, 4 */
    /* MAP: of the first two axes */
    int rows, columns;
    /* TOTAL: the block is of these axes; -1: none */
    int axis_a, axis_b;
    int block_a, block_b; /* they divide the axes' sizes */
    int split;            /* threads that share a block's samples */
    int stays;            /* 1: sums stay in registers until all tiles are done */
};

/* A nest's record; where there is none (NULL), the one that has a thread for each result. */
const struct sched_cuda_how *sched_cuda_how(const void *how);

/* Where nothing is known of the GPU. */
struct schedule sched_cuda_first(enum real real);
/* "lanes=8 keep=all .. threads=256 ..", for reports. */
void sched_cuda_text(const struct schedule *schedule, struct strbuf *out);

/* As plan_make. The lanes are what the schedule says or fewer, so that a tile fits into shared memory. */
struct plan *sched_cuda_plan(struct arena *arena, const struct ir_graph *graph, struct schedule schedule,
                             enum real real, const char **fault);

/* Does what a tile computes, but for stacks, lie in shared memory? */
bool sched_cuda_is_near(const struct plan *plan, enum real real);

#endif
