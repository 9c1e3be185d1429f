/* SPDX-License-Identifier: MIT
 *
 * Machine code for CPUs, through LLVM. */
#include "drive/planner_cpu.h"

#include "emit_llvm/emit.h"
#include "tune/jit.h"

#include <string.h>

static const struct backend_deal *deal(struct arena *arena, const struct backend_task *task, int n_pieces)
{
    return (const struct backend_deal *)emit_nests_new(arena, task->n_kernels, task->kernels, n_pieces);
}

static struct backend_code *build(struct arena *arena, const struct backend_task *task,
                                  const struct backend_deal *dealt, int piece, const char **fault)
{
    const struct emit_share share = {.nests = (const struct emit_nests *)dealt, .part = piece};
    struct emit_module *module = emit_build(arena, task->target, task->real, task->n_kernels, task->kernels,
                                            dealt ? &share : NULL, task->bundle, fault);
    if (module && task->prefix)
        emit_rename(arena, module, task->n_kernels, task->kernels, task->prefix);
    return (struct backend_code *)module;
}

static bool optimize(struct arena *arena, struct backend_code *code, const char **fault)
{
    return emit_optimize(arena, (struct emit_module *)code, fault);
}

static bool print(struct arena *arena, const struct backend_code *code, enum gpfc_emit kind,
                  struct backend_bytes *out, const char **fault)
{
    const struct emit_module *module = (const struct emit_module *)code;
    if (kind == GPFC_EMIT_OBJECT)
        return emit_object(arena, module, &out->bytes, &out->length, fault);
    if (kind == GPFC_EMIT_ASM)
        return emit_assembly(arena, module, &out->bytes, &out->length, fault);
    out->bytes = emit_text(arena, module);
    out->length = strlen(out->bytes);
    return true;
}

static struct backend_loaded *load(struct arena *arena, const struct backend_bytes *object,
                                   const char **fault)
{
    return (struct backend_loaded *)jit_new(arena, object->bytes, object->length, fault);
}

static const void *symbol(struct arena *arena, const struct backend_loaded *loaded, const char *name,
                          const char **fault)
{
    return jit_symbol(arena, (const struct jit *)loaded, name, fault);
}

extern const struct backend backend_llvm;
const struct backend backend_llvm = {
    .name = "llvm",
    .makes = 1u << GPFC_EMIT_LLVM | 1u << GPFC_EMIT_ASM | 1u << GPFC_EMIT_OBJECT | 1u << GPFC_EMIT_LIBRARY |
             1u << GPFC_EMIT_EXECUTABLE,
    .host = emit_host,
    .toolchain = emit_toolchain,
    .planner = &planner_cpu,
    .deal = deal,
    .build = build,
    .optimize = optimize,
    .print = print,
    .load = load,
    .symbol = symbol,
};
