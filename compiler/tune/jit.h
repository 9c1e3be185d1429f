/* SPDX-License-Identifier: MIT
 *
 * Object code that runs in this process: takes the bytes of one, gives the kernel it holds. */
#ifndef GPFC_TUNE_JIT_H
#define GPFC_TUNE_JIT_H

#include "base/base.h"
#include "gpfc/kernel_abi.h"

/* The kernel `gpfc_kernel_NAME` of an object for this machine, linked in memory; it ends with the arena, and
 * `bytes` are not needed afterwards. NULL: *fault. */
const struct gpfc_kernel *jit_kernel(struct arena *arena, const char *bytes, size_t length, const char *name,
                                     const char **fault) MUST_CHECK;

#endif
