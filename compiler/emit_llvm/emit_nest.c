/* SPDX-License-Identifier: MIT
 *
 * The function of one nest, so that profilers name it and registers are allocated nest by nest. */
#include "emit_llvm/emitter.h"

#include <string.h>

/* ---- the function -------------------------------------------------------------------------------------- */

static void set_attributes(struct emitter *e, LLVMValueRef function, int n_params)
{
    static const char *const attributes[] = {"noinline", "nounwind"};
    for (size_t i = 0; i < 2; i++) {
        unsigned id = LLVMGetEnumAttributeKindForName(attributes[i], strlen(attributes[i]));
        LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
                                LLVMCreateEnumAttribute(e->context, id, 0));
    }
    unsigned noalias = LLVMGetEnumAttributeKindForName("noalias", 7);
    for (int i = 0; i < n_params; i++)
        LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)i + 1,
                                LLVMCreateEnumAttribute(e->context, noalias, 0));
    target_function_set(e->target, function);
}

LLVMValueRef emit_nest_declare(struct emitter *e, const struct distinct_nest *nest)
{
    LLVMTypeRef *types = ARENA_ARRAY(e->arena, LLVMTypeRef, (size_t)nest->nest->n_params + 1);
    for (int i = 0; i < nest->nest->n_params; i++)
        types[i] = e->pointer;
    LLVMTypeRef type =
        LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, (unsigned)nest->nest->n_params, false);
    LLVMValueRef function = LLVMAddFunction(e->module, nest->name, type);
    LLVMSetLinkage(function, e->shared ? LLVMExternalLinkage : LLVMInternalLinkage);
    if (e->shared)
        LLVMSetVisibility(function, LLVMHiddenVisibility);
    set_attributes(e, function, nest->nest->n_params);
    return function;
}

static void group_by_group(struct nest_emitter *ne)
{
    struct emit_loop loop = emit_groups_begin(ne);
    if (ne->nest->kind == PLAN_SELECT)
        emit_select(ne);
    else
        emit_matrix(ne);
    emit_groups_end(ne, &loop);
}

static void build_body(struct nest_emitter *ne, LLVMValueRef function)
{
    struct emitter *e = ne->e;
    e->function = function;
    LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(e->context, function, "entry");
    LLVMBasicBlockRef body = LLVMAppendBasicBlockInContext(e->context, function, "body");
    LLVMPositionBuilderAtEnd(e->builder, body);
    switch ((enum plan_nest_kind)ne->nest->kind) {
    case PLAN_MAP:
        emit_map(ne);
        break;
    case PLAN_TOTAL:
        emit_total(ne);
        break;
    case PLAN_LANES:
        emit_lanes(ne);
        break;
    case PLAN_SELECT:
    case PLAN_MATRIX:
        group_by_group(ne);
        break;
    }
    LLVMBuildRetVoid(e->builder);
    LLVMPositionBuilderAtEnd(e->builder, entry);
    LLVMBuildBr(e->builder, body);
}

void emit_nest_build(struct emitter *e, const struct distinct_nest *distinct, LLVMValueRef function)
{
    const struct nest *nest = distinct->nest;
    struct nest_emitter ne = {.e = e, .nest = nest, .how = nest->how, .wide = nest->wide};
    ne.vectors = ne.wide ? sched_group(e->schedule) : 1;
    ne.groups = ne.wide ? sched_groups(e->schedule) : 1;
    ne.type = ne.wide ? e->vector : e->real;
    ne.math = ne.wide ? &e->wide_math : &e->narrow_math;
    ne.param = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)nest->n_params + 1);
    LLVMGetParams(function, ne.param);
    ne.in_register = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)nest->n_values + 1);
    build_body(&ne, function);
}
