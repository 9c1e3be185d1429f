/* SPDX-License-Identifier: MIT */
#include "unit/compiler/emit_llvm/vector_math_kernels.h"

#include "drive/backend.h"

#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <stdlib.h>
#include <string.h>

const double kernel_range[2] = {-0.75, 1.5};

struct kernel_set {
    LLVMOrcLLJITRef jit;
};

static void name_of(struct kernel_key key, char name[64])
{
    snprintf(name, 64, "%s_%s_%d_%s_%d", ir_op_name(key.op), key.real == REAL_8 ? "f64" : "f32", key.lanes,
             key.has_fma ? "fma" : "plain", key.tanh);
}

static LLVMTypeRef type_of(struct kernel_key key, LLVMContextRef context)
{
    LLVMTypeRef element =
        key.real == REAL_8 ? LLVMDoubleTypeInContext(context) : LLVMFloatTypeInContext(context);
    return key.lanes ? LLVMVectorType(element, (unsigned)key.lanes) : element;
}

/* out[at] = f(in[at]), at counted in vectors; arrays are aligned as their elements are. */
static void build_element(LLVMModuleRef module, LLVMBuilderRef builder, LLVMValueRef function,
                          LLVMValueRef at, struct kernel_key key)
{
    LLVMTypeRef type = type_of(key, LLVMGetModuleContext(module));
    struct vector_math m = vector_math_for(module, builder, type, key.has_fma);
    m.tanh = key.tanh;
    LLVMValueRef from = LLVMBuildGEP2(builder, type, LLVMGetParam(function, 0), &at, 1, "");
    LLVMValueRef to = LLVMBuildGEP2(builder, type, LLVMGetParam(function, 1), &at, 1, "");
    LLVMValueRef x = LLVMBuildLoad2(builder, type, from, "");
    LLVMSetAlignment(x, key.real == REAL_8 ? 8 : 4);
    LLVMValueRef stored = LLVMBuildStore(builder, vector_elementwise(&m, key.op, x, kernel_range), to);
    LLVMSetAlignment(stored, key.real == REAL_8 ? 8 : 4);
}

static LLVMValueRef add_function(LLVMModuleRef module, const struct target *target, struct kernel_key key)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMTypeRef pointer = LLVMPointerTypeInContext(context, 0);
    LLVMTypeRef parameters[3] = {pointer, pointer, LLVMInt64TypeInContext(context)};
    char name[64];
    name_of(key, name);
    LLVMValueRef function =
        LLVMAddFunction(module, name, LLVMFunctionType(LLVMVoidTypeInContext(context), parameters, 3, false));
    target_function_set(target, function);
    return function;
}

/* for (at = 0; at < vectors; at++), vectors >= 1 */
static void build_loop(LLVMModuleRef module, const struct target *target, struct kernel_key key)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMTypeRef whole = LLVMInt64TypeInContext(context);
    LLVMValueRef function = add_function(module, target, key);
    LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(context, function, "entry");
    LLVMBasicBlockRef loop = LLVMAppendBasicBlockInContext(context, function, "loop");
    LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(context, function, "done");
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    LLVMPositionBuilderAtEnd(builder, entry);
    LLVMBuildBr(builder, loop);
    LLVMPositionBuilderAtEnd(builder, loop);
    LLVMValueRef at = LLVMBuildPhi(builder, whole, "at");
    build_element(module, builder, function, at, key);
    LLVMValueRef next = LLVMBuildAdd(builder, at, LLVMConstInt(whole, 1, false), "");
    LLVMValueRef more = LLVMBuildICmp(builder, LLVMIntSLT, next, LLVMGetParam(function, 2), "");
    LLVMBuildCondBr(builder, more, loop, done);
    LLVMAddIncoming(at, (LLVMValueRef[]){LLVMConstInt(whole, 0, false), next},
                    (LLVMBasicBlockRef[]){entry, loop}, 2);
    LLVMPositionBuilderAtEnd(builder, done);
    LLVMBuildRetVoid(builder);
    LLVMDisposeBuilder(builder);
}

