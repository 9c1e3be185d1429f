/* SPDX-License-Identifier: MIT
 *
 * The part of the interface of NVIDIA's driver, libcuda, that is used. Declared here because nothing is built
 * with CUDA: the library is loaded. Names and numbers are those of the CUDA driver API's reference, version
 * 12.0; they are part of the library's binary interface and do not change. */
#ifndef GPFC_CUDA_INTERFACE_H
#define GPFC_CUDA_INTERFACE_H

#include <stddef.h>

typedef int CUdevice;
typedef unsigned long long CUdeviceptr; /* an address on the device */
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

typedef enum CUresult { /* those that are told apart here */
                        CUDA_SUCCESS = 0,
                        CUDA_ERROR_INVALID_VALUE = 1,
                        CUDA_ERROR_OUT_OF_MEMORY = 2,
                        CUDA_ERROR_NOT_INITIALIZED = 3,
                        CUDA_ERROR_NO_DEVICE = 100,
                        CUDA_ERROR_INVALID_DEVICE = 101,
                        CUDA_ERROR_INVALID_IMAGE = 200,
                        CUDA_ERROR_INVALID_CONTEXT = 201,
                        CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
                        CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222,
                        CUDA_ERROR_INVALID_HANDLE = 400,
                        CUDA_ERROR_NOT_FOUND = 500,
                        CUDA_ERROR_NOT_READY = 600,
                        CUDA_ERROR_ILLEGAL_ADDRESS = 700,
                        CUDA_ERROR_LAUNCH_FAILED = 719,
                        CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
                        CUDA_ERROR_UNKNOWN = 999
} CUresult;

typedef enum CUdevice_attribute {
    CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 1,
    CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK = 8, /* without asking by cuFuncSetAttribute */
    CU_DEVICE_ATTRIBUTE_WARP_SIZE = 10,
    CU_DEVICE_ATTRIBUTE_CLOCK_RATE = 13, /* kHz */
    CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
    CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE = 36,       /* kHz */
    CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH = 37, /* bits */
    CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE = 38,
    CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR = 39,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
    CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR = 81,
    CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR = 82,
    CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN = 97
} CUdevice_attribute;

typedef enum CUfunction_attribute {
    CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES = 1,
    CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES = 3, /* spilled registers, and arrays indexed at run time */
    CU_FUNC_ATTRIBUTE_NUM_REGS = 4,
    CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8
} CUfunction_attribute;

typedef enum CUjit_option {
    CU_JIT_ERROR_LOG_BUFFER = 5,
    CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6
} CUjit_option;

typedef enum CUstreamCaptureMode { CU_STREAM_CAPTURE_MODE_THREAD_LOCAL = 1 } CUstreamCaptureMode;

enum { CU_STREAM_NON_BLOCKING = 1, CU_EVENT_DEFAULT = 0, CU_EVENT_DISABLE_TIMING = 2 };

#endif
