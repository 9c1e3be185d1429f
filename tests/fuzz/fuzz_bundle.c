/* SPDX-License-Identifier: MIT */
#include "fuzz/fuzz_bundle.h"

#include "base/base.h"
#include "drive/backend.h"
#include "fuzz/fuzz.h"
#include "gpfc.h"
#include "scratch.h"

#include <stdio.h>

/* The object's bytes, to be freed. */
static char *compile(const char *spec, size_t *length)
{
    struct scratch scratch;
    demand(scratch_make(&scratch));
    char input[4096];
    const char *const root = getenv("srcdir"), *const output = scratch_path(&scratch, "fuzz.o");
    (void)snprintf(input, sizeof input, "%s/%s", root && root[0] ? root : ".", spec);
    const struct gpfc_options options = {
        .input = input, .output = output, .emit = GPFC_EMIT_OBJECT, .no_wisdom = true};
    struct gpfc_report report;
    const enum gpfc_status status = gpfc_compile(&options, &report);
    if (status != GPFC_OK)
        (void)fputs(report.messages, stderr);
    gpfc_report_free(&report);
    char *const bytes = scratch_read(output, length);
    scratch_remove(&scratch);
    demand(status == GPFC_OK && bytes);
    return bytes;
}

const struct gpfc_bundle *fuzz_bundle(const char *spec)
{
    static struct arena *arena; /* what the leak checker sees it by */
    const struct backend *const backend = backend_in_process();
    const char *fault = NULL;
    struct backend_bytes object;
    char *const bytes = compile(spec, &object.length);
    object.bytes = bytes;
    arena = arena_new();
    demand(arena != NULL);
    const struct backend_loaded *const loaded = backend->load(arena, &object, &fault);
    const struct gpfc_bundle *const bundle =
        loaded ? backend->symbol(arena, loaded, "gpfc_bundle", &fault) : NULL;
    free(bytes);
    if (!bundle)
        (void)fprintf(stderr, "%s\n", fault);
    demand(bundle != NULL);
    return bundle;
}
