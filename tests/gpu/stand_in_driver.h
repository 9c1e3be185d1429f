/* SPDX-License-Identifier: MIT
 *
 * What every function of the stand-in for libcuda begins with. */
#ifndef GPFC_STAND_IN_DRIVER_H
#define GPFC_STAND_IN_DRIVER_H

#include "cuda/cuda_interface.h"

/* The functions have the prototypes that gpfc calls them by. */
#define CUDA_FUNCTION(name, symbol, parameters) CUresult symbol parameters;
#include "cuda/cuda_functions.def"

#define DRIVER_CALL(symbol) CUresult symbol

/* What this call of `name` has to return at once; CUDA_SUCCESS: nothing, it goes on. */
CUresult driver_enter(const char *name);

/* A launch failed: the device is lost to this process, each later call says so. Returns its argument. */
CUresult driver_keeps(CUresult result);

#define ENTER(name)                                                                                          \
    do {                                                                                                     \
        const CUresult entered_ = driver_enter(name);                                                        \
        if (entered_ != CUDA_SUCCESS)                                                                        \
            return entered_;                                                                                 \
    } while (0)

#endif
