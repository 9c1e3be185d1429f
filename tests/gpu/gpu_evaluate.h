/* SPDX-License-Identifier: MIT
 *
 * Programs as kernels for GPUs, run by the trainers' own runtime on the stand-ins, with the interface of
 * ir_eval. */
#ifndef GPFC_GPU_EVALUATE_H
#define GPFC_GPU_EVALUATE_H

#include "bindings.h"

struct gpu_evaluate {
    enum real real;
    bool passes; /* run the passes first */
    bool cannot; /* out: the program cannot be computed tile by tile, and was not */
};

/* The process finds the stand-ins from here on, which takes that it starts anew, with the same arguments. */
void gpu_evaluate_begin(char *const *arguments);

/* The callback of bindings.h; `data`: struct gpu_evaluate. A fault is printed. Sums over the batch count
 * whole tiles: `batch` is a multiple of 32. */
evaluate_function gpu_evaluate;

#endif
