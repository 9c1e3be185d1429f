/* SPDX-License-Identifier: MIT */
#include "rows.h"

typedef float loose_float __attribute__((aligned(1), may_alias));
typedef double loose_double __attribute__((aligned(1), may_alias));

double rows_number(const void *from, int64_t i, int precision)
{
    return precision == 4 ? (double)((const loose_float *)from)[i] : ((const loose_double *)from)[i];
}

void rows_to_double(const void *from, int64_t n, int precision, double *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = rows_number(from, i, precision);
}

void rows_from_double(const double *from, int64_t n, int precision, void *to)
{
    for (int64_t i = 0; i < n; i++)
        if (precision == 4)
            ((float *)to)[i] = (float)from[i];
        else
            ((double *)to)[i] = from[i];
}
