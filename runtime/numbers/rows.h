/* SPDX-License-Identifier: MIT
 *
 * Numbers of a trainer's precision, and double, in which a base flow computes. */
#ifndef GPFC_ROWS_H
#define GPFC_ROWS_H

#include <stdint.h>

typedef float loose_float __attribute__((aligned(1), may_alias)); /* at any address */
typedef double loose_double __attribute__((aligned(1), may_alias));

/* n numbers of precision 4 or 8, from or to double; `from` may be at any address, as in a file that is
 *
 * mapped. */
void rows_to_double(const void *from, int64_t n, int precision, double *to);
void rows_from_double(const double *from, int64_t n, int precision, void *to);

/* Number i of those. */
static inline double rows_number(const void *from, int64_t i, int precision)
{
    return precision == 4 ? (double)((const loose_float *)from)[i] : ((const loose_double *)from)[i];
}

static inline void rows_put(double number, void *to, int64_t i, int precision)
{
    if (precision == 4)
        ((float *)to)[i] = (float)number;
    else
        ((double *)to)[i] = number;
}

#endif
