/* SPDX-License-Identifier: MIT
 *
 * The three functions of a kernel: loops over steps, and a call for each nest, which is a function of its own so that
 * profilers name it and registers are allotted nest by nest. */
#include "emit/emitter.h"

#include <assert.h>
#include <string.h>

enum { PARAM_IN, PARAM_OUT, PARAM_UNIFORM, PARAM_SCRATCH, PARAM_SUMS, PARAM_COUNT };

struct kernel_function {
    struct emitter *e;
    LLVMValueRef function;
    LLVMValueRef base[PARAM_COUNT];            /* NULL: this part has none */
    LLVMValueRef iteration[PLAN_MAX_DEPTH];    /* of the loops around */
    LLVMValueRef *in, *out;                    /* by port: the kernel's arrays, loaded once each */
    LLVMBasicBlockRef entry;
};

/* ---- constants ----------------------------------------------------------------------------------------------------- */

static LLVMValueRef constant_array(struct emitter *e, LLVMTypeRef type, LLVMValueRef *elements, long n)
{
    LLVMValueRef array = LLVMConstArray(type, elements, (unsigned)n);
    LLVMValueRef global = LLVMAddGlobal(e->module, LLVMArrayType(type, (unsigned)n), "constant");
    LLVMSetInitializer(global, array);
    LLVMSetGlobalConstant(global, true);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr); /* equal ones may become one */
    LLVMSetAlignment(global, 64);
    return global;
}

LLVMValueRef emit_constant_reals(struct emitter *e, const double *values, long n)
{
    LLVMValueRef *elements = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)n + 1);
    for (long i = 0; i < n; i++)
        elements[i] = LLVMConstReal(e->real, values[i]);
    return constant_array(e, e->real, elements, n);
}

LLVMValueRef emit_constant_ints(struct emitter *e, const long *values, long n)
{
    LLVMValueRef *elements = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)n + 1);
    for (long i = 0; i < n; i++)
        elements[i] = emit_constant_index(e, values[i]);
    return constant_array(e, e->index, elements, n);
}

/* ---- what a nest reads and writes ------------------------------------------------------------------------------------ */

struct nest_params {
    const struct plan_region *region;
    int n;
    const struct plan_value **value; /* what each parameter points to */
    int *base_of;                    /* by node id: its parameter; -1: none */
};

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

/* ---- nests --------------------------------------------------------------------------------------------------------- */

static LLVMValueRef declare_nest(struct emitter *e, const struct plan_nest *nest, int n_params)
{
    const struct ir_node *first = nest->total ? nest->total : nest->node;
    const char *what = nest->kind == PLAN_TOTAL ? "total" : nest->n_summed ? "contract" : "map";
    if (nest->n_members)
        first = nest->members[0].node;
    if (nest->node)
        what = ir_op_name(nest->node->op);
    char name[160];
    int used = snprintf(name, sizeof name, "%s_%d_%s", e->kernel, e->n_functions++, first ? what : "copy");
    for (int axis = 0; first && axis < first->shape.rank && used < 120; axis++)
        used += snprintf(name + used, sizeof name - (size_t)used, "%c%d", axis ? 'x' : '_', first->shape.size[axis]);
    LLVMTypeRef types[256];
    assert(n_params <= 256);
    for (int i = 0; i < n_params; i++)
        types[i] = e->pointer;
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, (unsigned)n_params, false);
    LLVMValueRef function = LLVMAddFunction(e->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    LLVMSetUnnamedAddress(function, LLVMGlobalUnnamedAddr); /* equal nests become one */
    static const char *const attributes[] = {"noinline", "nounwind"};
    for (size_t i = 0; i < 2; i++) {
        unsigned id = LLVMGetEnumAttributeKindForName(attributes[i], strlen(attributes[i]));
        LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(e->context, id, 0));
    }
    unsigned noalias = LLVMGetEnumAttributeKindForName("noalias", 7);
    for (int i = 0; i < n_params; i++)
        LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)i + 1,
                                LLVMCreateEnumAttribute(e->context, noalias, 0));
    target_function_set(e->cpu, function);
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

