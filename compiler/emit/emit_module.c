/* SPDX-License-Identifier: MIT
 *
 * A module from kernels: set up, filled, verified, optimised. */
#include "emit/emitter.h"

#include <string.h>

static LLVMTypeRef real_type(LLVMContextRef context, bool is_double)
{
    return is_double ? LLVMDoubleTypeInContext(context) : LLVMFloatTypeInContext(context);
}

static void set_types(struct emitter *e, int vector)
{
    e->real = real_type(e->context, e->is_double);
    e->real_bytes = e->is_double ? 8 : 4;
    e->vector = LLVMVectorType(e->real, (unsigned)vector);
    e->index = LLVMInt64TypeInContext(e->context);
    e->pointer = LLVMPointerTypeInContext(e->context, 0);
    e->narrow_math = vector_math_for(e->module, e->builder, e->real, e->cpu->has_fma);
    e->wide_math = vector_math_for(e->module, e->builder, e->vector, e->cpu->has_fma);
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

static bool open_module(struct arena *arena, const struct target_cpu *cpu, struct emit_module *out,
                        const char **fault)
{
    *out = (struct emit_module){.machine = target_machine_new(arena, cpu, fault)};
    if (!out->machine)
        return false;
    struct owned *context = arena_own(arena, free_context), *module = arena_own(arena, free_module);
    context->object = out->context = LLVMContextCreate();
    module->object = out->module = LLVMModuleCreateWithNameInContext("gpfc", out->context);
    target_module_set(out->machine, out->module);
    return true;
}

static LLVMBuilderRef open_builder(struct arena *arena, LLVMContextRef context)
{
    struct owned *place = arena_own(arena, free_builder);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    place->object = builder;
    return builder;
}

bool emit_build(struct arena *arena, const struct target_cpu *cpu, bool is_double, int n_kernels,
                const struct emit_kernel *kernels, const struct emit_part *part, const struct emit_bundle *bundle,
                struct emit_module *out, const char **fault)
{
    if (!open_module(arena, cpu, out, fault))
        return false;
    struct emitter e = {.arena = arena, .cpu = cpu, .context = out->context, .module = out->module,
                        .is_double = is_double, .shared = part != NULL};
    e.builder = open_builder(arena, out->context);
    struct kernel_functions *functions =
        ARENA_ARRAY(arena, struct kernel_functions, (size_t)n_kernels + 1);
    for (int i = 0; i < n_kernels; i++) {
        e.plan = kernels[i].plan;
        e.kernel = kernels[i].name;
        e.n_functions = 0;
        set_types(&e, e.plan->schedule.vector);
        bool here = !part || (i >= part->first && i < part->end);
        if (here && kernels[i].clocked)
            emit_clocks_open(&e);
        functions[i] = here ? emit_kernel_functions(&e) : emit_kernel_declarations(&e);
        if (e.clocks)
            emit_clocks_close(&e);
    }
    if (bundle || !part)
        emit_bundle_symbols(&e, n_kernels, kernels, functions, bundle);
    *fault = module_fault(arena, out->module);
    return !*fault;
}

/* What the code of nests needs, and no more: stack slots to registers, common subexpressions, invariants out of loops. The
 * scalar nests of uniform work are vectorised. Anything that inlines or unrolls would undo the schedule. */
static const char PIPELINE[] =
    "constmerge,mergefunc,function(sroa,early-cse,simplifycfg,instcombine<no-verify-fixpoint>,loop-mssa(licm),gvn,"
    "loop-simplify,lcssa,loop-vectorize,instcombine<no-verify-fixpoint>,early-cse,simplifycfg,dse),constmerge,globaldce";

bool emit_optimize(struct arena *arena, struct emit_module *module, const char **fault)
{
    return module_optimize(arena, module->module, module->machine, PIPELINE, fault);
}
