/* SPDX-License-Identifier: MIT
 *
 * For tests that read specs: a text read into a spec and checked into a model, with all memory in one
 * place. */
#ifndef GPFC_SPEC_FIXTURE_H
#define GPFC_SPEC_FIXTURE_H

#include "model/base_model.h"
#include "model/model.h"
#include "spec/spec.h"

struct reading {
    struct arena *arena;
    struct source source;
    struct diag diag;
    struct spec spec;
    struct model model;
    bool spec_good, model_good;
};

/* The reading owns its arena; the text must outlive it. Memory failures end in the arena's trap. */
static inline struct reading *read_bytes(const char *name, const char *text, size_t length)
{
    struct arena *arena = arena_new();
    if (!arena)
        return NULL;
    struct reading *r = ARENA_NEW(arena, struct reading);
    r->arena = arena;
    r->source = (struct source){.name = name, .text = text, .length = length};
    diag_init(&r->diag, arena);
    r->spec_good = spec_read(arena, &r->source, &r->diag, &r->spec);
    r->model_good = model_from_spec(arena, &r->spec, &r->diag, &r->model);
    return r;
}

static inline void free_reading(const struct reading *r)
{
    arena_free(r->arena);
}

#endif
