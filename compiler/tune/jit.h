/* SPDX-License-Identifier: MIT
 *
 * Object code that runs in this process: takes the bytes of an object for this machine, gives the
 * addresses of its symbols. */
#ifndef GPFC_TUNE_JIT_H
#define GPFC_TUNE_JIT_H

#include "base/base.h"

struct jit;

/* Linked in memory until the arena ends; `bytes` are not needed afterwards. NULL: *fault. */
struct jit *jit_new(struct arena *arena, const char *bytes, size_t length, const char **fault) MUST_CHECK;
const void *jit_symbol(struct arena *arena, const struct jit *jit, const char *symbol,
                       const char **fault) MUST_CHECK;

#endif
