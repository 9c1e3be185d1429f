/* SPDX-License-Identifier: MIT
 *
 * Takes a request, gives pairs: from a file, or from a generator and a base flow. Points go through the base
 * flow in double, block by block. */
#include "pairs.h"

#include "normal.h"
#include "pairs_parts.h"
#include "random.h"
#include "toys.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK_ROWS = 4096 };

int64_t pairs_test_rows(int64_t n, double share)
{
    const int64_t rows = (int64_t)(share * (double)n + 0.5);
    return rows < n ? rows : n - 1;
}

static void *room_for(const struct pairs *p, int64_t n)
{
    const size_t row_bytes = (size_t)p->d * (size_t)p->precision;
    return (size_t)n < SIZE_MAX / 2 / row_bytes ? malloc((size_t)n * row_bytes + 1) : NULL;
}

bool pairs_make_room(struct pairs *p, int64_t n_train, int64_t n_test, struct fault *fault)
{
    p->n_train = n_train;
    p->n_test = n_test;
    p->x_train = room_for(p, n_train);
    p->y_train = room_for(p, n_train);
    p->x_test = room_for(p, n_test);
    p->y_test = room_for(p, n_test);
    return (p->x_train && p->y_train && p->x_test && p->y_test) ||
           fault_memory(fault, 2 * (size_t)(n_train + n_test) * (size_t)p->d * (size_t)p->precision, "pairs");
}

/* ---- between the trainer's precision and double
 * ---------------------------------------------------------------- */

static void to_double(const struct pairs *p, const void *from, int64_t first_row, int64_t rows, double *to)
{
    for (int64_t i = 0; i < rows * p->d; i++) {
        const int64_t at = first_row * p->d + i;
        to[i] = p->precision == 4 ? (double)((const float *)from)[at] : ((const double *)from)[at];
    }
}

static void from_double(const struct pairs *p, const double *from, int64_t first_row, int64_t rows, void *to)
{
    for (int64_t i = 0; i < rows * p->d; i++) {
        const int64_t at = first_row * p->d + i;
        if (p->precision == 4)
            ((float *)to)[at] = (float)from[i];
        else
            ((double *)to)[at] = from[i];
    }
}

/* ---- the generator ----------------------------------------------------------------------------------------
 */

static void generate(const struct pairs *p, int toy, uint64_t seed, int64_t first, int64_t n, void *x,
                     double *block)
{
    for (int64_t row = 0; row < n; row += BLOCK_ROWS) {
        const int64_t rows = n - row < BLOCK_ROWS ? n - row : BLOCK_ROWS;
        toy_samples(toy, seed, first + row, rows, block);
        from_double(p, block, row, rows, x);
    }
}

static bool make_samples(struct pairs *p, const struct pairs_request *request, struct fault *fault)
{
    const int toy = request->generator ? toy_find(request->generator) : -1;
    if (!request->generator)
        return fault_set(fault, FAULT_INPUT, "no data: give a file of pairs (--data FILE)");
    if (toy < 0)
        return fault_set(fault, FAULT_INPUT, "no generator %s", request->generator);
    if (p->d != 2)
        return fault_set(fault, FAULT_INPUT,
                         "generator %s makes 2-dimensional samples; the dimension is %" PRId64,
                         request->generator, p->d);
    const int64_t n_test = pairs_test_rows(request->samples, request->test);
    if (!pairs_make_room(p, request->samples - n_test, n_test, fault))
        return false;
    double *const block = malloc(BLOCK_ROWS * 2 * sizeof *block);
    if (!block)
        return fault_memory(fault, BLOCK_ROWS * 2 * sizeof *block, "samples");
    generate(p, toy, request->seed, 0, p->n_train, p->x_train, block);
    generate(p, toy, request->seed, p->n_train, n_test, p->x_test, block);
    free(block);
    return true;
}

