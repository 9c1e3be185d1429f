/* SPDX-License-Identifier: MIT
 *
 * Gives a target machine of LLVM for a processor, and wraps the few calls of LLVM whose errors come back
 * as texts that somebody must free. What differs between LLVM 16 and 19 is settled here and nowhere else.
 *
 * LLVM registers its back ends in memory of its own, once a process; this file sees to that, so callers
 * in several threads need no care. Everything that is returned belongs to the arena and ends with it. */
#ifndef GPFC_EMIT_LLVM_COMPAT_H
#define GPFC_EMIT_LLVM_COMPAT_H

#include "target/target.h"

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>
#include <llvm/Config/llvm-config.h>

#if LLVM_VERSION_MAJOR < 16
#error "gpfc needs LLVM 16 or newer (opaque pointers)"
#endif

/* Position-independent code, default optimisation. NULL: *fault says why. */
LLVMTargetMachineRef target_machine_new(struct arena *arena, const struct target *target,
                                        const char **fault) MUST_CHECK;

/* Triple and data layout, before anything is built in the module. */
void target_module_set(LLVMTargetMachineRef machine, LLVMModuleRef module);

/* Processor, features and the full vector width: LLVM halves 512-bit vectors on some processors unless told
 * not to. */
void target_function_set(const struct target *target, LLVMValueRef function);

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
