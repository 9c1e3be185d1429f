/* SPDX-License-Identifier: MIT
 *
 * Stacks of loops that run fewer rounds than they have: zeros where nothing was written, since that is read
 * too. */
#include "emit_llvm/emitter.h"

static bool is_limited_sequence(const struct ir_node *user, int operand)
{
    const struct ir_steps *steps = user->op == IR_STEPS ? user->steps : NULL;
    return steps && steps->limited && operand >= steps->n_carry &&
           operand < steps->n_carry + steps->n_sequence;
}

/* Sums over the batch start as zeros. */
bool emit_is_rest_read(const struct ir_graph *graph, const struct plan_loop *loop, int r)
{
    const struct ir_node *stack = loop->results[r].read;
    const struct ir_steps *steps = loop->node->steps;
    if (!stack || loop->results[r].place.space == PLAN_SUMS || r < steps->n_carry ||
        r >= steps->n_carry + steps->n_stack)
        return false;
    for (int o = 0; o < graph->n_outputs; o++)
        if (graph->outputs[o].value == stack)
            return true;
    for (int id = stack->id + 1; id < graph->n_nodes; id++)
        for (int i = 0; i < graph->nodes[id]->n_args; i++)
            if (graph->nodes[id]->args[i] == stack && !is_limited_sequence(graph->nodes[id], i))
                return true;
    return false;
}

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
