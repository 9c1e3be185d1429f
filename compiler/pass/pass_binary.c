/* SPDX-License-Identifier: MIT
 *
 * Splits products of three and more operands into products of two, in the cheapest order. Labels that a
 * single operand has are summed before anything else. */
#include "pass/pass_product.h"

static const struct ir_node *rule(void *data, struct ir_graph *to, const struct ir_node *node,
                                  const struct ir_node *const *args)
{
    (void)data;
    const struct ir_node *whole = pass_rebuild(to, node, args);
    if (whole->op != IR_EIN || whole->n_args < 2)
        return whole;
    struct product p = product_of(to, whole);
    for (int i = 0; i < p.n; i++)
        product_sum_private(&p, i);
    return product_split(&p);
}

struct ir_graph *pass_binary(const struct ir_graph *graph)
{
    return pass_rewrite(graph, rule, NULL, NULL);
}
