/* SPDX-License-Identifier: MIT
 *
 * Functions of e^x: exp, sigmoid and softplus, and e^x - 1 for those that need it near 0.
 *
 * x = k log 2 + r with |r| <= log(2)/2, then e^x = 2^k e^r: e^r by a polynomial, 2^k by writing k into an
 * exponent. The tables are in ir/function_tables.h. */
#include "emit_llvm/math/vector_math_build.h"

#include <assert.h>

static const double log2_e = 1.4426950408889634;

/* r, and k + bias where an exponent stands: as a number 2^k if `bias` is the format's. */
static value reduce(const struct vector_math *m, value x, int64_t bias, value *power)
{
    value bits;
    value k = math_round(m, x, log2_e, bias, &bits);
    *power = math_from_bits(m, LLVMBuildShl(m->builder, bits, math_whole(m, math_format(m).fraction), ""));
    struct math_table parts = math_log2(m);
    return math_reduce(m, x, k, parts.c, parts.n, 1);
}

/* 2 e^r times 2^(k-1), so that k may be as great as the largest number allows. The smallest k that is kept
 * gives 2^(k-1) = 0. A NaN goes through r, whatever its power is. */
value vector_exp(const struct vector_math *m, value x)
{
    struct math_format format = math_format(m);
    struct math_table f = MATH_TABLE(m, exp);
    double doubled[16];
    assert(f.n <= 16);
    for (size_t i = 0; i < f.n; i++)
        doubled[i] = 2 * f.c[i];
    x = math_max(m, x, -((double)format.bias - 0.6) / log2_e);
    x = math_min(m, x, ((double)format.bias + 1.4) / log2_e);
    value power, two = math_real(m, 2);
    value r = reduce(m, x, format.bias - 1, &power);
    value slope = math_fma(m, math_polynomial(m, r, doubled, f.n), r, two);
    return math_mul(m, math_fma(m, slope, r, two), power);
}

/* 2^k (e^r - 1) + (2^k - 1), where the last bracket is exact. */
value math_expm1(const struct vector_math *m, value x)
{
    struct math_table f = MATH_TABLE(m, exp);
    value power;
    value r = reduce(m, x, math_format(m).bias, &power);
    value part = math_fma(m, math_mul(m, r, r), math_polynomial(m, r, f.c, f.n), r);
    return math_fma(m, part, power, math_sub(m, power, math_real(m, 1)));
}

/* Of t = e^-|x|: 1/(1 + t) and t/(1 + t), so that what is divided by lies from 1 to 2. */
static value sigmoid_by_newton(const struct vector_math *m, value x)
{
    value one = math_real(m, 1);
    value t = vector_exp(m, LLVMBuildFNeg(m->builder, math_abs(m, x), ""));
    return math_quotient(m, math_where(m, LLVMRealOLT, x, 0, t, one), math_add(m, one, t));
}

value vector_sigmoid(const struct vector_math *m, value x)
{
    if (m->tanh == SCHED_TANH_NEWTON)
        return sigmoid_by_newton(m, x);
    value one = math_real(m, 1);
    value e = vector_exp(m, LLVMBuildFNeg(m->builder, x, ""));
    return math_div(m, one, math_add(m, one, e));
}

/* max(x, 0) + log(1 + t), t = e^-|x|, and log(1 + t) = 2 atanh(t/(2 + t)), which keeps its digits for small
 * t. */
value vector_softplus(const struct vector_math *m, value x)
{
    struct math_table f = MATH_TABLE(m, softplus);
    value t = vector_exp(m, LLVMBuildFNeg(m->builder, math_abs(m, x), ""));
    value s = math_quotient(m, t, math_add(m, t, math_real(m, 2)));
    value z = math_mul(m, s, s);
    value log_part = math_fma(m, math_mul(m, s, z), math_polynomial(m, z, f.c, f.n), math_add(m, s, s));
    return math_add(m, math_max(m, x, 0), log_part);
}
