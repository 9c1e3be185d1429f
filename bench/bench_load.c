/* SPDX-License-Identifier: MIT
 *
 * A case's kernels as they are in a trainer: gpfc's object file, or what a C compiler makes of gpfc's C, as a
 * shared library that is opened here and deleted at once. */
#include "bench.h"

#include "base/file.h"
#include "drive/output.h"
#include "gpfc.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Of the case's kernel among those of both halves. */
static const char *name_in_code(const struct bench_case *c)
{
    return c->base ? "base_train" : bench_kernel_name(c);
}

static void close_library(void *library)
{
    (void)dlclose(library);
}

static bool write_text(struct arena *arena, const char *path, const char *text, struct fault *fault)
{
    const char *why = NULL;
    return file_put(arena, path, text, strlen(text), 0666, &why) || fault_set(fault, FAULT_SYSTEM, "%s", why);
}

static bool compile(const struct gpfc_options *options, const char *name, struct bench_kernels *out,
                    struct fault *fault)
{
    struct gpfc_report report;
    const enum gpfc_status status = gpfc_compile(options, &report);
    out->compile_seconds = report.seconds;
    (void)snprintf(out->cpu, sizeof out->cpu, "%s", report.cpu ? report.cpu : "");
    if (status != GPFC_OK)
        (void)fault_set(fault, FAULT_SYSTEM, "case %s: %s", name,
                        report.messages ? report.messages : "out of memory");
    gpfc_report_free(&report);
    return status == GPFC_OK;
}

static bool open_library(struct arena *arena, const struct bench_case *c, const char *path,
                         struct bench_kernels *out, struct fault *fault)
{
    struct owned *place = arena_own(arena, close_library);
    place->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!place->object)
        return fault_set(fault, FAULT_SYSTEM, "%s", dlerror());
    out->clocks = dlsym(place->object, arena_printf(arena, "gpfc_clocks_%s", name_in_code(c)));
    out->bundle = dlsym(place->object, "gpfc_bundle");
    if (!out->bundle)
        return fault_set(fault, FAULT_SYSTEM, "%s: no gpfc_bundle in it", path);
    if (c->base)
        out->bundle = out->bundle->base;
    return out->bundle || fault_set(fault, FAULT_INPUT, "%s: its base flow is not compiled", c->name);
}

/* Paths are ours and without quotes; what is configured as the C compiler may be several words. */
static bool link_library(struct arena *arena, enum bench_backend backend, const char *from, const char *to,
                         struct fault *fault)
{
    static const char *const flags[] = {
        [BENCH_LLVM] = "",
        [BENCH_CLOCKED] = "",
        [BENCH_C] = "-std=c11 -O2 -ftree-vectorize -ffp-contract=fast -fno-math-errno -march=native -fPIC "
                    "-I '" BENCH_INCLUDE "'",
    };
    const char *why = NULL;
    const char *const command =
        arena_printf(arena, "%s %s -shared -o '%s' '%s' -lm", BENCH_CC, flags[backend], to, from);
    const char *const words[] = {"sh", "-c", command, NULL};
    return output_run(arena, words, &why) || fault_set(fault, FAULT_SYSTEM, "%s", why);
}

bool bench_load(struct arena *arena, const struct bench_case *c, enum bench_backend backend,
                struct bench_kernels *out, struct fault *fault)
{
    const char *why = NULL;
    struct output_folder *folder = output_folder_new(arena, &why);
    if (!folder)
        return fault_set(fault, FAULT_SYSTEM, "%s", why);
    const char *spec = c->spec ? c->spec : arena_printf(arena, "%s/%s.yaml", folder->path, c->name);
    const char *code = arena_printf(arena, "%s/kernels.%s", folder->path, backend == BENCH_C ? "c" : "o");
    const char *library = arena_printf(arena, "%s/kernels.so", folder->path);
    const struct gpfc_options options = {.input = spec,
                                         .output = code,
                                         .emit = backend == BENCH_C ? GPFC_EMIT_C : GPFC_EMIT_OBJECT,
                                         .clocked = backend == BENCH_CLOCKED ? name_in_code(c) : NULL};
    bool good = (c->spec || write_text(arena, spec, bench_spec_text(arena, c), fault)) &&
                compile(&options, c->name, out, fault) &&
                link_library(arena, backend, code, library, fault) &&
                open_library(arena, c, library, out, fault);
    output_folder_remove(folder);
    return good;
}
