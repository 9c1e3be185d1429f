/* SPDX-License-Identifier: MIT
 *
 * Arithmetic on whole vectors for vector_math_*.c. Minimum and maximum are a comparison and a selection,
 * ordered so that x86 makes one instruction of them and a NaN passes; rounding is the addition of a large
 * number, which any processor does at full speed. */
#include "emit_llvm/math/vector_math_build.h"

#include <assert.h>
#include <string.h>

struct math_format math_format(const struct vector_math *m)
{
    return m->real == REAL_8 ? (struct math_format){64, 52, 1023, 0x1.8p52}
                             : (struct math_format){32, 23, 127, 0x1.8p23};
}

/* ---- constants ----------------------------------------------------------------------------------------- */

static LLVMTypeRef integer_type(const struct vector_math *m)
{
    LLVMTypeRef element = LLVMIntTypeInContext(m->context, math_format(m).bits);
    return m->lanes ? LLVMVectorType(element, (unsigned)m->lanes) : element;
}

/* The same constant in every lane. */
static value splat(const struct vector_math *m, value constant)
{
    enum { MOST = 64 };
    assert(m->lanes <= MOST);
    if (!m->lanes)
        return constant;
    value lanes[MOST];
    for (int i = 0; i < m->lanes; i++)
        lanes[i] = constant;
    return LLVMConstVector(lanes, (unsigned)m->lanes);
}

value math_real(const struct vector_math *m, double number)
{
    LLVMTypeRef element =
        m->real == REAL_8 ? LLVMDoubleTypeInContext(m->context) : LLVMFloatTypeInContext(m->context);
    return splat(m, LLVMConstReal(element, number));
}

value math_whole(const struct vector_math *m, int64_t number)
{
    LLVMTypeRef element = LLVMIntTypeInContext(m->context, math_format(m).bits);
    return splat(m, LLVMConstInt(element, (unsigned long long)number, true));
}

value math_bits(const struct vector_math *m, uint32_t number)
{
    return splat(m, LLVMConstInt(LLVMInt32TypeInContext(m->context), number, false));
}

/* ---- arithmetic ---------------------------------------------------------------------------------------- */

value math_add(const struct vector_math *m, value a, value b)
{
    return LLVMBuildFAdd(m->builder, a, b, "");
}

value math_sub(const struct vector_math *m, value a, value b)
{
    return LLVMBuildFSub(m->builder, a, b, "");
}

value math_mul(const struct vector_math *m, value a, value b)
{
    return LLVMBuildFMul(m->builder, a, b, "");
}

value math_div(const struct vector_math *m, value a, value b)
{
    return LLVMBuildFDiv(m->builder, a, b, "");
}

static value intrinsic(const struct vector_math *m, const char *name, value *operands, unsigned n)
{
    LLVMTypeRef overload = m->type;
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    assert(id);
    value function = LLVMGetIntrinsicDeclaration(m->module, id, &overload, 1);
    return LLVMBuildCall2(m->builder, LLVMIntrinsicGetType(m->context, id, &overload, 1), function, operands,
                          n, "");
}

value math_fma(const struct vector_math *m, value a, value b, value c)
{
    if (!m->has_fma)
        return math_add(m, math_mul(m, a, b), c);
    return intrinsic(m, "llvm.fma", (value[]){a, b, c}, 3);
}

/* 1/b to d = 1.3e-4: b with its exponent turned round is within e = 5 % of it, and 1 + e + e^2 is 1/(1 - e)
 * but for e^3. */
static value about_reciprocal(const struct vector_math *m, value b)
{
    const int64_t turned = m->real == REAL_8 ? 0x7fde623860000000 : 0x7ef311c3;
    value start = math_from_bits(m, LLVMBuildSub(m->builder, math_whole(m, turned), math_to_bits(m, b), ""));
    value e = math_fma(m, LLVMBuildFNeg(m->builder, b, ""), start, math_real(m, 1));
    return math_fma(m, start, math_fma(m, e, e, e), start);
}

