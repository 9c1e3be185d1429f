/* SPDX-License-Identifier: MIT
 *
 * Takes an .npz, or .npy files, gives pairs. Where the data has no split of its own, test rows are drawn by a
 * fixed seed, so that training and every later evaluation see the same ones. */
#include "normal.h"
#include "npz.h"
#include "pairs_parts.h"
#include "random.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 4096, SPLIT_SEED = 1, NAME_BYTES = 32 };

struct input {
    const struct pairs_request *request;
    struct npz *npz;         /* or NULL: */
    char *x_path, *y_path;   /* .npy files; y_path may be NULL */
    unsigned char *for_test; /* [n] which rows are; NULL: the data has its own split */
};

/* ---- arrays by name
 * ----------------------------------------------------------------------------------------- */

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

/* Opens [n][d]; n < 0: any number of rows. */
static bool open_rows(const struct input *in, const char *name, int64_t n, struct npy_reader **out,
                      struct fault *fault)
{
    if (!open_array(in, name, out, fault))
        return false;
    const int64_t rows = npy_shape(*out).rows;
    if (npy_expect_columns(*out, in->request->d, fault) &&
        (n < 0 || n == rows ||
         fault_set(fault, FAULT_INPUT, "%s: %s has %" PRId64 " rows, its x %" PRId64, in->request->file, name,
                   rows, n)))
        return true;
    npy_close(*out);
    return false;
}

static bool count_rows(const struct input *in, const char *name, int64_t *out, struct fault *fault)
{
    struct npy_reader *reader;
    if (!open_rows(in, name, -1, &reader, fault))
        return false;
    *out = npy_shape(reader).rows;
    npy_close(reader);
    if (*out > UINT32_MAX)
        return fault_set(fault, FAULT_INPUT, "%s: %s has more than %" PRIu32 " rows", in->request->file, name,
                         UINT32_MAX);
    return *out > 0 || fault_set(fault, FAULT_INPUT, "%s: %s has no rows", in->request->file, name);
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

static bool read_split(const struct input *in, struct npy_reader *reader, void *const to[2],
                       struct fault *fault)
{
    const int precision = in->request->precision;
    const size_t row_bytes = (size_t)npy_shape(reader).columns * (size_t)precision;
    char *const block = malloc(BLOCK_ROWS * row_bytes);
    int64_t got = 1, row = 0, next[2] = {0, 0};
    bool done = block || fault_memory(fault, BLOCK_ROWS * row_bytes, "data");
    while (done && got > 0) {
        done = npy_read_rows(reader, precision, BLOCK_ROWS, block, &got, fault);
        if (done)
            hand_out(in->for_test + row, block, got, row_bytes, to, next);
        row += got;
    }
    free(block);
    return done;
}

/* All rows of an open array, to to[0], or split to to[0] (train) and to[1] (test). Takes the reader. */
static bool read_rows(const struct input *in, struct npy_reader *reader, void *const to[2],
                      struct fault *fault)
{
    int64_t got;
    const bool done = in->for_test ? read_split(in, reader, to, fault)
                                   : npy_read_rows(reader, in->request->precision, npy_shape(reader).rows,
                                                   to[0], &got, fault);
    npy_close(reader);
    return done;
}

static bool read_array(const struct input *in, const char *name, int64_t n, void *train, void *test,
                       struct fault *fault)
{
    struct npy_reader *reader;
    return open_rows(in, name, n, &reader, fault) &&
           read_rows(in, reader, (void *const[2]){train, test}, fault);
}

/* ---- log-likelihoods of the flow that made the pairs
 * ---------------------------------------------------------- */

/* Mean of |y|^2/2 + d/2 log(2 pi) - logdet. */
static double mean_nll(const struct pairs *p, const void *y, const void *logdet, int64_t n)
{
    const bool single = p->precision == 4;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = i * p->d; j < (i + 1) * p->d; j++) {
            const double value = single ? (double)((const float *)y)[j] : ((const double *)y)[j];
            sum += 0.5 * value * value + NORMAL_HALF_LOG_2PI;
        }
        sum -= single ? (double)((const float *)logdet)[i] : ((const double *)logdet)[i];
    }
    return n > 0 ? sum / (double)n : NAN;
}

struct half {
    const void *y; /* [n][d] */
    int64_t n;
    double *nll;
};

static bool read_nll(const struct input *in, const struct pairs *p, struct npy_reader *reader,
                     const struct half *a, const struct half *b, struct fault *fault)
{
    const size_t bytes = (size_t)(a->n + b->n) * (size_t)p->precision;
    char *const logdet = malloc(bytes + 1);
    if (!logdet) {
        npy_close(reader);
        return fault_memory(fault, bytes, "log-determinants");
    }
    char *const second = logdet + (size_t)a->n * (size_t)p->precision;
    const bool done = read_rows(in, reader, (void *const[2]){logdet, second}, fault);
    if (done && a->nll)
        *a->nll = mean_nll(p, a->y, logdet, a->n);
    if (done && b->nll)
        *b->nll = mean_nll(p, b->y, second, b->n);
    free(logdet);
    return done;
}

