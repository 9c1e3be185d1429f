/* SPDX-License-Identifier: MIT */
#include "numbers/rows.h"

void rows_to_double(const void *from, int64_t n, int precision, double *to)
{
    const loose_float *singles = from;
    const loose_double *doubles = from;
    if (precision == 4)
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            to[i] = (double)singles[i];
    else
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            to[i] = doubles[i];
}

void rows_from_double(const double *from, int64_t n, int precision, void *to)
{
    float *singles = to;
    double *doubles = to;
    if (precision == 4)
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            singles[i] = (float)from[i];
    else
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            doubles[i] = from[i];
}
