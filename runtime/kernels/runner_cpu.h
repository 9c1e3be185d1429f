/* SPDX-License-Identifier: MIT
 *
 * The CPU's runner: cuts n rows into tiles, [elements][lanes], spreads them over threads, and adds the tiles'
 * sums. Tiles are cut into leaves of consecutive tiles (a power of two of them, which depends on n and the
 * kernel only), each leaf has its own sums, and these are added over a fixed binary tree. The last tile's
 * empty lanes repeat the last row, with weight 0. */
#ifndef GPFC_RUNNER_CPU_H
#define GPFC_RUNNER_CPU_H

#include "kernels/runner.h"

extern const struct device_row device_row_cpu;

/* How many leaves n rows are cut into; for tests and for those who explain. runner: one of the CPU. */
int64_t runner_cpu_leaves(const struct runner *runner, int64_t n);

#endif
