/* SPDX-License-Identifier: MIT
 *
 * A stand-in for libcuda: devices, contexts, memory. What a device has that is not there is as on an H100. */
#include "gpu/stand_in_driver.h"

#include "gpu/stand_in_check.h"
#include "gpu/stand_in_memory.h"
#include "gpu/stand_in_options.h"
#include "gpu/stand_in_stream.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CUctx_st {
    int users;
};

static struct {
    struct CUctx_st context;
    CUcontext current;
    CUresult lost; /* CUDA_SUCCESS: it is there */
    bool is_started;
} driver;

/* Kernels that are loaded later call the stand-in, which was loaded without giving its names to others. */
__attribute__((constructor)) static void give_names(void)
{
    Dl_info info;
    if (dladdr(&driver, &info))
        (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

/* ---- entering ------------------------------------------------------------------------------------------ */

static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool needs_context(const char *name)
{
    static const char *const without[] = {"cuInit", "cuDriver", "cuDevice", "cuCtxSetCurrent", "cuGetError"};
    for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
        if (starts_with(name, without[i]))
            return false;
    return true;
}

CUresult driver_enter(const char *name)
{
    const int failure = stand_in_failure(name);
    if (failure)
        return (CUresult)failure;
    if (driver.lost != CUDA_SUCCESS && needs_context(name))
        return driver.lost;
    if (!driver.is_started && strcmp(name, "cuInit") != 0 && strcmp(name, "cuDriverGetVersion") != 0)
        return CUDA_ERROR_NOT_INITIALIZED;
    return needs_context(name) && !driver.current ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

CUresult driver_keeps(CUresult result)
{
    if (result != CUDA_SUCCESS)
        driver.lost = result;
    return result;
}

/* ---- start, errors ------------------------------------------------------------------------------------- */

DRIVER_CALL(cuInit)(unsigned flags)
{
    ENTER("cuInit");
    (void)flags;
    if (stand_in_options()->devices == 0)
        return CUDA_ERROR_NO_DEVICE;
    driver.is_started = true;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuDriverGetVersion)(int *version)
{
    ENTER("cuDriverGetVersion");
    *version = (int)stand_in_options()->driver;
    return CUDA_SUCCESS;
}

static const struct {
    CUresult code;
    const char *name, *text;
} errors[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available"},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
     "the provided PTX was compiled with an unsupported toolchain"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "operation not permitted when stream is capturing"},
    {CUDA_ERROR_UNKNOWN, "CUDA_ERROR_UNKNOWN", "unknown error"},
};
enum { N_ERRORS = sizeof errors / sizeof errors[0] };

static int error_index(CUresult code)
{
    int i = 0;
    while (i < N_ERRORS && errors[i].code != code)
        i++;
    return i;
}

DRIVER_CALL(cuGetErrorName)(CUresult code, const char **text)
{
    const int i = error_index(code);
    *text = i < N_ERRORS ? errors[i].name : NULL;
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

DRIVER_CALL(cuGetErrorString)(CUresult code, const char **text)
{
    const int i = error_index(code);
    *text = i < N_ERRORS ? errors[i].text : NULL;
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* ---- devices ------------------------------------------------------------------------------------------- */

static CUresult check_device(CUdevice device)
{
    return device >= 0 && device < stand_in_options()->devices ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

DRIVER_CALL(cuDeviceGetCount)(int *count)
{
    ENTER("cuDeviceGetCount");
    *count = (int)stand_in_options()->devices;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuDeviceGet)(CUdevice *out, int ordinal)
{
    ENTER("cuDeviceGet");
    *out = ordinal;
    return check_device(ordinal);
}

DRIVER_CALL(cuDeviceGetName)(char *name, int bytes, CUdevice device)
{
    ENTER("cuDeviceGetName");
    (void)snprintf(name, (size_t)bytes, "stand-in for sm_%ld", stand_in_options()->capability);
    return check_device(device);
}

static const struct {
    CUdevice_attribute attribute;
    int value;
} attributes[] = {
    {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 49152},
    {CU_DEVICE_ATTRIBUTE_WARP_SIZE, 32},
    {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 1980000},
    {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 132},
    {CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, 2619000},
    {CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, 5120},
    {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 52428800},
    {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 2048},
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, 233472},
    {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, 65536},
    {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 232448},
};

DRIVER_CALL(cuDeviceGetAttribute)(int *value, CUdevice_attribute attribute, CUdevice device)
{
    ENTER("cuDeviceGetAttribute");
    const int capability = (int)stand_in_options()->capability;
    if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        *value = capability / 10;
    else if (attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
        *value = capability % 10;
    else {
        size_t i = 0;
        while (i < sizeof attributes / sizeof attributes[0] && attributes[i].attribute != attribute)
            i++;
        if (i == sizeof attributes / sizeof attributes[0])
            return CUDA_ERROR_INVALID_VALUE;
        *value = attributes[i].value;
    }
    return check_device(device);
}

DRIVER_CALL(cuDeviceTotalMem_v2)(size_t *bytes, CUdevice device)
{
    ENTER("cuDeviceTotalMem");
    *bytes = (size_t)stand_in_options()->memory;
    return check_device(device);
}

DRIVER_CALL(cuDevicePrimaryCtxRetain)(CUcontext *out, CUdevice device)
{
    ENTER("cuDevicePrimaryCtxRetain");
    if (driver.lost != CUDA_SUCCESS)
        return driver.lost;
    driver.context.users++;
    *out = &driver.context;
    return check_device(device);
}

DRIVER_CALL(cuDevicePrimaryCtxRelease_v2)(CUdevice device)
{
    ENTER("cuDevicePrimaryCtxRelease");
    if (driver.context.users == 0)
        return CUDA_ERROR_INVALID_CONTEXT;
    if (--driver.context.users == 0)
        driver.current = NULL;
    return check_device(device);
}

DRIVER_CALL(cuCtxSetCurrent)(CUcontext context)
{
    ENTER("cuCtxSetCurrent");
    driver.current = context;
    return CUDA_SUCCESS;
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void *pointer_of(CUdeviceptr address)
{
    return (void *)(uintptr_t)address;
}

DRIVER_CALL(cuMemGetInfo_v2)(size_t *free_bytes, size_t *total)
{
    ENTER("cuMemGetInfo");
    *total = (size_t)stand_in_options()->memory;
    *free_bytes = *total - memory_device_bytes();
    return CUDA_SUCCESS;
}

static CUresult new_memory(const char *name, void **out, size_t bytes, enum memory_kind kind)
{
    ENTER(name);
    if (bytes == 0)
        return CUDA_ERROR_INVALID_VALUE;
    const struct memory *const memory = memory_new(bytes, kind);
    *out = memory ? memory->at : NULL;
    return memory ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

/* As in CUDA, freeing waits for what is under way. */
static CUresult free_memory(const char *name, void *at, enum memory_kind kind)
{
    ENTER(name);
    const CUresult result = driver_keeps(streams_finish());
    if (!memory_free(at, kind))
        return CUDA_ERROR_INVALID_VALUE;
    return result;
}

DRIVER_CALL(cuMemAlloc_v2)(CUdeviceptr *out, size_t bytes)
{
    void *at = NULL;
    const CUresult result = new_memory("cuMemAlloc", &at, bytes, MEMORY_DEVICE);
    *out = (CUdeviceptr)(uintptr_t)at;
    return result;
}

DRIVER_CALL(cuMemHostAlloc)(void **out, size_t bytes, unsigned flags)
{
    (void)flags;
    return new_memory("cuMemHostAlloc", out, bytes, MEMORY_PINNED);
}

DRIVER_CALL(cuMemFree_v2)(CUdeviceptr memory)
{
    return free_memory("cuMemFree", pointer_of(memory), MEMORY_DEVICE);
}

DRIVER_CALL(cuMemFreeHost)(void *memory)
{
    return free_memory("cuMemFreeHost", memory, MEMORY_PINNED);
}

/* ---- copies -------------------------------------------------------------------------------------------- */

struct copy {
    void *to;
    const void *from;
    size_t bytes;
    void *kept; /* of pageable memory: what it held at the call; NULL: none was kept */
};

static CUresult run_copy(const void *data)
{
    const struct copy *const copy = data;
    memcpy(copy->to, copy->kept ? copy->kept : copy->from, copy->bytes);
    memory_filled(copy->to, copy->bytes);
    return CUDA_SUCCESS;
}

static void release_copy(void *data)
{
    free(((struct copy *)data)->kept);
    free(data);
}

static bool is_on_device(const void *at, size_t bytes)
{
    return memory_holds(at, bytes, MEMORY_DEVICE) || memory_holds(at, bytes, MEMORY_MODULE);
}

static bool is_pinned(const void *at, size_t bytes)
{
    return memory_holds(at, bytes, MEMORY_PINNED);
}

/* The driver copies from pageable memory before it returns; from pinned memory when it comes to it. */
static bool keep_source(struct copy *copy)
{
    copy->kept = malloc(copy->bytes);
    if (copy->kept)
        memcpy(copy->kept, copy->from, copy->bytes);
    return copy->kept;
}

static CUresult add_copy(CUstream stream, struct copy copy, bool is_kept)
{
    struct copy *const data = malloc(sizeof *data);
    if (!data)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *data = copy;
    if (is_kept && !keep_source(data)) {
        free(data);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return stream_add(stream, (struct work){.run = run_copy, .data = data, .release = release_copy});
}

DRIVER_CALL(cuMemcpyHtoDAsync_v2)(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
    ENTER("cuMemcpyHtoDAsync");
    if (!is_on_device(pointer_of(to), bytes))
        return CUDA_ERROR_INVALID_VALUE;
    return add_copy(stream, (struct copy){.to = pointer_of(to), .from = from, .bytes = bytes},
                    !is_pinned(from, bytes));
}

DRIVER_CALL(cuMemcpyDtoHAsync_v2)(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    ENTER("cuMemcpyDtoHAsync");
    if (!is_on_device(pointer_of(from), bytes))
        return CUDA_ERROR_INVALID_VALUE;
    return add_copy(stream, (struct copy){.to = to, .from = pointer_of(from), .bytes = bytes}, false);
}

DRIVER_CALL(cuMemcpyDtoDAsync_v2)(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    ENTER("cuMemcpyDtoDAsync");
    if (!is_on_device(pointer_of(to), bytes) || !is_on_device(pointer_of(from), bytes))
        return CUDA_ERROR_INVALID_VALUE;
    return add_copy(stream, (struct copy){.to = pointer_of(to), .from = pointer_of(from), .bytes = bytes},
                    false);
}

struct fill {
    uint32_t *to;
    uint32_t value;
    size_t count;
};

static CUresult run_fill(const void *data)
{
    const struct fill *const fill = data;
    for (size_t i = 0; i < fill->count; i++)
        fill->to[i] = fill->value;
    memory_filled(fill->to, 4 * fill->count);
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuMemsetD32Async)(CUdeviceptr to, unsigned value, size_t count, CUstream stream)
{
    ENTER("cuMemsetD32Async");
    struct fill *const data = malloc(sizeof *data);
    if (!is_on_device(pointer_of(to), 4 * count) || to % 4 || !data) {
        free(data);
        return data ? CUDA_ERROR_INVALID_VALUE : CUDA_ERROR_OUT_OF_MEMORY;
    }
    *data = (struct fill){.to = pointer_of(to), .value = value, .count = count};
    return stream_add(stream, (struct work){.run = run_fill, .data = data});
}