static void build_nest(struct nest_emitter *ne, LLVMValueRef function)
{
    struct emitter *e = ne->e;
    LLVMBasicBlockRef caller = LLVMGetInsertBlock(e->builder);
    LLVMValueRef caller_function = e->function;
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
    case PLAN_SELECT:
    case PLAN_MATRIX:
        group_by_group(ne);
        break;
    }
    LLVMBuildRetVoid(e->builder);
    LLVMPositionBuilderAtEnd(e->builder, entry);
    LLVMBuildBr(e->builder, body);
    e->function = caller_function;
    LLVMPositionBuilderAtEnd(e->builder, caller);
}

static LLVMValueRef address_of(struct kernel_function *k, const struct plan_value *value);

/* Builds the nest's function and a call of it: parameters are what it reads, then where each store goes (and the
 * temporary that a store copies), then its own memory. */
static void call_nest(struct kernel_function *k, const struct plan_region *region, const struct plan_nest *nest)
{
    struct emitter *e = k->e;
    size_t n_nodes = (size_t)region->graph->n_nodes + 1;
    int n_stores = nest->node ? 1 : nest->n_stores;
    struct nest_params params = {.region = region};
    params.value = ARENA_ARRAY(e->arena, const struct plan_value *, n_nodes + 2 * (size_t)n_stores + 1);
    params.base_of = ARENA_ARRAY(e->arena, int, n_nodes);
    memset(params.base_of, -1, n_nodes * sizeof(int));
    collect_reads(&params, nest);
    int n_reads = params.n;
    for (int i = 0; i < n_stores; i++)
        params.value[params.n++] =
            nest->node ? &region->value[nest->node->id] : &nest->stores[i].to;
    int first_temporary = params.n;
    for (int i = 0; i < n_stores; i++)
        if (nest->kind == PLAN_MAP && nest->stores[i].from >= 0)
            params.value[params.n++] = &region->temporaries[nest->stores[i].from].value;
    if (plan_work_elements(nest) > 0)
        params.value[params.n++] = &nest->work;
    LLVMValueRef function = declare_nest(e, nest, params.n);
    struct nest_emitter ne = {.e = e, .region = region, .nest = nest, .wide = region->wide};
    ne.vectors = region->wide ? sched_group(&e->plan->schedule) : 1;
    ne.groups = region->wide ? sched_groups(&e->plan->schedule) : 1;
    ne.type = region->wide ? e->vector : e->real;
    ne.math = region->wide ? &e->wide_math : &e->narrow_math;
    ne.base = ARENA_ARRAY(e->arena, LLVMValueRef, n_nodes);
    ne.in_register = ARENA_ARRAY(e->arena, LLVMValueRef, n_nodes);
    ne.store = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)n_stores + 1);
    ne.temporary = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)n_stores + 1);
    for (size_t id = 0; id + 1 < n_nodes; id++)
        if (params.base_of[id] >= 0)
            ne.base[id] = LLVMGetParam(function, (unsigned)params.base_of[id]);
    for (int i = 0, t = first_temporary; i < n_stores; i++) {
        ne.store[i] = LLVMGetParam(function, (unsigned)(n_reads + i));
        if (nest->kind == PLAN_MAP && nest->stores[i].from >= 0)
            ne.temporary[i] = LLVMGetParam(function, (unsigned)t++);
    }
    if (plan_work_elements(nest) > 0)
        ne.work = LLVMGetParam(function, (unsigned)params.n - 1);
    LLVMValueRef *arguments = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)params.n + 1);
    for (int i = 0; i < params.n; i++)
        arguments[i] = address_of(k, params.value[i]);
    LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(function), function, arguments, (unsigned)params.n, "");
    emit_clocks_count(e, region, nest);
    build_nest(&ne, function);
}

/* ---- addresses of values ------------------------------------------------------------------------------------------------ */

