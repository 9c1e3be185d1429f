/* SPDX-License-Identifier: MIT
 *
 * Processors by name: what target_cpu.def promises about vectors is what LLVM emits, LLVM knows every name,
 * and a wrong name is reported with the nearest one. */
#include "check.h"
#include "drive/backend.h"
#include "emit_llvm/llvm_compat.h"

#include <unistd.h>

static const char *names[] = {
#define CPU(name, ...) name,
#include "target/target_cpu.def"
};

struct compiled {
    struct arena *arena;
    struct target target;
    const char *assembly;
};

/* y[i] = a[i] * b[i] + y[i] over one full register, fused where the processor can. */
static void build_multiply_add(LLVMModuleRef module, const struct target *target)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMTypeRef vector = LLVMVectorType(LLVMFloatTypeInContext(context),
                                        (unsigned)(target_cpu(target)->machine.vector_bits / 32));
    LLVMTypeRef pointer = LLVMPointerTypeInContext(context, 0);
    LLVMTypeRef type =
        LLVMFunctionType(LLVMVoidTypeInContext(context), (LLVMTypeRef[]){pointer, pointer, pointer}, 3, 0);
    LLVMValueRef function = LLVMAddFunction(module, "multiply_add", type);
    target_function_set(target, function);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function, ""));
    LLVMValueRef operands[3];
    for (unsigned i = 0; i < 3; i++)
        operands[i] = LLVMBuildLoad2(builder, vector, LLVMGetParam(function, i), "");
    unsigned id = LLVMLookupIntrinsicID("llvm.fma", 8);
    LLVMValueRef fma = LLVMGetIntrinsicDeclaration(module, id, &vector, 1);
    LLVMValueRef sum =
        target_cpu(target)->machine.has_fma
            ? LLVMBuildCall2(builder, LLVMIntrinsicGetType(context, id, &vector, 1), fma, operands, 3, "")
            : LLVMBuildFAdd(builder, LLVMBuildFMul(builder, operands[0], operands[1], ""), operands[2], "");
    LLVMBuildStore(builder, sum, LLVMGetParam(function, 2));
    LLVMBuildRetVoid(builder);
    LLVMDisposeBuilder(builder);
}

static void compile(const char *name, struct compiled *out)
{
    const char *fault = NULL;
    out->arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(out->arena);
    CU_ASSERT_TRUE_FATAL(backend_target(out->arena, name, &out->target, &fault));
    LLVMTargetMachineRef machine = target_machine_new(out->arena, &out->target, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("probe", context);
    target_module_set(machine, module);
    build_multiply_add(module, &out->target);
    CU_ASSERT_PTR_NULL_FATAL(module_fault(out->arena, module));
    size_t length;
    CU_ASSERT_TRUE_FATAL(module_optimize(out->arena, module, machine, "default<O2>", &fault));
    CU_ASSERT_TRUE_FATAL(
        module_emit(out->arena, module, machine, LLVMAssemblyFile, &out->assembly, &length, &fault));
    CU_ASSERT_EQUAL(strlen(out->assembly), length);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
}

static bool has(const struct compiled *code, const char *text)
{
    return strstr(code->assembly, text) != NULL;
}

static bool as_promised(const struct compiled *code)
{
    switch (code->target.cpu.family) {
    case TARGET_SSE2:
        return has(code, "mulps") && !has(code, "vmulps") && has(code, "%xmm");
    case TARGET_AVX:
        return has(code, "vmulps") && has(code, "%ymm");
    case TARGET_AVX2:
        return has(code, "vfmadd") && has(code, "%ymm");
    case TARGET_AVX512:
    case TARGET_AVX512BF:
        return has(code, "vfmadd") && has(code, "%zmm");
    case TARGET_NEON:
        return has(code, "fmla") && has(code, ".4s");
    case TARGET_FAMILY_COUNT:
        break;
    }
    return false;
}

/* Some rows are of later releases of LLVM. */
static bool known_here(const char *name)
{
    struct arena *arena = arena_new();
    struct target target;
    const char *fault;
    bool known = backend_target(arena, name, &target, &fault);
    arena_free(arena);
    return known;
}

static void every_row_holds(void)
{
    size_t n = 0;
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        if (!known_here(names[i]))
            continue;
        struct compiled code;
        compile(names[i], &code);
        if (!as_promised(&code))
            (void)fprintf(stderr, "%s:\n%s\n", names[i], code.assembly);
        CU_ASSERT_TRUE(as_promised(&code));
        arena_free(code.arena);
        n++;
    }
    CU_ASSERT_TRUE(n >= 60);
}

