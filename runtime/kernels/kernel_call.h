/* SPDX-License-Identifier: MIT
 *
 * A kernel of a bundle with all that a call of its three parts takes: memory of uniform values, and a room
 * for each thread. The only file that calls them. */
#ifndef GPFC_KERNEL_CALL_H
#define GPFC_KERNEL_CALL_H

#include "kernels/kernel_room.h"

struct kernel_call {
    const struct gpfc_bundle *bundle;
    const struct gpfc_kernel *kernel;
    int64_t lanes, precision;
    int threads;
    void *uniform;
    struct kernel_room *rooms; /* [threads]; what their pointers to uniform values are bound to is the same in
                                  all */
};

/* alone: every thread has sums and totals of its own. Fault: no such kernel, or no memory. */
bool kernel_call_init(struct kernel_call *call, const struct gpfc_bundle *bundle, const char *kernel,
                      int threads, bool alone, struct fault *fault) MUST_CHECK;
void kernel_call_free(struct kernel_call *call); /* what is in it; a zeroed one is allowed */

/* Uniform inputs and totals, lent: one port's, or all parameters'. */
void kernel_call_bind_in(const struct kernel_call *call, int port, const void *values);
void kernel_call_bind_total(const struct kernel_call *call, int port, void *values);
void kernel_call_parameters(const struct kernel_call *call, const void *theta);

/* The three parts. sums: the room's own, or another array of sum_elements. */
void kernel_call_before(const struct kernel_call *call);
void kernel_call_tile(const struct kernel_call *call, int thread, void *sums);
void kernel_call_after(const struct kernel_call *call, int thread, const void *sums);

#endif
