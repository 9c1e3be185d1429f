/* SPDX-License-Identifier: MIT
 *
 * Elementwise functions as machine code of their own, for the tests and measurements of
 * emit_llvm/math/vector_math.h: loops over arrays that run here, or straight functions as assembly for any
 * processor. */
#ifndef GPFC_VECTOR_MATH_KERNELS_H
#define GPFC_VECTOR_MATH_KERNELS_H

#include "emit_llvm/llvm_compat.h"
#include "emit_llvm/math/vector_math.h"

struct kernel_key {
    enum ir_op op;
    enum real real;
    int lanes; /* 0: scalar */
    bool has_fma;
    enum sched_tanh tanh;
};

/* out[i] = f(in[i]) for `vectors` times the lanes (scalar: 1) elements of the key's type. */
typedef void vector_kernel(const void *in, void *out, int64_t vectors);

struct kernel_set;

/* Machine code for this host, with fused multiply-add where asked for and there. NULL: *fault says why. */
struct kernel_set *kernel_set_new(struct arena *arena, int n, const struct kernel_key *keys,
                                  const char **fault);
vector_kernel *kernel_set_find(struct kernel_set *set, struct kernel_key key);
void kernel_set_free(struct kernel_set *set);

/* Assembly of functions that load, compute once, and store. NULL: *fault says why. */
const char *kernel_assembly(struct arena *arena, const struct target *target, int n,
                            const struct kernel_key *keys, const char **fault);

/* Range that CLAMP and INSIDE are built with. */
extern const double kernel_range[2];

#endif
