/* SPDX-License-Identifier: MIT
 *
 * The function of one nest, so that profilers name it and registers are allotted nest by nest: what it takes
 * as parameters, and its body. */
#include "emit_llvm/emitter.h"

#include <string.h>

/* ---- what a nest reads and writes ---------------------------------------------------------------------- */

static void add_read(void *data, const struct ir_node *base)
{
    struct nest_params *params = data;
    const struct plan_value *value = &params->region->value[base->id];
    if (params->base_of[base->id] >= 0 || value->space == PLAN_NOWHERE)
        return;
    params->base_of[base->id] = params->n;
    params->value[params->n++] = value;
}

static void add_node(struct nest_params *params, const struct ir_node *node)
{
    if (params->region->value[node->id].inlined)
        plan_visit_bases(params->region, node, add_read, params);
    else
        add_read(params, node);
}

static void collect_reads(struct nest_params *params, const struct plan_nest *nest)
{
    for (int i = 0; i < nest->n_members; i++)
        plan_visit_bases(params->region, nest->members[i].node, add_read, params);
    for (int i = 0; i < nest->n_sums; i++)
        plan_visit_bases(params->region, nest->sums[i].node, add_read, params);
    for (int i = 0; i < nest->n_stores && nest->kind == PLAN_MAP; i++)
        if (nest->stores[i].node && !plan_is_member(nest, nest->stores[i].node))
            add_node(params, nest->stores[i].node);
    if (nest->kind == PLAN_TOTAL)
        plan_visit_bases(params->region, nest->total, add_read, params);
    if (nest->node)
        plan_visit_bases(params->region, nest->node, add_read, params);
}

/* Reads, then where each store goes (and the temporary that a store copies), then its own memory. */
struct nest_params emit_nest_params(struct arena *arena, const struct plan_region *region,
                                    const struct plan_nest *nest)
{
    const size_t n_nodes = (size_t)region->graph->n_nodes + 1;
    struct nest_params params = {.region = region, .n_stores = nest->node ? 1 : nest->n_stores};
    params.value = ARENA_ARRAY(arena, const struct plan_value *, n_nodes + 2 * (size_t)params.n_stores + 1);
    params.base_of = ARENA_ARRAY(arena, int, n_nodes);
    memset(params.base_of, -1, n_nodes * sizeof(int));
    collect_reads(&params, nest);
    params.n_reads = params.n;
    for (int i = 0; i < params.n_stores; i++)
        params.value[params.n++] = nest->node ? &region->value[nest->node->id] : &nest->stores[i].to;
    for (int i = 0; i < params.n_stores; i++)
        if (nest->kind == PLAN_MAP && nest->stores[i].from >= 0)
            params.value[params.n++] = &region->temporaries[nest->stores[i].from].value;
    if (plan_has_work(nest))
        params.value[params.n++] = &nest->work;
    return params;
}

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
    target_function_set(e->cpu, function);
}

LLVMValueRef emit_nest_declare(struct emitter *e, const struct distinct_nest *nest)
{
    LLVMTypeRef *types = ARENA_ARRAY(e->arena, LLVMTypeRef, (size_t)nest->n_params + 1);
    for (int i = 0; i < nest->n_params; i++)
        types[i] = e->pointer;
    LLVMTypeRef type =
        LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, (unsigned)nest->n_params, false);
    LLVMValueRef function = LLVMAddFunction(e->module, nest->name, type);
    LLVMSetLinkage(function, e->shared ? LLVMExternalLinkage : LLVMInternalLinkage);
    if (e->shared)
        LLVMSetVisibility(function, LLVMHiddenVisibility);
    set_attributes(e, function, nest->n_params);
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
    switch (ne->nest->kind) {
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

static void take_params(struct nest_emitter *ne, const struct nest_params *params, LLVMValueRef function)
{
    const struct plan_nest *nest = ne->nest;
    for (int id = 0; id < ne->region->graph->n_nodes; id++)
        if (params->base_of[id] >= 0)
            ne->base[id] = LLVMGetParam(function, (unsigned)params->base_of[id]);
    for (int i = 0, t = params->n_reads + params->n_stores; i < params->n_stores; i++) {
        ne->store[i] = LLVMGetParam(function, (unsigned)(params->n_reads + i));
        if (nest->kind == PLAN_MAP && nest->stores[i].from >= 0)
            ne->temporary[i] = LLVMGetParam(function, (unsigned)t++);
    }
    if (plan_has_work(nest))
        ne->work = LLVMGetParam(function, (unsigned)params->n - 1);
}

void emit_nest_build(struct emitter *e, const struct distinct_nest *nest, LLVMValueRef function)
{
    const struct plan_region *region = nest->region;
    const struct nest_params params = emit_nest_params(e->arena, region, nest->nest);
    const size_t n_nodes = (size_t)region->graph->n_nodes + 1;
    struct nest_emitter ne = {
        .e = e, .region = region, .nest = nest->nest, .how = sched_how(nest->nest), .wide = region->wide};
    ne.vectors = region->wide ? sched_group(e->plan->schedule) : 1;
    ne.groups = region->wide ? sched_groups(e->plan->schedule) : 1;
    ne.type = region->wide ? e->vector : e->real;
    ne.math = region->wide ? &e->wide_math : &e->narrow_math;
    ne.base = ARENA_ARRAY(e->arena, LLVMValueRef, n_nodes);
    ne.in_register = ARENA_ARRAY(e->arena, LLVMValueRef, n_nodes);
    ne.store = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)params.n_stores + 1);
    ne.temporary = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)params.n_stores + 1);
    take_params(&ne, &params, function);
    build_body(&ne, function);
}
