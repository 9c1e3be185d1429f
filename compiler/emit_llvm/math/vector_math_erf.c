/* SPDX-License-Identifier: MIT
 *
 * erf and its inverse. The tables are in ir/function_tables.h. */
#include "emit_llvm/math/vector_math_build.h"

#include <math.h>

/* The exponential makes little of an error of f where erf is near 1, and e^y - 1 keeps the digits where it is
 * near 0. */
value vector_erf(const struct vector_math *m, value x)
{
    struct math_table f = MATH_TABLE(m, erf);
    value size = math_min(m, math_abs(m, x), m->real == REAL_8 ? 6 : 4);
    value minus = LLVMBuildFNeg(m->builder, size, "");
    value y = math_fma(m, minus, math_polynomial(m, size, f.c, f.n), minus);
    return math_copysign(m, math_expm1(m, y), x);
}

/* 1 - x^2 as (1 - |x|)(1 + |x|), whose first bracket is exact from 1/2 on, keeps its digits next to 1. */
value vector_erfinv(const struct vector_math *m, value x)
{
    struct math_table numerator = MATH_TABLE(m, erfinv_numerator);
    struct math_table denominator = MATH_TABLE(m, erfinv_denominator);
    value one = math_real(m, 1), size = math_abs(m, x);
    value rest = math_mul(m, math_sub(m, one, size), math_add(m, one, size));
    value w = LLVMBuildFNeg(m->builder, math_log_normal(m, rest), "");
    value p = math_polynomial(m, w, numerator.c, numerator.n);
    value q = math_polynomial(m, w, denominator.c, denominator.n);
    value inside = math_div(m, math_mul(m, x, p), q);
    value at_one = math_mul(m, x, math_real(m, INFINITY));
    value outside = math_where(m, LLVMRealOEQ, size, 1, at_one, math_real(m, NAN));
    return math_where(m, LLVMRealOLT, size, 1, inside, outside);
}
