/* SPDX-License-Identifier: MIT
 *
 * Takes rows, gives their means and standard deviations, and rows in units of these. Sums are in double, one
 * row after another. */
#include "data/standard.h"

#include "numbers/row_weights.h"
#include "numbers/rows.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct standard *out, int64_t d, struct fault *fault)
{
    double *const room = malloc(2 * (size_t)d * sizeof *room);
    *out = (struct standard){.d = 0};
    if (!room)
        return fault_memory(fault, 2 * (size_t)d * sizeof *room, "the standardisation");
    *out = (struct standard){.d = d, .mean = room, .scale = room + d};
    return true;
}

void standard_free(struct standard *standard)
{
    free(standard->mean); /* the scales follow it */
    *standard = (struct standard){.d = 0};
}

bool standard_copy(struct standard *out, const struct standard *from, struct fault *fault)
{
    *out = (struct standard){.d = 0};
    if (from->d == 0)
        return true;
    if (!make_room(out, from->d, fault))
        return false;
    memcpy(out->mean, from->mean, (size_t)from->d * sizeof *from->mean);
    memcpy(out->scale, from->scale, (size_t)from->d * sizeof *from->scale);
    return true;
}

/* ---- fit ----------------------------------------------------------------------------------------------- */

/* The mean runs along, so that one that does not vary is met exactly, and large numbers do not overflow. */
static void sum_up(struct standard *s, const double *x, const double *weights, int64_t n)
{
    double total = 0;
    memset(s->mean, 0, (size_t)s->d * sizeof *s->mean);
    memset(s->scale, 0, (size_t)s->d * sizeof *s->scale);
    for (int64_t row = 0; row < n; row++) {
        const double weight = row_weight(weights, row);
        total += weight;
        for (int64_t i = 0; i < s->d; i++) {
            const double gap = x[row * s->d + i] - s->mean[i];
            s->mean[i] += weight * gap / total;
            /* sum of squares so far (Welford 1962) */
            s->scale[i] += weight * gap * (x[row * s->d + i] - s->mean[i]);
        }
    }
}

/* ---- columns with outliers ----------------------------------------------------------------------------- */

enum { MOST_SORTED = 10000 /* rows, evenly taken */ };
static const double STRETCHED = 20;    /* a deviation of so many of the middle half's is none of most rows */
static const double QUARTILES = 1.349; /* from one to the other, in deviations of a normal distribution */

struct weighted { /* a number of a row */
    double value, weight;
};

static int ascending(const void *a, const void *b)
{
    const double x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;
    return (x > y) - (x < y);
}

/* The first number from one end on, in steps of 1 or -1, by which more than `weight` has passed. */
static double quantile(const struct weighted *from, int64_t step, double weight)
{
    double passed = from->weight;
    while (passed <= weight) {
        from += step;
        passed += from->weight;
    }
    return from->value;
}

/* A few rows far out, a stand-in such as -999 or a very heavy tail, leave all others within a small part of
 * the standard deviation, where a flow hardly resolves them: then the scale is taken from the middle half of
 * the rows. */
static void heed_middle_half(struct standard *s, const double *x, const double *weights, int64_t n,
                             int64_t column, struct weighted *sorted)
{
    const int64_t count = n < MOST_SORTED ? n : MOST_SORTED;
    double total = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = i * n / count;
        sorted[i] = (struct weighted){x[row * s->d + column], row_weight(weights, row)};
        total += sorted[i].weight;
    }
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    const double low = quantile(sorted, 1, total / 4), high = quantile(sorted + count - 1, -1, total / 4);
    const double spread = (high - low) / QUARTILES;
    if (!(spread > 0) || !(s->scale[column] > STRETCHED * spread))
        return;
    s->mean[column] = quantile(sorted, 1, total / 2);
    s->scale[column] = spread;
}

