/* SPDX-License-Identifier: MIT
 *
 * The words that vector_math_*.c are written in: arithmetic on whole vectors, constants, polynomials, and the
 * bits of floating-point numbers. For those files only. */
#ifndef GPFC_EMIT_VECTOR_MATH_BUILD_H
#define GPFC_EMIT_VECTOR_MATH_BUILD_H

#include "emit_llvm/math/vector_math.h"
#include "ir/function_tables.h"

typedef LLVMValueRef value;

struct math_format { /* of a floating-point number */
    unsigned bits;
    unsigned fraction; /* bits of the fraction that are stored */
    int64_t bias;      /* of the exponent */
    double magic; /* 1.5 * 2^fraction: adding it rounds to a whole number, whose bits come to lie lowest */
};
struct math_format math_format(const struct vector_math *m);

value math_real(const struct vector_math *m, double number);
value math_whole(const struct vector_math *m, int64_t number); /* of the integer type with as many bits */

value math_bits(const struct vector_math *m, uint32_t number); /* of 32 bits, whatever the type */

value math_add(const struct vector_math *m, value a, value b);
value math_sub(const struct vector_math *m, value a, value b);
value math_mul(const struct vector_math *m, value a, value b);
value math_div(const struct vector_math *m, value a, value b);
value math_fma(const struct vector_math *m, value a, value b, value c); /* a b + c; fused if the target can */
/* a / b, for 2^-60 <= b <= 2^60: a division, or what comes near one. */
value math_quotient(const struct vector_math *m, value a, value b);
value math_abs(const struct vector_math *m, value x);
value math_copysign(const struct vector_math *m, value size, value sign);

/* The bound is a number; a NaN in x stays. */
value math_min(const struct vector_math *m, value x, double bound);
value math_max(const struct vector_math *m, value x, double bound);

/* `yes` where the comparison of x with the number holds, else `no`. */
value math_where(const struct vector_math *m, LLVMRealPredicate comparison, value x, double number, value yes,
                 value no);

value math_to_bits(const struct vector_math *m, value x);
value math_from_bits(const struct vector_math *m, value bits);

/* sum of c[i] x^i, i < n, by Horner's rule: n - 1 multiply-adds. A long one is two of half the length, in
 * x^2, so that its chain of dependent instructions is half as long. */
value math_polynomial(const struct vector_math *m, value x, const double *c, size_t n);

/* x - k (c[0] + c[1] + ..) term by term, factor * c[i] each. */
value math_reduce(const struct vector_math *m, value x, value k, const double *c, size_t n, double factor);

/* The nearest whole number to x * scale, and its sum with `bias` as an integer in the low bits of *bits. */
value math_round(const struct vector_math *m, value x, double scale, int64_t bias, value *bits);

/* A table for the type at hand. */
struct math_table {
    const double *c;
    size_t n;
};
#define MATH_TABLE(m, name)                                                                                  \
    ((m)->real == REAL_8 ? (struct math_table){name##_double, sizeof name##_double / sizeof(double)}         \
                         : (struct math_table){name##_float, sizeof name##_float / sizeof(double)})

/* ---- parts that several functions share ---------------------------------------------------------------- */

struct math_table
math_log2(const struct vector_math *m); /* log 2 as a sum of two; k times the first is exact */

value math_expm1(const struct vector_math *m, value x); /* e^x - 1; |x| <= 64 */
value math_log_normal(const struct vector_math *m,
                      value x); /* log x; x > 0, normal; any finite number for x = 0 */

#endif
