/* SPDX-License-Identifier: MIT */
#include "rows.h"

void rows_to_double(const void *from, int64_t n, int precision, double *to)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = precision == 4 ? (double)((const float *)from)[i] : ((const double *)from)[i];
}

void rows_from_double(const double *from, int64_t n, int precision, void *to)
{
    for (int64_t i = 0; i < n; i++)
        if (precision == 4)
            ((float *)to)[i] = (float)from[i];
        else
            ((double *)to)[i] = from[i];
}
