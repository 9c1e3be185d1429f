/* SPDX-License-Identifier: MIT
 *
 * NVIDIA's run-time compiler, NVRTC: loaded where it is needed. */
#ifndef GPFC_NVRTC_LIBRARY_H
#define GPFC_NVRTC_LIBRARY_H

#include "ground/fault.h"
#include "nvrtc/nvrtc_interface.h"

#include <stddef.h>

struct nvrtc_library { /* zeroed: none */
    void *handle;
    int version; /* 12090 is 12.9 */
#define NVRTC_FUNCTION(name, parameters) nvrtcResult(*name) parameters;
#include "nvrtc/nvrtc_functions.def"
};

/* NVRTC 12.0 or newer. Looked for as GPFC_NVRTC names it, and nowhere else if it does; else by the loader,
 * below CUDA_HOME and CUDA_PATH, where NVIDIA's installer puts it, and in the wheels of VIRTUAL_ENV and
 * CONDA_PREFIX. The fault says what was tried. */
bool nvrtc_library_open(struct nvrtc_library *out, struct fault *fault) MUST_CHECK;

#endif
