/* SPDX-License-Identifier: MIT
 *
 * Takes an .npz or .npy files, gives what they hold, split. What needs no change may stay where it lies. */
#include "data/samples_parts.h"
#include "files/npz.h"
#include "ground/text.h"
#include "numbers/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096 };

struct gathered { /* what becomes a part of the samples */
    int64_t n;
    void *x, *y, *logdet, *labels, *weights;
    struct file_map x_map, y_map;
};

struct input {
    const struct samples_request *request;
    struct npz *npz;             /* or NULL: */
    const char *x_path, *y_path; /* .npy files; y_path may be NULL */
    int64_t precision;           /* of x and y */
    bool has_y;
    bool is_changed;    /* x, after it was read: standardised */
    bool test_is_drawn; /* from the rows for training */
    struct row_fates fates[PARTS];
    struct gathered parts[PARTS];
};

/* ---- arrays by name ------------------------------------------------------------------------------------ */

enum kind { ROWS /* [n][d] REAL */, NUMBERS /* [n] double */, LABELS /* [n] int64 */ };

static bool has_array(const struct input *in, const char *name)
{
    if (in->npz)
        return npz_has(in->npz, name);
    return strcmp(name, "x") == 0 || (strcmp(name, "y") == 0 && in->y_path);
}

/* The first that is there; where none is, the usual one, which is missed then. */
static const char *x_name(const struct input *in, const struct array_names *names)
{
    const char *const *name = names->x;
    while (*name && !has_array(in, *name))
        name++;
    return *name ? *name : names->x[0];
}

static bool open_array(const struct input *in, const char *name, struct npy_reader **out, struct fault *fault)
{
    if (in->npz)
        return npz_array(in->npz, name, out, fault);
    return npy_open(out, name[0] == 'x' ? in->x_path : in->y_path, fault);
}

static bool check_shape(const struct input *in, enum kind kind, const char *name, int64_t n,
                        const struct npy_reader *reader, struct fault *fault)
{
    const struct npy_shape shape = npy_shape(reader);
    if (kind == ROWS)
        return npy_expect_columns(reader, in->request->d, fault) &&
               (n < 0 || n == shape.rows ||
                fault_set(fault, FAULT_INPUT, "%s: %s has %" PRId64 " row%s, its x %" PRId64,
                          in->request->file, name, shape.rows, plural(shape.rows), n));
    return ((shape.rank == 1 || shape.rank == 2) && shape.columns == 1 && shape.rows == n) ||
           fault_set(fault, FAULT_INPUT, "%s: %s is not a list of %" PRId64 " numbers, one for each row of x",
                     in->request->file, name, n);
}

/* n < 0: any number of rows. */
static bool open_checked(const struct input *in, enum kind kind, const char *name, int64_t n,
                         struct npy_reader **out, struct fault *fault)
{
    if (!open_array(in, name, out, fault))
        return false;
    if (check_shape(in, kind, name, n, *out, fault))
        return true;
    npy_close(*out);
    return false;
}

static bool check_count(const struct input *in, const char *name, int64_t n, struct fault *fault)
{
    if (n > UINT32_MAX)
        return fault_set(fault, FAULT_INPUT, "%s: %s has more than %" PRIu32 " rows", in->request->file, name,
                         UINT32_MAX);
    return n > 0 || fault_set(fault, FAULT_INPUT, "%s: %s has no rows", in->request->file, name);
}

static bool count_rows(const struct input *in, const char *name, int64_t *out, struct fault *fault)
{
    struct npy_reader *reader;
    if (!open_checked(in, ROWS, name, -1, &reader, fault))
        return false;
    *out = npy_shape(reader).rows;
    npy_close(reader);
    return check_count(in, name, *out, fault);
}

/* ---- their rows ---------------------------------------------------------------------------------------- */

static size_t bytes_of_row(const struct input *in, enum kind kind)
{
    return kind == ROWS ? (size_t)in->request->d * (size_t)in->precision : 8;
}

static bool read_rows(const struct input *in, enum kind kind, struct npy_reader *reader, int64_t rows,
                      void *to, int64_t *got, struct fault *fault)
{
    return kind == LABELS ? npy_read_integers(reader, rows, to, got, fault)
                          : npy_read_rows(reader, kind == ROWS ? in->precision : 8, rows, to, got, fault);
}

