/* SPDX-License-Identifier: MIT
 *
 * C11 for any processor; programs are written as they are, without plans. */
#include "drive/backend.h"

#include "emit_c/emit_c.h"

static struct backend_code *build(struct arena *arena, const struct backend_task *task,
                                  const struct backend_deal *deal, int piece, const char **fault)
{
    struct strbuf *text = ARENA_NEW(arena, struct strbuf);
    const struct emit_c what = {.lanes = task->lanes,
                                .real = task->real,
                                .n_kernels = task->n_kernels,
                                .kernels = task->kernels,
                                .bundle = task->bundle};
    (void)deal;
    (void)piece;
    strbuf_init(text, arena);
    return emit_c(arena, &what, text, fault) ? (struct backend_code *)text : NULL;
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
    return "C11";
}

extern const struct backend backend_c;
const struct backend backend_c = {
    .name = "c",
    .makes = 1u << GPFC_EMIT_C,
    .any_processor = true,
    .toolchain = toolchain,
    .build = build,
    .print = print,
};
