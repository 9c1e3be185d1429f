/* SPDX-License-Identifier: MIT
 *
 * Between kernels, in C++, and the stand-in for the driver, in C. */
#ifndef GPFC_STAND_IN_KERNEL_H
#define GPFC_STAND_IN_KERNEL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stand_in_size {
    unsigned x, y, z;
};

/* Where the running thread is, as a kernel sees it. */
struct stand_in_place {
    struct stand_in_size thread, block, threads, blocks;
};
extern struct stand_in_place stand_in_place;

void *stand_in_shared(void);
void stand_in_barrier(int line);
void stand_in_warp(unsigned lanes, int line);
/* An exchange waits for the other lanes, yet orders no memory. */
void stand_in_exchange(unsigned lanes, const void *mine, size_t bytes, void *of_all, int line);

/* How the driver calls a kernel. */
struct stand_in_kernel {
    void (*call)(void **parameters);
    int n;
    const size_t *sizes; /* bytes of each parameter */
};

#ifdef __cplusplus
}
#endif

#endif