static bool read_split(const struct input *in, enum kind kind, struct npy_reader *reader,
                       const struct row_fates *fates, void *const to[2], struct fault *fault)
{
    const size_t row_bytes = bytes_of_row(in, kind);
    char *const block = samples_room(BLOCK_ROWS, row_bytes, fault);
    int64_t got = 1, row = 0, next[2] = {0, 0};
    bool done = block != NULL;
    while (done && got > 0) {
        done = read_rows(in, kind, reader, BLOCK_ROWS, block, &got, fault);
        if (done)
            row_fates_hand_out(fates, row, block, got, row_bytes, to, next);
        row += got;
    }
    free(block);
    return done;
}

/* Where an array goes: rows that are kept, and those that are drawn for the test; test NULL: none are. */
struct target {
    void **kept, **test;
};

/* An array whose rows have these fates, in room made here. */
static bool read_into_memory(const struct input *in, enum kind kind, struct npy_reader *reader,
                             const struct row_fates *fates, const struct target *to, struct fault *fault)
{
    int64_t got;
    *to->kept = samples_room(fates->count[ROW_KEPT], bytes_of_row(in, kind), fault);
    if (to->test && *to->kept)
        *to->test = samples_room(fates->count[ROW_FOR_TEST], bytes_of_row(in, kind), fault);
    if (!*to->kept || (to->test && !*to->test))
        return false;
    if (!fates->of)
        return read_rows(in, kind, reader, fates->rows, *to->kept, &got, fault);
    void *const both[2] = {*to->kept, to->test ? *to->test : NULL};
    return read_split(in, kind, reader, fates, both, fault);
}

/* All rows where they lie, if they can stay there: *to->kept is not NULL. Nothing is left for the test
 * then. */
static bool map_rows(const struct input *in, struct npy_reader *reader, const struct row_fates *fates,
                     struct file_map *map, const struct target *to, struct fault *fault)
{
    if (in->is_changed || fates->of)
        return true;
    if (!npy_map_rows(reader, in->precision, map, fault))
        return false;
    *to->kept = map->bytes;
    if (*to->kept && to->test)
        *to->test = samples_room(0, 1, fault);
    return !*to->kept || !to->test || *to->test;
}

/* map NULL: it is always read. */
static bool read_array(const struct input *in, enum kind kind, const char *name,
                       const struct row_fates *fates, const struct target *to, struct file_map *map,
                       struct fault *fault)
{
    struct npy_reader *reader;
    if (!open_checked(in, kind, name, fates->rows, &reader, fault))
        return false;
    bool done = !map || map_rows(in, reader, fates, map, to, fault);
    if (done && !*to->kept)
        done = read_into_memory(in, kind, reader, fates, to, fault);
    npy_close(reader);
    return done;
}

/* All arrays of these names: x, y where there is one, and then log-determinants; labels. test NULL: no rows
 * are drawn for it. */
static bool read_names(const struct input *in, const struct array_names *names, const struct row_fates *fates,
                       struct gathered *a, struct gathered *test, struct fault *fault)
{
    const struct target x = {&a->x, test ? &test->x : NULL}, y = {&a->y, test ? &test->y : NULL},
                        logdet = {&a->logdet, test ? &test->logdet : NULL},
                        labels = {&a->labels, test ? &test->labels : NULL};
    if (!read_array(in, ROWS, x_name(in, names), fates, &x, &a->x_map, fault) ||
        (in->has_y && !read_array(in, ROWS, names->y[0], fates, &y, &a->y_map, fault)))
        return false;
    if (in->has_y && has_array(in, names->logdet) &&
        !read_array(in, NUMBERS, names->logdet, fates, &logdet, NULL, fault))
        return false;
    return !has_array(in, names->labels) ||
           read_array(in, LABELS, names->labels, fates, &labels, NULL, fault);
}

/* ---- weights, and what becomes of rows ----------------------------------------------------------------- */

static bool check_weights(const struct input *in, const char *name, const double *weights, int64_t n,
                          struct fault *fault)
{
    for (int64_t i = 0; weights && i < n; i++)
        if (weights[i] < 0)
            return fault_set(fault, FAULT_INPUT,
                             "%s: %s: row %" PRId64 " (counted from 0): the weight is %g; weights are not "
                             "negative",
                             in->request->file, name, i, weights[i]);
    return true;
}

