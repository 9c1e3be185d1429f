/* SPDX-License-Identifier: MIT
 *
 * Target machines by processor name, and LLVM's calls with what they allocate put into the arena's care.
 * Which processors there are stands in target_cpu.def. */
#include "emit_llvm/llvm_compat.h"

#include <assert.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct family_row {
    const char *architecture;
    int bits, registers;
    bool fma;
};

static const struct family_row families[TARGET_FAMILY_COUNT] = {
#define TARGET_FAMILY(name, architecture, bits, registers, fma)                                              \
    [TARGET_##name] = {architecture, bits, registers, fma},
#include "target/target_cpu.def"
};

struct cpu_row {
    const char *name, *llvm_name;
    enum target_family family;
    unsigned since;
};

static const struct cpu_row cpus[] = {
#define TARGET_CPU(name, llvm_name, family, since) {name, llvm_name, TARGET_##family, since},
#include "target/target_cpu.def"
};
enum { CPU_COUNT = sizeof cpus / sizeof cpus[0] };

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

static unsigned llvm_major(void)
{
    unsigned major, minor, patch;
    LLVMGetVersion(&major, &minor, &patch);
    return major;
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

/* ---- processors ---------------------------------------------------------------------------------------- */

static void copy_text(char *to, size_t room, const char *from)
{
    size_t length = strlen(from);
    assert(length < room);
    memcpy(to, from, length + 1);
}

static bool starts_with(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Whether "+word" is one of the comma-separated features. */
static bool has_feature(const char *features, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = features; (at = strchr(at, '+')); at++)
        if (strncmp(at + 1, word, length) == 0 && (at[1 + length] == ',' || at[1 + length] == 0))
            return true;
    return false;
}

static enum target_family family_from_features(const char *triple, const char *features)
{
    if (starts_with(triple, "aarch64") || starts_with(triple, "arm64"))
        return TARGET_NEON;
    if (has_feature(features, "avx512f") && has_feature(features, "avx512dq") &&
        has_feature(features, "avx512bw") && has_feature(features, "avx512vl"))
        return has_feature(features, "avx512bf16") ? TARGET_AVX512BF : TARGET_AVX512;
    if (has_feature(features, "avx2") && has_feature(features, "fma"))
        return TARGET_AVX2;
    return has_feature(features, "avx") ? TARGET_AVX : TARGET_SSE2;
}

static void describe(struct target_cpu *cpu, enum target_family family)
{
    cpu->family = family;
    cpu->vector_bits = families[family].bits;
    cpu->registers = families[family].registers;
    cpu->has_fma = families[family].fma;
    cpu->has_avx512 = family == TARGET_AVX512 || family == TARGET_AVX512BF;
    cpu->has_bfloat = family == TARGET_AVX512BF;
}

static const char *ask(struct arena *arena, char *(*question)(void))
{
    struct owned *place = arena_own(arena, free_message);
    return keep_text(place, question());
}

static void find_host(struct arena *arena, struct target_cpu *out)
{
    const char *triple = ask(arena, LLVMGetDefaultTargetTriple);
    const char *name = ask(arena, LLVMGetHostCPUName);
    out->features = ask(arena, LLVMGetHostCPUFeatures);
    copy_text(out->triple, sizeof out->triple, triple);
    copy_text(out->name, sizeof out->name, name);
    describe(out, family_from_features(triple, out->features));
    out->is_host = true;
}

static const struct cpu_row *find_row(const char *name)
{
    for (size_t i = 0; i < CPU_COUNT; i++)
        if (strcmp(cpus[i].name, name) == 0 && cpus[i].since <= llvm_major())
            return &cpus[i];
    return NULL;
}

static const char *unknown_cpu(struct arena *arena, const char *name)
{
    const char *names[CPU_COUNT + 1] = {"native"};
    for (size_t i = 0; i < CPU_COUNT; i++)
        names[i + 1] = cpus[i].name;
    const char *near = nearest_word(name, names, CPU_COUNT + 1);
    if (near)
        return arena_printf(arena, "unknown CPU '%s'; did you mean '%s'?", name, near);
    return arena_printf(
        arena,
        "unknown CPU '%s'; 'native' is this machine, others are x86-64, haswell, skylake-avx512, "
        "znver4, generic-aarch64",
        name);
}

bool target_cpu_find(struct arena *arena, const char *name, struct target_cpu *out, const char **fault)
{
    targets_ready();
    *out = (struct target_cpu){.features = ""};
    struct target_cpu host = {.features = ""};
    find_host(arena, &host);
    if (!name || strcmp(name, "native") == 0) {
        *out = host;
        return true;
    }
    const struct cpu_row *row = find_row(name);
    if (!row) {
        *fault = unknown_cpu(arena, name);
        return false;
    }
    const char *architecture = families[row->family].architecture;
    bool same = strcmp(architecture, families[host.family].architecture) == 0;
    copy_text(out->name, sizeof out->name, row->llvm_name);
    copy_text(out->triple, sizeof out->triple,
              same ? host.triple : arena_printf(arena, "%s-unknown-linux-gnu", architecture));
    describe(out, row->family);
    out->is_host = same && row->family <= host.family;
    return true;
}

const char *target_cpu_names(struct arena *arena)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_add(&text, "native");
    for (size_t i = 0; i < CPU_COUNT; i++)
        if (cpus[i].since <= llvm_major())
            strbuf_addf(&text, " %s", cpus[i].name);
    return strbuf_text(&text);
}

const char *target_cpu_needs(const struct target_cpu *cpu)
{
    static const char *const family[] = {
        [TARGET_SSE2] = "+sse2",
        [TARGET_AVX] = "+avx",
        [TARGET_AVX2] = "+avx2,+fma",
        [TARGET_AVX512] = "+avx512f,+avx512dq,+avx512bw,+avx512vl",
        [TARGET_AVX512BF] = "+avx512f,+avx512dq,+avx512bw,+avx512vl,+avx512bf16",
        [TARGET_NEON] = "+neon",
    };
    return cpu->features[0] ? cpu->features : family[cpu->family];
}

/* ---- target machines ----------------------------------------------------------------------------------- */

LLVMTargetMachineRef target_machine_new(struct arena *arena, const struct target_cpu *cpu, const char **fault)
{
    targets_ready();
    struct owned *text = arena_own(arena, free_message), *place = arena_own(arena, free_machine);
    LLVMTargetRef target;
    char *message = NULL;
    if (LLVMGetTargetFromTriple(cpu->triple, &target, &message)) {
        const char *reason = keep_text(text, message);
        *fault = arena_printf(arena, "LLVM cannot compile for %s: %s", cpu->triple, reason);
        return NULL;
    }
    LLVMTargetMachineRef machine =
        LLVMCreateTargetMachine(target, cpu->triple, cpu->name, cpu->features, LLVMCodeGenLevelDefault,
                                LLVMRelocPIC, LLVMCodeModelDefault);
    place->object = machine;
    if (!machine)
        *fault =
            arena_printf(arena, "LLVM cannot make a target machine for %s on %s", cpu->name, cpu->triple);
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

void target_function_set(const struct target_cpu *cpu, LLVMValueRef function)
{
    char bits[16];
    snprintf(bits, sizeof bits, "%d", cpu->vector_bits);
    set_attribute(function, "target-cpu", cpu->name);
    if (cpu->features[0])
        set_attribute(function, "target-features", cpu->features);
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
