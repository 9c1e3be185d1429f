/* SPDX-License-Identifier: MIT */
#include "kernels/kernel_sum.h"

#include "kernels/kernel_room.h"
#include "numbers/rows.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct kernel_sum {
    int64_t elements, precision, leaves;
    size_t stride; /* bytes from leaf to leaf: no cache line is two leaves' */
    char *numbers;
    atomic_int *halves; /* that are done, by branch; the branch over leaves i and i + 1 of a level of n
                           branches is number n + i / 2, the root number 1 */
};

size_t kernel_sum_bytes(int64_t leaves, int64_t elements, int64_t precision)
{
    return (size_t)leaves * kernel_aligned((size_t)(elements * precision));
}

struct kernel_sum *kernel_sum_new(int64_t leaves, int64_t elements, int64_t precision)
{
    assert(leaves > 0 && (leaves & (leaves - 1)) == 0);
    struct kernel_sum *sum = calloc(1, sizeof *sum);
    if (!sum)
        return NULL;
    *sum = (struct kernel_sum){
        .elements = elements,
        .precision = precision,
        .stride = kernel_aligned((size_t)(elements * precision)),
        .numbers =
            aligned_alloc(GPFC_ALIGNMENT, kernel_sum_bytes(leaves, elements, precision) + GPFC_ALIGNMENT),
        .halves = calloc((size_t)leaves, sizeof *sum->halves),
    };
    if (sum->numbers && sum->halves)
        return sum;
    kernel_sum_free(sum);
    return NULL;
}

void kernel_sum_free(struct kernel_sum *sum)
{
    if (!sum)
        return;
    free(sum->numbers);
    free(sum->halves);
    free(sum);
}

void kernel_sum_start(struct kernel_sum *sum, int64_t leaves)
{
    sum->leaves = leaves;
    for (int64_t i = 0; i < leaves; i++)
        atomic_init(&sum->halves[i], 0);
}

static void *leaf_at(const struct kernel_sum *sum, int64_t leaf)
{
    return sum->numbers + (size_t)leaf * sum->stride;
}

void *kernel_sum_leaf(struct kernel_sum *sum, int64_t leaf)
{
    return memset(leaf_at(sum, leaf), 0, sum->stride);
}

#define ADD_OF(REAL)                                                                                         \
    static void add_##REAL(REAL *restrict to, const REAL *restrict from, int64_t n)                          \
    {                                                                                                        \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) to[i] += from[i];                                \
    }
ADD_OF(float)
ADD_OF(double)
#undef ADD_OF

static void add(const struct kernel_sum *sum, int64_t to, int64_t from)
{
    if (is_single(sum->precision))
        add_float(leaf_at(sum, to), leaf_at(sum, from), sum->elements);
    else
        add_double(leaf_at(sum, to), leaf_at(sum, from), sum->elements);
}

/* Up the tree as long as the other half of a branch is there already; its numbers are by the same token. */
void kernel_sum_leaf_done(struct kernel_sum *sum, int64_t leaf)
{
    int64_t apart = 1, branch = (leaf + sum->leaves) / 2;
    for (; branch >= 1; branch /= 2, apart *= 2) {
        if (atomic_fetch_add_explicit(&sum->halves[branch], 1, memory_order_acq_rel) == 0)
            return;
        leaf -= leaf & apart;
        add(sum, leaf, leaf + apart);
    }
}

const void *kernel_sum_all(const struct kernel_sum *sum)
{
    return sum->numbers;
}
