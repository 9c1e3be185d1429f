/* SPDX-License-Identifier: MIT
 *
 * A loop over independent parts, spread over threads. Alone knows OpenMP. */
#ifndef GPFC_PARALLEL_H
#define GPFC_PARALLEL_H

#include <stdint.h>

/* Threads of this machine that a process may use. */
int parallel_threads(void);

typedef void parallel_body(void *data, int64_t part, int thread);

/* body(data, part, thread) for part = 0 .. parts - 1, each once, in any order, 0 <= thread < threads: a
 * thread's own memory may be found by that number. All is done when it returns. */
void parallel_for(int threads, int64_t parts, parallel_body *body, void *data);

#endif
