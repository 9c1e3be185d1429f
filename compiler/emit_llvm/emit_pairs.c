/* SPDX-License-Identifier: MIT
 *
 * Numbers that are rounded to bfloat16: two of them in the 32 bits of a lane, and sums of their products.
 * Where the processor has no instruction for that, the same is done in single precision. */
#include "emit_llvm/emitter.h"
#include "emit_llvm/math/vector_math_build.h"

#include <string.h>

static LLVMValueRef in_lanes(const struct nest_emitter *ne, unsigned bits)
{
    return math_bits(ne->math, bits);
}

static LLVMTypeRef lanes_type(const struct nest_emitter *ne)
{
    return LLVMVectorType(LLVMInt32TypeInContext(ne->e->context), LLVMGetVectorSize(ne->type));
}

/* The first to the lower half. */
LLVMValueRef emit_pair(const struct nest_emitter *ne, LLVMValueRef first, LLVMValueRef second)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef low = LLVMBuildBitCast(b, first, lanes_type(ne), "");
    LLVMValueRef high = LLVMBuildBitCast(b, second, lanes_type(ne), "");
    return LLVMBuildOr(b, LLVMBuildLShr(b, low, in_lanes(ne, 16), ""), high, "pair");
}

LLVMValueRef emit_pair_negated(const struct nest_emitter *ne, LLVMValueRef pair)
{
    return LLVMBuildXor(ne->e->builder, pair, in_lanes(ne, 0x80008000), "");
}

/* A float is read in place of the pair, so that it goes to all lanes as one does. */
LLVMValueRef emit_load_pair(const struct nest_emitter *ne, LLVMValueRef address)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef loaded = LLVMBuildLoad2(b, ne->e->real, address, "");
    LLVMSetAlignment(loaded, 2);
    return LLVMBuildBitCast(b, emit_splat(ne, loaded), lanes_type(ne), "");
}

/* ---- sums of products ---------------------------------------------------------------------------------- */

static LLVMValueRef dot_instruction(const struct nest_emitter *ne, LLVMValueRef sum, LLVMValueRef x,
                                    LLVMValueRef y)
{
    LLVMBuilderRef b = ne->e->builder;
    char name[64];
    const unsigned lanes = LLVMGetVectorSize(ne->type);
    snprintf(name, sizeof name, "llvm.x86.avx512bf16.dpbf16ps.%u", 32 * lanes);
    const unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef callee = LLVMGetIntrinsicDeclaration(ne->e->module, id, NULL, 0);
    LLVMTypeRef signature = LLVMIntrinsicGetType(ne->e->context, id, NULL, 0), types[3];
    LLVMGetParamTypes(signature, types); /* versions of LLVM differ in what they call a pair */
    LLVMValueRef args[3] = {sum, LLVMBuildBitCast(b, x, types[1], ""), LLVMBuildBitCast(b, y, types[2], "")};
    return LLVMBuildCall2(b, signature, callee, args, 3, "");
}

static LLVMValueRef half_of(const struct nest_emitter *ne, LLVMValueRef pair, bool high)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef bits = high ? LLVMBuildAnd(b, pair, in_lanes(ne, 0xffff0000), "")
                             : LLVMBuildShl(b, pair, in_lanes(ne, 16), "");
    return LLVMBuildBitCast(b, bits, ne->type, "");
}

/* The instruction begins with the upper halves, too. */
static LLVMValueRef dot_in_single(const struct nest_emitter *ne, LLVMValueRef sum, LLVMValueRef x,
                                  LLVMValueRef y)
{
    sum = emit_multiply_add(ne, half_of(ne, x, true), half_of(ne, y, true), sum);
    return emit_multiply_add(ne, half_of(ne, x, false), half_of(ne, y, false), sum);
}

LLVMValueRef emit_dot(const struct nest_emitter *ne, LLVMValueRef sum, LLVMValueRef x, LLVMValueRef y)
{
    const unsigned lanes = LLVMGetVectorSize(ne->type);
    const bool fits = lanes == 4 || lanes == 8 || lanes == 16;
    return target_cpu(ne->e->target)->has_bfloat && fits ? dot_instruction(ne, sum, x, y)
                                                         : dot_in_single(ne, sum, x, y);
}