static void build_straight(LLVMModuleRef module, const struct target *target, struct kernel_key key)
{
    LLVMContextRef context = LLVMGetModuleContext(module);
    LLVMValueRef function = add_function(module, target, key);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, function, "entry"));
    build_element(module, builder, function, LLVMConstInt(LLVMInt64TypeInContext(context), 0, false), key);
    LLVMBuildRetVoid(builder);
    LLVMDisposeBuilder(builder);
}

const char *kernel_assembly(struct arena *arena, const struct target *target, int n,
                            const struct kernel_key *keys, const char **fault)
{
    LLVMTargetMachineRef machine = target_machine_new(arena, target, fault);
    if (!machine)
        return NULL;
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("kernels", context);
    target_module_set(machine, module);
    for (int i = 0; i < n; i++)
        build_straight(module, target, keys[i]);
    const char *text = NULL;
    size_t length;
    *fault = module_fault(arena, module);
    bool good = !*fault && module_optimize(arena, module, machine, "default<O2>", fault) &&
                module_emit(arena, module, machine, LLVMAssemblyFile, &text, &length, fault);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    return good ? text : NULL;
}

/* ---- code that runs here ------------------------------------------------------------------------------- */

static const char *take_error(struct arena *arena, LLVMErrorRef error)
{
    char *message = LLVMGetErrorMessage(error);
    const char *kept = arena_strdup(arena, message);
    LLVMDisposeErrorMessage(message);
    return kept;
}

static bool add_kernels(struct arena *arena, LLVMOrcLLJITRef jit, const struct target *target,
                        LLVMTargetMachineRef machine, int n, const struct kernel_key *keys,
                        const char **fault)
{
    LLVMOrcThreadSafeContextRef shared = LLVMOrcCreateNewThreadSafeContext();
    LLVMModuleRef module =
        LLVMModuleCreateWithNameInContext("kernels", LLVMOrcThreadSafeContextGetContext(shared));
    target_module_set(machine, module);
    for (int i = 0; i < n; i++)
        build_loop(module, target, keys[i]);
    *fault = module_fault(arena, module);
    bool good = !*fault && module_optimize(arena, module, machine, "default<O2>", fault);
    LLVMOrcThreadSafeModuleRef held = LLVMOrcCreateNewThreadSafeModule(module, shared);
    LLVMOrcDisposeThreadSafeContext(shared);
    if (!good) {
        LLVMOrcDisposeThreadSafeModule(held);
        return false;
    }
    LLVMErrorRef error = LLVMOrcLLJITAddLLVMIRModule(jit, LLVMOrcLLJITGetMainJITDylib(jit), held);
    if (error)
        *fault = take_error(arena, error);
    return !error;
}

struct kernel_set *kernel_set_new(struct arena *arena, int n, const struct kernel_key *keys,
                                  const char **fault)
{
    struct target native;
    struct kernel_set *set = ARENA_NEW(arena, struct kernel_set);
    if (!backend_target(arena, "native", &native, fault))
        return NULL;
    LLVMTargetMachineRef machine = target_machine_new(arena, &native, fault);
    if (!machine)
        return NULL;
    LLVMOrcJITTargetMachineBuilderRef host = NULL;
    LLVMErrorRef error = LLVMOrcJITTargetMachineBuilderDetectHost(&host);
    LLVMOrcLLJITBuilderRef builder = error ? NULL : LLVMOrcCreateLLJITBuilder();
    if (!error) {
        LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(builder, host);
        error = LLVMOrcCreateLLJIT(&set->jit, builder);
    }
    if (error)
        *fault = take_error(arena, error);
    bool good = !error && add_kernels(arena, set->jit, &native, machine, n, keys, fault);
    return good ? set : NULL;
}

vector_kernel *kernel_set_find(struct kernel_set *set, struct kernel_key key)
{
    char name[64];
    name_of(key, name);
    LLVMOrcExecutorAddress address = 0;
    LLVMErrorRef error = LLVMOrcLLJITLookup(set->jit, &address, name);
    if (error) {
        LLVMConsumeError(error);
        return NULL;
    }
    return (vector_kernel *)(uintptr_t)address;
}

void kernel_set_free(struct kernel_set *set)
{
    LLVMErrorRef error = set ? LLVMOrcDisposeLLJIT(set->jit) : NULL;
    if (error)
        LLVMConsumeError(error);
}
