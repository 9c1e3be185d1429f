/* SPDX-License-Identifier: MIT
 *
 * One kernel at fixed parameters, over rows of doubles, in the kernel's own precision. Where a runner
 * serves steps of a training, this serves searches, which call a kernel often and for a few rows each time:
 * what depends only on the parameters is done once, and every thread runs its own rows, in any order. A row's
 * result depends only on the row. All memory is taken by kernel_rows_new. */
#ifndef GPFC_KERNEL_ROWS_H
#define GPFC_KERNEL_ROWS_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

enum { KERNEL_ROWS_PORTS = 2 };

struct kernel_rows;

struct kernel_rows_names { /* of the inputs and outputs that a caller gives, in its order; NULL: fewer */
    const char *in[KERNEL_ROWS_PORTS], *out[KERNEL_ROWS_PORTS];
};

struct kernel_rows_in { /* row r: the port's elements from first + r * stride on */
    const double *first;
    int64_t stride;
};
struct kernel_rows_out {
    double *first; /* NULL: not wanted */
    int64_t stride;
};

/* theta is lent, REAL. Fault: no such kernel or port, a kernel that takes other inputs too, or no memory. */
bool kernel_rows_new(struct kernel_rows **out, const struct gpfc_bundle *bundle, const char *kernel,
                     const void *theta, const struct kernel_rows_names *names, int threads,
                     struct fault *fault) MUST_CHECK;
void kernel_rows_free(struct kernel_rows *rows); /* NULL is allowed */

/* Rows order[0] .. order[n-1]. Inputs are rounded to REAL. Two threads at a time have two numbers. */
void kernel_rows_go(const struct kernel_rows *rows, int thread, const uint32_t *order, int64_t n,
                    const struct kernel_rows_in *in, const struct kernel_rows_out *out);

#endif
