/* SPDX-License-Identifier: MIT
 *
 * A GPU that is in use: the driver, what the device is like, its primary context and one stream. */
#ifndef GPFC_CUDA_DEVICE_H
#define GPFC_CUDA_DEVICE_H

#include "cuda/cuda_driver.h"

#include <stdint.h>

enum { CUDA_DEVICE_NAME = 80 };

struct cuda_device {
    struct cuda_driver driver;
    CUdevice device;
    CUcontext context; /* NULL: not retained */
    CUstream stream;   /* NULL: not made */
    int number;        /* from 0 */
    char name[CUDA_DEVICE_NAME];
    int capability; /* 90: 9.0 */
    int multiprocessors;
    int clock_khz;
    int shared_bytes; /* of a block, at most */
    size_t memory;    /* bytes, all of it */
    int64_t few_rows; /* that a kernel takes at a time, since there was no room for more; 0: there was */
    bool few_told;
};

/* Fault: no driver, no GPU, or none of this number. */
bool cuda_device_open(struct cuda_device **out, int number, struct fault *fault) MUST_CHECK;
void cuda_device_close(struct cuda_device *device); /* NULL is allowed */

/* The context is that of the calling thread from now on: every function that calls the driver begins so. */
bool cuda_device_enter(const struct cuda_device *device, struct fault *fault) MUST_CHECK;

/* FLOP/s of all multiprocessors, in fused multiply-adds of single or double precision, without tensor
 * cores. */
double cuda_device_peak(const struct cuda_device *device, bool is_double);

#endif
