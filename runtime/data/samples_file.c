/* SPDX-License-Identifier: MIT
 *
 * Takes what a request calls its file, gives the samples in it: by their arrays, or as tables. Test rows of
 * data without a split of its own are drawn by a fixed seed, so that training and every later evaluation see
 * the same ones. */
#include "data/samples_parts.h"
#include "numbers/random.h"

#include <stdlib.h>
#include <string.h>

enum { SPLIT_SEED = 1 };

/* ---- test rows ----------------------------------------------------------------------------------------- */

/* The rows that a random order puts first. */
bool samples_choose_test(int64_t n, int64_t n_test, unsigned char **for_test, struct fault *fault)
{
    uint32_t *const order = malloc((size_t)n * sizeof *order);
    *for_test = calloc((size_t)n, 1);
    if (!order || !*for_test) {
        free(order);
        return fault_memory(fault, (size_t)n * sizeof *order, "the choice of test rows");
    }
    random_permutation(SPLIT_SEED, random_stream(RANDOM_SPLIT, 0), n, order);
    for (int64_t i = 0; i < n_test; i++)
        (*for_test)[order[i]] = 1;
    free(order);
    return true;
}

void samples_hand_out(const unsigned char *for_test, const void *rows, int64_t n, size_t row_bytes,
                      void *const to[2], int64_t next[2])
{
    for (int64_t i = 0; i < n; i++) {
        const int which = for_test[i];
        memcpy((char *)to[which] + (size_t)next[which]++ * row_bytes,
               (const char *)rows + (size_t)i * row_bytes, row_bytes);
    }
}

/* ---- arrays, or a table -------------------------------------------------------------------------------- */

/* What is chosen among the columns of a table needs to be read as one. */
static bool is_table(const struct samples_request *request, const struct samples_paths *paths)
{
    const struct table_columns *const columns = &request->columns;
    const bool npz = strcmp(paths->x_format, "npz") == 0 && !paths->of.y,
               npy = strcmp(paths->x_format, "npy") == 0 &&
                     (!paths->of.y || strcmp(paths->y_format, "npy") == 0);
    return columns->n > 0 || columns->label || columns->missing != TABLE_REFUSE || (!npz && !npy);
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
