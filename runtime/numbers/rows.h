/* SPDX-License-Identifier: MIT
 *
 * Numbers of a trainer's precision, and double, in which a base flow computes. */
#ifndef GPFC_ROWS_H
#define GPFC_ROWS_H

#include <stdbool.h>
#include <stdint.h>

typedef float loose_float __attribute__((aligned(1), may_alias)); /* at any address */
typedef double loose_double __attribute__((aligned(1), may_alias));

/* n numbers of precision 4 or 8, from or to double; `from` may be at any address, as in a file that is
 * mapped. */
void rows_to_double(const void *from, int64_t n, int64_t precision, double *to);
void rows_from_double(const double *from, int64_t n, int64_t precision, void *to);

/* Bytes of a number say whether it is float or double: what is called precision everywhere. */
static inline bool is_single(int64_t precision)
{
    return precision == (int64_t)sizeof(float);
}

static inline double rounded_to(double number, int64_t precision)
{
    return is_single(precision) ? (double)(float)number : number;
}

/* Number i of those. */
static inline double rows_number(const void *from, int64_t i, int64_t precision)
{
    return is_single(precision) ? (double)((const loose_float *)from)[i] : ((const loose_double *)from)[i];
}

static inline void rows_put(double number, void *to, int64_t i, int64_t precision)
{
    if (is_single(precision))
        ((float *)to)[i] = (float)number;
    else
        ((double *)to)[i] = number;
}

#endif
