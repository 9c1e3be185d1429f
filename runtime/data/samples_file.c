/* SPDX-License-Identifier: MIT
 *
 * Takes an .npz, .npy files or a text, gives what they hold, split. Where the data has no split of its own,
 * test rows are drawn by a fixed seed, so that training and every later evaluation see the same ones. */
#include "data/samples_parts.h"
#include "files/npz.h"
#include "files/table.h"
#include "ground/text.h"
#include "numbers/random.h"
#include "numbers/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096, SPLIT_SEED = 1 };

/* The names of arrays that belong together. */
struct names {
    const char *x, *y, *logdet, *labels;
};
static const struct names train_names = {"x_train", "y_train", "logdet_train", "labels_train"};
static const struct names test_names = {"x_test", "y_test", "logdet_test", "labels_test"};
static const struct names whole_names = {"x", "y", "logdet", "labels"};
static const struct names samples_names = {"samples", "y", "logdet", "labels"};

struct gathered { /* what becomes a part of the samples */
    int64_t n;
    void *x, *y, *logdet, *labels;
    struct file_map x_map, y_map;
};

struct input {
    const struct samples_request *request;
    struct npz *npz;       /* or NULL: */
    char *x_path, *y_path; /* .npy files; y_path may be NULL */
    int64_t precision;     /* of x and y */
    bool has_y;
    bool is_changed;         /* x, after it was read: standardised */
    unsigned char *for_test; /* [n] which rows are; NULL: the data has its own split */
    struct gathered train, test;
};

/* ---- arrays by name ------------------------------------------------------------------------------------ */

enum kind { ROWS /* [n][d] REAL */, NUMBERS /* [n] double */, LABELS /* [n] int64 */ };

