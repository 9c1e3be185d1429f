/* SPDX-License-Identifier: MIT
 *
 * The GPU's runner. Rows are gathered into tiles on the host, in page-locked memory, and copied to the
 * device, where one block runs some tiles one after another; outputs come back as tiles. A call is cut into
 * pieces of whole blocks that fit the device's memory, two of them on their way at a time. Each block has
 * sums of its own, which are added as a tree. How many tiles a block takes depends on n and the kernel only,
 * so bits depend neither on the card nor on the pieces. Kernels without code for GPUs run on the CPU. */
#ifndef GPFC_RUNNER_CUDA_H
#define GPFC_RUNNER_CUDA_H

#include "kernels/runner.h"

extern const struct device_row device_row_cuda;

#endif
