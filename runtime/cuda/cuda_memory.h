/* SPDX-License-Identifier: MIT
 *
 * Memory of a GPU, with page-locked memory of the host beside it where it is copied. */
#ifndef GPFC_CUDA_MEMORY_H
#define GPFC_CUDA_MEMORY_H

#include "cuda/cuda_device.h"

#include <stddef.h>

struct cuda_memory { /* zeroed: none */
    CUdeviceptr device;
    char *host; /* NULL: none */
};

/* Fault: there is no room, in which case *full is set, or the device failed. What was taken is freed. */
bool cuda_memory_take(struct cuda_memory *out, const struct cuda_device *device, size_t device_bytes,
                      size_t host_bytes, bool *full, struct fault *fault) MUST_CHECK;
void cuda_memory_free(struct cuda_memory *memory, const struct cuda_device *device);

/* These bytes of one to the same place of the other, in the device's stream. */
bool cuda_memory_send(const struct cuda_memory *memory, const struct cuda_device *device, size_t at,
                      size_t bytes, struct fault *fault) MUST_CHECK;
bool cuda_memory_fetch(const struct cuda_memory *memory, const struct cuda_device *device, size_t at,
                       size_t bytes, struct fault *fault) MUST_CHECK;

#endif
