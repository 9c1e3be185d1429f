/* SPDX-License-Identifier: MIT
 *
 * Takes a graph whose derivatives are no longer needed; gives it without `hold`, so that a value and its held
 * copy are one again, and x - hold(x) is 0. */
#include "pass/pass_internal.h"

static const struct ir_node *rule(void *data, struct ir_graph *to, const struct ir_node *node,
                                  const struct ir_node *const *args)
{
    (void)data;
    return node->op == IR_HOLD ? args[0] : pass_rebuild(to, node, args);
}

struct ir_graph *pass_release(const struct ir_graph *graph)
{
    return pass_rewrite(graph, rule, NULL, NULL);
}
