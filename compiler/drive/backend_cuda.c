/* SPDX-License-Identifier: MIT
 *
 * CUDA C++ for any GPU, as one file. Programs come without plans, since those for GPUs are made here. */
#include "drive/kernel_cuda.h"

#include "emit_cuda/emit_cuda.h"

static struct backend_code *build(struct arena *arena, const struct backend_task *task,
                                  const struct backend_deal *deal, int piece, const char **fault)
{
    struct strbuf *text = ARENA_NEW(arena, struct strbuf);
    (void)deal;
    (void)piece;
    strbuf_init(text, arena);
    strbuf_add(text, emit_cuda_header(arena, task->real));
    for (int k = 0; k < task->n_kernels; k++) {
        const struct gpfc_cuda_kernel *row = kernel_cuda_new(arena, &task->kernels[k], task->real, fault);
        if (!row)
            return NULL;
        strbuf_add(text, row->text);
    }
    return (struct backend_code *)text;
}

static bool print(struct arena *arena, const struct backend_code *code, enum gpfc_emit kind,
                  struct backend_bytes *out, const char **fault)
{
    const struct strbuf *text = (const struct strbuf *)code;
    (void)kind;
    (void)fault;
    *out = (struct backend_bytes){arena_strndup(arena, strbuf_text(text), text->length), text->length};
    return true;
}

static const char *toolchain(struct arena *arena)
{
    (void)arena;
    return "CUDA C++";
}

extern const struct backend backend_cuda;
const struct backend backend_cuda = {
    .name = "cuda",
    .makes = 1u << GPFC_EMIT_CUDA,
    .any_processor = true,
    .toolchain = toolchain,
    .build = build,
    .print = print,
};
