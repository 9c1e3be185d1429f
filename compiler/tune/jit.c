/* SPDX-License-Identifier: MIT
 *
 * LLVM's linker in memory. */
#include "tune/jit.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>

struct jit {
    LLVMOrcLLJITRef linker;
};

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

struct jit *jit_new(struct arena *arena, const char *bytes, size_t length, const char **fault)
{
    struct jit *jit = ARENA_NEW(arena, struct jit);
    struct owned *place = arena_own(arena, free_jit);
    LLVMErrorRef error = LLVMOrcCreateLLJIT(&jit->linker, NULL);
    place->object = jit->linker;
    if (!error)
        error = add_object(jit->linker, bytes, length);
    if (!error)
        return jit;
    *fault = take_error(arena, error);
    return NULL;
}

const void *jit_symbol(struct arena *arena, const struct jit *jit, const char *symbol, const char **fault)
{
    LLVMOrcExecutorAddress address = 0;
    LLVMErrorRef error = LLVMOrcLLJITLookup(jit->linker, &address, symbol);
    if (error)
        *fault = take_error(arena, error);
    return error ? NULL : (const void *)(uintptr_t)address;
}
