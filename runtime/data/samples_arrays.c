/* SPDX-License-Identifier: MIT
 *
 * Takes an .npz or .npy files, gives what they hold, split. What needs no change may stay where it lies. */
#include "data/samples_parts.h"
#include "files/npz.h"
#include "numbers/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096 };

struct gathered { /* what becomes a part of the samples */
    int64_t n;
    void *x, *y, *logdet, *labels;
    struct file_map x_map, y_map;
};

struct input {
    const struct samples_request *request;
    struct npz *npz;             /* or NULL: */
    const char *x_path, *y_path; /* .npy files; y_path may be NULL */
    int64_t precision;           /* of x and y */
    bool has_y;
    bool is_changed;         /* x, after it was read: standardised */
    unsigned char *for_test; /* [n] which rows are; NULL: the data has its own split */
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
                fault_set(fault, FAULT_INPUT, "%s: %s has %" PRId64 " rows, its x %" PRId64,
                          in->request->file, name, shape.rows, n));
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

static bool read_split(const struct input *in, enum kind kind, struct npy_reader *reader, void *const to[2],
                       struct fault *fault)
{
    const size_t row_bytes = bytes_of_row(in, kind);
    char *const block = samples_room(BLOCK_ROWS, row_bytes, fault);
    int64_t got = 1, row = 0, next[2] = {0, 0};
    bool done = block != NULL;
    while (done && got > 0) {
        done = read_rows(in, kind, reader, BLOCK_ROWS, block, &got, fault);
        if (done)
            samples_hand_out(in->for_test + row, block, got, row_bytes, to, next);
        row += got;
    }
    free(block);
    return done;
}

/* An array of a's rows, or of a's and b's together, in room made here. b NULL: it is not split. */
static bool read_into_memory(const struct input *in, enum kind kind, struct npy_reader *reader,
                             const struct gathered *a, const struct gathered *b, void **to_a, void **to_b,
                             struct fault *fault)
{
    int64_t got;
    *to_a = samples_room(a->n, bytes_of_row(in, kind), fault);
    if (b && *to_a)
        *to_b = samples_room(b->n, bytes_of_row(in, kind), fault);
    if (!*to_a || (b && !*to_b))
        return false;
    return b ? read_split(in, kind, reader, (void *const[2]){*to_a, *to_b}, fault)
             : read_rows(in, kind, reader, a->n, *to_a, &got, fault);
}

/* a's rows where they lie, if they can stay there: *to_a is not NULL. Nothing is left for b then. */
static bool map_rows(const struct input *in, struct npy_reader *reader, const struct gathered *b,
                     struct file_map *map, void **to_a, void **to_b, struct fault *fault)
{
    if (in->is_changed || (b && b->n > 0))
        return true;
    if (!npy_map_rows(reader, in->precision, map, fault))
        return false;
    *to_a = map->bytes;
    if (*to_a && b)
        *to_b = samples_room(0, 1, fault);
    return !*to_a || !b || *to_b;
}

/* map NULL: it is always read. */
static bool read_array(const struct input *in, enum kind kind, const char *name, const struct gathered *a,
                       const struct gathered *b, void **to_a, void **to_b, struct file_map *map,
                       struct fault *fault)
{
    struct npy_reader *reader;
    if (!open_checked(in, kind, name, a->n + (b ? b->n : 0), &reader, fault))
        return false;
    bool done = !map || map_rows(in, reader, b, map, to_a, to_b, fault);
    if (done && !*to_a)
        done = read_into_memory(in, kind, reader, a, b, to_a, to_b, fault);
    npy_close(reader);
    return done;
}

/* All arrays of these names: x, y where there is one, and then log-determinants; labels. */
static bool read_names(const struct input *in, const struct array_names *names, struct gathered *a,
                       struct gathered *b, struct fault *fault)
{
    struct gathered none = {.n = 0};
    struct gathered *const second = b ? b : &none;
    if (!read_array(in, ROWS, x_name(in, names), a, b, &a->x, &second->x, &a->x_map, fault) ||
        (in->has_y && !read_array(in, ROWS, names->y[0], a, b, &a->y, &second->y, &a->y_map, fault)))
        return false;
    if (in->has_y && has_array(in, names->logdet) &&
        !read_array(in, NUMBERS, names->logdet, a, b, &a->logdet, &second->logdet, NULL, fault))
        return false;
    return !has_array(in, names->labels) ||
           read_array(in, LABELS, names->labels, a, b, &a->labels, &second->labels, NULL, fault);
}

static void look_for_y(struct input *in, const struct array_names *names)
{
    in->has_y = has_array(in, names->y[0]);
    in->is_changed = samples_changed(in->request, in->has_y);
    in->precision = in->is_changed ? 8 : in->request->precision;
}

static bool read_whole(struct input *in, const struct array_names *names, struct gathered *part,
                       struct fault *fault)
{
    return count_rows(in, x_name(in, names), &part->n, fault) && read_names(in, names, part, NULL, fault);
}

static bool read_and_split(struct input *in, const struct array_names *names, struct fault *fault)
{
    struct gathered *const train = &in->parts[PART_TRAIN], *const test = &in->parts[PART_TEST];
    int64_t n;
    if (!count_rows(in, x_name(in, names), &n, fault))
        return false;
    test->n = samples_test_rows(n, in->request->test);
    train->n = n - test->n;
    return samples_choose_test(n, test->n, &in->for_test, fault) && read_names(in, names, train, test, fault);
}

static bool read_arrays(struct input *in, struct fault *fault)
{
    const struct array_plan plan = array_plan_of(in->npz);
    look_for_y(in, plan.of[PART_TRAIN]);
    if (!(plan.of[PART_TEST] ? read_whole(in, plan.of[PART_TRAIN], &in->parts[PART_TRAIN], fault)
                             : read_and_split(in, plan.of[PART_TRAIN], fault)))
        return false;
    for (int i = PART_TEST; i < PARTS; i++)
        if (plan.of[i] && !read_whole(in, plan.of[i], &in->parts[i], fault))
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
    return (struct part){
        .n = rows->n, .x = rows->x, .y = rows->y, .logdet = rows->logdet, .labels = rows->labels};
}

/* Parts that were not read to their end, too: they are the caller's to free. */
static void give(const struct input *in, struct samples *out)
{
    out->precision = in->precision;
    out->for_test = in->for_test;
    for (int i = 0; i < PARTS; i++) {
        *samples_part(out, i) = part_of(&in->parts[i]);
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
