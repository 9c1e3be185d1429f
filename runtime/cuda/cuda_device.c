/* SPDX-License-Identifier: MIT */
#include "cuda/cuda_device.h"

#include <stdlib.h>

static bool start_driver(const struct cuda_driver *driver, int *count, struct fault *fault)
{
    const CUresult result = driver->cuInit(0);
    *count = 0;
    if (result != CUDA_ERROR_NO_DEVICE &&
        (!cuda_good(driver, "cuInit", result, fault) || !CUDA_CALL(driver, cuDeviceGetCount, (count), fault)))
        return false;
    return *count > 0 || fault_set(fault, FAULT_SYSTEM, "NVIDIA's driver finds no GPU");
}

static bool choose_device(struct cuda_device *device, struct fault *fault)
{
    int count;
    if (!start_driver(&device->driver, &count, fault))
        return false;
    if (device->number >= count)
        return fault_set(fault, FAULT_SYSTEM, "there is no GPU cuda:%d: there %s %d, from cuda:0 on",
                         device->number, count == 1 ? "is" : "are", count);
    return CUDA_CALL(&device->driver, cuDeviceGet, (&device->device, device->number), fault);
}

static bool ask(struct cuda_device *device, struct fault *fault)
{
    const struct cuda_driver *const driver = &device->driver;
    int major, minor;
    const struct {
        CUdevice_attribute attribute;
        int *value;
    } all[] = {
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor},
        {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &device->multiprocessors},
        {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, &device->clock_khz},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, &device->shared_bytes},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!CUDA_CALL(driver, cuDeviceGetAttribute, (all[i].value, all[i].attribute, device->device), fault))
            return false;
    device->capability = 10 * major + minor;
    return CUDA_CALL(driver, cuDeviceGetName, (device->name, CUDA_DEVICE_NAME, device->device), fault) &&
           CUDA_CALL(driver, cuDeviceTotalMem, (&device->memory, device->device), fault);
}

static bool device_init(struct cuda_device *device, struct fault *fault)
{
    const struct cuda_driver *const driver = &device->driver;
    return cuda_driver_open(&device->driver, fault) && choose_device(device, fault) && ask(device, fault) &&
           CUDA_CALL(driver, cuDevicePrimaryCtxRetain, (&device->context, device->device), fault) &&
           cuda_device_enter(device, fault) &&
           CUDA_CALL(driver, cuStreamCreate, (&device->stream, CU_STREAM_NON_BLOCKING), fault);
}

bool cuda_device_open(struct cuda_device **out, int number, struct fault *fault)
{
    struct cuda_device *const device = calloc(1, sizeof *device);
    *out = NULL;
    if (!device)
        return fault_memory(fault, sizeof *device, "a GPU");
    device->number = number;
    if (!device_init(device, fault)) {
        cuda_device_close(device);
        return false;
    }
    *out = device;
    return true;
}

bool cuda_device_enter(const struct cuda_device *device, struct fault *fault)
{
    return CUDA_CALL(&device->driver, cuCtxSetCurrent, (device->context), fault);
}

/* What fails here failed before: the device is lost. */
void cuda_device_close(struct cuda_device *device)
{
    if (!device)
        return;
    if (device->stream)
        (void)device->driver.cuStreamDestroy(device->stream);
    if (device->context)
        (void)device->driver.cuDevicePrimaryCtxRelease(device->device);
    cuda_driver_close(&device->driver);
    free(device);
}

/* Multiply-adds a clock of a multiprocessor, for capabilities up to this one: CUDA C++ Programming Guide,
 * throughput of native arithmetic instructions. */
static const struct {
    int capability, of_single, of_double;
} lanes[] = {{70, 64, 32},  {75, 64, 2},    {80, 64, 32}, {89, 128, 2},
             {90, 128, 64}, {109, 128, 64}, {129, 128, 2}};
enum { N_LANES = sizeof lanes / sizeof lanes[0] };

double cuda_device_peak(const struct cuda_device *device, bool is_double)
{
    int i = 0;
    while (i < N_LANES - 1 && lanes[i].capability < device->capability)
        i++;
    return 2e3 * (is_double ? lanes[i].of_double : lanes[i].of_single) * device->multiprocessors *
           device->clock_khz;
}
