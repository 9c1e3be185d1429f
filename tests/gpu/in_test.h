/* SPDX-License-Identifier: MIT
 *
 * For tests that use the stand-ins: the libraries, texts compiled, and cases that run in a process of their
 * own, since what is asked of a stand-in is read once. */
#ifndef GPFC_GPU_IN_TEST_H
#define GPFC_GPU_IN_TEST_H

#include "check.h"
#include "nvrtc/nvrtc_interface.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in a process of its own: what does not hold ends it ----------------------------------------------- */

static inline void expect_result(int result, int expected, const char *call)
{
    if (result == expected)
        return;
    (void)fprintf(stderr, "%s: %d, not %d\n", call, result, expected);
    _Exit(1);
}

#define GOOD(call) expect_result(call, 0, #call)
#define GIVES(code, call) expect_result(call, code, #call)

static inline void expect_true(bool is_true, const char *what)
{
    if (is_true)
        return;
    (void)fprintf(stderr, "not so: %s\n", what);
    _Exit(1);
}
#define HOLDS(condition) expect_true(condition, #condition)

/* ---- libraries ----------------------------------------------------------------------------------------- */

static inline void *gpu_library(const char *name)
{
    const char *const build = getenv("top_builddir");
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/gpu/%s", build ? build : ".", name);
    void *const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        (void)fprintf(stderr, "%s\n", dlerror());
    return library;
}

static inline void gpu_function(void *library, const char *symbol, void *function)
{
    void *const found = dlsym(library, symbol);
    if (!found)
        (void)fprintf(stderr, "no function %s\n", symbol);
    memcpy(function, &found, sizeof found);
}

static struct {
    void *library;
#define NVRTC_FUNCTION(name, parameters) nvrtcResult(*name) parameters;
#include "nvrtc/nvrtc_functions.def"
} nvrtc;

static inline bool nvrtc_load(void)
{
    nvrtc.library = gpu_library("libnvrtc.so.13");
    if (!nvrtc.library)
        return false;
#define NVRTC_FUNCTION(name, parameters) gpu_function(nvrtc.library, #name, &nvrtc.name);
#include "nvrtc/nvrtc_functions.def"
    return true;
}

/* To be freed. architecture: "--gpu-architecture=sm_90". */
static inline char *nvrtc_compile(const char *text, const char *architecture, bool wants_ptx, size_t *n)
{
    nvrtcProgram program;
    size_t bytes;
    GOOD(nvrtc.nvrtcCreateProgram(&program, text, "kernels.cu", 0, NULL, NULL));
    const nvrtcResult result =
        nvrtc.nvrtcCompileProgram(program, 2, (const char *[]){architecture, "--std=c++17"});
    if (result != NVRTC_SUCCESS) {
        GOOD(nvrtc.nvrtcGetProgramLogSize(program, &bytes));
        char *const log = malloc(bytes);
        GOOD(nvrtc.nvrtcGetProgramLog(program, log));
        (void)fprintf(stderr, "%s", log);
        free(log);
    }
    GOOD(result);
    GOOD((wants_ptx ? nvrtc.nvrtcGetPTXSize : nvrtc.nvrtcGetCUBINSize)(program, n));
    char *const image = malloc(*n);
    GOOD((wants_ptx ? nvrtc.nvrtcGetPTX : nvrtc.nvrtcGetCUBIN)(program, image));
    GOOD(nvrtc.nvrtcDestroyProgram(&program));
    return image;
}

/* ---- the process that starts the others ---------------------------------------------------------------- */

/* This program with this word, as if `options` were in GPFC_STAND_IN: the exit status; what it prints is in
 * the file `printed`. */
static inline int run_child(const char *options, const char *word)
{
    char command[9000], path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    (void)snprintf(command, sizeof command, "GPFC_STAND_IN='%s' %s '%s' >printed 2>&1", options, path, word);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void print_file(const char *name)
{
    char line[1000];
    FILE *const file = fopen(name, "r");
    while (file && fgets(line, sizeof line, file))
        (void)fprintf(stderr, "    %s", line);
    if (file)
        (void)fclose(file);
}

static inline bool file_has(const char *name, const char *text)
{
    char line[1000];
    bool has = false;
    FILE *const file = fopen(name, "r");
    while (file && fgets(line, sizeof line, file))
        has = has || strstr(line, text);
    if (file)
        (void)fclose(file);
    return has;
}

/* The stand-in switches between stacks by hand, which a sanitizer does not follow. */
static inline const char *why_no_stand_in(void)
{
    const char *const flags = getenv("GPFC_SANITIZE_FLAGS");
#ifndef __x86_64__
    return "the stand-in is for x86-64";
#endif
    if (flags && flags[0])
        return "not under sanitizers";
    return system("c++ --version >/dev/null 2>&1") == 0 ? NULL : "needs a C++ compiler (g++)";
}

static inline void set_absolute(const char *variable, const char *path)
{
    char *const absolute = realpath(path, NULL);
    (void)setenv(variable, absolute ? absolute : path, 1);
    free(absolute);
}

/* For the processes that are started from now on. */
static inline void set_up_stand_in(void)
{
    const char *const build = getenv("top_builddir");
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/gpu", build ? build : ".");
    set_absolute("GPFC_STAND_IN_HEADERS", check_path("tests/gpu"));
    set_absolute("LD_LIBRARY_PATH", path);
}

#endif
