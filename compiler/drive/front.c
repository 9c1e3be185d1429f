/* SPDX-License-Identifier: MIT
 *
 * From a file to spec, model and target. */
#include "drive/front.h"

#include "drive/backend.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum source_status front_source(struct arena *arena, struct diag *diag, const char *path, size_t limit,
                                struct front *out)
{
    const char *why = NULL;
    out->real = REAL_4; /* of a program that comes without a spec */
    const enum source_status status = source_read(arena, path, limit, &out->source, &why);
    if (status != SOURCE_OK)
        diag_error(diag, (struct place){.line = 0}, "%s", why);
    return status;
}

bool front_spec(struct arena *arena, struct diag *diag, struct front *front)
{
    const bool read = spec_read(arena, &front->source, diag, &front->spec);
    const bool legal = model_from_spec(arena, &front->spec, diag, &front->model);
    front->real = legal && front->model.precision == MODEL_DOUBLE ? REAL_8 : REAL_4;
    return read && legal;
}

static bool is_relative(const char *path)
{
    return path[0] && path[0] != '/';
}

/* The folder of `path`, which may be a file, or "-". */
static const char *folder_of(struct arena *arena, const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? arena_printf(arena, "%.*s", (int)(slash - path) + 1, path) : ".";
}

void front_find_data(struct arena *arena, struct front *front, const char *path, const char *given)
{
    char whole[PATH_MAX];
    const char *const folder = given ? given : folder_of(arena, path);
    const bool needed =
        is_relative(front->spec.data_pairs.value) || is_relative(front->spec.data_samples.file);
    front->data_folder = !needed ? "" : realpath(folder, whole) ? arena_printf(arena, "%s", whole) : folder;
}

bool front_target(struct arena *arena, struct diag *diag, const char *name, struct front *front)
{
    const char *fault = NULL;
    struct place at = {.line = 0};
    if (!name && front->spec.whole) {
        name = front->spec.target_cpu.value;
        at = front->spec.target_cpu.at;
    }
    const bool found = backend_target(arena, name, &front->target, &fault);
    if (!found)
        diag_error(diag, at, "%s", fault);
    return found;
}

bool front_read(struct arena *arena, struct diag *diag, const char *path, const char *target,
                struct front *out)
{
    *out = (struct front){.data_folder = ""};
    return front_source(arena, diag, path, FRONT_SPEC_BYTES, out) && front_spec(arena, diag, out) &&
           front_target(arena, diag, target, out);
}
