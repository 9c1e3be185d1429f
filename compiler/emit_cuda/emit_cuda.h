/* SPDX-License-Identifier: MIT
 *
 * From plans to CUDA C++, as NVRTC and nvcc take it: the functions that kernel_abi.h describes at struct
 * gpfc_cuda_kernel. A block of threads computes a tile after the other; values lie in shared memory, stacks
 * of loops in global memory, sums over the batch in registers. */
#ifndef GPFC_EMIT_CUDA_H
#define GPFC_EMIT_CUDA_H

#include "bundle/bundle.h"
#include "plan/plan.h"

/* What all kernels of a precision stand on: it comes before their texts. */
const char *emit_cuda_header(struct arena *arena, enum real real);

/* The functions of a kernel that was planned by sched_cuda_plan, and what its row has to say of it: all but
 * images; `text` is without the header. */
struct gpfc_cuda_kernel emit_cuda_kernel(struct arena *arena, const char *name, const struct plan *plan,
                                         enum real real);

#endif
