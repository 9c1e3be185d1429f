/* SPDX-License-Identifier: MIT
 *
 * Takes tables of any format, gives their rows, split: what has columns to be chosen, labels beside the
 * numbers, or rows to be left out, and whose rows are counted only at the end. */
#include "data/samples_parts.h"
#include "files/npz.h"
#include "files/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 4096 /* rows */ };

/* All rows of a table, as many as there turn out to be. */
struct gathered {
    size_t row_bytes;
    int64_t precision, n, room, dropped;
    void *x;
    int64_t *labels; /* NULL: none */
    int64_t *places;
    bool by_line;
    int64_t columns;
    char **names; /* [columns]; NULL: none */
};

static void free_gathered(struct gathered *all)
{
    free(all->x);
    free(all->labels);
    free(all->places);
    for (int64_t i = 0; all->names && i < all->columns; i++)
        free(all->names[i]);
    free(all->names);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool make_larger(void **rows, int64_t n, size_t row_bytes, struct fault *fault)
{
    size_t bytes = SIZE_MAX;
    void *const larger =
        __builtin_mul_overflow((size_t)n, row_bytes, &bytes) ? NULL : realloc(*rows, bytes ? bytes : 1);
    if (!larger)
        return fault_memory(fault, bytes, "the data");
    *rows = larger;
    return true;
}

static bool make_room(struct gathered *all, const struct table_info *info, struct fault *fault)
{
    if (all->n < all->room)
        return true;
    const int64_t room = all->room > 0 ? 2 * all->room : info->rows > 0 ? info->rows + 1 : FIRST_ROOM;
    if (!make_larger(&all->x, room, all->row_bytes, fault) ||
        !make_larger((void **)&all->places, room, sizeof *all->places, fault) ||
        (info->label && !make_larger((void **)&all->labels, room, sizeof *all->labels, fault)))
        return false;
    all->room = room;
    return true;
}

static bool copy_names(struct gathered *all, const struct table_info *info, struct fault *fault)
{
    all->columns = info->columns;
    if (!info->names)
        return true;
    if (!fault_calloc(fault, (void **)&all->names, (size_t)info->columns, sizeof *all->names, "names"))
        return false;
    for (int64_t i = 0; i < info->columns; i++) {
        all->names[i] = strdup(info->names[i]);
        if (!all->names[i])
            return fault_memory(fault, strlen(info->names[i]), "names");
    }
    return true;
}

static bool read_all(struct table_reader *reader, struct gathered *all, struct fault *fault)
{
    const struct table_info *const info = table_info(reader);
    struct table_rows rows = {.got = 1};
    while (rows.got > 0) {
        if (!make_room(all, info, fault))
            return false;
        rows = (struct table_rows){
            .most = all->room - all->n,
            .x = (char *)all->x + (size_t)all->n * all->row_bytes,
            .labels = info->label ? all->labels + all->n : NULL,
            .places = all->places + all->n,
        };
        if (!table_read(reader, &rows, fault))
            return false;
        all->n += rows.got;
    }
    all->dropped = table_dropped(reader);
    all->by_line = info->rows < 0;
    return copy_names(all, info, fault);
}

static bool check_count(const char *path, const struct gathered *all, struct fault *fault)
{
    if (all->n > UINT32_MAX)
        return fault_set(fault, FAULT_INPUT, "%s: more than %" PRIu32 " rows", path, UINT32_MAX);
    if (all->n == 0 && all->dropped > 0)
        return fault_set(fault, FAULT_INPUT, "%s: a number is missing in each of its %" PRId64 " rows", path,
                         all->dropped);
    return all->n > 0 || fault_set(fault, FAULT_INPUT, "%s: no rows", path);
}

/* An .npz has several arrays, and standard input is read only once. */
static bool check_source(const struct table_reader *reader, const char *path, struct fault *fault)
{
    return strcmp(path, "-") != 0 || strcmp(table_info(reader)->format, "npz") != 0 ||
           fault_set(fault, FAULT_INPUT, "an .npz of samples cannot come from standard input; give its path");
}

static bool read_table(struct gathered *all, const struct table_request *request, struct fault *fault)
{
    struct table_reader *reader;
    *all = (struct gathered){.precision = request->precision,
                             .row_bytes = (size_t)request->needed * (size_t)request->precision};
    if (!table_open(&reader, request, fault))
        return false;
    const bool done = check_source(reader, request->path, fault) && read_all(reader, all, fault) &&
                      check_count(request->path, all, fault);
    table_close(reader);
    if (!done)
        free_gathered(all);
    return done;
}

/* ---- splitting ----------------------------------------------------------------------------------------- */

static bool split(const struct samples *out, const void *rows, int64_t n, size_t row_bytes, void **train,
                  void **test, struct fault *fault)
{
    *train = samples_room(out->train.n, row_bytes, fault);
    *test = *train ? samples_room(out->test.n, row_bytes, fault) : NULL;
    if (!*test)
        return false;
    samples_hand_out(out->for_test, rows, n, row_bytes, (void *const[2]){*train, *test}, (int64_t[2]){0, 0});
    return true;
}

static bool split_x(struct samples *out, const struct samples_request *request, struct gathered *all,
                    struct fault *fault)
{
    out->by_line = all->by_line;
    out->places = all->places;
    all->places = NULL;
    out->names = all->names;
    all->names = NULL;
    out->test.n = samples_test_rows(all->n, request->test);
    out->train.n = all->n - out->test.n;
    return samples_choose_test(all->n, out->test.n, &out->for_test, fault) &&
           split(out, all->x, all->n, all->row_bytes, &out->train.x, &out->test.x, fault) &&
           (!all->labels || split(out, all->labels, all->n, sizeof *all->labels, (void **)&out->train.labels,
                                  (void **)&out->test.labels, fault));
}

static bool split_y(struct samples *out, const char *path, const struct gathered *all, struct fault *fault)
{
    const int64_t n = out->train.n + out->test.n;
    if (all->n != n)
        return fault_set(fault, FAULT_INPUT, "%s: y has %" PRId64 " rows, its x %" PRId64, path, all->n, n);
    return split(out, all->x, n, all->row_bytes, &out->train.y, &out->test.y, fault);
}

/* ---- which tables -------------------------------------------------------------------------------------- */

static bool make_plan(const struct samples_paths *paths, struct array_plan *out, struct fault *fault)
{
    struct npz *npz = NULL;
    if (strcmp(paths->x_format, "npz") == 0 && !npz_open(&npz, paths->of.x, fault))
        return false;
    *out = array_plan_of(npz);
    const bool pairs = npz && (npz_has(npz, "y") || npz_has(npz, out->of[PART_TRAIN]->y[0]));
    npz_close(npz);
    return !pairs || fault_set(fault, FAULT_INPUT,
                               "%s: columns, labels and rows can be chosen of samples, but not of pairs x, y",
                               paths->of.x);
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

static bool read_x(struct gathered *all, const struct samples_request *request,
                   const struct samples_paths *paths, const struct array_names *names, struct fault *fault)
{
    const bool wide = samples_changed(request, paths->of.y);
    const struct table_request wanted = {.path = paths->of.x,
                                         .arrays = names->x,
                                         .labels = names->labels,
                                         .columns = request->columns,
                                         .needed = request->d,
                                         .precision = wide ? 8 : request->precision};
    return read_table(all, &wanted, fault);
}

static void give_part(struct part *part, struct gathered *all)
{
    *part = (struct part){.n = all->n, .x = all->x, .labels = all->labels};
    all->x = NULL;
    all->labels = NULL;
    free_gathered(all);
    *all = (struct gathered){.x = NULL};
}

/* Those that the file has besides the training's. */
static bool read_parts(struct samples *out, const struct samples_request *request,
                       const struct samples_paths *paths, const struct array_plan *plan, struct fault *fault)
{
    for (int i = PART_TEST; i < PARTS; i++) {
        struct gathered part;
        if (!plan->of[i])
            continue;
        if (!read_x(&part, request, paths, plan->of[i], fault))
            return false;
        out->dropped += part.dropped;
        give_part(samples_part(out, i), &part);
    }
    return true;
}

static bool read_y(struct samples *out, const struct samples_request *request, const char *path,
                   struct fault *fault)
{
    const struct table_request wanted = {.path = path,
                                         .arrays = array_plan_of(NULL).of[PART_TRAIN]->y,
                                         .needed = request->d,
                                         .precision = request->precision};
    struct gathered all;
    if (!read_table(&all, &wanted, fault))
        return false;
    const bool done = split_y(out, path, &all, fault);
    free_gathered(&all);
    return done;
}

bool samples_read_table(struct samples *out, const struct samples_request *request,
                        const struct samples_paths *paths, struct fault *fault)
{
    struct gathered all;
    struct array_plan plan;
    if (paths->of.y && request->columns.missing == TABLE_DROP)
        return fault_set(fault, FAULT_INPUT, "%s: rows of samples can be left out, but not those of pairs",
                         request->file);
    if (!make_plan(paths, &plan, fault) || !read_x(&all, request, paths, plan.of[PART_TRAIN], fault))
        return false;
    bool done = true;
    out->precision = all.precision;
    out->dropped = all.dropped;
    if (plan.of[PART_TEST])
        give_part(&out->train, &all);
    else
        done = split_x(out, request, &all, fault);
    free_gathered(&all);
    return done && read_parts(out, request, paths, &plan, fault) &&
           (!paths->of.y || read_y(out, request, paths->of.y, fault));
}
