/* SPDX-License-Identifier: MIT
 *
 * Values at given indices: from registers, from memory, or computed in place. */
#include "emit_llvm/emitter.h"

#include <assert.h>

/* ---- addresses ----------------------------------------------------------------------------------------- */

static LLVMTypeRef element_type(const struct nest_emitter *ne, const struct nest_place *place)
{
    return place->bfloat ? LLVMInt16TypeInContext(ne->e->context) : ne->e->real;
}

static LLVMValueRef offset_by(const struct nest_emitter *ne, LLVMTypeRef type, LLVMValueRef base,
                              LLVMValueRef elements)
{
    return LLVMBuildGEP2(ne->e->builder, type, base, &elements, 1, "");
}

LLVMValueRef emit_address_from(const struct nest_emitter *ne, LLVMValueRef base,
                               const struct nest_place *place, const struct index *index, int vector)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMTypeRef type = element_type(ne, place);
    long constant = place->wide ? (long)vector * ne->e->schedule->cpu.vector : 0;
    LLVMValueRef dynamic = place->wide ? ne->lane : NULL;
    for (int axis = 0; axis < place->rank; axis++) {
        constant += place->stride[axis] * index[axis].constant;
        if (!index[axis].dynamic || place->stride[axis] == 0)
            continue;
        LLVMValueRef part =
            LLVMBuildMul(b, index[axis].dynamic, emit_constant_index(ne->e, place->stride[axis]), "");
        dynamic = dynamic ? LLVMBuildAdd(b, dynamic, part, "") : part;
    }
    if (dynamic)
        base = offset_by(ne, type, base, dynamic);
    return constant ? offset_by(ne, type, base, emit_constant_index(ne->e, constant)) : base;
}

LLVMValueRef emit_address(const struct nest_emitter *ne, const struct nest_place *place,
                          const struct index *index, int vector)
{
    assert(place->param != NEST_NONE && "a value that has no place is read");
    return emit_address_from(ne, ne->param[place->param], place, index, vector);
}

struct emit_loop emit_groups_begin(struct nest_emitter *ne)
{
    struct emit_loop loop = emit_loop_begin(ne->e, ne->groups, "lanes");
    LLVMValueRef lanes = emit_constant_index(ne->e, (long)ne->vectors * ne->e->schedule->cpu.vector);
    ne->lane = ne->groups > 1 ? LLVMBuildMul(ne->e->builder, loop.index, lanes, "") : NULL;
    return loop;
}

void emit_groups_end(struct nest_emitter *ne, const struct emit_loop *loop)
{
    emit_loop_end(ne->e, loop, ne->groups);
    ne->lane = NULL;
}

LLVMValueRef emit_splat(const struct nest_emitter *ne, LLVMValueRef scalar)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef zero = LLVMConstInt(LLVMInt32TypeInContext(ne->e->context), 0, false);
    LLVMValueRef undefined = LLVMGetPoison(ne->type);
    LLVMValueRef one = LLVMBuildInsertElement(b, undefined, scalar, zero, "");
    LLVMTypeRef mask = LLVMVectorType(LLVMInt32TypeInContext(ne->e->context), LLVMGetVectorSize(ne->type));
    return LLVMBuildShuffleVector(b, one, undefined, LLVMConstNull(mask), "");
}

/* ---- 16 bits ------------------------------------------------------------------------------------------- */

static LLVMValueRef widened(const struct nest_emitter *ne, LLVMValueRef bfloat)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMTypeRef whole = LLVMInt32TypeInContext(ne->e->context), real = LLVMFloatTypeInContext(ne->e->context);
    LLVMValueRef bits =
        LLVMBuildShl(b, LLVMBuildZExt(b, bfloat, whole, ""), LLVMConstInt(whole, 16, false), "");
    LLVMValueRef x = LLVMBuildBitCast(b, bits, real, "");
    return ne->e->real_bytes == REAL_8 ? LLVMBuildFPExt(b, x, ne->e->real, "") : x;
}

/* Of a number that is rounded already. */
static LLVMValueRef narrowed(const struct nest_emitter *ne, LLVMValueRef x)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMTypeRef whole = LLVMInt32TypeInContext(ne->e->context), real = LLVMFloatTypeInContext(ne->e->context);
    if (ne->e->real_bytes == REAL_8)
        x = LLVMBuildFPTrunc(b, x, real, "");
    LLVMValueRef bits =
        LLVMBuildLShr(b, LLVMBuildBitCast(b, x, whole, ""), LLVMConstInt(whole, 16, false), "");
    return LLVMBuildTrunc(b, bits, LLVMInt16TypeInContext(ne->e->context), "");
}

