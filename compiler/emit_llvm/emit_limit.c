/* SPDX-License-Identifier: MIT
 *
 * Stacks of loops that run fewer rounds than they have: zeros where nothing was written, since that is read
 * too. */
#include "emit_llvm/emitter.h"

static LLVMValueRef add_axis(struct emitter *e, LLVMValueRef offset, LLVMValueRef index, long stride)
{
    LLVMValueRef step = LLVMBuildMul(e->builder, index, emit_constant_index(e, stride), "");
    return LLVMBuildAdd(e->builder, offset, step, "");
}

void emit_clear_rest(struct emitter *e, const struct plan_value *stack, struct ir_shape shape,
                     LLVMValueRef rounds, LLVMValueRef base)
{
    const long numbers = stack->wide ? e->schedule->lanes : 1;
    struct emit_loop outer = emit_range_begin(e, rounds, emit_constant_index(e, shape.size[0]), "rest");
    struct emit_loop inner[IR_MAX_RANK];
    LLVMValueRef offset = add_axis(e, emit_constant_index(e, 0), outer.index, stack->stride[0]);
    for (int axis = 1; axis < shape.rank; axis++) {
        inner[axis] = emit_loop_begin(e, shape.size[axis], "element");
        offset = add_axis(e, offset, inner[axis].index, stack->stride[axis]);
    }
    LLVMValueRef at = LLVMBuildGEP2(e->builder, e->real, base, &offset, 1, "");
    LLVMBuildMemSet(e->builder, at, LLVMConstInt(LLVMInt8TypeInContext(e->context), 0, false),
                    emit_constant_index(e, numbers * e->real_bytes), (unsigned)e->real_bytes);
    for (int axis = shape.rank - 1; axis > 0; axis--)
        emit_loop_end(e, &inner[axis], shape.size[axis]);
    emit_range_end(e, &outer);
}
