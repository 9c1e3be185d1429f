/* SPDX-License-Identifier: MIT
 *
 * sin and cos: x = k pi + r or x = (k + 1/2) pi + r with |r| <= pi/2, then the sine of r, with its sign
 * changed where k is odd (sin) or even (cos). The tables are in ir/function_tables.h. */
#include "emit_llvm/math/vector_math_build.h"

static const double one_over_pi = 0.31830988618379067;

/* x - factor k pi/2; bounded, so that arguments out of range give no more than 1. */
static value reduce(const struct vector_math *m, value x, value k, double factor)
{
    struct math_table half_pi = m->has_fma ? MATH_TABLE(m, half_pi_fused) : MATH_TABLE(m, half_pi_split);
    value r = math_reduce(m, x, k, half_pi.c, half_pi.n, factor);
    return math_min(m, math_max(m, r, -1.575), 1.575);
}

/* sin(r), or its negative where the highest of `sign` is set. */
static value sine(const struct vector_math *m, value r, value sign)
{
    struct math_table f = MATH_TABLE(m, sin);
    value z = math_mul(m, r, r);
    value result = math_fma(m, math_mul(m, r, z), math_polynomial(m, z, f.c, f.n), r);
    return math_from_bits(m, LLVMBuildXor(m->builder, math_to_bits(m, result), sign, ""));
}

/* The lowest bit moved to where the sign is. */
static value lowest_as_sign(const struct vector_math *m, value bits)
{
    return LLVMBuildShl(m->builder, bits, math_whole(m, math_format(m).bits - 1), "");
}

value vector_sin(const struct vector_math *m, value x)
{
    value size = math_abs(m, x), bits;
    value k = math_round(m, size, one_over_pi, 0, &bits);
    value own = LLVMBuildXor(m->builder, math_to_bits(m, x), math_to_bits(m, size), "");
    return sine(m, reduce(m, size, k, 2), LLVMBuildXor(m->builder, own, lowest_as_sign(m, bits), ""));
}

/* cos((k + 1/2) pi + r) = -(-1)^k sin(r): the bias 1 sets the lowest bit where k is even. */
value vector_cos(const struct vector_math *m, value x)
{
    value size = math_abs(m, x), bits;
    value shifted = math_fma(m, size, math_real(m, one_over_pi), math_real(m, -0.5));
    value k = math_round(m, shifted, 1, 1, &bits);
    value odd = math_fma(m, k, math_real(m, 2), math_real(m, 1));
    return sine(m, reduce(m, size, odd, 1), lowest_as_sign(m, bits));
}