static unsigned alignment(const struct nest_emitter *ne, const struct nest_place *place)
{
    if (place->bfloat)
        return 2;
    int elements = place->wide ? ne->e->schedule->cpu.vector : 1;
    return (unsigned)(elements * ne->e->real_bytes);
}

LLVMValueRef emit_load(const struct nest_emitter *ne, LLVMValueRef address, const struct nest_place *place)
{
    LLVMTypeRef type = place->wide ? ne->type : element_type(ne, place);
    LLVMValueRef loaded = LLVMBuildLoad2(ne->e->builder, type, address, "");
    LLVMSetAlignment(loaded, alignment(ne, place));
    if (place->bfloat)
        loaded = widened(ne, loaded);
    return ne->wide && !place->wide ? emit_splat(ne, loaded) : loaded;
}

void emit_store_to(const struct nest_emitter *ne, LLVMValueRef address, const struct nest_place *place,
                   LLVMValueRef x)
{
    if (place->bfloat)
        x = narrowed(ne, x);
    LLVMSetAlignment(LLVMBuildStore(ne->e->builder, x, address), alignment(ne, place));
}

LLVMValueRef emit_load_at(const struct nest_emitter *ne, const struct nest_place *place,
                          const struct index *index, int vector)
{
    return emit_load(ne, emit_address(ne, place, index, vector), place);
}

void emit_store_at(const struct nest_emitter *ne, const struct nest_place *place, const struct index *index,
                   int vector, LLVMValueRef x)
{
    emit_store_to(ne, emit_address(ne, place, index, vector), place, x);
}

LLVMValueRef emit_slots(const struct nest_emitter *ne, int n)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(b);
    LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(ne->e->function);
    LLVMValueRef first = LLVMGetFirstInstruction(entry);
    if (first)
        LLVMPositionBuilderBefore(b, first);
    else
        LLVMPositionBuilderAtEnd(b, entry);
    LLVMTypeRef type = n > 1 ? LLVMArrayType(ne->type, (unsigned)n) : ne->type;
    LLVMValueRef slot = LLVMBuildAlloca(b, type, "sum");
    LLVMPositionBuilderAtEnd(b, here);
    return slot;
}

LLVMValueRef emit_slot(const struct nest_emitter *ne)
{
    return emit_slots(ne, 1);
}

/* ---- arithmetic ---------------------------------------------------------------------------------------- */

LLVMValueRef emit_number(const struct nest_emitter *ne, double value)
{
    LLVMValueRef scalar = LLVMConstReal(ne->e->real, value);
    if (!ne->wide)
        return scalar;
    LLVMValueRef lanes[512];
    unsigned n = LLVMGetVectorSize(ne->type);
    for (unsigned lane = 0; lane < n; lane++)
        lanes[lane] = scalar;
    return LLVMConstVector(lanes, n);
}

/* Fused where the target has fused multiply-add. */
LLVMValueRef emit_multiply_add(const struct nest_emitter *ne, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c)
{
    unsigned id = LLVMLookupIntrinsicID("llvm.fmuladd", 12);
    LLVMTypeRef type = ne->type;
    LLVMValueRef callee = LLVMGetIntrinsicDeclaration(ne->e->module, id, &type, 1);
    LLVMTypeRef signature = LLVMIntrinsicGetType(ne->e->context, id, &type, 1);
    LLVMValueRef args[3] = {a, b, c};
    return LLVMBuildCall2(ne->e->builder, signature, callee, args, 3, "");
}

LLVMValueRef emit_product(const struct nest_emitter *ne, LLVMValueRef a, LLVMValueRef b)
{
    if (!a || !b)
        return a ? a : b;
    return LLVMBuildFMul(ne->e->builder, a, b, "");
}

/* ---- expressions --------------------------------------------------------------------------------------- */

/* a + step * b */
static struct index index_plus(const struct nest_emitter *ne, struct index a, int step, struct index b)
{
    LLVMBuilderRef builder = ne->e->builder;
    a.constant += step * b.constant;
    if (!b.dynamic || step == 0)
        return a;
    LLVMValueRef part = b.dynamic;
    if (step != 1)
        part = LLVMBuildMul(builder, part, emit_constant_index(ne->e, step), "");
    a.dynamic = a.dynamic ? LLVMBuildAdd(builder, a.dynamic, part, "") : part;
    return a;
}

