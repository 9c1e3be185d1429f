/* SPDX-License-Identifier: MIT
 *
 * A loop over independent parts, spread over threads. OpenMP is used nowhere else. */
#ifndef GPFC_PARALLEL_H
#define GPFC_PARALLEL_H

#include <stdint.h>

/* Threads of this machine that a process may use. */
int parallel_threads(void);

typedef void parallel_body(void *data, int64_t part, int thread);
typedef void parallel_each_body(void *data, int thread);

/* body(data, part, thread) for part = 0 .. parts - 1, each once, in any order, 0 <= thread < threads: a
 * thread's own memory may be found by that number. Each thread begins with a run of parts of its own, the
 * same in each call of as many parts, and then helps the others. All is done when it returns.
 *
 * The same number of threads in all calls keeps the threads themselves the same, and with them where they
 * run (pin.h). */
void parallel_for(int threads, int64_t parts, parallel_body *body, void *data);

/* body(data, thread) for thread = 0 .. threads - 1, each in the thread that has this number in later
 * calls. */
void parallel_each(int threads, parallel_each_body *body, void *data);

#endif
