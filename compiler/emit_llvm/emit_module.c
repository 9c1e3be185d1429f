/* SPDX-License-Identifier: MIT
 *
 * A module from kernels: set up, filled, verified, optimised. */
#include "emit_llvm/emitter.h"

#include <string.h>

static LLVMTypeRef real_type(LLVMContextRef context, enum real real)
{
    return real == REAL_8 ? LLVMDoubleTypeInContext(context) : LLVMFloatTypeInContext(context);
}

static void set_types(struct emitter *e, int vector)
{
    e->real = real_type(e->context, e->real_bytes);
    e->vector = LLVMVectorType(e->real, (unsigned)vector);
    e->index = LLVMInt64TypeInContext(e->context);
    e->pointer = LLVMPointerTypeInContext(e->context, 0);
    e->narrow_math = vector_math_for(e->module, e->builder, e->real, target_cpu(e->target)->machine.has_fma);
    e->wide_math = vector_math_for(e->module, e->builder, e->vector, target_cpu(e->target)->machine.has_fma);
}

static void free_context(void *context)
{
    LLVMContextDispose(context);
}

static void free_module(void *module)
{
    LLVMDisposeModule(module);
}

static void free_builder(void *builder)
{
    LLVMDisposeBuilder(builder);
}

static struct emit_module *open_module(struct arena *arena, const struct target *target, const char **fault)
{
    struct emit_module *out = ARENA_NEW(arena, struct emit_module);
    out->machine = target_machine_new(arena, target, fault);
    if (!out->machine)
        return NULL;
    struct owned *context = arena_own(arena, free_context), *module = arena_own(arena, free_module);
    context->object = out->context = LLVMContextCreate();
    module->object = out->module = LLVMModuleCreateWithNameInContext("gpfc", out->context);
    target_module_set(out->machine, out->module);
    return out;
}

static LLVMBuilderRef open_builder(struct arena *arena, LLVMContextRef context)
{
    struct owned *place = arena_own(arena, free_builder);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    place->object = builder;
    return builder;
}

/* The types of a schedule's vectors, if they are others than those at hand. */
static void use_schedule(struct emitter *e, const struct schedule *schedule)
{
    if (!e->schedule || e->schedule->cpu.vector != schedule->cpu.vector)
        set_types(e, schedule->cpu.vector);
    e->wide_math.tanh = (enum sched_tanh)schedule->cpu.tanh; /* uniform work has few of them */
    e->schedule = schedule;
}

static void build_kernels(struct emitter *e, int n_kernels, const struct bundle_kernel *kernels,
                          const struct bundle *bundle)
{
    struct kernel_functions *functions =
        ARENA_ARRAY(e->arena, struct kernel_functions, (size_t)n_kernels + 1);
    for (int i = 0; i < n_kernels; i++) {
        use_schedule(e, kernels[i].plan->schedule);
        e->plan = kernels[i].plan;
        e->kernel = kernels[i].name;
        if (kernels[i].clocked)
            emit_clocks_open(e);
        functions[i] = emit_kernel_functions(e);
        if (e->clocks)
            emit_clocks_close(e);
    }
    emit_bundle_symbols(e, n_kernels, kernels, functions, bundle);
}

static void build_nests(struct emitter *e, int part)
{
    for (int i = 0; i < e->nests->n_distinct; i++) {
        const struct distinct_nest *nest = &e->nests->distinct[i];
        if (nest->part != part)
            continue;
        use_schedule(e, nest->schedule);
        if (!e->nest_function[i])
            e->nest_function[i] = emit_nest_declare(e, nest);
        emit_nest_build(e, nest, e->nest_function[i]);
    }
}

struct emit_module *emit_build(struct arena *arena, const struct target *target, enum real real,
                               int n_kernels, const struct bundle_kernel *kernels,
                               const struct emit_share *share, const struct bundle *bundle,
                               const char **fault)
{
    struct emit_module *out = open_module(arena, target, fault);
    if (!out)
        return NULL;
    struct emitter e = {.arena = arena,
                        .target = target,
                        .context = out->context,
                        .module = out->module,
                        .real_bytes = real,
                        .shared = share};
    const int part = share ? share->part : 0;
    e.builder = open_builder(arena, out->context);
    e.nests = share ? share->nests : emit_nests_new(arena, n_kernels, kernels, 1);
    e.nest_function = ARENA_ARRAY(arena, LLVMValueRef, (size_t)e.nests->n_distinct + 1);
    if (part == 0)
        build_kernels(&e, n_kernels, kernels, bundle);
    build_nests(&e, part);
    *fault = module_fault(arena, out->module);
    return *fault ? NULL : out;
}

void emit_rename(struct arena *arena, struct emit_module *module, int n_kernels,
                 const struct bundle_kernel *kernels, const char *prefix)
{
    for (int k = 0; k < n_kernels; k++) {
        const char *old = arena_printf(arena, "gpfc_kernel_%s", kernels[k].name);
        const char *name = arena_printf(arena, "%s_kernel_%s", prefix, kernels[k].name);
        LLVMSetValueName2(LLVMGetNamedGlobal(module->module, old), name, strlen(name));
    }
}

/* What the code of nests needs, and no more: stack slots to registers, common subexpressions, invariants out
 * of loops. The scalar nests of uniform work are vectorised. Anything that inlines or unrolls would undo the
 * schedule. */
static const char PIPELINE[] =
    "constmerge,function(sroa,early-cse,simplifycfg,instcombine<no-verify-fixpoint>,loop-mssa(licm),gvn,"
    "loop-simplify,lcssa,loop-vectorize,instcombine<no-verify-fixpoint>,early-cse,simplifycfg,dse),"
    "constmerge,globaldce";

bool emit_optimize(struct arena *arena, struct emit_module *module, const char **fault)
{
    return module_optimize(arena, module->module, module->machine, PIPELINE, fault);
}

const char *emit_text(struct arena *arena, const struct emit_module *module)
{
    return module_text(arena, module->module);
}

bool emit_assembly(struct arena *arena, const struct emit_module *module, const char **text, size_t *length,
                   const char **fault)
{
    return module_emit(arena, module->module, module->machine, LLVMAssemblyFile, text, length, fault);
}

bool emit_object(struct arena *arena, const struct emit_module *module, const char **bytes, size_t *length,
                 const char **fault)
{
    return module_emit(arena, module->module, module->machine, LLVMObjectFile, bytes, length, fault);
}
