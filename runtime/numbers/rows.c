/* SPDX-License-Identifier: MIT */
#include "numbers/rows.h"

void rows_to_double(const void *from, int64_t n, int64_t precision, double *to)
{
    const loose_float *singles = from;
    const loose_double *doubles = from;
    if (is_single(precision))
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            to[i] = (double)singles[i];
    else
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            to[i] = doubles[i];
}

void rows_from_double(const double *from, int64_t n, int64_t precision, void *to)
{
    float *singles = to;
    double *doubles = to;
    if (is_single(precision))
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            singles[i] = (float)from[i];
    else
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            doubles[i] = from[i];
}