/* LLVM says on stderr that it does not know a processor or a feature, and goes on. */
static void llvm_knows_every_name(void)
{
    FILE *kept = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
    (void)fflush(stderr);
    int before = dup(STDERR_FILENO);
    CU_ASSERT_TRUE_FATAL(before >= 0 && dup2(fileno(kept), STDERR_FILENO) >= 0);
    for (size_t i = 0; i < CHECK_COUNT(names); i++) {
        if (!known_here(names[i]))
            continue;
        struct compiled code;
        compile(names[i], &code);
        arena_free(code.arena);
    }
    (void)fflush(stderr);
    CU_ASSERT_TRUE_FATAL(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    CU_ASSERT_EQUAL(lseek(fileno(kept), 0, SEEK_END), 0);
    (void)fclose(kept);
}

static void the_host_is_recognised(void)
{
    struct arena *arena = arena_new();
    struct target host, again;
    const char *fault = NULL;
    CU_ASSERT_TRUE(backend_target(arena, NULL, &host, &fault));
    CU_ASSERT_TRUE(backend_target(arena, "native", &again, &fault));
    CU_ASSERT_STRING_EQUAL(host.name, again.name);
    CU_ASSERT_STRING_EQUAL(host.features, again.features);
    CU_ASSERT_TRUE(host.is_host && host.name[0] && host.cpu.triple[0] && host.cpu.machine.vector_bits >= 128);
    arena_free(arena);
}

static void only_what_the_host_runs_counts_as_host(void)
{
    struct arena *arena = arena_new();
    struct target host, x86, arm;
    const char *fault = NULL;
    CU_ASSERT_TRUE(backend_target(arena, "native", &host, &fault));
    CU_ASSERT_TRUE(backend_target(arena, "x86-64", &x86, &fault));
    CU_ASSERT_TRUE(backend_target(arena, "generic-aarch64", &arm, &fault));
    CU_ASSERT_EQUAL(x86.is_host, host.cpu.family != TARGET_NEON);
    CU_ASSERT_EQUAL(arm.is_host, host.cpu.family == TARGET_NEON);
    arena_free(arena);
}

static void unknown_names_are_reported(void)
{
    struct arena *arena = arena_new();
    struct target cpu;
    const char *fault = NULL;
    CU_ASSERT_FALSE(backend_target(arena, "haswel", &cpu, &fault));
    CU_ASSERT_PTR_NOT_NULL_FATAL(fault);
    CU_ASSERT_STRING_EQUAL(fault, "unknown CPU 'haswel'; did you mean 'haswell'?");
    CU_ASSERT_FALSE(backend_target(arena, "turing-machine", &cpu, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "unknown CPU 'turing-machine'"));
    CU_ASSERT_FALSE(backend_target(arena, "", &cpu, &fault));
    arena_free(arena);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"the vectors of every processor are as promised", every_row_holds},
        {"LLVM knows every name", llvm_knows_every_name},
        {"the host is recognised", the_host_is_recognised},
        {"only what the host runs counts as host", only_what_the_host_runs_counts_as_host},
        {"unknown names are reported", unknown_names_are_reported},
    };
    return check_main("llvm_compat", cases, CHECK_COUNT(cases));
}