/* The kernel's array of this port, loaded at the function's entry. */
static LLVMValueRef port_array(struct kernel_function *k, LLVMValueRef *cache, LLVMValueRef list, int port)
{
    struct emitter *e = k->e;
    if (cache[port])
        return cache[port];
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->builder);
    LLVMPositionBuilderBefore(e->builder, LLVMGetBasicBlockTerminator(k->entry));
    LLVMValueRef at = emit_constant_index(e, port);
    LLVMValueRef address = LLVMBuildGEP2(e->builder, e->pointer, list, &at, 1, "");
    cache[port] = LLVMBuildLoad2(e->builder, e->pointer, address, "array");
    LLVMPositionBuilderAtEnd(e->builder, here);
    return cache[port];
}

static LLVMValueRef space_base(struct kernel_function *k, const struct plan_value *value)
{
    switch (value->space) {
    case PLAN_IN:
        return port_array(k, k->in, k->base[PARAM_IN], value->port);
    case PLAN_OUT:
        return port_array(k, k->out, k->base[PARAM_OUT], value->port);
    case PLAN_UNIFORM:
        return k->base[PARAM_UNIFORM];
    case PLAN_SCRATCH:
        return k->base[PARAM_SCRATCH];
    case PLAN_SUMS:
        return k->base[PARAM_SUMS];
    case PLAN_CONST:
        return emit_constant_reals(k->e, value->data, ir_elements(value->origin->shape));
    case PLAN_NOWHERE:
        break;
    }
    return NULL;
}

static LLVMValueRef address_of(struct kernel_function *k, const struct plan_value *value)
{
    struct emitter *e = k->e;
    LLVMValueRef base = space_base(k, value), offset = emit_constant_index(e, value->offset);
    assert(base && "a value of another part of the kernel is read");
    for (int depth = 0; depth < PLAN_MAX_DEPTH; depth++)
        if (value->step[depth]) {
            LLVMValueRef step = emit_constant_index(e, value->step[depth]);
            step = LLVMBuildMul(e->builder, step, k->iteration[depth], "");
            offset = LLVMBuildAdd(e->builder, offset, step, "");
        }
    return LLVMBuildGEP2(e->builder, e->real, base, &offset, 1, "");
}

/* ---- regions ----------------------------------------------------------------------------------------------------- */

static void call_region(struct kernel_function *k, const struct plan_region *region);

/* The rounds r with r + 1/2 <= steps, of `count`; none where steps is no number. */
static LLVMValueRef rounds_of(struct kernel_function *k, int count)
{
    struct emitter *e = k->e;
    const struct ir_graph *graph = e->plan->graph;
    int port = 0;
    while (graph->inputs[port] != ir_limit(graph))
        port++;
    LLVMValueRef array = port_array(k, k->in, k->base[PARAM_IN], port);
    LLVMValueRef zero = LLVMConstReal(e->real, 0), most = LLVMConstReal(e->real, count);
    LLVMValueRef limit = LLVMBuildLoad2(e->builder, e->real, array, "steps");
    LLVMValueRef end = LLVMBuildFAdd(e->builder, limit, LLVMConstReal(e->real, 0.5), "");
    end = LLVMBuildSelect(e->builder, LLVMBuildFCmp(e->builder, LLVMRealOGT, end, zero, ""), end, zero, "");
    end = LLVMBuildSelect(e->builder, LLVMBuildFCmp(e->builder, LLVMRealOLT, end, most, ""), end, most, "");
    return LLVMBuildFPToSI(e->builder, end, e->index, "rounds");
}

static void call_limited_loop(struct kernel_function *k, const struct plan_region *region, const struct plan_loop *plan)
{
    struct emitter *e = k->e;
    const int count = plan->node->steps->count;
    LLVMValueRef rounds = rounds_of(k, count), one = emit_constant_index(e, 1);
    struct emit_loop loop = emit_range_begin(e, emit_constant_index(e, 0), rounds, "step");
    LLVMValueRef last = LLVMBuildSub(e->builder, rounds, one, "");
    bool backward = plan->node->steps->backward;
    k->iteration[plan->depth] = backward ? LLVMBuildSub(e->builder, last, loop.index, "") : loop.index;
    call_region(k, plan->body);
    emit_range_end(e, &loop);
    for (int r = 0; r < plan->n_results; r++)
        if (emit_is_rest_read(region->graph, plan, r))
            emit_clear_rest(e, &plan->results[r].place, plan->results[r].read->shape, rounds,
                            address_of(k, &plan->results[r].place));
}