/* [n]; NULL: there are none. The caller's also after a fault. */
static bool read_weights(const struct input *in, const struct array_names *names, int64_t n, void **out,
                         struct fault *fault)
{
    const char *const wanted = in->request->columns.weights, *const name = wanted ? wanted : names->weights;
    const struct row_fates all = {.rows = n, .count = {[ROW_KEPT] = n}};
    const struct target to = {out, NULL};
    if (!wanted && !has_array(in, name))
        return true;
    return read_array(in, NUMBERS, name, &all, &to, NULL, fault) && check_weights(in, name, *out, n, fault);
}

/* Of arrays of these names; and the weights that are left. test NULL: no rows are drawn for it. */
static bool choose_rows(const struct input *in, const struct array_names *names, struct row_fates *fates,
                        struct gathered *a, struct gathered *test, struct fault *fault)
{
    int64_t n;
    void *weights = NULL;
    bool good = count_rows(in, x_name(in, names), &n, fault) &&
                (in->request->weights_file ? samples_read_weights(in->request, n, &weights, fault)
                                           : read_weights(in, names, n, &weights, fault)) &&
                row_fates_draw(fates, n, weights, test ? in->request->test : 0, fault);
    if (good && weights)
        good =
            row_fates_split(fates, weights, sizeof(double), &a->weights, test ? &test->weights : NULL, fault);
    free(weights);
    a->n = fates->count[ROW_KEPT];
    if (test)
        test->n = fates->count[ROW_FOR_TEST];
    return good;
}

static void look_for_y(struct input *in, const struct array_names *names)
{
    in->has_y = has_array(in, names->y[0]);
    in->is_changed = samples_changed(in->request, in->has_y);
    in->precision = in->is_changed ? 8 : in->request->precision;
}

static bool read_part(struct input *in, const struct array_names *names, enum part_number number,
                      struct fault *fault)
{
    struct gathered *const part = &in->parts[number];
    struct gathered *const test = number == PART_TRAIN && in->test_is_drawn ? &in->parts[PART_TEST] : NULL;
    struct row_fates *const fates = &in->fates[number];
    return choose_rows(in, names, fates, part, test, fault) &&
           read_names(in, names, fates, part, test, fault);
}

static bool read_arrays(struct input *in, struct fault *fault)
{
    const struct array_plan plan = array_plan_of(in->npz);
    in->test_is_drawn = !plan.of[PART_TEST];
    look_for_y(in, plan.of[PART_TRAIN]);
    if (array_plan_is_split(&plan) && !samples_refuse_weights(in->request, fault))
        return false;
    for (int i = 0; i < PARTS; i++)
        if (plan.of[i] && !read_part(in, plan.of[i], i, fault))
            return false;
    return true;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

static bool open_input(struct input *in, const struct samples_paths *paths, struct fault *fault)
{
    if (strcmp(paths->x_format, "npz") == 0)
        return npz_open(&in->npz, paths->of.x, fault);
    in->x_path = paths->of.x;
    in->y_path = paths->of.y;
    return true;
}

static struct part part_of(const struct gathered *rows)
{
    return (struct part){.n = rows->n,
                         .x = rows->x,
                         .y = rows->y,
                         .logdet = rows->logdet,
                         .labels = rows->labels,
                         .weights = rows->weights};
}

/* Parts that were not read to their end, too: they are the caller's to free. */
static void give(const struct input *in, struct samples *out)
{
    out->precision = in->precision;
    out->test_is_drawn = in->test_is_drawn;
    for (int i = 0; i < PARTS; i++) {
        *samples_part(out, i) = part_of(&in->parts[i]);
        out->fates[i] = in->fates[i];
        out->weightless += in->fates[i].count[ROW_LEFT_OUT];
        out->x_map[i] = in->parts[i].x_map;
        out->y_map[i] = in->parts[i].y_map;
    }
}

bool samples_read_arrays(struct samples *out, const struct samples_request *request,
                         const struct samples_paths *paths, struct fault *fault)
{
    struct input in = {.request = request};
    const bool done = open_input(&in, paths, fault) && read_arrays(&in, fault);
    give(&in, out);
    npz_close(in.npz);
    return done;
}
