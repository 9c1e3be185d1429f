/* SPDX-License-Identifier: MIT
 *
 * The table of passes, and running all of them with a check after each. */
#include "pass/pass.h"

const struct pass pass_list[] = {
#define PASS(pass_name, function, text) {.name = (pass_name), .help = (text), .run = (function)},
#include "pass/pass_list.def"
};

const int pass_count = (int)(sizeof pass_list / sizeof pass_list[0]);

/* Weights are rounded once, outside of the loops that use them. */
static const struct pass mixed[] = {
    {.name = "narrow", .help = "round to bfloat16 what large products multiply", .run = pass_narrow},
    {.name = "hoist-narrow", .help = "round weights outside of loops", .run = pass_hoist},
    {.name = "dead-narrow", .help = "remove what that left over", .run = pass_dead},
};

static struct ir_graph *run(const struct ir_graph *graph, int n, const struct pass *list, const char **fault,
                            void (*dump)(void *data, const char *pass, const struct ir_graph *graph),
                            void *data)
{
    struct ir_graph *result = NULL;
    *fault = NULL;
    for (int i = 0; i < n; i++) {
        result = list[i].run(result ? result : graph);
        const char *broken = ir_verify(result);
        if (broken) {
            *fault = arena_printf(graph->arena, "after pass %s: %s", list[i].name, broken);
            return NULL;
        }
        if (dump)
            dump(data, list[i].name, result);
    }
    return result;
}

struct ir_graph *pass_run_all(const struct ir_graph *graph, const char **fault,
                              void (*dump)(void *data, const char *pass, const struct ir_graph *graph),
                              void *data)
{
    return run(graph, pass_count, pass_list, fault, dump, data);
}

struct ir_graph *pass_run_mixed(const struct ir_graph *graph, const char **fault,
                                void (*dump)(void *data, const char *pass, const struct ir_graph *graph),
                                void *data)
{
    const struct ir_graph *simple = pass_run_all(graph, fault, dump, data);
    return simple ? run(simple, (int)(sizeof mixed / sizeof mixed[0]), mixed, fault, dump, data) : NULL;
}
