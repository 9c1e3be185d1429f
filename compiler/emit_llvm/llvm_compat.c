/* SPDX-License-Identifier: MIT
 *
 * Target machines, and LLVM's calls, with what they allocate owned by the arena. */
#include "emit_llvm/llvm_compat.h"

#include "emit_llvm/emit.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- start --------------------------------------------------------------------------------------------- */

static void register_targets(void)
{
    LLVMInitializeAllTargetInfos(); /* those that this LLVM was built with */
    LLVMInitializeAllTargets();
    LLVMInitializeAllTargetMCs();
    LLVMInitializeAllAsmPrinters();
    LLVMInitializeAllAsmParsers();
}

/* The list of back ends is LLVM's own and global to the process; registering is not safe in two threads at
 * once. */
static void targets_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_targets);
}

/* ---- what the arena owns ------------------------------------------------------------------------------- */

static void free_message(void *message)
{
    LLVMDisposeMessage(message);
}

static void free_error_message(void *message)
{
    LLVMDisposeErrorMessage(message);
}

static void free_buffer(void *buffer)
{
    LLVMDisposeMemoryBuffer(buffer);
}

static void free_machine(void *machine)
{
    LLVMDisposeTargetMachine(machine);
}

/* A text that LLVM allocated, in the place that was made before. */
static const char *keep_text(struct owned *place, char *text)
{
    place->object = text;
    return text ? text : "no reason given";
}

/* ---- the machine at hand ------------------------------------------------------------------------------- */

static const char *ask(struct arena *arena, char *(*question)(void))
{
    struct owned *place = arena_own(arena, free_message);
    return keep_text(place, question());
}

struct host emit_host(struct arena *arena)
{
    struct host host;
    unsigned minor, patch;
    LLVMGetVersion(&host.release, &minor, &patch);
    host.triple = ask(arena, LLVMGetDefaultTargetTriple);
    host.name = ask(arena, LLVMGetHostCPUName);
    host.features = ask(arena, LLVMGetHostCPUFeatures);
    return host;
}

const char *emit_toolchain(struct arena *arena)
{
    unsigned major, minor, patch;
    LLVMGetVersion(&major, &minor, &patch);
    return arena_printf(arena, "LLVM %u.%u.%u", major, minor, patch);
}

/* ---- target machines ----------------------------------------------------------------------------------- */

LLVMTargetMachineRef target_machine_new(struct arena *arena, const struct target *target, const char **fault)
{
    const char *triple = target_cpu(target)->triple;
    targets_ready();
    struct owned *text = arena_own(arena, free_message), *place = arena_own(arena, free_machine);
    LLVMTargetRef generator;
    char *message = NULL;
    if (LLVMGetTargetFromTriple(triple, &generator, &message)) {
        const char *reason = keep_text(text, message);
        *fault = arena_printf(arena, "LLVM cannot compile for %s: %s", triple, reason);
        return NULL;
    }
    LLVMTargetMachineRef machine =
        LLVMCreateTargetMachine(generator, triple, target->name, target->features, LLVMCodeGenLevelDefault,
                                LLVMRelocPIC, LLVMCodeModelDefault);
    place->object = machine;
    if (!machine)
        *fault = arena_printf(arena, "LLVM cannot make a target machine for %s on %s", target->name, triple);
    return machine;
}

void target_module_set(LLVMTargetMachineRef machine, LLVMModuleRef module)
{
    char *triple = LLVMGetTargetMachineTriple(machine);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
    LLVMSetTarget(module, triple);
    LLVMSetModuleDataLayout(module, layout);
    LLVMDisposeTargetData(layout);
    LLVMDisposeMessage(triple);
}

static void set_attribute(LLVMValueRef function, const char *key, const char *value)
{
    LLVMContextRef context = LLVMGetModuleContext(LLVMGetGlobalParent(function));
    LLVMAddAttributeAtIndex(
        function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
        LLVMCreateStringAttribute(context, key, (unsigned)strlen(key), value, (unsigned)strlen(value)));
}

void target_function_set(const struct target *target, LLVMValueRef function)
{
    char bits[16];
    snprintf(bits, sizeof bits, "%d", target_cpu(target)->machine.vector_bits);
    set_attribute(function, "target-cpu", target->name);
    if (target->features[0])
        set_attribute(function, "target-features", target->features);
    set_attribute(function, "prefer-vector-width", bits);
    set_attribute(function, "min-legal-vector-width", bits);
}

/* ---- modules ------------------------------------------------------------------------------------------- */

const char *module_fault(struct arena *arena, LLVMModuleRef module)
{
    struct owned *place = arena_own(arena, free_message);
    char *message = NULL;
    LLVMBool broken = LLVMVerifyModule(module, LLVMReturnStatusAction, &message);
    const char *text = keep_text(place, message);
    return broken ? text : NULL;
}

bool module_optimize(struct arena *arena, LLVMModuleRef module, LLVMTargetMachineRef machine,
                     const char *passes, const char **fault)
{
    struct owned *place = arena_own(arena, free_error_message);
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    /* register blocks are laid out by the schedule: unrolled further they spill */
    LLVMPassBuilderOptionsSetLoopUnrolling(options, false);
    LLVMPassBuilderOptionsSetSLPVectorization(options, false);
    LLVMErrorRef error = LLVMRunPasses(module, passes, machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (!error)
        return true;
    *fault = keep_text(place, LLVMGetErrorMessage(error));
    return false;
}

bool module_emit(struct arena *arena, LLVMModuleRef module, LLVMTargetMachineRef machine,
                 LLVMCodeGenFileType kind, const char **bytes, size_t *length, const char **fault)
{
    struct owned *text = arena_own(arena, free_message), *place = arena_own(arena, free_buffer);
    LLVMMemoryBufferRef buffer = NULL;
    char *message = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, kind, &message, &buffer)) {
        *fault = keep_text(text, message);
        return false;
    }
    place->object = buffer;
    *length = LLVMGetBufferSize(buffer);
    *bytes = LLVMGetBufferStart(buffer);
    return true;
}

const char *module_text(struct arena *arena, LLVMModuleRef module)
{
    struct owned *place = arena_own(arena, free_message);
    return keep_text(place, LLVMPrintModuleToString(module));
}