static void call_loop(struct kernel_function *k, const struct plan_loop *plan)
{
    struct emitter *e = k->e;
    int count = plan->node->steps->count;
    struct emit_loop loop = emit_loop_begin(e, count, "step");
    LLVMValueRef last = emit_constant_index(e, count - 1);
    bool backward = plan->node->steps->backward;
    k->iteration[plan->depth] = backward ? LLVMBuildSub(e->builder, last, loop.index, "") : loop.index;
    call_region(k, plan->body);
    emit_loop_end(e, &loop, count);
}

static void call_region(struct kernel_function *k, const struct plan_region *region)
{
    for (int i = 0; i < region->n_items; i++) {
        const struct plan_loop *loop = region->items[i].loop;
        if (loop && loop->node->steps->limited)
            call_limited_loop(k, region, loop);
        else if (loop)
            call_loop(k, loop);
        else
            call_nest(k, region, region->items[i].nest);
    }
}

static LLVMValueRef declare_part(struct emitter *e, const char *part, int n_params)
{
    LLVMTypeRef types[PARAM_COUNT];
    for (int i = 0; i < n_params; i++)
        types[i] = e->pointer;
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, (unsigned)n_params, false);
    const char *name = arena_printf(e->arena, "%s%s_%s", e->shared ? "gpfc_" : "", e->kernel, part);
    LLVMValueRef function = LLVMAddFunction(e->module, name, type);
    LLVMSetLinkage(function, e->shared ? LLVMExternalLinkage : LLVMInternalLinkage);
    if (e->shared)
        LLVMSetVisibility(function, LLVMHiddenVisibility);
    return function;
}

static LLVMValueRef build_part(struct emitter *e, const struct plan_region *region, const char *part,
                               const int *params, int n_params)
{
    const struct ir_graph *graph = e->plan->graph;
    struct kernel_function k = {.e = e,
                                .function = declare_part(e, part, n_params),
                                .in = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)graph->n_inputs + 1),
                                .out = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)graph->n_outputs + 1)};
    target_function_set(e->cpu, k.function);
    for (int i = 0; i < n_params; i++)
        k.base[params[i]] = LLVMGetParam(k.function, (unsigned)i);
    e->function = k.function;
    k.entry = LLVMAppendBasicBlockInContext(e->context, k.function, "entry");
    LLVMBasicBlockRef body = LLVMAppendBasicBlockInContext(e->context, k.function, "body");
    LLVMPositionBuilderAtEnd(e->builder, k.entry);
    LLVMBuildBr(e->builder, body);
    LLVMPositionBuilderAtEnd(e->builder, body);
    emit_clocks_begin(e, part);
    call_region(&k, region);
    LLVMBuildRetVoid(e->builder);
    return k.function;
}

struct kernel_functions emit_kernel_functions(struct emitter *e)
{
    static const int before[] = {PARAM_IN, PARAM_UNIFORM};
    static const int tile[] = {PARAM_IN, PARAM_OUT, PARAM_UNIFORM, PARAM_SCRATCH, PARAM_SUMS};
    static const int after[] = {PARAM_IN, PARAM_OUT, PARAM_UNIFORM, PARAM_SUMS};
    struct kernel_functions functions;
    functions.before = build_part(e, e->plan->before, "before", before, 2);
    functions.tile = build_part(e, e->plan->tile, "tile", tile, 5);
    functions.after = build_part(e, e->plan->after, "after", after, 4);
    return functions;
}

struct kernel_functions emit_kernel_declarations(struct emitter *e)
{
    struct kernel_functions functions;
    functions.before = declare_part(e, "before", 2);
    functions.tile = declare_part(e, "tile", 5);
    functions.after = declare_part(e, "after", 4);
    return functions;
}
