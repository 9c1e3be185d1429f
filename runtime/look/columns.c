/* SPDX-License-Identifier: MIT */
#include "look/columns.h"

#include "look/hash.h"

#include <math.h>
#include <string.h>

/* Of the largest value, what a constant may vary by when it was computed; of a step, when it was written in
 * single precision. */
static const double ROUNDING = 1e-15, SINGLE_ROUNDING = 1e-7, STEP_ROUNDING = 1e-3;

/* ---- moments ------------------------------------------------------------------------------------------- */

static struct column block_moments(const double *values, int64_t n, int64_t stride)
{
    struct column block = {.n = n};
    for (int64_t i = 0; i < n; i++)
        block.mean += values[i * stride];
    block.mean /= (double)n;
    for (int64_t i = 0; i < n; i++) {
        const double off = values[i * stride] - block.mean, square = off * off;
        block.m2 += square;
        block.m3 += square * off;
        block.m4 += square * square;
    }
    return block;
}

/* Pebay's formulas, which need no second pass and lose no digits. */
static void merge_moments(struct column *to, const struct column *block)
{
    const double a = (double)to->n, b = (double)block->n, n = a + b, off = block->mean - to->mean;
    const double square = off * off;
    to->m4 += block->m4 + square * square * a * b * (a * a - a * b + b * b) / (n * n * n) +
              6 * square * (a * a * block->m2 + b * b * to->m2) / (n * n) +
              4 * off * (a * block->m3 - b * to->m3) / n;
    to->m3 +=
        block->m3 + square * off * a * b * (a - b) / (n * n) + 3 * off * (a * block->m2 - b * to->m2) / n;
    to->m2 += block->m2 + square * a * b / n;
    to->mean += off * b / n;
    to->n += block->n;
}

/* ---- outermost values ---------------------------------------------------------------------------------- */

/* Puts an extreme where it belongs in a list of `held`, by sign * value ascending; the last may fall out. */
static void put_extreme(struct extreme *list, int64_t held, double sign, struct extreme one)
{
    int64_t at = held < COLUMN_EXTREMES ? held : COLUMN_EXTREMES - 1;
    while (at > 0 && sign * list[at - 1].value > sign * one.value)
        at--;
    const int64_t last = held < COLUMN_EXTREMES ? held : COLUMN_EXTREMES - 1;
    memmove(list + at + 1, list + at, (size_t)(last - at) * sizeof *list);
    list[at] = one;
}

static void take_extremes(struct column *to, const double *values, int64_t n, int64_t stride)
{
    const struct extreme *const last_low = &to->low[COLUMN_EXTREMES - 1];
    const struct extreme *const last_high = &to->high[COLUMN_EXTREMES - 1];
    for (int64_t i = 0; i < n; i++) {
        const struct extreme one = {.value = values[i * stride], .row = to->n + i};
        if (one.row < COLUMN_EXTREMES || one.value < last_low->value)
            put_extreme(to->low, one.row, 1, one);
        if (one.row < COLUMN_EXTREMES || one.value > last_high->value)
            put_extreme(to->high, one.row, -1, one);
    }
}

/* ---- order --------------------------------------------------------------------------------------------- */

static void take_order(struct column *to, const double *values, int64_t n, int64_t stride)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = to->n + i;
        const double value = values[i * stride];
        if (row == 0)
            to->first = value;
        if (row == 1) {
            to->step = value - to->first;
            to->counts = to->step != 0;
        }
        const double off = value - (to->first + (double)row * to->step);
        to->counts =
            to->counts && fabs(off) <= STEP_ROUNDING * fabs(to->step) + SINGLE_ROUNDING * fabs(value);
        to->word = hash_number(to->word, value);
    }
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

void column_add(struct column *column, const double *values, int64_t n, int64_t stride)
{
    if (n < 1)
        return;
    const struct column block = block_moments(values, n, stride);
    take_extremes(column, values, n, stride);
    take_order(column, values, n, stride);
    merge_moments(column, &block);
}

int64_t column_extremes(const struct column *column)
{
    return column->n < COLUMN_EXTREMES ? column->n : COLUMN_EXTREMES;
}

double column_deviation(const struct column *column)
{
    return column->n > 1 ? sqrt(column->m2 / (double)(column->n - 1)) : 0;
}

double column_kurtosis(const struct column *column)
{
    return column->m2 > 0 ? (double)column->n * column->m4 / (column->m2 * column->m2) - 3 : 0;
}

bool column_counts(const struct column *column)
{
    const double extent = column->high[0].value - column->low[0].value;
    const double expected = fabs(column->step) * (double)(column->n - 1);
    return column->counts && fabs(extent - expected) <= STEP_ROUNDING * expected;
}

bool column_constant(const struct column *column)
{
    const double least = column->low[0].value, greatest = column->high[0].value;
    return greatest - least <= ROUNDING * fmax(fabs(least), fabs(greatest));
}