static bool heed_outliers(struct standard *s, const double *x, const double *weights, int64_t n,
                          struct fault *fault)
{
    const size_t bytes = (size_t)(n < MOST_SORTED ? n : MOST_SORTED) * sizeof(struct weighted);
    struct weighted *const sorted = malloc(bytes);
    if (!sorted)
        return fault_memory(fault, bytes, "the standardisation");
    for (int64_t i = 0; i < s->d; i++)
        heed_middle_half(s, x, weights, n, i, sorted);
    free(sorted);
    return true;
}

/* Squares that overflow make a deviation infinite, in whose stead the middle half may have served. */
static bool check_scales(const struct standard *s, struct fault *fault)
{
    for (int64_t i = 0; i < s->d; i++)
        if (!isfinite(s->mean[i]) || !isfinite(s->scale[i]))
            return fault_set(fault, FAULT_INPUT,
                             "the data cannot be standardised: the numbers of column %" PRId64
                             " (counted from 1) are too large",
                             i + 1);
    return true;
}

bool standard_fit(struct standard *out, const double *x, const double *weights, int64_t n, int64_t d,
                  struct fault *fault)
{
    assert(n > 0 && d > 0);
    const double total = row_weights_sum(weights, n);
    if (!make_room(out, d, fault))
        return false;
    sum_up(out, x, weights, n);
    for (int64_t i = 0; i < d; i++) {
        const double deviation = sqrt(out->scale[i] / total);
        out->scale[i] = deviation > 0 ? deviation : 1;
    }
    if (heed_outliers(out, x, weights, n, fault) && check_scales(out, fault))
        return true;
    standard_free(out);
    return false;
}

/* ---- use ----------------------------------------------------------------------------------------------- */

void standard_apply(const struct standard *standard, void *rows, int64_t n, int64_t precision)
{
    const int64_t d = standard->d;
    for (int64_t i = 0; i < n * d; i++) {
        const double mean = standard->mean[i % d], scale = standard->scale[i % d];
        rows_put((rows_number(rows, i, precision) - mean) / scale, rows, i, precision);
    }
}

void standard_undo(const struct standard *standard, void *rows, int64_t n, int64_t precision)
{
    const int64_t d = standard->d;
    for (int64_t i = 0; i < n * d; i++) {
        const double mean = standard->mean[i % d], scale = standard->scale[i % d];
        rows_put(rows_number(rows, i, precision) * scale + mean, rows, i, precision);
    }
}

double standard_log_scale(const struct standard *standard)
{
    double sum = 0;
    for (int64_t i = 0; i < standard->d; i++)
        sum += log(standard->scale[i]);
    return sum;
}

/* ---- in a model's file --------------------------------------------------------------------------------- */

static const char MEAN[] = "data.mean", SCALE[] = "data.scale";

void standard_tensors(const struct standard *standard, struct tensor out[STANDARD_TENSORS])
{
    assert(standard->d > 0);
    out[0] = tensor_of(MEAN, 8, 1, standard->d, 0, standard->mean);
    out[1] = tensor_of(SCALE, 8, 1, standard->d, 0, standard->scale);
}

static bool check_numbers(const struct standard *s, struct fault *fault)
{
    for (int64_t i = 0; i < s->d; i++)
        if (!isfinite(s->mean[i]) || !isfinite(s->scale[i]) || !(s->scale[i] > 0))
            return fault_set(
                fault, FAULT_INPUT, "%s of the model: number %" PRId64 " (counted from 0) is not finite%s",
                isfinite(s->mean[i]) ? SCALE : MEAN, i, isfinite(s->mean[i]) ? " and greater than 0" : "");
    return true;
}

bool standard_from_tensors(struct standard *out, const struct safetensors *file, int64_t d,
                           struct fault *fault)
{
    *out = (struct standard){.d = 0};
    if (!safetensors_find(file, MEAN) && !safetensors_find(file, SCALE))
        return true;
    if (!make_room(out, d, fault))
        return false;
    if (safetensors_take(file, MEAN, 8, 1, &d, out->mean, fault) &&
        safetensors_take(file, SCALE, 8, 1, &d, out->scale, fault) && check_numbers(out, fault))
        return true;
    standard_free(out);
    return false;
}
