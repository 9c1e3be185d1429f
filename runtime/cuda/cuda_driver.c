/* SPDX-License-Identifier: MIT */
#include "cuda/cuda_driver.h"

#include <dlfcn.h>
#include <string.h>

enum { OLDEST_VERSION = 12000 };

static const struct {
    const char *symbol;
    size_t at;
} functions[] = {
#define CUDA_FUNCTION(name, symbol, parameters) {#symbol, offsetof(struct cuda_driver, name)},
#include "cuda/cuda_functions.def"
};

bool cuda_good(const struct cuda_driver *driver, const char *call, CUresult result, struct fault *fault)
{
    const char *name = NULL, *text = NULL;
    if (result == CUDA_SUCCESS)
        return true;
    if (driver->cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
        name = "a code that this driver has no name for";
    if (driver->cuGetErrorString(result, &text) != CUDA_SUCCESS || !text)
        text = "failed";
    return fault_set(fault, FAULT_SYSTEM, "%s: %s (%d, %s)", call, text, (int)result, name);
}

/* The version first: a driver that is too old may lack functions because of that. */
static bool check_version(struct cuda_driver *driver, struct fault *fault)
{
    void *const symbol = dlsym(driver->handle, "cuDriverGetVersion");
    memcpy(&driver->cuDriverGetVersion, &symbol, sizeof symbol);
    if (!symbol || driver->cuDriverGetVersion(&driver->version) != CUDA_SUCCESS)
        return fault_set(fault, FAULT_SYSTEM, "NVIDIA's driver, as it was found, does not give its version");
    const int major = driver->version / 1000, minor = driver->version % 1000 / 10;
    return driver->version >= OLDEST_VERSION ||
           fault_set(fault, FAULT_SYSTEM,
                     "NVIDIA's driver is too old: it is for CUDA %d.%d, and 12.0 or newer is needed", major,
                     minor);
}

static bool find_functions(struct cuda_driver *driver, struct fault *fault)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *const symbol = dlsym(driver->handle, functions[i].symbol);
        if (!symbol)
            return fault_set(fault, FAULT_SYSTEM, "NVIDIA's driver, as it was found, has no function %s",
                             functions[i].symbol);
        memcpy((char *)driver + functions[i].at, &symbol, sizeof symbol);
    }
    return true;
}

/* It stays loaded until the process ends: it has threads of its own. */
bool cuda_driver_open(struct cuda_driver *out, struct fault *fault)
{
    *out = (struct cuda_driver){.handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)};
    if (!out->handle)
        return fault_set(fault, FAULT_SYSTEM, "a GPU needs NVIDIA's driver, which cannot be loaded: %s",
                         dlerror());
    if (check_version(out, fault) && find_functions(out, fault))
        return true;
    cuda_driver_close(out);
    return false;
}

void cuda_driver_close(struct cuda_driver *driver)
{
    if (driver->handle)
        (void)dlclose(driver->handle);
    *driver = (struct cuda_driver){.handle = NULL};
}
