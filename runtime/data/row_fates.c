/* SPDX-License-Identifier: MIT */
#include "data/row_fates.h"

#include "data/samples_parts.h"
#include "numbers/random.h"

#include <stdlib.h>
#include <string.h>

enum { SPLIT_SEED = 1 };

/* ---- drawing ------------------------------------------------------------------------------------------- */

static int64_t count_weighty(int64_t rows, const double *weights)
{
    int64_t n = 0;
    for (int64_t i = 0; weights && i < rows; i++)
        n += weights[i] > 0;
    return weights ? n : rows;
}

int64_t row_fates_test(int64_t rows, double share)
{
    const int64_t test = (int64_t)(share * (double)rows + 0.5);
    return test < rows ? test : rows - 1;
}

/* Of n rows those that a random order puts first, n_test of them, are marked in is_test, zeros so far. */
static bool draw_test(int64_t n, int64_t n_test, unsigned char *is_test, struct fault *fault)
{
    uint32_t *const order = malloc((size_t)n * sizeof *order);
    if (!order)
        return fault_memory(fault, (size_t)n * sizeof *order, "the choice of test rows");
    random_permutation(SPLIT_SEED, random_stream(RANDOM_SPLIT, 0), n, order);
    for (int64_t i = 0; i < n_test; i++)
        is_test[order[i]] = ROW_FOR_TEST;
    free(order);
    return true;
}

/* Fates of rows that have a weight, which stand one after another, move to the places of these. */
static void make_gaps(unsigned char *of, int64_t rows, int64_t weighty, const double *weights)
{
    for (int64_t i = rows; weighty < i; i--)
        of[i - 1] = weights[i - 1] > 0 ? of[--weighty] : ROW_LEFT_OUT;
}

bool row_fates_draw(struct row_fates *out, int64_t rows, const double *weights, double share,
                    struct fault *fault)
{
    const int64_t weighty = count_weighty(rows, weights), n_test = row_fates_test(weighty, share);
    *out = (struct row_fates){.rows = rows, .count = {weighty - n_test, n_test, rows - weighty}};
    if (weighty == 0)
        return fault_set(fault, FAULT_INPUT, "the weights of all rows are 0");
    if (n_test == 0 && weighty == rows)
        return true;
    out->of = calloc((size_t)rows, 1);
    if (!out->of)
        return fault_memory(fault, (size_t)rows, "the choice of test rows");
    if (!draw_test(weighty, n_test, out->of, fault))
        return false;
    make_gaps(out->of, rows, weighty, weights);
    return true;
}

void row_fates_free(struct row_fates *fates)
{
    free(fates->of);
    *fates = (struct row_fates){.rows = 0};
}

/* ---- use ----------------------------------------------------------------------------------------------- */

enum row_fate row_fate(const struct row_fates *fates, int64_t row)
{
    return fates->of ? (enum row_fate)fates->of[row] : ROW_KEPT;
}

int64_t row_fates_find(const struct row_fates *fates, enum row_fate fate, int64_t row)
{
    if (!fates->of)
        return row;
    for (int64_t i = 0;; i++)
        if (fates->of[i] == fate && row-- == 0)
            return i;
}

void row_fates_hand_out(const struct row_fates *fates, int64_t first, const void *rows, int64_t n,
                        size_t row_bytes, void *const to[2], int64_t next[2])
{
    for (int64_t i = 0; i < n; i++) {
        const enum row_fate fate = row_fate(fates, first + i);
        if (fate != ROW_LEFT_OUT)
            memcpy((char *)to[fate] + (size_t)next[fate]++ * row_bytes,
                   (const char *)rows + (size_t)i * row_bytes, row_bytes);
    }
}

bool row_fates_split(const struct row_fates *fates, const void *rows, size_t row_bytes, void **kept,
                     void **test, struct fault *fault)
{
    *kept = samples_room(fates->count[ROW_KEPT], row_bytes, fault);
    if (!*kept || (test && !(*test = samples_room(fates->count[ROW_FOR_TEST], row_bytes, fault))))
        return false;
    void *const to[2] = {*kept, test ? *test : NULL};
    row_fates_hand_out(fates, 0, rows, fates->rows, row_bytes, to, (int64_t[2]){0, 0});
    return true;
}
