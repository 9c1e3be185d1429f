/* SPDX-License-Identifier: MIT
 *
 * Pairs whose best map is known: y standard normal, x = y + W y + b with W and b of fake_optimum. */
#ifndef GPFC_FAKE_PAIRS_H
#define GPFC_FAKE_PAIRS_H

#include "model/pairs.h"
#include "numbers/random.h"

#include <stdlib.h>
#include <string.h>

/* Element i of [W, b] laid out as theta. */
static inline double fake_optimum(int64_t i)
{
    static const double values[] = {0.1, -0.3, 0.2, 0.25, 0.05, -0.15, -0.2, 0.3, -0.1, 0.4, -0.5, 0.6};
    return values[i];
}

static inline void fake_put(void *array, int64_t i, int precision, double value)
{
    if (precision == 4)
        ((float *)array)[i] = (float)value;
    else
        ((double *)array)[i] = value;
}

static inline void fake_fill(void **x, void **y, int64_t n, int64_t d, int precision, uint64_t stream)
{
    *x = calloc((size_t)(n * d) + 1, (size_t)precision);
    *y = calloc((size_t)(n * d) + 1, (size_t)precision);
    for (int64_t i = 0; i < n * d; i++)
        fake_put(*y, i, precision, random_normal(11, stream, (uint64_t)i));
    for (int64_t i = 0; i < n * d; i++) {
        double sum = random_normal(11, stream, (uint64_t)i) + fake_optimum(d * d + i % d);
        for (int64_t j = 0; j < d; j++)
            sum += fake_optimum(i % d * d + j) * random_normal(11, stream, (uint64_t)(i / d * d + j));
        fake_put(*x, i, precision, sum);
    }
}

static inline struct pairs fake_pairs(int64_t d, int precision, int64_t n_train, int64_t n_test)
{
    struct pairs pairs = {.d = d, .precision = precision, .train.n = n_train, .test.n = n_test};
    fake_fill(&pairs.train.x, &pairs.train.y, n_train, d, precision, 1);
    fake_fill(&pairs.test.x, &pairs.test.y, n_test, d, precision, 2);
    return pairs;
}

static inline void fake_pairs_free(struct pairs *pairs)
{
    free(pairs->train.x);
    free(pairs->train.y);
    free(pairs->test.x);
    free(pairs->test.y);
}

#endif
