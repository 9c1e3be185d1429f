/* SPDX-License-Identifier: MIT
 *
 * What all stages of a compile use: faults, dumps, texts of the report. */
#include "drive/compile.h"

#include <stdlib.h>
#include <string.h>

enum gpfc_status compile_fail(struct compile *c, enum gpfc_status status, const char *fault)
{
    diag_error(&c->diag, (struct place){.line = 0}, "%s", fault);
    return status;
}

bool compile_is_dumped(const struct compile *c, const char *stage)
{
    const char *list = c->options->dump;
    size_t length = strlen(stage);
    if (!list || !c->options->dumped)
        return false;
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
        size_t word = strcspn(at, ",");
        if ((word == length && memcmp(at, stage, word) == 0) || (word == 3 && memcmp(at, "all", 3) == 0))
            return true;
    }
    return false;
}

void compile_dump_graph(void *data, const char *stage, const struct ir_graph *graph)
{
    struct compile *c = data;
    if (!compile_is_dumped(c, stage))
        return;
    struct strbuf text;
    strbuf_init(&text, c->arena);
    ir_print(graph, &text);
    c->options->dumped(c->options->data, stage, strbuf_text(&text));
}

void compile_warn(struct compile *c, const char *text)
{
    diag_warning(&c->diag, (struct place){.line = 0}, "%s", text);
}

char *compile_keep(const struct compile *c, const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        arena_fail(c->arena);
    return copy;
}