static LLVMValueRef sliced(const struct nest_emitter *ne, const struct nest_value *value,
                           const struct index *label, int vector)
{
    const struct nest_select *select = &ne->nest->selects[value->select];
    const struct nest_operand *x = nest_operand(ne->nest, value, 0);
    struct index index[IR_MAX_RANK];
    assert(select->is_slice);
    for (int axis = 0; axis < ne->nest->values[x->value].place.rank; axis++)
        if (axis != select->axis)
            index[axis] = label[axis < select->axis ? axis : axis - 1 + select->n_lead];
    index[select->axis] = (struct index){NULL, select->first};
    for (int i = 0; i < select->n_lead; i++)
        index[select->axis] = index_plus(ne, index[select->axis], select->step[i], label[select->axis + i]);
    LLVMValueRef loaded = emit_value(ne, x->value, index, vector);
    return select->factor == 1 ? loaded : emit_product(ne, emit_number(ne, select->factor), loaded);
}

LLVMValueRef emit_operand(const struct nest_emitter *ne, const struct nest_operand *operand,
                          const struct index *label, int vector)
{
    struct index index[IR_MAX_RANK];
    for (int axis = 0; axis < ne->nest->values[operand->value].place.rank; axis++)
        index[axis] = label[operand->label[axis]];
    return emit_value(ne, operand->value, index, vector);
}

static LLVMValueRef operand(const struct nest_emitter *ne, const struct nest_value *value, int i,
                            const struct index *label, int vector)
{
    return emit_operand(ne, nest_operand(ne->nest, value, i), label, vector);
}

static LLVMValueRef product(const struct nest_emitter *ne, const struct nest_value *value,
                            const struct index *label, int vector)
{
    LLVMValueRef result = NULL;
    if (value->number[0] != 1 || value->n_args == 0)
        result = emit_number(ne, value->number[0]);
    for (int i = 0; i < value->n_args; i++)
        result = emit_product(ne, result, operand(ne, value, i, label, vector));
    return result;
}

/* A product that is computed where it is added. */
static bool is_open_product(const struct nest_value *x)
{
    return x->inlined && x->op == IR_EIN && x->n_args > 0;
}

/* sum + operand i, fused where that operand is a product that is computed here. */
static LLVMValueRef add_operand(const struct nest_emitter *ne, LLVMValueRef sum,
                                const struct nest_value *value, int i, const struct index *label, int vector)
{
    const struct nest_value *x = nest_arg(ne->nest, value, i);
    if (!sum || !is_open_product(x) || (x->n_args == 1 && x->number[0] == 1)) {
        LLVMValueRef y = operand(ne, value, i, label, vector);
        return sum ? LLVMBuildFAdd(ne->e->builder, sum, y, "") : y;
    }
    LLVMValueRef rest = x->number[0] != 1 ? emit_number(ne, x->number[0]) : NULL;
    for (int k = 0; k + 1 < x->n_args; k++)
        rest = emit_product(ne, rest, operand(ne, x, k, label, vector));
    return emit_multiply_add(ne, rest, operand(ne, x, x->n_args - 1, label, vector), sum);
}

LLVMValueRef emit_expression(const struct nest_emitter *ne, const struct nest_value *value,
                             const struct index *label, int vector)
{
    if (value->op == IR_EIN)
        return product(ne, value, label, vector);
    if (value->op == IR_SELECT)
        return sliced(ne, value, label, vector);
    if (value->op != IR_ADD)
        return vector_elementwise(ne->math, (enum ir_op)value->op, operand(ne, value, 0, label, vector),
                                  value->number);
    LLVMValueRef sum = NULL;
    for (int pass = 0; pass < 2; pass++) /* plain terms first: the products are fused onto them */
        for (int i = 0; i < value->n_args; i++)
            if (is_open_product(nest_arg(ne->nest, value, i)) == (pass == 1))
                sum = add_operand(ne, sum, value, i, label, vector);
    return sum;
}

LLVMValueRef emit_value(const struct nest_emitter *ne, int value, const struct index *index, int vector)
{
    const struct nest_value *x = &ne->nest->values[value];
    if (ne->in_register[value])
        return ne->in_register[value];
    return x->inlined ? emit_expression(ne, x, index, vector) : emit_load_at(ne, &x->place, index, vector);
}
