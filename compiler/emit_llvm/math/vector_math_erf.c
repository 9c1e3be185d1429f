/* SPDX-License-Identifier: MIT
 *
 * erf and its inverse. The tables are made by vector_math_fit.py. */
#include "emit_llvm/math/vector_math_build.h"

#include <math.h>

/* erf(x) = 1 - exp(-x (1 + f(x))), 0 <= x <= 4 (float) or 6 (double) */
static const double erf_float[] = {
    0.128379166,   0.636619389,     0.102777831,    -0.0191530641,   -0.000160396041,
    0.00166702748, -0.000632836833, 0.000117641262, -9.25626409e-06,
};

static const double erf_double[] = {
    0.12837916709551256,     0.6366197723675836,      0.10277260330178876,     -0.019128447005070368,
    -0.00020919469484133015, 0.001696206385730012,    -0.00059012555278594044, 2.587860377477287e-05,
    6.449186251449749e-05,   -2.9724050195856059e-05, 3.4072728629226556e-06,  2.8351300287742714e-06,
    -1.7415367001130345e-06, 3.363558918500397e-07,   1.3718763956286084e-07,  -1.4176469364855634e-07,
    6.573457451262867e-08,   -2.0962997939061928e-08, 4.9977931236915716e-09,  -9.0824096598136472e-10,
    1.2484392241187947e-10,  -1.2611354429743664e-11, 8.8458762533265587e-13,  -3.8506856441241752e-14,
    7.8345764358627068e-16,
};

/* erfinv(x) = x P(w)/Q(w), w = -log(1 - x^2), w up to 16 (float) or 36.1 (double), where x is next to 1 */
static const double erfinv_numerator_float[] = {
    0.886226952, 0.306542695, 0.0595895238, 0.00776562328, 0.000643893902, 2.43114519e-05,
};

static const double erfinv_denominator_float[] = {
    1, 0.0840973705, 0.0321892537, 0.00187707564, 0.000179528564, 1.29075988e-06,
};

static const double erfinv_numerator_double[] = {
    0.88622692545275805,    0.36700191911823138,    0.10576691903233486,    0.022073153200569004,
    0.0035416741103717051,  0.0004542790350591338,  4.7101971685762846e-05, 3.9804449951448747e-06,
    2.7810049462692675e-07, 1.6325029773694302e-08, 7.9535833551457423e-10, 2.804487895830851e-11,
    1.124200253391542e-12,  1.5245800615315716e-14, 3.5990756905714274e-17,
};

static const double erfinv_denominator_double[] = {
    1,
    0.15231793201794161,
    0.066436409701065791,
    0.0081637419645471422,
    0.001539107749949684,
    0.00014773505223860894,
    1.523298713729377e-05,
    1.1141809426783935e-06,
    7.0527387396798971e-08,
    3.9652020092770623e-09,
    1.4970216538554988e-10,
    6.1370102893197433e-12,
    1.5879975411796007e-13,
    9.6609227452927217e-16,
    6.0230276526625018e-19,
};

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
