/* SPDX-License-Identifier: MIT */
#include "nvrtc/nvrtc_library.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OLDEST_VERSION = 12000, MOST_PATH = 4096 };

static const struct {
    const char *symbol;
    size_t at;
} functions[] = {
#define NVRTC_FUNCTION(name, parameters) {#name, offsetof(struct nvrtc_library, name)},
#include "nvrtc/nvrtc_functions.def"
};

/* ---- where it may be ----------------------------------------------------------------------------------- */

static const struct place {
    const char *variable; /* begins the pattern; NULL: nothing does */
    const char *pattern;  /* of glob(), or a name for the loader */
} places[] = {
    {NULL, "libnvrtc.so.13"},
    {NULL, "libnvrtc.so.12"},
    {"CUDA_HOME", "/lib64/libnvrtc.so.1[0-9]"},
    {"CUDA_PATH", "/lib64/libnvrtc.so.1[0-9]"},
    {NULL, "/usr/local/cuda*/lib64/libnvrtc.so.1[0-9]"},
    {NULL, "/usr/local/cuda*/targets/*/lib/libnvrtc.so.1[0-9]"},
    {NULL, "/opt/cuda/lib64/libnvrtc.so.1[0-9]"},
    {"VIRTUAL_ENV", "/lib/python3*/site-packages/nvidia/*/lib/libnvrtc.so.1[0-9]"},
    {"CONDA_PREFIX", "/lib/libnvrtc.so.1[0-9]"},
    {"CONDA_PREFIX", "/lib/python3*/site-packages/nvidia/*/lib/libnvrtc.so.1[0-9]"},
};
enum { PLACES = sizeof places / sizeof places[0] };

/* It stays loaded until the process ends: it has threads of its own. */
static void *load(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* ---- functions ----------------------------------------------------------------------------------------- */

static bool find_functions(struct nvrtc_library *library)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *const symbol = dlsym(library->handle, functions[i].symbol);
        if (!symbol)
            return false;
        memcpy((char *)library + functions[i].at, &symbol, sizeof symbol);
    }
    return true;
}

static bool has_version(struct nvrtc_library *library)
{
    int major, minor;
    if (library->nvrtcVersion(&major, &minor) != NVRTC_SUCCESS)
        return false;
    library->version = 1000 * major + 10 * minor;
    return library->version >= OLDEST_VERSION;
}

/* Loads it, or says of a library that is there what is wrong with it. */
static bool try_library(struct nvrtc_library *out, const char *path, char *wrong, size_t bytes)
{
    out->handle = load(path);
    if (!out->handle)
        return false;
    if (find_functions(out) && has_version(out))
        return true;
    (void)snprintf(wrong, bytes, "; %s is older than 12.0", path);
    (void)dlclose(out->handle);
    *out = (struct nvrtc_library){.handle = NULL};
    return false;
}

static bool try_pattern(struct nvrtc_library *out, const char *pattern, char *wrong, size_t bytes)
{
    glob_t found = {.gl_pathc = 0};
    bool good = false;
    if (pattern[0] != '/')
        return try_library(out, pattern, wrong, bytes);
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = found.gl_pathc; i > 0 && !good; i--) /* the newest are the last */
            good = try_library(out, found.gl_pathv[i - 1], wrong, bytes);
    globfree(&found);
    return good;
}

static bool try_place(struct nvrtc_library *out, const struct place *place, char *wrong, size_t bytes)
{
    const char *const folder = place->variable ? getenv(place->variable) : "";
    char pattern[MOST_PATH];
    if (!folder || (place->variable && folder[0] != '/'))
        return false;
    const int n = snprintf(pattern, sizeof pattern, "%s%s", folder, place->pattern);
    return n < MOST_PATH && try_pattern(out, pattern, wrong, bytes);
}

bool nvrtc_library_open(struct nvrtc_library *out, struct fault *fault)
{
    const char *const given = getenv("GPFC_NVRTC");
    char wrong[200] = "";
    *out = (struct nvrtc_library){.handle = NULL};
    if (given && given[0])
        return try_library(out, given, wrong, sizeof wrong) ||
               fault_set(fault, FAULT_SYSTEM, "NVRTC, as GPFC_NVRTC names it, cannot be loaded: %s%s", given,
                         wrong);
    for (int i = 0; i < PLACES; i++)
        if (try_place(out, &places[i], wrong, sizeof wrong))
            return true;
    return fault_set(fault, FAULT_SYSTEM,
                     "no NVRTC was found (libnvrtc.so.13 or .12: of the CUDA toolkit, or pip install "
                     "nvidia-cuda-nvrtc-cu12; GPFC_NVRTC=FILE names it)%s",
                     wrong);
}
