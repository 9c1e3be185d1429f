/* SPDX-License-Identifier: MIT
 *
 * What the passes share: rebuilding a graph node by node, in loops' bodies too. */
#ifndef GPFC_PASS_INTERNAL_H
#define GPFC_PASS_INTERNAL_H

#include "pass/pass.h"

/* ---- pass_rewrite.c ------------------------------------------------------------------------------------ */

/* ir_rebuild, but for a batch sum of what turned out to be the same for all samples: B times it. */
const struct ir_node *pass_rebuild(struct ir_graph *to, const struct ir_node *node,
                                   const struct ir_node *const *args);

/* Gives the replacement of `node`, whose operands are now args[]; by default pass_rebuild. Loops do not come
 * here. */
typedef const struct ir_node *pass_rule(void *data, struct ir_graph *to, const struct ir_node *node,
                                        const struct ir_node *const *args);

/* A new graph with the same inputs and outputs, every node that is needed replaced by the rule; bodies
 * likewise, from the inside out. `enter` (may be NULL) is called before the nodes of a graph are gone through
 * and gives the rule's data for it. */
typedef void *pass_enter(void *data, const struct ir_graph *from);
struct ir_graph *pass_rewrite(const struct ir_graph *from, pass_rule *rule, pass_enter *enter, void *data);

/* A new, empty graph with copies of all inputs; map[] by id of `from`. */
struct ir_graph *pass_same_inputs(const struct ir_graph *from, const struct ir_node **map);

/* A copy in `to` of a node of `from` that depends on no input. */
const struct ir_node *pass_copy_constant(struct ir_graph *to, const struct ir_graph *from,
                                         const struct ir_node *node);

/* "prefix.0", "prefix.1", ...: the first from *number on that is no input of the graph or of `also`; *number
 * is raised. */
const char *pass_input_name(const struct ir_graph *graph, const struct ir_graph *also, const char *prefix,
                            int *number);

/* x with a new leading axis of extent `count`, the same along it. */
const struct ir_node *pass_repeat(struct ir_graph *graph, const struct ir_node *x, int count);

/* An `ein` of at most one operand that sums nothing: broadcast, transpose, scale, fill. Free, or nearly. */
bool pass_is_view(const struct ir_node *node);

#endif