/* ---- the base flow ----------------------------------------------------------------------------------------
 */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool fit_base(struct pairs *p, const struct pairs_request *request, struct fault *fault)
{
    struct mixture_options options = request->mixture;
    options.seed = request->seed;
    options.threads = request->threads;
    const double start = seconds();
    const size_t bytes = (size_t)p->n_train * (size_t)p->d * sizeof(double);
    double *const x = malloc(bytes);
    if (!x)
        return fault_memory(fault, bytes, "the base flow");
    to_double(p, p->x_train, 0, p->n_train, x);
    const bool done = mixture_fit(&p->fitted, x, p->n_train, p->d, &options, &p->report, fault);
    free(x);
    p->base = p->fitted;
    p->fit_seconds = seconds() - start;
    return done;
}

static bool choose_base(struct pairs *p, const struct pairs_request *request, struct fault *fault)
{
    const char *const what = request->file ? request->file : request->generator;
    p->base = request->base;
    if (!p->base && !request->fit_base)
        return fault_set(fault, FAULT_INPUT, "%s has x but no y = f(x), and there is no base flow f", what);
    if (!p->base)
        return fit_base(p, request, fault);
    return p->base->d == p->d ||
           fault_set(fault, FAULT_INPUT, "the base flow has dimension %" PRId64 ", not %" PRId64, p->base->d,
                     p->d);
}

struct blocks {
    double *x, *y, *logdet; /* [BLOCK_ROWS][d], [BLOCK_ROWS] */
};

/* y = f(x), and the mean of -log p(x) = |y|^2/2 + d/2 log(2 pi) - logdet. */
static bool map_rows(const struct pairs *p, const struct blocks *b, const void *x, int64_t n, void *y,
                     int threads, double *nll, struct fault *fault)
{
    double sum = 0;
    for (int64_t row = 0; row < n; row += BLOCK_ROWS) {
        const int64_t rows = n - row < BLOCK_ROWS ? n - row : BLOCK_ROWS;
        to_double(p, x, row, rows, b->x);
        if (!mixture_forward(p->base, b->x, rows, b->y, b->logdet, threads, fault))
            return false;
        from_double(p, b->y, row, rows, y);
        for (int64_t i = 0; i < rows * p->d; i++)
            sum += 0.5 * b->y[i] * b->y[i] + NORMAL_HALF_LOG_2PI;
        for (int64_t i = 0; i < rows; i++)
            sum -= b->logdet[i];
    }
    *nll = n > 0 ? sum / (double)n : NAN;
    return true;
}

static bool map_pairs(struct pairs *p, int threads, struct fault *fault)
{
    const size_t block = (size_t)BLOCK_ROWS * (size_t)p->d, all = 2 * block + BLOCK_ROWS;
    double *const room = malloc(all * sizeof *room);
    if (!room)
        return fault_memory(fault, all * sizeof *room, "the base flow");
    const struct blocks blocks = {.x = room, .y = room + block, .logdet = room + 2 * block};
    const bool done =
        map_rows(p, &blocks, p->x_train, p->n_train, p->y_train, threads, &p->nll_train, fault) &&
        map_rows(p, &blocks, p->x_test, p->n_test, p->y_test, threads, &p->nll_test, fault);
    free(room);
    return done;
}

/* ---- all of it --------------------------------------------------------------------------------------------
 */

static bool load(struct pairs *p, const struct pairs_request *request, struct fault *fault)
{
    bool has_y = false;
    if (request->file ? !pairs_read_file(p, request, &has_y, fault) : !make_samples(p, request, fault))
        return false;
    return has_y || (choose_base(p, request, fault) && map_pairs(p, request->threads, fault));
}

bool pairs_load(struct pairs *out, const struct pairs_request *request, struct fault *fault)
{
    assert(request->d > 0 && (request->precision == 4 || request->precision == 8));
    *out =
        (struct pairs){.d = request->d, .precision = request->precision, .nll_train = NAN, .nll_test = NAN};
    if (load(out, request, fault))
        return true;
    pairs_free(out);
    return false;
}

void pairs_free(struct pairs *pairs)
{
    free(pairs->x_train);
    free(pairs->y_train);
    free(pairs->x_test);
    free(pairs->y_test);
    mixture_free(pairs->fitted);
    *pairs = (struct pairs){.d = 0};
}
