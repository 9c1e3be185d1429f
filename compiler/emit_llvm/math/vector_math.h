/* SPDX-License-Identifier: MIT
 *
 * Takes a vector (or scalar) of float or double in LLVM IR, gives f of each of its elements: straight-line
 * vector code at the builder's place, without calls, branches or memory of its own, the same for every lane
 * and every vector width. Choosing widths and placing blocks is left to the caller.
 *
 * tanh, softplus and sigmoid have variants (enum sched_tanh), for which the same bounds hold.
 *
 * Largest error in ulp (units in the last place of the true result), for all arguments whose result is a
 * normal number, with fused multiply-add and without; test_vector_math measures them.
 *
 *              float      double
 *   tanh       3.5  4     3    3    |tanh| <= 1, and 1 where it rounds to 1
 *   exp        1    1.5   1    1.5  0 where e^x < 2^-125.5 (float) or 2^-1021.5 (double), inf where it
 *              overflows
 *   log        1    1     1    1    also of subnormal numbers; log(0) = -inf, log(x < 0) = NaN
 *   sqrt       0.5        0.5       correctly rounded
 *   recip      0.5        0.5       correctly rounded
 *   sin, cos   2.5  2.5   2.5  2.5  |x| <= 1e4 (float), 1e6 (double); beyond, |result| < 1.00001 at least
 *   erf        2.5  2.5   2.5  2.5  |erf| <= 1
 *   erfinv     5    5     5.5  6.5  on the whole of (-1, 1); +-inf at +-1, NaN outside
 *   softplus   3    3     3    3    log(1 + e^x); 0 where exp(x) is
 *   sigmoid    3    3     3    3    1/(1 + e^-x); 0 where e^-x overflows
 *   clamp      0          0         min(max(x, low), high)
 *   inside     0          0         1 where low <= x <= high, else 0, also for NaN
 *   bfloat     0          0         the nearest number of 8 bits, by way of float
 *   hold       0          0         x
 *
 * NaN gives NaN but for `inside`. tanh, sin, erf and erfinv are odd to the bit, signed zero included, and cos
 * is even. No fast-math flag is set. Subnormal results may come as 0. */
#ifndef GPFC_EMIT_VECTOR_MATH_H
#define GPFC_EMIT_VECTOR_MATH_H

#include "ir/ir.h"
#include "sched/sched.h"

#include <llvm-c/Core.h>

struct vector_math {
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder; /* code goes where it stands */
    LLVMTypeRef type;       /* of arguments and results: float, double, or a vector of them */
    enum real real;
    int lanes;            /* 0: a scalar, no vector */
    bool has_fma;         /* the target multiplies and adds at once; else products are rounded */
    enum sched_tanh tanh; /* DIVIDE unless its owner says otherwise */
};

/* `type`: float, double, or a vector of either. */
struct vector_math vector_math_for(LLVMModuleRef module, LLVMBuilderRef builder, LLVMTypeRef type,
                                   bool has_fma);

/* `op` must be elementwise; `range` (low, high) is read by CLAMP and INSIDE only and may be NULL for the
 * others. */
LLVMValueRef vector_elementwise(const struct vector_math *m, enum ir_op op, LLVMValueRef x,
                                const double range[2]);

LLVMValueRef vector_tanh(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_exp(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_log(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_sqrt(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_recip(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_sin(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_cos(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_erf(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_erfinv(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_softplus(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_sigmoid(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_bfloat(const struct vector_math *m, LLVMValueRef x);
LLVMValueRef vector_clamp(const struct vector_math *m, LLVMValueRef x, double low, double high);
LLVMValueRef vector_inside(const struct vector_math *m, LLVMValueRef x, double low, double high);

#endif
