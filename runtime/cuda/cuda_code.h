/* SPDX-License-Identifier: MIT
 *
 * A kernel's code on a GPU: of what a trainer carries, what this device can run. */
#ifndef GPFC_CUDA_CODE_H
#define GPFC_CUDA_CODE_H

#include "cuda/cuda_device.h"
#include "gpfc/kernel_abi.h"
#include "kernels/runner.h"

struct cuda_code { /* zeroed: none */
    CUmodule module;
    CUfunction before, tile, sum, after; /* sum: NULL where the kernel has none */
    int64_t shared_bytes; /* of a block of `tile`; 0 where the device has less than the kernel would use */
};

/* Machine code for the device or an older one of its major number; where the driver takes none of it, what
 * NVRTC makes of the text; where there is no NVRTC, PTX. The fault says what was tried, and why each
 * failed. */
bool cuda_code_load(struct cuda_code *out, const struct cuda_device *device,
                    const struct gpfc_cuda_kernel *kernel, struct fault *fault) MUST_CHECK;
void cuda_code_free(struct cuda_code *code, const struct cuda_device *device);

/* Of NAME_tile. */
bool cuda_code_resources(struct runner_resources *out, const struct cuda_code *code,
                         const struct cuda_device *device, struct fault *fault) MUST_CHECK;

#endif
