/* SPDX-License-Identifier: MIT
 *
 * Numbers of two bytes, exactly, as double. */
#ifndef GPFC_HALF_H
#define GPFC_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* IEEE 754 binary16: a sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
static inline double half_number(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 31  ? (fraction ? (double)NAN : (double)INFINITY)
                        : exponent == 0 ? ldexp(fraction, -24)
                                        : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -size : size;
}

/* bfloat16: the upper half of a float. */
static inline double bfloat_number(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

#endif
