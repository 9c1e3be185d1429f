/* SPDX-License-Identifier: MIT
 *
 * Takes the name of a processor, gives what its vectors can do and a target machine of LLVM for it; and wraps
 * the few calls of LLVM whose errors come back as texts that somebody must free. What differs between LLVM 16
 * and 19 is settled here and nowhere else.
 *
 * LLVM registers its back ends in memory of its own, once a process; this file sees to that, so callers in
 * several threads need no care. Everything that is returned belongs to the arena and ends with it. */
#ifndef GPFC_EMIT_LLVM_COMPAT_H
#define GPFC_EMIT_LLVM_COMPAT_H

#include "base/base.h"

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>
#include <llvm/Config/llvm-config.h>

#if LLVM_VERSION_MAJOR < 16
#error "gpfc needs LLVM 16 or newer (opaque pointers)"
#endif

enum target_family {
#define TARGET_FAMILY(name, architecture, bits, registers, fma) TARGET_##name,
#include "target/target_cpu.def"
    TARGET_FAMILY_COUNT
};

struct target_cpu {
    char name[64];        /* as LLVM knows it: "znver3" */
    const char *features; /* for LLVM; "" where the name says all. "+avx2,-avx512f,..." for the host */
    char triple[128];     /* "x86_64-pc-linux-gnu" */
    enum target_family family;
    int vector_bits; /* of one register: 512, 256 or 128 */
    int registers;   /* vector registers: 32 or 16 */
    bool has_fma;
    bool has_avx512; /* F, DQ, BW and VL */
    bool has_bfloat; /* AVX512-BF16: sums of two products of bfloat16 numbers */
    bool is_host;    /* code for it runs on this machine, as far as its vectors go */
};

/* `name`: a row of target_cpu.def, or "native" (NULL: the same) for this machine and exactly its features.
 * False: the name is unknown; *fault says so and names one that is near. */
bool target_cpu_find(struct arena *arena, const char *name, struct target_cpu *out,
                     const char **fault) MUST_CHECK;

/* The features that the runtime asks the machine for before it runs the code: "+avx2,+fma". */
const char *target_cpu_needs(const struct target_cpu *cpu);

/* "native x86-64 .. a64fx", blank-separated, for --help. */
const char *target_cpu_names(struct arena *arena);

/* Position-independent code, default optimisation. NULL: *fault says why. */
LLVMTargetMachineRef target_machine_new(struct arena *arena, const struct target_cpu *cpu,
                                        const char **fault) MUST_CHECK;

/* Triple and data layout, before anything is built in the module. */
void target_module_set(LLVMTargetMachineRef machine, LLVMModuleRef module);

/* Processor, features and the full vector width: LLVM halves 512-bit vectors on some processors unless told
 * not to. */
void target_function_set(const struct target_cpu *cpu, LLVMValueRef function);

/* NULL: the module is sound; else what LLVM's verifier says. */
const char *module_fault(struct arena *arena, LLVMModuleRef module) MUST_CHECK;

/* `passes` as for opt: "default<O2>". */
bool module_optimize(struct arena *arena, LLVMModuleRef module, LLVMTargetMachineRef machine,
                     const char *passes, const char **fault) MUST_CHECK;

/* Object code or assembly (LLVMObjectFile, LLVMAssemblyFile), with a NUL past the end. */
bool module_emit(struct arena *arena, LLVMModuleRef module, LLVMTargetMachineRef machine,
                 LLVMCodeGenFileType kind, const char **bytes, size_t *length, const char **fault) MUST_CHECK;

/* The module as LLVM's text. */
const char *module_text(struct arena *arena, LLVMModuleRef module);

#endif
