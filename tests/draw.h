/* SPDX-License-Identifier: MIT
 *
 * Random numbers of tests, the same on every machine: splitmix64. Every draw moves the seed on. */
#ifndef GPFC_DRAW_H
#define GPFC_DRAW_H

#include <math.h>
#include <stdint.h>

static inline uint64_t draw_bits(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline double draw_uniform(uint64_t *seed) /* on [0, 1) */
{
    return (double)(draw_bits(seed) >> 11) * 0x1p-53;
}

static inline double draw_normal(uint64_t *seed)
{
    const double radius = sqrt(-2.0 * log(1.0 - draw_uniform(seed)));
    return radius * cos(2.0 * M_PI * draw_uniform(seed));
}

static inline double largest_of(const double *values, long n) /* the largest size of n numbers */
{
    double most = 0.0;
    for (long i = 0; i < n; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

#endif
