/* SPDX-License-Identifier: MIT
 *
 * A stand-in for libcuda: images, kernels and their launches. An image is a shared object of this machine
 * that the stand-in for NVRTC made, behind a head (stand_in_image.h). */
#include "gpu/stand_in_block.h"
#include "gpu/stand_in_check.h"
#include "gpu/stand_in_counts.h"
#include "gpu/stand_in_driver.h"
#include "gpu/stand_in_image.h"
#include "gpu/stand_in_options.h"
#include "gpu/stand_in_stream.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_SEGMENTS = 8, MOST_NAME = 100, SHARED_UNASKED = 49152, SHARED_MOST = 232448 };

struct CUmod_st {
    void *handle;
    char *segments[MOST_SEGMENTS];
    int n_segments;
    struct CUfunc_st *functions;
};

struct CUfunc_st {
    const struct stand_in_kernel *kernel;
    char name[MOST_NAME];
    unsigned shared_bytes; /* asked for */
    struct CUfunc_st *next;
};

/* ---- images -------------------------------------------------------------------------------------------- */

/* May a device of that capability run code for `architecture`? A cubin: of the same major version only. */
static CUresult check_architecture(int architecture, bool is_ptx)
{
    const int device = (int)stand_in_options()->capability;
    if (is_ptx)
        return architecture <= device ? CUDA_SUCCESS : CUDA_ERROR_NO_BINARY_FOR_GPU;
    return architecture / 10 == device / 10 && architecture <= device ? CUDA_SUCCESS
                                                                      : CUDA_ERROR_NO_BINARY_FOR_GPU;
}

/* A driver reads the PTX of its own and earlier toolkits, and cubins of a toolkit of its major version. */
static CUresult check_toolkit(int toolkit, bool is_ptx)
{
    if (toolkit / 1000 <= stand_in_options()->driver / 1000)
        return CUDA_SUCCESS;
    return is_ptx ? CUDA_ERROR_UNSUPPORTED_PTX_VERSION : CUDA_ERROR_INVALID_IMAGE;
}

static bool is_of_device(const char *image)
{
    const Elf64_Ehdr *const header = (const void *)image;
    return memcmp(image, ELFMAG, SELFMAG) == 0 && header->e_machine == EM_CUDA;
}

static CUresult find_object(const char *image, const char **object, size_t *bytes)
{
    struct image_head head;
    if (is_of_device(image))
        return CUDA_ERROR_NO_BINARY_FOR_GPU;
    memcpy(&head, image, sizeof head);
    if (memcmp(head.magic, STAND_IN_MAGIC, sizeof head.magic) != 0)
        return CUDA_ERROR_INVALID_IMAGE;
    *object = image + sizeof head;
    *bytes = (size_t)head.bytes;
    const CUresult result = check_architecture(head.architecture, head.is_ptx);
    return result == CUDA_SUCCESS ? check_toolkit(head.toolkit, head.is_ptx) : result;
}

/* From memory; the file stays open, so that addr2line finds its lines. */
static void *open_object(const char *object, size_t bytes)
{
    char path[60];
    const int file = memfd_create("kernels", 0);
    if (file < 0 || write(file, object, bytes) != (ssize_t)bytes)
        return NULL;
    (void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), file);
    void *const handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        (void)fprintf(stderr, "stand-in: %s\n", dlerror());
    return handle;
}

static int note_segments(struct dl_phdr_info *info, size_t bytes, void *data)
{
    (void)bytes;
    struct CUmod_st *const module = data;
    const struct link_map *const map = module->handle;
    if (info->dlpi_addr != map->l_addr)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *const segment = &info->dlpi_phdr[i];
        char *const at = (char *)info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_X || module->n_segments == MOST_SEGMENTS)
            continue;
        if (memory_of_module(at, segment->p_memsz))
            module->segments[module->n_segments++] = at;
    }
    return 1;
}

DRIVER_CALL(cuModuleLoadDataEx)
(CUmodule *out, const void *image, unsigned n_options, CUjit_option *options, void **values)
{
    ENTER("cuModuleLoadDataEx");
    (void)n_options, (void)options, (void)values;
    const char *object;
    size_t bytes;
    const CUresult result = find_object(image, &object, &bytes);
    if (result != CUDA_SUCCESS)
        return result;
    struct CUmod_st *const module = calloc(1, sizeof *module);
    if (!module)
        return CUDA_ERROR_OUT_OF_MEMORY;
    module->handle = open_object(object, bytes);
    if (!module->handle) {
        free(module);
        return CUDA_ERROR_INVALID_IMAGE;
    }
    (void)dl_iterate_phdr(note_segments, module);
    *out = module;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuModuleUnload)(CUmodule module)
{
    ENTER("cuModuleUnload");
    const CUresult result = driver_keeps(streams_finish());
    for (int i = 0; i < module->n_segments; i++)
        memory_forget_module(module->segments[i]);
    while (module->functions) {
        struct CUfunc_st *const function = module->functions;
        module->functions = function->next;
        free(function);
    }
    (void)dlclose(module->handle);
    free(module);
    return result;
}

