/* SPDX-License-Identifier: MIT */
#include "cuda/cuda_code.h"

#include "nvrtc/nvrtc_image.h"

#include <stdio.h>
#include <string.h>

enum { SHARED_UNASKED = 48 << 10, MOST_TRIED = 420 };

/* ---- choosing ------------------------------------------------------------------------------------------ */

struct attempts {
    const struct cuda_device *device;
    const struct gpfc_cuda_kernel *kernel;
    CUmodule module;
    char tried[MOST_TRIED]; /* "cubin for sm_90: ..; PTX for sm_80: .." */
};

static void note(struct attempts *a, const char *what, int64_t architecture, const struct fault *fault)
{
    const size_t used = strlen(a->tried);
    (void)snprintf(a->tried + used, sizeof a->tried - used, "%s%s sm_%lld: %s", used > 0 ? "; " : "", what,
                   (long long)architecture, fault->text);
}

static bool try_image(struct attempts *a, const char *what, int64_t architecture, const char *code)
{
    struct fault fault = {.exit_code = 0};
    const bool good =
        CUDA_CALL(&a->device->driver, cuModuleLoadDataEx, (&a->module, code, 0, NULL, NULL), &fault);
    if (!good)
        note(a, what, architecture, &fault);
    return good;
}

/* Machine code is for one major number. */
static bool suits(const struct cuda_device *device, const struct gpfc_cuda_image *image)
{
    return image->architecture <= device->capability &&
           (image->is_ptx || image->architecture / 10 == device->capability / 10);
}

/* The newest that is older than `below`; NULL: none. */
static const struct gpfc_cuda_image *next_image(const struct attempts *a, bool is_ptx, int64_t below)
{
    const struct gpfc_cuda_image *found = NULL;
    for (int64_t i = 0; i < a->kernel->n_images; i++) {
        const struct gpfc_cuda_image *const image = &a->kernel->images[i];
        if (image->is_ptx == is_ptx && suits(a->device, image) && image->architecture < below &&
            (!found || image->architecture > found->architecture))
            found = image;
    }
    return found;
}

static bool try_images(struct attempts *a, bool is_ptx)
{
    int64_t below = INT64_MAX;
    for (const struct gpfc_cuda_image *image; (image = next_image(a, is_ptx, below));
         below = image->architecture)
        if (try_image(a, is_ptx ? "PTX for" : "cubin for", image->architecture, image->code))
            return true;
    return false;
}

/* Compiles the text for this device. */
static bool try_text(struct attempts *a)
{
    struct fault fault = {.exit_code = 0};
    struct nvrtc_image image;
    const int architecture = a->device->capability;
    if (!nvrtc_image_new(&image, a->kernel->name, a->kernel->text, architecture, &fault)) {
        note(a, "text for", architecture, &fault);
        return false;
    }
    const bool good = try_image(a, "text for", architecture, image.bytes);
    nvrtc_image_free(&image);
    return good;
}

static bool load_module(struct attempts *a, struct fault *fault)
{
    return try_images(a, false) || try_text(a) || try_images(a, true) ||
           fault_set(fault, FAULT_SYSTEM, "kernel '%s' has no code that %s (sm_%d) can run: %s",
                     a->kernel->name, a->device->name, a->device->capability,
                     a->tried[0] ? a->tried : "nothing compiled for it is in this trainer");
}

/* ---- functions ----------------------------------------------------------------------------------------- */

static bool find(CUfunction *out, const struct attempts *a, const char *part, struct fault *fault)
{
    char name[100];
    (void)snprintf(name, sizeof name, "%s_%s", a->kernel->name, part);
    return CUDA_CALL(&a->device->driver, cuModuleGetFunction, (out, a->module, name), fault);
}

/* Shared memory above a limit has to be asked for. Where a device has too little of it, the kernel's code for
 * that device does without. */
static bool ask_for_shared(const struct attempts *a, int64_t bytes, CUfunction tile, struct fault *fault)
{
    return bytes <= SHARED_UNASKED ||
           CUDA_CALL(&a->device->driver, cuFuncSetAttribute,
                     (tile, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, (int)bytes), fault);
}

bool cuda_code_load(struct cuda_code *out, const struct cuda_device *device,
                    const struct gpfc_cuda_kernel *kernel, struct fault *fault)
{
    struct attempts a = {.device = device, .kernel = kernel};
    *out = (struct cuda_code){.module = NULL};
    if (!load_module(&a, fault))
        return false;
    out->module = a.module;
    out->shared_bytes = kernel->shared_bytes <= device->shared_bytes ? kernel->shared_bytes : 0;
    if (find(&out->before, &a, "before", fault) && find(&out->tile, &a, "tile", fault) &&
        (kernel->sum_elements == 0 || find(&out->sum, &a, "sum", fault)) &&
        find(&out->after, &a, "after", fault) && ask_for_shared(&a, out->shared_bytes, out->tile, fault))
        return true;
    cuda_code_free(out, device);
    return false;
}

void cuda_code_free(struct cuda_code *code, const struct cuda_device *device)
{
    if (code->module)
        (void)device->driver.cuModuleUnload(code->module);
    *code = (struct cuda_code){.module = NULL};
}

bool cuda_code_resources(struct runner_resources *out, const struct cuda_code *code,
                         const struct cuda_device *device, struct fault *fault)
{
    const struct cuda_driver *const driver = &device->driver;
    int local, shared;
    if (!CUDA_CALL(driver, cuFuncGetAttribute, (&out->registers, CU_FUNC_ATTRIBUTE_NUM_REGS, code->tile),
                   fault) ||
        !CUDA_CALL(driver, cuFuncGetAttribute, (&local, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, code->tile),
                   fault) ||
        !CUDA_CALL(driver, cuFuncGetAttribute, (&shared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, code->tile),
                   fault))
        return false;
    out->local_bytes = local;
    out->shared_bytes = shared + code->shared_bytes;
    return true;
}
