/* SPDX-License-Identifier: MIT
 *
 * The table of passes, and running all of them with a check after each. */
#include "pass/pass.h"

const struct pass pass_list[] = {
#define PASS(name, function, mixed) {name, function, mixed},
#include "pass/pass_list.def"
};

const int pass_count = (int)(sizeof pass_list / sizeof pass_list[0]);

struct ir_graph *pass_run(const struct ir_graph *graph, bool mixed, const char **fault, pass_dump *dump,
                          void *data)
{
    struct ir_graph *result = NULL;
    *fault = NULL;
    for (int i = 0; i < pass_count; i++) {
        if (pass_list[i].mixed && !mixed)
            continue;
        result = pass_list[i].run(result ? result : graph);
        const char *broken = ir_verify(result);
        if (broken) {
            *fault = arena_printf(graph->arena, "after pass %s: %s", pass_list[i].name, broken);
            return NULL;
        }
        if (dump)
            dump(data, pass_list[i].name, result);
    }
    return result;
}