static bool has_array(const struct input *in, const char *name)
{
    if (in->npz)
        return npz_has(in->npz, name);
    return strcmp(name, "x") == 0 || (strcmp(name, "y") == 0 && in->y_path);
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

/* Hands the rows of a block out to train and test; next: how many each has. */
static void hand_out(const unsigned char *for_test, const char *block, int64_t rows, size_t row_bytes,
                     void *const to[2], int64_t next[2])
{
    for (int64_t i = 0; i < rows; i++) {
        const int which = for_test[i];
        memcpy((char *)to[which] + (size_t)next[which]++ * row_bytes, block + (size_t)i * row_bytes,
               row_bytes);
    }
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
            hand_out(in->for_test + row, block, got, row_bytes, to, next);
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
static bool read_names(const struct input *in, const struct names *names, struct gathered *a,
                       struct gathered *b, struct fault *fault)
{
    struct gathered none = {.n = 0};
    struct gathered *const second = b ? b : &none;
    if (!read_array(in, ROWS, names->x, a, b, &a->x, &second->x, &a->x_map, fault) ||
        (in->has_y && !read_array(in, ROWS, names->y, a, b, &a->y, &second->y, &a->y_map, fault)))
        return false;
    if (in->has_y && has_array(in, names->logdet) &&
        !read_array(in, NUMBERS, names->logdet, a, b, &a->logdet, &second->logdet, NULL, fault))
        return false;
    return !has_array(in, names->labels) ||
           read_array(in, LABELS, names->labels, a, b, &a->labels, &second->labels, NULL, fault);
}

static void look_for_y(struct input *in, const struct names *names)
{
    in->has_y = has_array(in, names->y);
    in->is_changed = samples_standardised(in->request, in->has_y);
    in->precision = in->is_changed ? 8 : in->request->precision;
}

static bool read_own_split(struct input *in, struct fault *fault)
{
    look_for_y(in, &train_names);
    return count_rows(in, train_names.x, &in->train.n, fault) &&
           count_rows(in, test_names.x, &in->test.n, fault) &&
           read_names(in, &train_names, &in->train, NULL, fault) &&
           read_names(in, &test_names, &in->test, NULL, fault);
}

/* ---- data that is split here --------------------------------------------------------------------------- */

/* The rows that a random order puts first. */
static bool choose_test_rows(struct input *in, int64_t n, struct fault *fault)
{
    uint32_t *const order = malloc((size_t)n * sizeof *order);
    in->test.n = samples_test_rows(n, in->request->test);
    in->train.n = n - in->test.n;
    in->for_test = calloc((size_t)n, 1);
    if (!order || !in->for_test) {
        free(order);
        return fault_memory(fault, (size_t)n * sizeof *order, "the choice of test rows");
    }
    random_permutation(SPLIT_SEED, random_stream(RANDOM_SPLIT, 0), n, order);
    for (int64_t i = 0; i < in->test.n; i++)
        in->for_test[order[i]] = 1;
    free(order);
    return true;
}

static bool read_and_split(struct input *in, const struct names *names, struct fault *fault)
{
    int64_t n;
    look_for_y(in, names);
    return count_rows(in, names->x, &n, fault) && choose_test_rows(in, n, fault) &&
           read_names(in, names, &in->train, &in->test, fault);
}

static bool read_arrays(struct input *in, struct fault *fault)
{
    if (has_array(in, train_names.x) && has_array(in, test_names.x))
        return read_own_split(in, fault);
    if (has_array(in, train_names.x))
        return read_and_split(in, &train_names, fault);
    const bool samples = !has_array(in, whole_names.x) && has_array(in, samples_names.x);
    return read_and_split(in, samples ? &samples_names : &whole_names, fault);
}

/* ---- tables -------------------------------------------------------------------------------------------- */

enum { FIRST_ROOM = 4096 /* rows */ };

/* All rows of a table, as many as there turn out to be. */
struct slurped {
    int64_t n, room;
    void *x;
    int64_t *labels; /* NULL: none */
};

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

static bool make_room(const struct input *in, struct slurped *all, bool labels, struct fault *fault)
{
    if (all->n < all->room)
        return true;
    const int64_t room = all->room > 0 ? 2 * all->room : FIRST_ROOM;
    if (!make_larger(&all->x, room, bytes_of_row(in, ROWS), fault) ||
        (labels && !make_larger((void **)&all->labels, room, sizeof *all->labels, fault)))
        return false;
    all->room = room;
    return true;
}

static bool slurp(const struct input *in, struct table_reader *reader, struct slurped *all,
                  struct fault *fault)
{
    const bool labels = table_info(reader)->label;
    struct table_rows rows = {.got = 1};
    while (rows.got > 0) {
        if (!make_room(in, all, labels, fault))
            return false;
        rows = (struct table_rows){
            .most = all->room - all->n,
            .x = (char *)all->x + (size_t)all->n * bytes_of_row(in, ROWS),
            .labels = labels ? all->labels + all->n : NULL,
        };
        if (!table_read(reader, &rows, fault))
            return false;
        all->n += rows.got;
        if (!check_count(in, "the table", all->n, fault))
            return false;
    }
    return true;
}

static bool make_part(const struct input *in, bool labels, struct gathered *part, struct fault *fault)
{
    part->x = samples_room(part->n, bytes_of_row(in, ROWS), fault);
    part->labels = labels ? samples_room(part->n, bytes_of_row(in, LABELS), fault) : NULL;
    return part->x && (part->labels || !labels);
}

static bool split_table(struct input *in, const struct slurped *all, struct fault *fault)
{
    const bool labels = all->labels;
    if (!choose_test_rows(in, all->n, fault) || !make_part(in, labels, &in->train, fault) ||
        !make_part(in, labels, &in->test, fault))
        return false;
    hand_out(in->for_test, all->x, all->n, bytes_of_row(in, ROWS), (void *[2]){in->train.x, in->test.x},
             (int64_t[2]){0, 0});
    if (labels)
        hand_out(in->for_test, (const char *)all->labels, all->n, sizeof *all->labels,
                 (void *[2]){in->train.labels, in->test.labels}, (int64_t[2]){0, 0});
    return true;
}

static bool read_table(struct input *in, struct fault *fault)
{
    in->precision = samples_standardised(in->request, false) ? 8 : in->request->precision;
    const struct table_request request = {
        .path = in->request->file, .needed = in->request->d, .precision = in->precision};
    struct table_reader *reader;
    struct slurped all = {.n = 0};
    if (!table_open(&reader, &request, fault))
        return false;
    const bool done = slurp(in, reader, &all, fault) && split_table(in, &all, fault);
    table_close(reader);
    free(all.x);
    free(all.labels);
    return done;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

/* "X.npy", "X.npy,Y.npy", or an .npz by whatever name. */
static bool open_input(struct input *in, struct fault *fault)
{
    const char *const file = in->request->file, *const comma = strstr(file, ".npy,");
    if (!ends_with(file, ".npy"))
        return npz_open(&in->npz, file, fault);
    const size_t length = comma ? (size_t)(comma - file) + strlen(".npy") : strlen(file);
    in->x_path = strndup(file, length);
    in->y_path = comma ? strdup(file + length + 1) : NULL;
    return (in->x_path && (in->y_path || !comma)) || fault_memory(fault, length, "a path");
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
    out->train = part_of(&in->train);
    out->test = part_of(&in->test);
    out->x_map[0] = in->train.x_map;
    out->x_map[1] = in->test.x_map;
    out->y_map[0] = in->train.y_map;
    out->y_map[1] = in->test.y_map;
}

bool samples_read_file(struct samples *out, const struct samples_request *request, struct fault *fault)
{
    struct input in = {.request = request};
    const char *const file = request->file;
    const bool text = ends_with(file, ".csv") || ends_with(file, ".tsv") || ends_with(file, ".txt");
    const bool done = text ? read_table(&in, fault) : open_input(&in, fault) && read_arrays(&in, fault);
    give(&in, out);
    npz_close(in.npz);
    free(in.x_path);
    free(in.y_path);
    free(in.for_test);
    return done;
}
