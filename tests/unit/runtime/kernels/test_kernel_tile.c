/* SPDX-License-Identifier: MIT
 *
 * Rows into tiles and back against plain loops; sums over the tree of leaves; loops over threads. */
#include "check.h"
#include "ground/parallel.h"
#include "kernels/kernel_sum.h"
#include "kernels/kernel_tile.h"
#include "numbers/random.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { MOST_ROWS = 70, MOST_ELEMENTS = 11, MOST_LANES = 33, GAP = -77 };

/* ---- rows ---------------------------------------------------------------------------------------------- */

struct shape {
    int64_t elements, stride, lanes, n;
    int from, to; /* precisions */
    bool ordered;
};

struct data { /* rows at an odd address, as in a file that is mapped */
    _Alignas(64) char rows[1 + 8 * MOST_ROWS * (MOST_ELEMENTS + 2)];
    _Alignas(64) char tile[8 * MOST_ELEMENTS * MOST_LANES];
    uint32_t order[MOST_ROWS];
};

static double number_at(const void *from, int64_t i, int precision)
{
    float single;
    double twice;
    if (precision == 4) {
        memcpy(&single, (const char *)from + 4 * i, 4);
        return (double)single;
    }
    memcpy(&twice, (const char *)from + 8 * i, 8);
    return twice;
}

static void fill(struct data *data, int precision)
{
    random_fill_normal(3, 1, 0, MOST_ROWS * (MOST_ELEMENTS + 2), precision, data->rows);
    memmove(data->rows + 1, data->rows, sizeof data->rows - 1);
    random_permutation(3, 2, MOST_ROWS, data->order);
}

static double rounded(double value, int precision)
{
    return precision == 4 ? (double)(float)value : value;
}

