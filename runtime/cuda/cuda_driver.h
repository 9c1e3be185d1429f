/* SPDX-License-Identifier: MIT
 *
 * NVIDIA's driver, libcuda: loaded where it is needed, since a trainer also runs where there is none. */
#ifndef GPFC_CUDA_DRIVER_H
#define GPFC_CUDA_DRIVER_H

#include "cuda/cuda_interface.h"
#include "ground/fault.h"

struct cuda_driver { /* zeroed: closed */
    void *handle;
    int version; /* of CUDA, the newest that it is for: 12040 is 12.4 */
#define CUDA_FUNCTION(name, symbol, parameters) CUresult(*name) parameters;
#include "cuda/cuda_functions.def"
};

/* Of CUDA 12.0 or newer; nothing is started yet. */
bool cuda_driver_open(struct cuda_driver *out, struct fault *fault) MUST_CHECK;
void cuda_driver_close(struct cuda_driver *driver);

/* Was this the result of a call that succeeded? The fault quotes it: "cuMemAlloc: out of memory (2,
 * CUDA_ERROR_OUT_OF_MEMORY)". */
bool cuda_good(const struct cuda_driver *driver, const char *call, CUresult result,
               struct fault *fault) MUST_CHECK;

/* CUDA_CALL(driver, cuMemAlloc, (&memory, bytes), fault) */
#define CUDA_CALL(driver, name, arguments, fault)                                                            \
    cuda_good((driver), #name, (driver)->name arguments, (fault))

#endif
