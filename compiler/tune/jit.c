/* SPDX-License-Identifier: MIT
 *
 * LLVM's linker in memory. */
#include "tune/jit.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>

static void free_jit(void *jit)
{
    LLVMConsumeError(LLVMOrcDisposeLLJIT(jit));
}

static void free_text(void *text)
{
    LLVMDisposeErrorMessage(text);
}

static const char *take_error(struct arena *arena, LLVMErrorRef error)
{
    struct owned *place = arena_own(arena, free_text);
    place->object = LLVMGetErrorMessage(error);
    return place->object;
}

/* The object's own linker takes the buffer, also where it fails. */
static LLVMErrorRef add_object(LLVMOrcLLJITRef jit, const char *bytes, size_t length)
{
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(bytes, length, "candidate");
    return LLVMOrcLLJITAddObjectFile(jit, LLVMOrcLLJITGetMainJITDylib(jit), buffer);
}

const struct gpfc_kernel *jit_kernel(struct arena *arena, const char *bytes, size_t length, const char *name,
                                     const char **fault)
{
    struct owned *place = arena_own(arena, free_jit);
    const char *symbol = arena_printf(arena, "gpfc_kernel_%s", name);
    LLVMOrcLLJITRef jit = NULL;
    LLVMOrcExecutorAddress address = 0;
    LLVMErrorRef error = LLVMOrcCreateLLJIT(&jit, NULL);
    place->object = jit;
    if (!error)
        error = add_object(jit, bytes, length);
    if (!error)
        error = LLVMOrcLLJITLookup(jit, &address, symbol);
    if (!error)
        return (const struct gpfc_kernel *)(uintptr_t)address;
    *fault = take_error(arena, error);
    return NULL;
}
