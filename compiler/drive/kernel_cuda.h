/* SPDX-License-Identifier: MIT
 *
 * A program's kernel for GPUs: planned by the schedule for GPUs, and written as CUDA C++. */
#ifndef GPFC_KERNEL_CUDA_H
#define GPFC_KERNEL_CUDA_H

#include "drive/compile.h"

/* All but images; `text` is without what all kernels stand on. NULL: *fault. */
struct gpfc_cuda_kernel *kernel_cuda_new(struct arena *arena, const struct bundle_kernel *kernel,
                                         enum real real, const char **fault) MUST_CHECK;

/* Of all programs, for the trainer that carries them; texts are whole. */
enum gpfc_status kernels_cuda_make(struct compile *c);

#endif
