/* SPDX-License-Identifier: MIT
 *
 * The part of the interface of NVIDIA's run-time compiler, libnvrtc, that is used; as cuda_interface.h. */
#ifndef GPFC_NVRTC_INTERFACE_H
#define GPFC_NVRTC_INTERFACE_H

typedef struct nvrtc_program *nvrtcProgram;

typedef enum nvrtcResult {
    NVRTC_SUCCESS = 0,
    NVRTC_ERROR_OUT_OF_MEMORY = 1,
    NVRTC_ERROR_INVALID_INPUT = 3,
    NVRTC_ERROR_INVALID_PROGRAM = 4,
    NVRTC_ERROR_INVALID_OPTION = 5,
    NVRTC_ERROR_COMPILATION = 6,
    NVRTC_ERROR_INTERNAL_ERROR = 11
} nvrtcResult;

#endif