static void check_gathered(const struct data *data, const struct shape *s, const struct tile *tile)
{
    int wrong = 0;
    for (int64_t e = 0; e < s->elements; e++)
        for (int64_t lane = 0; lane < s->lanes; lane++) {
            const int64_t i = tile->first + (lane < s->n ? lane : s->n - 1);
            const int64_t row = s->ordered ? (int64_t)data->order[i] : i;
            const double wanted = rounded(number_at(data->rows + 1, row * s->stride + e, s->from), s->to);
            wrong += number_at(data->tile, e * s->lanes + lane, s->to) != wanted;
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void try_gather(struct data *data, const struct shape *s)
{
    const struct tile tile = {
        .order = s->ordered ? data->order : NULL, .first = 5, .n = s->n, .lanes = s->lanes};
    const struct tile_rows rows = {.rows = data->rows + 1, .stride = s->stride, .precision = s->from};
    memset(data->tile, GAP, sizeof data->tile);
    tile_expect(&tile, &rows, s->elements);
    tile_gather(&tile, &rows, s->elements, s->to, data->tile);
    check_gathered(data, s, &tile);
}

/* From the tile to rows; what is not one of these rows' elements stays. */
static void try_scatter(struct data *data, const struct shape *s)
{
    static char before[sizeof data->rows];
    const struct tile tile = {
        .order = s->ordered ? data->order : NULL, .first = 5, .n = s->n, .lanes = s->lanes};
    const struct tile_rows_out rows = {.rows = data->rows + 1, .stride = s->stride, .precision = s->from};
    memset(data->rows, GAP, sizeof data->rows);
    memcpy(before, data->rows, sizeof before);
    tile_scatter(&tile, data->tile, s->elements, s->to, &rows);
    int wrong = 0;
    for (int64_t lane = 0; lane < s->n; lane++)
        for (int64_t e = 0; e < s->elements; e++) {
            const int64_t row = s->ordered ? (int64_t)data->order[5 + lane] : 5 + lane;
            const double wanted = rounded(number_at(data->tile, e * s->lanes + lane, s->to), s->from);
            wrong += number_at(data->rows + 1, row * s->stride + e, s->from) != wanted;
            memset(data->rows + 1 + (row * s->stride + e) * s->from, GAP, (size_t)s->from);
        }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(memcmp(before, data->rows, sizeof before), 0);
}

static void try_lanes(struct data *data, struct shape s)
{
    static const int64_t lanes[] = {1, 2, 4, 8, 16, 32, 33};
    for (size_t k = 0; k < CHECK_COUNT(lanes); k++)
        for (s.n = 1, s.lanes = lanes[k]; s.n <= s.lanes; s.n++) {
            fill(data, s.from);
            try_gather(data, &s);
            try_scatter(data, &s);
        }
}

static void rows_go_into_tiles_and_back(void)
{
    static struct data data;
    static const int64_t elements[] = {1, 2, 3, 4, 10, MOST_ELEMENTS};
    for (size_t k = 0; k < CHECK_COUNT(elements); k++)
        for (int which = 0; which < 8; which++)
            try_lanes(&data, (struct shape){.elements = elements[k],
                                            .stride = elements[k] + (k % 2 ? 2 : 0),
                                            .from = which & 1 ? 4 : 8,
                                            .to = which & 2 ? 4 : 8,
                                            .ordered = which & 4});
}

/* ---- sums ---------------------------------------------------------------------------------------------- */

enum { MOST_LEAVES = 64, NUMBERS = 37 };

struct sums {
    struct kernel_sum *sum;
    int64_t leaves;
    int precision, step; /* leaf i is made as the (i * step)th */
    float leaf[MOST_LEAVES][NUMBERS];
};

static void make_leaf(void *data, int64_t part, int thread)
{
    const struct sums *s = data;
    const int64_t leaf = part * s->step % s->leaves;
    void *numbers = kernel_sum_leaf(s->sum, leaf);
    (void)thread;
    for (int i = 0; i < NUMBERS; i++)
        if (s->precision == 4)
            ((float *)numbers)[i] += s->leaf[leaf][i];
        else
            ((double *)numbers)[i] += (double)s->leaf[leaf][i];
    kernel_sum_leaf_done(s->sum, leaf);
}

/* ((0+1)+(2+3))+((4+5)+(6+7)), each sum rounded. */
static double tree(const struct sums *s, int64_t first, int64_t leaves, int i)
{
    if (leaves == 1)
        return (double)s->leaf[first][i];
    const double left = tree(s, first, leaves / 2, i), right = tree(s, first + leaves / 2, leaves / 2, i);
    return rounded(left + right, s->precision);
}

static void sums_are_the_trees(void)
{
    static struct sums s;
    random_fill_normal(4, 1, 0, MOST_LEAVES * NUMBERS, 4, s.leaf);
    for (s.precision = 4; s.precision <= 8; s.precision += 4) {
        s.sum = kernel_sum_new(MOST_LEAVES, NUMBERS, s.precision);
        CU_ASSERT_PTR_NOT_NULL_FATAL(s.sum);
        for (s.leaves = 1; s.leaves <= MOST_LEAVES; s.leaves *= 2)
            for (int how = 0; how < 12; how++) {
                int wrong = 0;
                s.step = 1 + 2 * (how / 3);
                kernel_sum_start(s.sum, s.leaves);
                parallel_for(1 + how % 3, s.leaves, make_leaf, &s);
                for (int i = 0; i < NUMBERS; i++)
                    wrong += number_at(kernel_sum_all(s.sum), i, s.precision) != tree(&s, 0, s.leaves, i);
                CU_ASSERT_EQUAL(wrong, 0);
            }
        kernel_sum_free(s.sum);
    }
}

/* ---- loops --------------------------------------------------------------------------------------------- */

enum { MOST_PARTS = 300, MOST_THREADS = 70 };

struct counts {
    atomic_int done[MOST_PARTS], by[MOST_THREADS];
    int threads;
    atomic_int wrong;
};

static void count_part(void *data, int64_t part, int thread)
{
    struct counts *counts = data;
    counts->wrong += thread < 0 || thread >= counts->threads;
    counts->done[part]++;
    counts->by[thread]++;
}

static void count_thread(void *data, int thread)
{
    struct counts *counts = data;
    counts->by[thread]++;
}

static void each_part_is_run_once(void)
{
    static struct counts counts;
    static const int threads[] = {1, 2, 3, 5, MOST_THREADS};
    for (size_t k = 0; k < CHECK_COUNT(threads); k++)
        for (int64_t parts = 0; parts <= MOST_PARTS; parts = parts * 3 + 1) {
            memset(&counts, 0, sizeof counts);
            counts.threads = threads[k];
            parallel_for(threads[k], parts, count_part, &counts);
            int done = 0;
            for (int64_t i = 0; i < MOST_PARTS; i++)
                done += counts.done[i] == (i < parts);
            CU_ASSERT_EQUAL(done, MOST_PARTS);
            CU_ASSERT_EQUAL(counts.wrong, 0);
        }
}

static void threads_are_numbered(void)
{
    static struct counts counts;
    static const int threads[] = {1, 2, 3, MOST_THREADS};
    for (size_t k = 0; k < CHECK_COUNT(threads); k++) {
        memset(&counts, 0, sizeof counts);
        parallel_each(threads[k], count_thread, &counts);
        for (int i = 0; i < MOST_THREADS; i++)
            CU_ASSERT_EQUAL(counts.by[i], i < threads[k]);
    }
}

int main(void)
{
    static const struct check_case cases[] = {
        {"rows go into tiles and back", rows_go_into_tiles_and_back},
        {"sums follow the tree", sums_are_the_trees},
        {"each part is run once", each_part_is_run_once},
        {"threads are numbered", threads_are_numbered},
    };
    return check_main("kernel_tile", cases, CHECK_COUNT(cases));
}
