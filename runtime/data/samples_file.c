/* SPDX-License-Identifier: MIT
 *
 * Takes what a request calls its file, gives the samples in it: by their arrays, or as tables. */
#include "data/samples_parts.h"

#include <string.h>

/* ---- arrays, or a table -------------------------------------------------------------------------------- */

/* What is chosen among the columns of a table needs to be read as one; weights of an .npz may be an array. */
static bool is_table(const struct samples_request *request, const struct samples_paths *paths)
{
    const struct table_columns *const columns = &request->columns;
    const bool npz = strcmp(paths->x_format, "npz") == 0 && !paths->of.y,
               npy = strcmp(paths->x_format, "npy") == 0 &&
                     (!paths->of.y || strcmp(paths->y_format, "npy") == 0);
    return columns->n > 0 || columns->label || columns->missing != TABLE_REFUSE || (!npz && !npy) ||
           (columns->weights && !npz);
}

bool samples_paths_find(struct samples_paths *out, const char *file, const char *folder, struct fault *fault)
{
    *out = (struct samples_paths){.of = {.x = NULL}};
    return data_paths_find(&out->of, file, folder, fault) && table_format(out->of.x, out->x_format, fault) &&
           (!out->of.y || table_format(out->of.y, out->y_format, fault));
}

void samples_paths_free(struct samples_paths *paths)
{
    data_paths_free(&paths->of);
}

bool samples_check_stream(const struct table_reader *reader, const char *path, struct fault *fault)
{
    return !table_is_stream(path) || strcmp(table_info(reader)->format, "npz") != 0 ||
           fault_set(fault, FAULT_INPUT,
                     "an .npz of samples cannot come from standard input or a pipe; give the path of a file");
}

static bool read_file(struct samples *out, const struct samples_request *request, struct samples_paths *paths,
                      struct fault *fault)
{
    if (!samples_paths_find(paths, request->file, request->folder, fault))
        return false;
    return is_table(request, paths) ? samples_read_table(out, request, paths, fault)
                                    : samples_read_arrays(out, request, paths, fault);
}

bool samples_read_file(struct samples *out, const struct samples_request *request, struct fault *fault)
{
    struct samples_paths paths;
    const bool done = read_file(out, request, &paths, fault);
    samples_paths_free(&paths);
    return done;
}
