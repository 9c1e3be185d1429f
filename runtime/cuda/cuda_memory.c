/* SPDX-License-Identifier: MIT */
#include "cuda/cuda_memory.h"

#include "ground/human.h"

static bool no_room(const struct cuda_device *device, const char *call, CUresult result, size_t bytes,
                    bool *full, struct fault *fault)
{
    struct fault reason = {.exit_code = 0};
    struct human size;
    *full = result == CUDA_ERROR_OUT_OF_MEMORY;
    return cuda_good(&device->driver, call, result, &reason) ||
           fault_set(fault, FAULT_SYSTEM, "no %s could be taken: %s", human_bytes(&size, (double)bytes),
                     reason.text);
}

bool cuda_memory_take(struct cuda_memory *out, const struct cuda_device *device, size_t device_bytes,
                      size_t host_bytes, bool *full, struct fault *fault)
{
    const struct cuda_driver *const driver = &device->driver;
    void *host = NULL;
    *out = (struct cuda_memory){.host = NULL};
    *full = false;
    if (device_bytes > 0) {
        const CUresult result = driver->cuMemAlloc(&out->device, device_bytes);
        if (result != CUDA_SUCCESS)
            return no_room(device, "cuMemAlloc", result, device_bytes, full, fault);
    }
    const CUresult result = host_bytes > 0 ? driver->cuMemHostAlloc(&host, host_bytes, 0) : CUDA_SUCCESS;
    out->host = result == CUDA_SUCCESS ? host : NULL;
    if (result == CUDA_SUCCESS)
        return true;
    cuda_memory_free(out, device);
    return no_room(device, "cuMemHostAlloc", result, host_bytes, full, fault);
}

/* What fails here failed before: the device is lost. */
void cuda_memory_free(struct cuda_memory *memory, const struct cuda_device *device)
{
    if (memory->device)
        (void)device->driver.cuMemFree(memory->device);
    if (memory->host)
        (void)device->driver.cuMemFreeHost(memory->host);
    *memory = (struct cuda_memory){.host = NULL};
}

bool cuda_memory_send(const struct cuda_memory *memory, const struct cuda_device *device, size_t at,
                      size_t bytes, struct fault *fault)
{
    return bytes == 0 || CUDA_CALL(&device->driver, cuMemcpyHtoDAsync,
                                   (memory->device + at, memory->host + at, bytes, device->stream), fault);
}

bool cuda_memory_fetch(const struct cuda_memory *memory, const struct cuda_device *device, size_t at,
                       size_t bytes, struct fault *fault)
{
    return bytes == 0 || CUDA_CALL(&device->driver, cuMemcpyDtoHAsync,
                                   (memory->host + at, memory->device + at, bytes, device->stream), fault);
}
