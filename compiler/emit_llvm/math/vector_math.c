/* SPDX-License-Identifier: MIT
 *
 * Elementwise operations by name, and those that are an instruction or two. A row of ir/ops.def without a
 * function here does not compile. */
#include "emit_llvm/math/vector_math_build.h"

#include <assert.h>
#include <math.h>

struct vector_math vector_math_for(LLVMModuleRef module, LLVMBuilderRef builder, LLVMTypeRef type,
                                   bool has_fma)
{
    bool is_vector = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
    LLVMTypeKind kind = LLVMGetTypeKind(is_vector ? LLVMGetElementType(type) : type);
    assert(kind == LLVMFloatTypeKind || kind == LLVMDoubleTypeKind);
    return (struct vector_math){
        .context = LLVMGetModuleContext(module),
        .module = module,
        .builder = builder,
        .type = type,
        .real = kind == LLVMDoubleTypeKind ? REAL_8 : REAL_4,
        .lanes = is_vector ? (int)LLVMGetVectorSize(type) : 0,
        .has_fma = has_fma,
    };
}

value vector_recip(const struct vector_math *m, value x)
{
    return math_div(m, math_real(m, 1), x);
}

value vector_clamp(const struct vector_math *m, value x, double low, double high)
{
    return math_min(m, math_max(m, x, low), high);
}

value vector_inside(const struct vector_math *m, value x, double low, double high)
{
    value one = math_real(m, 1), zero = math_real(m, 0);
    return math_where(m, LLVMRealOGE, x, low, math_where(m, LLVMRealOLE, x, high, one, zero), zero);
}

/* A float's lower half is rounded off by whole-number arithmetic, which processors have on whole vectors. */
value vector_bfloat(const struct vector_math *m, value x)
{
    LLVMBuilderRef b = m->builder;
    LLVMTypeRef real = LLVMFloatTypeInContext(m->context), whole = LLVMInt32TypeInContext(m->context);
    if (m->lanes) {
        real = LLVMVectorType(real, (unsigned)m->lanes);
        whole = LLVMVectorType(whole, (unsigned)m->lanes);
    }
    value bits = LLVMBuildBitCast(b, m->real == REAL_8 ? LLVMBuildFPTrunc(b, x, real, "") : x, whole, "");
    value odd = LLVMBuildAnd(b, LLVMBuildLShr(b, bits, math_bits(m, 16), ""), math_bits(m, 1), "");
    value up = LLVMBuildAdd(b, bits, LLVMBuildAdd(b, odd, math_bits(m, 0x7fff), ""), "");
    value near = LLVMBuildBitCast(b, LLVMBuildAnd(b, up, math_bits(m, 0xffff0000), ""), real, "");
    if (m->real == REAL_8)
        near = LLVMBuildFPExt(b, near, m->type, "");
    return LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealUNO, x, x, ""), math_real(m, NAN), near, "");
}

/* ---- by name ------------------------------------------------------------------------------------------- */

typedef value elementwise(const struct vector_math *m, value x, const double range[2]);

#define PLAIN(name, function)                                                                                \
    static value vector_##name(const struct vector_math *m, value x, const double range[2])                  \
    {                                                                                                        \
        (void)range;                                                                                         \
        return function(m, x);                                                                               \
    }
PLAIN(TANH, vector_tanh)
PLAIN(EXP, vector_exp)
PLAIN(LOG, vector_log)
PLAIN(SQRT, vector_sqrt)
PLAIN(RECIP, vector_recip)
PLAIN(SIN, vector_sin)
PLAIN(COS, vector_cos)
PLAIN(ERF, vector_erf)
PLAIN(ERFINV, vector_erfinv)
PLAIN(SOFTPLUS, vector_softplus)
PLAIN(SIGMOID, vector_sigmoid)
PLAIN(BFLOAT, vector_bfloat)

static value vector_CLAMP(const struct vector_math *m, value x, const double range[2])
{
    return vector_clamp(m, x, range[0], range[1]);
}

static value vector_INSIDE(const struct vector_math *m, value x, const double range[2])
{
    return vector_inside(m, x, range[0], range[1]);
}

/* Derivatives are done by now. */
static value vector_HOLD(const struct vector_math *m, value x, const double range[2])
{
    (void)m, (void)range;
    return x;
}

value vector_elementwise(const struct vector_math *m, enum ir_op op, value x, const double range[2])
{
    static elementwise *const build[IR_OP_COUNT] = {
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = vector_##name,
#include "ir/ops.def"
    };
    assert(build[op]);
    return build[op](m, x, range);
}
