/* SPDX-License-Identifier: MIT */
#include "optimize/average.h"

#include "numbers/rows.h"

#include <string.h>

#define MIX_OF(REAL)                                                                                         \
    static void mix_##REAL(REAL weight, const REAL *restrict theta, int64_t n, REAL *restrict mean)          \
    {                                                                                                        \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) mean[i] += weight * (theta[i] - mean[i]);        \
    }
MIX_OF(float)
MIX_OF(double)
#undef MIX_OF

void average_step(const struct average_arrays *arrays, double share, int64_t step)
{
    const double steps = share * (double)step;
    if (steps <= 1)
        memcpy(arrays->mean, arrays->theta, (size_t)(arrays->n * arrays->precision));
    else if (is_single(arrays->precision))
        mix_float((float)(1 / steps), arrays->theta, arrays->n, arrays->mean);
    else
        mix_double(1 / steps, arrays->theta, arrays->n, arrays->mean);
}
