/* SPDX-License-Identifier: MIT
 *
 * Runs one kernel of a bundle over rows of samples: cuts n rows into tiles, spreads them over threads, and
 * adds the tiles' sums. Arrays outside are row-major, [n][elements] REALs; inside they are [elements][lanes].
 *
 * The result is the same to the last bit for any number of threads: tiles are cut into leaves of consecutive
 * tiles (a power of two of them, which depends on n and the kernel alone), each leaf has its own sums, and
 * these are added over a fixed binary tree. The last tile's empty lanes repeat the last row, with weight 0.
 *
 * All memory is taken by kernel_run_new. One run serves one caller at a time. */
#ifndef GPFC_KERNEL_RUN_H
#define GPFC_KERNEL_RUN_H

#include "kernels/bundle.h"

struct kernel_run;

/* For up to `rows` rows a call; `threads` at least 1. Fault: no such kernel, or no memory. */
bool kernel_run_new(struct kernel_run **out, const struct gpfc_bundle *bundle, const char *kernel,
                    int64_t rows, int threads, struct fault *fault) MUST_CHECK;
void kernel_run_free(struct kernel_run *run); /* NULL is allowed */

/* What the ports are bound to, until bound anew; arrays are lent. A name that the kernel lacks is passed
 * over, since "noise" and "penalty" are there in some models only. Input "weight" needs no binding: it is
 * 1/n. */
void kernel_run_parameters(struct kernel_run *run, const void *theta);
void kernel_run_setting(struct kernel_run *run, const char *name, const void *values); /* REAL [elements] */
/* How many time steps are run, of at most bundle->steps, where that is an input of the kernel; else nothing
 * changes. The most, until this is called. */
void kernel_run_steps(struct kernel_run *run, int64_t steps);
void kernel_run_input(struct kernel_run *run, const char *name, const void *rows);
void kernel_run_output(struct kernel_run *run, const char *name, void *rows); /* NULL: not wanted */
void kernel_run_total(struct kernel_run *run, const char *name, void *values);

/* Row i of a call is row order[i] of the inputs (not of the outputs); NULL: row i. */
void kernel_run_order(struct kernel_run *run, const uint32_t *order);

/* Noise: row i gets the normal numbers of sample first + i of this seed and stream (random.h). */
void kernel_run_noise(struct kernel_run *run, uint64_t seed, uint64_t stream, uint64_t first);

/* n rows, 1 <= n <= rows. Every input and every total is bound. */
void kernel_run_go(struct kernel_run *run, int64_t n);

/* How many leaves n rows are cut into; for tests and for those who explain. */
int64_t kernel_run_leaves(const struct kernel_run *run, int64_t n);

double kernel_run_flop(const struct kernel_run *run);        /* of one sample */
double kernel_run_useful_flop(const struct kernel_run *run); /* of them, all but what is computed again */
size_t kernel_run_bytes(const struct kernel_run *run);

#endif
