/* SPDX-License-Identifier: MIT
 *
 * From programs to C11: the kernels of kernel_abi.h as text that any C compiler takes. The plain way: a value
 * is an array, a node a loop, the samples of a tile the innermost loop. It knows no schedule, and is used
 * where there is no LLVM for a machine, as a second opinion in tests, and as a baseline in benchmarks. */
#ifndef GPFC_EMIT_C_H
#define GPFC_EMIT_C_H

#include "bundle/bundle.h"

struct emit_c {
    int lanes; /* samples of a tile */
    enum real real;
    int n_kernels;
    const struct bundle_kernel *kernels; /* without plans */
    const struct bundle *bundle;         /* defines "gpfc_bundle"; NULL: each kernel is a symbol
                                            "gpfc_kernel_<name>" */
};

/* The whole file. False, with *fault an arena text, where a program cannot be computed tile by tile: a
 * sample's value that depends on a sum over the batch. */
bool emit_c(struct arena *arena, const struct emit_c *what, struct strbuf *out,
            const char **fault) MUST_CHECK;

#endif
