/* SPDX-License-Identifier: MIT
 *
 * tanh. In single precision, where the networks of small flows spend a quarter of their time on it, a
 * rational function with one division, which runs beside the multiplications; in double precision from e^2x
 * - 1. The tables are in ir/function_tables.h. */
#include "emit_llvm/math/vector_math_build.h"

/* 2 u/(1 + u^2) with u = p/q is 2 p q/(p^2 + q^2): one division, and errors of p and q fade away where u
 * nears 1, unlike in a rational function for tanh itself. With fused multiply-add no result is above 1, as
 * trying all numbers shows. */
static value tanh_float(const struct vector_math *m, value x)
{
    struct math_table numerator = {tanh_numerator_float, sizeof tanh_numerator_float / sizeof(double)};
    struct math_table denominator = {tanh_denominator_float, sizeof tanh_denominator_float / sizeof(double)};
    x = math_min(m, math_max(m, x, -9.02), 9.02);
    value z = math_mul(m, x, x);
    value p = math_mul(m, math_polynomial(m, z, numerator.c, numerator.n), x);
    value q = math_polynomial(m, z, denominator.c, denominator.n);
    value result = math_quotient(m, math_mul(m, math_add(m, p, p), q), math_fma(m, p, p, math_mul(m, q, q)));
    return m->has_fma ? result : math_min(m, math_max(m, result, -1), 1);
}

/* e/(e + 2), e = e^2|x| - 1; past 20 it rounds to 1. */
static value tanh_double(const struct vector_math *m, value x)
{
    value size = math_min(m, math_abs(m, x), 20);
    value e = math_expm1(m, math_add(m, size, size));
    return math_copysign(m, math_quotient(m, e, math_add(m, e, math_real(m, 2))), x);
}

value vector_tanh(const struct vector_math *m, value x)
{
    return m->real == REAL_8 ? tanh_double(m, x) : tanh_float(m, x);
}
