/* SPDX-License-Identifier: MIT
 *
 * Threads on cores of their own, through hwloc: a pinned thread keeps its caches and the memory near it. The
 * user's own setting comes first, and threads are left to the system if the process does not have its cores
 * to itself: otherwise several trainings side by side would share the first cores. */
#ifndef GPFC_PIN_H
#define GPFC_PIN_H

struct pin;

/* Puts the threads of parallel_for, the caller among them, on one core each. They stay there until
 * pin_release, as long as all calls of parallel_for have so many threads. NULL: they are left to the system,
 *
 *   where there is one thread, or GPFC_PIN in the environment is 0
 *   if the environment tells OpenMP where to put threads (OMP_PROC_BIND, OMP_PLACES, GOMP_CPU_AFFINITY),
 * or to choose their number (OMP_DYNAMIC) where the process may use more cores than it has threads (unless
 * GPFC_PIN is 1), or fewer where hwloc cannot, or memory is short */
struct pin *pin_threads(int threads);
void pin_release(struct pin *pin); /* to where they might run before; NULL is allowed */

#endif