DRIVER_CALL(cuModuleGetFunction)(CUfunction *out, CUmodule module, const char *name)
{
    ENTER("cuModuleGetFunction");
    char symbol[MOST_NAME + 20];
    (void)snprintf(symbol, sizeof symbol, "stand_in_kernel_%s", name);
    const struct stand_in_kernel *const kernel = dlsym(module->handle, symbol);
    if (!kernel)
        return CUDA_ERROR_NOT_FOUND;
    struct CUfunc_st *const function = calloc(1, sizeof *function);
    if (!function)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *function = (struct CUfunc_st){.kernel = kernel, .next = module->functions};
    (void)snprintf(function->name, sizeof function->name, "%s", name);
    *out = module->functions = function;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuModuleGetGlobal_v2)(CUdeviceptr *out, size_t *bytes, CUmodule module, const char *name)
{
    ENTER("cuModuleGetGlobal");
    Dl_info info;
    void *symbol = NULL;
    void *const at = dlsym(module->handle, name);
    if (!at || !dladdr1(at, &info, &symbol, RTLD_DL_SYMENT) || !symbol)
        return CUDA_ERROR_NOT_FOUND;
    *out = (CUdeviceptr)(uintptr_t)at;
    *bytes = ((const ElfW(Sym) *)symbol)->st_size;
    return CUDA_SUCCESS;
}

/* ---- functions ----------------------------------------------------------------------------------------- */

/* Machine code of this machine says nothing of registers. */
DRIVER_CALL(cuFuncGetAttribute)(int *value, CUfunction_attribute attribute, CUfunction function)
{
    ENTER("cuFuncGetAttribute");
    *value = attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES ? (int)function->shared_bytes : 0;
    return CUDA_SUCCESS;
}

DRIVER_CALL(cuFuncSetAttribute)(CUfunction function, CUfunction_attribute attribute, int value)
{
    ENTER("cuFuncSetAttribute");
    if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value < 0 || value > SHARED_MOST)
        return CUDA_ERROR_INVALID_VALUE;
    function->shared_bytes = (unsigned)value;
    return CUDA_SUCCESS;
}

/* ---- launches ------------------------------------------------------------------------------------------ */

struct launch_work {
    struct launch launch;
    const char *name;
    unsigned shared_bytes;
    void **parameters; /* copies, each in memory of its own */
    int n;
};

static void release_launch(void *data)
{
    struct launch_work *const work = data;
    for (int i = 0; i < work->n; i++)
        free(work->parameters[i]);
    free(work->parameters);
    free(work);
}

static CUresult run_launch(const void *data)
{
    static uint32_t launches;
    const struct launch_work *const work = data;
    struct launch launch = work->launch;
    launch.number = ++launches;
    if (stand_in_options()->lost == launch.number)
        return CUDA_ERROR_LAUNCH_FAILED;
    launch.parameters = work->parameters;
    launch.shared = memory_new(work->shared_bytes, MEMORY_SHARED);
    if (!launch.shared)
        return CUDA_ERROR_OUT_OF_MEMORY;
    const bool good = launch_run(&launch);
    counts_write(work->name);
    (void)memory_free(launch.shared->at, MEMORY_SHARED);
    return good ? CUDA_SUCCESS : CUDA_ERROR_LAUNCH_FAILED;
}

static bool copy_parameters(struct launch_work *work, const struct stand_in_kernel *kernel,
                            void *const *parameters)
{
    work->parameters = calloc((size_t)kernel->n + 1, sizeof *work->parameters);
    for (int i = 0; work->parameters && i < kernel->n; i++) {
        work->parameters[i] = aligned_alloc(64, (kernel->sizes[i] / 64 + 1) * 64);
        if (!work->parameters[i])
            return false;
        memcpy(work->parameters[i], parameters[i], kernel->sizes[i]);
        work->n++;
    }
    return work->parameters;
}

static bool is_legal(const struct CUfunc_st *function, const struct launch *launch, unsigned shared_bytes)
{
    const struct stand_in_size threads = launch->threads, blocks = launch->blocks;
    const unsigned allowed =
        function->shared_bytes > SHARED_UNASKED ? function->shared_bytes : SHARED_UNASKED;
    return threads.x && threads.y && threads.z && threads.x * threads.y * threads.z <= MOST_THREADS &&
           blocks.x && blocks.y && blocks.y <= 65535 && blocks.z && blocks.z <= 65535 &&
           shared_bytes <= allowed;
}

DRIVER_CALL(cuLaunchKernel)
(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
 unsigned block_z, unsigned shared_bytes, CUstream stream, void **parameters, void **extra)
{
    ENTER("cuLaunchKernel");
    (void)extra;
    const struct launch launch = {.call = function->kernel->call,
                                  .threads = {block_x, block_y, block_z},
                                  .blocks = {grid_x, grid_y, grid_z}};
    if (!is_legal(function, &launch, shared_bytes))
        return CUDA_ERROR_INVALID_VALUE;
    struct launch_work *const work = calloc(1, sizeof *work);
    if (!work)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *work = (struct launch_work){.launch = launch, .name = function->name, .shared_bytes = shared_bytes};
    if (!copy_parameters(work, function->kernel, parameters)) {
        release_launch(work);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    return stream_add(stream, (struct work){.run = run_launch, .data = work, .release = release_launch});
}
