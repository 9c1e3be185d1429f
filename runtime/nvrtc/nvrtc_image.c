/* SPDX-License-Identifier: MIT */
#include "nvrtc/nvrtc_image.h"

#include "nvrtc/nvrtc_library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ARCHITECTURES = 64, MOST_OPTION = 40, MOST_NAME = 100 };

struct compile {
    const struct nvrtc_library *library;
    nvrtcProgram program;
    const char *name;
};

/* ---- faults -------------------------------------------------------------------------------------------- */

/* What NVRTC printed, to be freed; NULL: nothing. */
static char *log_of(const struct compile *c)
{
    size_t bytes = 0;
    if (c->library->nvrtcGetProgramLogSize(c->program, &bytes) != NVRTC_SUCCESS || bytes < 2)
        return NULL;
    char *const log = malloc(bytes);
    if (log && c->library->nvrtcGetProgramLog(c->program, log) == NVRTC_SUCCESS)
        return log;
    free(log);
    return NULL;
}

/* Always false. */
static bool fail(const struct compile *c, const char *call, nvrtcResult result, struct fault *fault)
{
    char *const log = c->program ? log_of(c) : NULL;
    for (char *at = log; at && *at; at++)
        if (*at == '\n')
            *at = ' ';
    (void)fault_set(fault, FAULT_SYSTEM, "NVRTC %d.%d cannot compile kernel '%s': %s: %d%s%.200s",
                    c->library->version / 1000, c->library->version % 1000 / 10, c->name, call, (int)result,
                    log ? ": " : "", log ? log : "");
    free(log);
    return false;
}

/* ---- architectures ------------------------------------------------------------------------------------- */

/* The newest that NVRTC knows which such a device runs; 0: none. */
static int nearest(const struct nvrtc_library *library, int wanted)
{
    int known[MOST_ARCHITECTURES], n = 0, found = 0;
    if (library->nvrtcGetNumSupportedArchs(&n) != NVRTC_SUCCESS || n < 1 || n > MOST_ARCHITECTURES ||
        library->nvrtcGetSupportedArchs(known) != NVRTC_SUCCESS)
        return 0;
    for (int i = 0; i < n; i++)
        if (known[i] / 10 == wanted / 10 && known[i] <= wanted && known[i] > found)
            found = known[i];
    return found;
}

/* ---- compiling ----------------------------------------------------------------------------------------- */

static bool take_cubin(const struct compile *c, struct nvrtc_image *out, struct fault *fault)
{
    nvrtcResult result = c->library->nvrtcGetCUBINSize(c->program, &out->length);
    if (result != NVRTC_SUCCESS)
        return fail(c, "nvrtcGetCUBINSize", result, fault);
    out->bytes = malloc(out->length + 1);
    if (!out->bytes)
        return fault_memory(fault, out->length, "a kernel's code");
    result = c->library->nvrtcGetCUBIN(c->program, out->bytes);
    return result == NVRTC_SUCCESS || fail(c, "nvrtcGetCUBIN", result, fault);
}

static bool compile(struct compile *c, const char *text, int architecture, struct nvrtc_image *out,
                    struct fault *fault)
{
    char file[MOST_NAME], option[MOST_OPTION];
    (void)snprintf(file, sizeof file, "%s.cu", c->name);
    (void)snprintf(option, sizeof option, "--gpu-architecture=sm_%d", architecture);
    const char *const options[] = {option, "--std=c++17", "--fmad=false", "-diag-suppress=177"};
    nvrtcResult result = c->library->nvrtcCreateProgram(&c->program, text, file, 0, NULL, NULL);
    if (result != NVRTC_SUCCESS)
        return fail(c, "nvrtcCreateProgram", result, fault);
    result = c->library->nvrtcCompileProgram(c->program, sizeof options / sizeof options[0], options);
    return result == NVRTC_SUCCESS ? take_cubin(c, out, fault)
                                   : fail(c, "nvrtcCompileProgram", result, fault);
}

bool nvrtc_image_new(struct nvrtc_image *out, const char *name, const char *text, int architecture,
                     struct fault *fault)
{
    struct nvrtc_library library;
    struct compile c = {.library = &library, .name = name};
    *out = (struct nvrtc_image){.bytes = NULL};
    if (!nvrtc_library_open(&library, fault))
        return false;
    const int nearest_one = nearest(&library, architecture);
    const bool good = nearest_one
                          ? compile(&c, text, nearest_one, out, fault)
                          : fault_set(fault, FAULT_SYSTEM, "NVRTC %d.%d does not know sm_%d",
                                      library.version / 1000, library.version % 1000 / 10, architecture);
    if (c.program)
        (void)library.nvrtcDestroyProgram(&c.program);
    if (!good)
        nvrtc_image_free(out);
    return good;
}

void nvrtc_image_free(struct nvrtc_image *image)
{
    free(image->bytes);
    *image = (struct nvrtc_image){.bytes = NULL};
}
