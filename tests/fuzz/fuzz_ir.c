/* SPDX-License-Identifier: MIT
 *
 * Fuzz target: the text form of the IR. Any bytes end in messages or in verified graphs, and a graph that was
 * read prints to a text that reads again. */
#include "fuzz/fuzz.h"
#include "ir/ir.h"

#include <stdlib.h>
#include <string.h>

static struct ir_graph **read_text(struct arena *arena, const char *text, size_t length, int *n)
{
    struct source *source = ARENA_NEW(arena, struct source);
    struct diag diag;
    *source = (struct source){"fuzz.ir", text, length};
    diag_init(&diag, arena);
    struct ir_graph **graphs = ir_parse(arena, source, &diag, n);
    demand((graphs != NULL) == (diag.errors == 0));
    return graphs;
}

static void check_graph(struct arena *arena, const struct ir_graph *graph)
{
    struct strbuf first;
    int n;
    demand(!ir_verify(graph));
    strbuf_init(&first, arena);
    ir_print(graph, &first);
    const struct ir_graph *const *again =
        (const struct ir_graph *const *)read_text(arena, strbuf_text(&first), first.length, &n);
    demand(again && n == 1);
    demand(again[0]->n_inputs == graph->n_inputs && again[0]->n_outputs == graph->n_outputs);
    (void)ir_count(again[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    jmp_buf failure;
    if (!arena)
        return 0;
    if (setjmp(failure) == 0) {
        arena_on_failure(arena, &failure);
        const char *text = arena_strndup(arena, (const char *)data, size);
        int n;
        struct ir_graph **graphs = read_text(arena, text, size, &n);
        for (int i = 0; i < n; i++)
            check_graph(arena, graphs[i]);
    }
    arena_free(arena);
    return 0;
}
