/* SPDX-License-Identifier: MIT
 *
 * Counted loops, with constant trip counts and with others. */
#include "emit_llvm/emitter.h"

LLVMValueRef emit_constant_index(const struct emitter *e, long value)
{
    return LLVMConstInt(e->index, (unsigned long long)value, true);
}

struct index emit_index_add(struct index a, long constant)
{
    a.constant += constant;
    return a;
}

/* Leaves the builder inside the loop, whose index runs 0 .. count-1. A loop of one round is no loop. */
struct emit_loop emit_loop_begin(struct emitter *e, long count, const char *name)
{
    struct emit_loop loop = {0};
    if (count == 1) {
        loop.index = emit_constant_index(e, 0);
        return loop;
    }
    LLVMBasicBlockRef from = LLVMGetInsertBlock(e->builder);
    loop.header = LLVMAppendBasicBlockInContext(e->context, e->function, name);
    loop.exit = LLVMAppendBasicBlockInContext(e->context, e->function, "");
    LLVMBuildBr(e->builder, loop.header);
    LLVMPositionBuilderAtEnd(e->builder, loop.header);
    loop.index = LLVMBuildPhi(e->builder, e->index, name);
    LLVMValueRef zero = emit_constant_index(e, 0);
    LLVMAddIncoming(loop.index, &zero, &from, 1);
    return loop;
}

void emit_loop_end(struct emitter *e, const struct emit_loop *loop, long count)
{
    if (!loop->header)
        return;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
    LLVMValueRef next = LLVMBuildAdd(e->builder, loop->index, emit_constant_index(e, 1), "");
    LLVMAddIncoming(loop->index, &next, &here, 1);
    LLVMValueRef more = LLVMBuildICmp(e->builder, LLVMIntULT, next, emit_constant_index(e, count), "");
    LLVMBuildCondBr(e->builder, more, loop->header, loop->exit);
    LLVMMoveBasicBlockAfter(loop->exit, here);
    LLVMPositionBuilderAtEnd(e->builder, loop->exit);
}

LLVMValueRef emit_range_limit(const struct emitter *e, LLVMValueRef end, long most)
{
    LLVMValueRef limit = emit_constant_index(e, most);
    return LLVMBuildSelect(e->builder, LLVMBuildICmp(e->builder, LLVMIntULT, end, limit, ""), end, limit, "");
}

/* Tested before the first round and after each. */
struct emit_loop emit_range_begin(struct emitter *e, LLVMValueRef first, LLVMValueRef end, const char *name)
{
    struct emit_loop loop = {.end = end};
    LLVMBasicBlockRef from = LLVMGetInsertBlock(e->builder);
    loop.header = LLVMAppendBasicBlockInContext(e->context, e->function, name);
    loop.exit = LLVMAppendBasicBlockInContext(e->context, e->function, "");
    LLVMValueRef any = LLVMBuildICmp(e->builder, LLVMIntULT, first, end, "");
    LLVMBuildCondBr(e->builder, any, loop.header, loop.exit);
    LLVMPositionBuilderAtEnd(e->builder, loop.header);
    loop.index = LLVMBuildPhi(e->builder, e->index, name);
    LLVMAddIncoming(loop.index, &first, &from, 1);
    return loop;
}

void emit_range_end(struct emitter *e, const struct emit_loop *loop)
{
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
    LLVMValueRef next = LLVMBuildAdd(e->builder, loop->index, emit_constant_index(e, 1), "");
    LLVMAddIncoming(loop->index, &next, &here, 1);
    LLVMValueRef more = LLVMBuildICmp(e->builder, LLVMIntULT, next, loop->end, "");
    LLVMBuildCondBr(e->builder, more, loop->header, loop->exit);
    LLVMMoveBasicBlockAfter(loop->exit, here);
    LLVMPositionBuilderAtEnd(e->builder, loop->exit);
}
