/* SPDX-License-Identifier: MIT
 *
 * sin and cos: x = k pi + r or x = (k + 1/2) pi + r with |r| <= pi/2, then the sine of r, with its sign changed where k is
 * odd (sin) or even (cos). The tables are made by vector_math_fit.py. */
#include "emit/vector_math_build.h"

/* sin(r) = r + r z f(z), z = r^2 */
static const double sin_float[] = {
    -0.166666597, 0.00833306182, -0.000198092588, 2.6049795e-06,
};

static const double sin_double[] = {
    -0.16666666666666666, 0.0083333333333331892, -0.00019841269841207215, 2.7557319210784863e-06,
    -2.5052106839778724e-08, 1.6058938010054136e-10, -7.6429464747831933e-13, 2.7206921846142368e-15,
};

/* pi/2 in parts: for fused multiply-add, and with so few bits in the first that products with whole numbers are exact */
static const double half_pi_fused_float[] = {
    1.57079625, 7.54978942e-08, 5.39030253e-15,
};

static const double half_pi_fused_double[] = {
    1.5707963267948966, 6.1232339957367648e-17, 1.0828566739219139e-32,
};

static const double half_pi_split_float[] = {
    1.5703125, 0.000483512878, 3.13855708e-07, 6.07087713e-11,
    6.22337197e-14,
};

static const double half_pi_split_double[] = {
    1.5707963267341256, 6.0771005035934605e-11, 2.9127320548227003e-20, 1.2706558760139876e-29,
};

static const double one_over_pi = 0.31830988618379067;

/* x - factor k pi/2; bounded, so that arguments out of range give no more than 1. */
static value reduce(const struct vector_math *m, value x, value k, double factor)
{
    struct math_table half_pi = m->has_fma ? MATH_TABLE(m, half_pi_fused) : MATH_TABLE(m, half_pi_split);
    value r = math_reduce(m, x, k, half_pi.c, half_pi.n, factor);
    return math_min(m, math_max(m, r, -1.575), 1.575);
}

/* sin(r), or its negative where the lowest of `bits` is set. */
static value sine(const struct vector_math *m, value r, value bits)
{
    struct math_table f = MATH_TABLE(m, sin);
    value sign = LLVMBuildShl(m->builder, bits, math_whole(m, math_format(m).bits - 1), "");
    r = math_from_bits(m, LLVMBuildXor(m->builder, math_to_bits(m, r), sign, ""));
    value z = math_mul(m, r, r);
    return math_fma(m, math_mul(m, r, z), math_polynomial(m, z, f.c, f.n), r);
}

value vector_sin(const struct vector_math *m, value x)
{
    value bits;
    value k = math_round(m, x, one_over_pi, 0, &bits);
    return sine(m, reduce(m, x, k, 2), bits);
}

/* cos((k + 1/2) pi + r) = -(-1)^k sin(r): the bias 1 sets the lowest bit where k is even. */
value vector_cos(const struct vector_math *m, value x)
{
    value size = math_abs(m, x), bits;
    value shifted = math_fma(m, size, math_real(m, one_over_pi), math_real(m, -0.5));
    value k = math_round(m, shifted, 1, 1, &bits);
    value odd = math_fma(m, k, math_real(m, 2), math_real(m, 1));
    return sine(m, reduce(m, size, odd, 1), bits);
}
