/* SPDX-License-Identifier: MIT
 *
 * The logarithm: x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), then log x = k log 2 + log(1 + f).
 * The tables are in ir/function_tables.h. */
#include "emit_llvm/math/vector_math_build.h"

#include <math.h>

/* f - f^2/2 + the rest, `low` added to the rest first: the small before the large. */
static value log_near_one_float(const struct vector_math *m, value f, value low)
{
    struct math_table g = {log_float, sizeof log_float / sizeof(double)};
    value square = math_mul(m, f, f);
    value rest = math_fma(m, math_mul(m, square, f), math_polynomial(m, f, g.c, g.n), low);
    return math_add(m, f, math_fma(m, square, math_real(m, -0.5), rest));
}

/* With h = f^2/2: log(1 + f) = f - (h - s (h + z g(z))). */
static value log_near_one_double(const struct vector_math *m, value f, value low)
{
    struct math_table g = {log_double, sizeof log_double / sizeof(double)};
    value s = math_div(m, f, math_add(m, f, math_real(m, 2)));
    value z = math_mul(m, s, s);
    value h = math_mul(m, math_mul(m, f, f), math_real(m, 0.5));
    value rest = math_fma(m, s, math_fma(m, z, math_polynomial(m, z, g.c, g.n), h), low);
    return math_sub(m, f, math_sub(m, h, rest));
}

/* k and f of a positive normal x: subtracting the bits of sqrt(1/2) moves the borders between exponents
 * there. k comes as a number by giving its bits to 2^fraction as the lowest ones; `less` is subtracted from
 * it. */
static value split(const struct vector_math *m, value x, value less, value *f)
{
    struct math_format format = math_format(m);
    int64_t root_half = m->real == REAL_8 ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
    int64_t fraction_mask = ((int64_t)1 << format.fraction) - 1;
    value width = math_whole(m, format.fraction);
    LLVMBuilderRef builder = m->builder;
    value moved = LLVMBuildSub(builder, math_to_bits(m, x), math_whole(m, root_half), "");
    value rest = LLVMBuildAnd(builder, moved, math_whole(m, fraction_mask), "");
    value reduced = math_from_bits(m, LLVMBuildAdd(builder, rest, math_whole(m, root_half), ""));
    *f = math_sub(m, reduced, math_real(m, 1));
    value biased = LLVMBuildAdd(builder, moved, math_whole(m, format.bias << format.fraction), "");
    value k = LLVMBuildLShr(builder, biased, width, "");
    value large =
        math_whole(m, (format.bias + format.fraction) << format.fraction); /* the bits of 2^fraction */
    value shifted = math_from_bits(m, LLVMBuildOr(builder, k, large, ""));
    return math_sub(m, shifted, less);
}

/* What `split` must subtract to give k. */
static double exponent_offset(const struct vector_math *m)
{
    struct math_format format = math_format(m);
    return (double)((int64_t)1 << format.fraction) + (double)format.bias;
}

static value log_of_parts(const struct vector_math *m, value k, value f)
{
    struct math_table parts = math_log2(m);
    value low = math_mul(m, k, math_real(m, parts.c[1]));
    value near = m->real == REAL_8 ? log_near_one_double(m, f, low) : log_near_one_float(m, f, low);
    return math_fma(m, k, math_real(m, parts.c[0]), near);
}

value math_log_normal(const struct vector_math *m, value x)
{
    value f;
    value k = split(m, x, math_real(m, exponent_offset(m)), &f);
    return log_of_parts(m, k, f);
}

value vector_log(const struct vector_math *m, value x)
{
    struct math_format format = math_format(m);
    double smallest = m->real == REAL_8 ? 0x1p-1022 : 0x1p-126;
    double raise = (double)((int64_t)4 << format.fraction);
    double offset = exponent_offset(m);
    value raised = math_mul(m, x, math_real(m, raise));
    value normal = math_where(m, LLVMRealOLT, x, smallest, raised, x);
    value less = math_where(m, LLVMRealOLT, x, smallest, math_real(m, offset + format.fraction + 2),
                            math_real(m, offset));
    value f;
    value k = split(m, normal, less, &f);
    value result = log_of_parts(m, k, f);
    result = math_where(m, LLVMRealOEQ, x, INFINITY, x, result);
    result = math_where(m, LLVMRealOEQ, x, 0, math_real(m, -INFINITY), result);
    return math_where(m, LLVMRealULT, x, 0, math_real(m, NAN), result);
}