/* Where the file has log|det dy/dx| of its pairs; without it the likelihoods stay unknown. */
static bool find_nll(const struct input *in, const struct pairs *p, const char *name, const struct half *a,
                     const struct half *b, struct fault *fault)
{
    struct npy_reader *reader;
    if (!in->npz || !npz_has(in->npz, name))
        return true;
    if (!npz_array(in->npz, name, &reader, fault))
        return false;
    const struct npy_shape shape = npy_shape(reader);
    if (shape.rank == 1 && shape.rows == a->n + b->n)
        return read_nll(in, p, reader, a, b, fault);
    npy_close(reader);
    return fault_set(fault, FAULT_INPUT, "%s: %s is no list of %" PRId64 " numbers, one for each row of x",
                     in->request->file, name, a->n + b->n);
}

/* ---- data with a split of its own
 * ----------------------------------------------------------------------------- */

static bool read_own_y(const struct input *in, struct pairs *p, struct fault *fault)
{
    const struct half train = {.y = p->y_train, .n = p->n_train, .nll = &p->nll_train}, none = {.n = 0};
    const struct half test = {.y = p->y_test, .n = p->n_test, .nll = &p->nll_test};
    return read_array(in, "y_train", p->n_train, p->y_train, NULL, fault) &&
           read_array(in, "y_test", p->n_test, p->y_test, NULL, fault) &&
           find_nll(in, p, "logdet_train", &train, &none, fault) &&
           find_nll(in, p, "logdet_test", &test, &none, fault);
}

static bool read_own_split(const struct input *in, struct pairs *p, bool *has_y, struct fault *fault)
{
    int64_t n_train, n_test;
    *has_y = has_array(in, "y_train");
    return count_rows(in, "x_train", &n_train, fault) && count_rows(in, "x_test", &n_test, fault) &&
           pairs_make_room(p, n_train, n_test, fault) &&
           read_array(in, "x_train", n_train, p->x_train, NULL, fault) &&
           read_array(in, "x_test", n_test, p->x_test, NULL, fault) && (!*has_y || read_own_y(in, p, fault));
}

/* ---- data that is split here
 * ---------------------------------------------------------------------------------- */

/* The rows that a random order puts first. */
static bool choose_test_rows(struct input *in, int64_t n, int64_t n_test, struct fault *fault)
{
    uint32_t *const order = malloc((size_t)n * sizeof *order);
    in->for_test = calloc((size_t)n, 1);
    if (!order || !in->for_test) {
        free(order);
        return fault_memory(fault, (size_t)n * sizeof *order, "the choice of test rows");
    }
    random_permutation(SPLIT_SEED, random_stream(RANDOM_SPLIT, 0), n, order);
    for (int64_t i = 0; i < n_test; i++)
        in->for_test[order[i]] = 1;
    free(order);
    return true;
}

static bool read_and_split(struct input *in, struct pairs *p, const char *x, const char *y, bool *has_y,
                           struct fault *fault)
{
    int64_t n;
    *has_y = has_array(in, y);
    if (!count_rows(in, x, &n, fault))
        return false;
    const int64_t n_test = pairs_test_rows(n, in->request->test);
    if (!choose_test_rows(in, n, n_test, fault) || !pairs_make_room(p, n - n_test, n_test, fault) ||
        !read_array(in, x, n, p->x_train, p->x_test, fault))
        return false;
    const struct half train = {.y = p->y_train, .n = p->n_train, .nll = &p->nll_train};
    const struct half test = {.y = p->y_test, .n = p->n_test, .nll = &p->nll_test};
    const char *const logdet = strcmp(x, "x") == 0 ? "logdet" : "logdet_train";
    return !*has_y || (read_array(in, y, n, p->y_train, p->y_test, fault) &&
                       find_nll(in, p, logdet, &train, &test, fault));
}

/* ---- the file
 * ------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

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

static bool read_input(struct input *in, struct pairs *p, bool *has_y, struct fault *fault)
{
    if (has_array(in, "x_train") && has_array(in, "x_test"))
        return read_own_split(in, p, has_y, fault);
    if (has_array(in, "x_train"))
        return read_and_split(in, p, "x_train", "y_train", has_y, fault);
    return read_and_split(in, p, "x", "y", has_y, fault);
}

bool pairs_read_file(struct pairs *pairs, const struct pairs_request *request, bool *has_y,
                     struct fault *fault)
{
    struct input in = {.request = request};
    const bool done = open_input(&in, fault) && read_input(&in, pairs, has_y, fault);
    npz_close(in.npz);
    free(in.x_path);
    free(in.y_path);
    free(in.for_test);
    return done;
}