/* With r = (1 - d)/b, q = a r misses a/b by d, and q - (b q - a) r by d^2. In this order -0 stays -0. */
static value quotient_by_newton(const struct vector_math *m, value a, value b)
{
    LLVMBuilderRef builder = m->builder;
    value r = about_reciprocal(m, b);
    if (m->real == REAL_8) {
        value e = math_fma(m, LLVMBuildFNeg(builder, b, ""), r, math_real(m, 1));
        r = math_fma(m, r, math_fma(m, e, e, e), r);
    }
    value q = math_mul(m, a, r);
    value missed = math_fma(m, b, q, LLVMBuildFNeg(builder, a, ""));
    return math_fma(m, LLVMBuildFNeg(builder, missed, ""), r, q);
}

value math_quotient(const struct vector_math *m, value a, value b)
{
    return m->tanh == SCHED_TANH_NEWTON ? quotient_by_newton(m, a, b) : math_div(m, a, b);
}

value math_abs(const struct vector_math *m, value x)
{
    return intrinsic(m, "llvm.fabs", &x, 1);
}

value math_copysign(const struct vector_math *m, value size, value sign)
{
    return intrinsic(m, "llvm.copysign", (value[]){size, sign}, 2);
}

value vector_sqrt(const struct vector_math *m, value x)
{
    return intrinsic(m, "llvm.sqrt", &x, 1);
}

value math_where(const struct vector_math *m, LLVMRealPredicate comparison, value x, double number, value yes,
                 value no)
{
    value holds = LLVMBuildFCmp(m->builder, comparison, x, math_real(m, number), "");
    return LLVMBuildSelect(m->builder, holds, yes, no, "");
}

value math_min(const struct vector_math *m, value x, double bound)
{
    return math_where(m, LLVMRealOGT, x, bound, math_real(m, bound), x);
}

value math_max(const struct vector_math *m, value x, double bound)
{
    return math_where(m, LLVMRealOLT, x, bound, math_real(m, bound), x);
}

value math_to_bits(const struct vector_math *m, value x)
{
    return LLVMBuildBitCast(m->builder, x, integer_type(m), "");
}

value math_from_bits(const struct vector_math *m, value bits)
{
    return LLVMBuildBitCast(m->builder, bits, m->type, "");
}

/* ---- polynomials, rounding ----------------------------------------------------------------------------- */

/* Every step-th coefficient, Horner's rule in `x`. */
static value horner(const struct vector_math *m, value x, const double *c, size_t n, size_t step)
{
    size_t last = (n - 1) / step * step;
    value sum = math_real(m, c[last]);
    for (size_t i = last; i > 0; i -= step)
        sum = math_fma(m, sum, x, math_real(m, c[i - step]));
    return sum;
}

value math_polynomial(const struct vector_math *m, value x, const double *c, size_t n)
{
    enum { LONG = 10 };
    if (n < LONG)
        return horner(m, x, c, n, 1);
    value square = math_mul(m, x, x);
    return math_fma(m, horner(m, square, c + 1, n - 1, 2), x, horner(m, square, c, n, 2));
}

value math_reduce(const struct vector_math *m, value x, value k, const double *c, size_t n, double factor)
{
    for (size_t i = 0; i < n; i++)
        x = math_fma(m, k, math_real(m, -factor * c[i]), x);
    return x;
}

value math_round(const struct vector_math *m, value x, double scale, int64_t bias, value *bits)
{
    value magic = math_real(m, math_format(m).magic + (double)bias);
    value sum = math_fma(m, x, math_real(m, scale), magic);
    *bits = math_to_bits(m, sum);
    return math_sub(m, sum, magic);
}

struct math_table math_log2(const struct vector_math *m)
{
    return MATH_TABLE(m, log2_split);
}
