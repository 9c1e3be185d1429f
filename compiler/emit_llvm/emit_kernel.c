/* SPDX-License-Identifier: MIT
 *
 * The three functions of a kernel: loops over steps, and a call for each nest. */
#include "emit_llvm/emitter.h"

#include <assert.h>
#include <string.h>

enum { PARAM_IN, PARAM_OUT, PARAM_UNIFORM, PARAM_SCRATCH, PARAM_SUMS, PARAM_COUNT };

struct kernel_function {
    struct emitter *e;
    LLVMValueRef function;
    LLVMValueRef base[PARAM_COUNT];         /* NULL: this part has none */
    LLVMValueRef iteration[PLAN_MAX_DEPTH]; /* of the loops around */
    LLVMValueRef *in, *out;                 /* by port: the kernel's arrays, loaded once each */
    LLVMBasicBlockRef entry;
};

/* ---- constants ----------------------------------------------------------------------------------------- */

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

/* ---- nests --------------------------------------------------------------------------------------------- */

static LLVMValueRef address_of(struct kernel_function *k, const struct plan_value *value);

/* A call of the function that nests like this one share; it may be in another module. */
static void call_nest(struct kernel_function *k, const struct plan_nest *nest)
{
    struct emitter *e = k->e;
    const struct nest_use *use = &e->nests->uses[e->next_use++];
    const struct distinct_nest *distinct = &e->nests->distinct[use->which];
    assert(use->from == nest && "nests are called in the order in which they were listed");
    LLVMValueRef *function = &e->nest_function[use->which];
    if (!*function)
        *function = emit_nest_declare(e, distinct);
    LLVMValueRef *arguments = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)use->nest->n_params + 1);
    for (int i = 0; i < use->nest->n_params; i++)
        arguments[i] = address_of(k, use->params[i]);
    LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(*function), *function, arguments,
                   (unsigned)use->nest->n_params, "");
    emit_clocks_count(e, use->region, nest);
}

/* ---- addresses of values ------------------------------------------------------------------------------- */

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
    case PLAN_STACK: /* not apart on a CPU */
    case PLAN_NOWHERE:
        break;
    }
    return NULL;
}

static LLVMValueRef address_of(struct kernel_function *k, const struct plan_value *value)
{
    struct emitter *e = k->e;
    LLVMValueRef base = space_base(k, value), offset = emit_constant_index(e, value->offset);
    LLVMTypeRef type = e->real;
    assert(base && "a value of another part of the kernel is read");
    if (value->bfloat) {
        base = LLVMBuildGEP2(e->builder, type, base, &offset, 1, "");
        offset = emit_constant_index(e, 0);
        type = LLVMInt16TypeInContext(e->context);
    }
    for (int depth = 0; depth < PLAN_MAX_DEPTH; depth++)
        if (value->step[depth]) {
            LLVMValueRef step = emit_constant_index(e, value->step[depth]);
            step = LLVMBuildMul(e->builder, step, k->iteration[depth], "");
            offset = LLVMBuildAdd(e->builder, offset, step, "");
        }
    return LLVMBuildGEP2(e->builder, type, base, &offset, 1, "");
}

/* ---- regions ------------------------------------------------------------------------------------------- */

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

static void call_limited_loop(struct kernel_function *k, const struct plan_region *region,
                              const struct plan_loop *plan)
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
        if (plan_is_rest_read(region->graph, plan, r))
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
            call_nest(k, region->items[i].nest);
    }
}

static LLVMValueRef declare_part(struct emitter *e, const char *part, int n_params)
{
    LLVMTypeRef types[PARAM_COUNT];
    for (int i = 0; i < n_params; i++)
        types[i] = e->pointer;
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->context), types, (unsigned)n_params, false);
    const char *name = arena_printf(e->arena, "%s_%s", e->kernel, part);
    LLVMValueRef function = LLVMAddFunction(e->module, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
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
    target_function_set(e->target, k.function);
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
