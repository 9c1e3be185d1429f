/* SPDX-License-Identifier: MIT
 *
 * Threads that run a kernel beside the one that is timed, as in a training on all processors: caches and
 * memory are shared then, and what is fastest on one thread may not be so then. */
#ifndef GPFC_TUNE_CROWD_H
#define GPFC_TUNE_CROWD_H

#include "tune/tune_run.h"

struct crowd;

/* As many threads as can be made, up to `threads` with the caller's. They end with the arena, or
 * when closed. */
struct crowd *crowd_new(struct arena *arena, int threads);
void crowd_close(struct crowd *crowd);

/* All of them run tiles of `run`, each in memory of its own, from when this returns until crowd_end returns.
 * before() has been called; inputs and uniform values are shared. */
void crowd_begin(struct crowd *crowd, const struct tune_run *run);
void crowd_end(struct crowd *crowd);

#endif
