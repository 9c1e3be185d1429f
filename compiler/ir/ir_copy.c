/* SPDX-License-Identifier: MIT
 *
 * Copies of nodes into other graphs, through the constructors, so that whatever a transform changed is
 * simplified on the way. Bodies of loops are shared, not copied. */
#include "ir/ir_internal.h"

#include <assert.h>

static const struct ir_node *rebuild_ein(struct ir_graph *graph, const struct ir_node *node,
                                         const struct ir_node *const *args)
{
    static const unsigned char out[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    const struct ir_ein *ein = &node->ein;
    return ir_ein_labels(graph, ein->coefficient, node->n_args, args,
                         (const unsigned char(*)[IR_MAX_RANK])ein->labels, node->shape.rank, out, ein->size);
}

const struct ir_node *ir_rebuild(struct ir_graph *graph, const struct ir_node *node,
                                 const struct ir_node *const *args)
{
    assert(node->op != IR_INPUT);
    const struct ir_select *select = &node->select;
    if (node->op == IR_CONST)
        return ir_const(graph, node->shape, node->values);
    if (node->op == IR_EYE)
        return ir_eye(graph, node->shape.size[0]);
    if (node->op == IR_EIN)
        return rebuild_ein(graph, node, args);
    if (node->op == IR_ADD)
        return ir_add(graph, node->n_args, args);
    if (node->op == IR_SELECT)
        return ir_select(graph, args[0], select->axis, select->n_lead, select->lead, select->n_entries,
                         select->entries);
    if (node->op == IR_BSUM)
        return ir_bsum(graph, args[0]);
    if (node->op == IR_LOGDET)
        return ir_logdet(graph, args[0]);
    if (node->op == IR_INVERSE)
        return ir_inverse(graph, args[0]);
    if (node->op == IR_STEPS)
        return ir_steps(graph, node->steps, args);
    if (node->op == IR_RESULT)
        return ir_result(graph, args[0], node->result);
    if (node->op == IR_CLAMP)
        return ir_clamp(graph, args[0], node->range[0], node->range[1]);
    if (node->op == IR_INSIDE)
        return ir_inside(graph, args[0], node->range[0], node->range[1]);
    return ir_unary(graph, node->op, args[0]);
}

/* needed[id] for all nodes that the marked ones stand on; where map[] has an image the walk ends. */
static void spread(const struct ir_graph *graph, bool *needed, const struct ir_node *const *map)
{
    for (int id = graph->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = graph->nodes[id];
        if (!needed[id] || (map && map[id]))
            continue;
        for (int i = 0; i < node->n_args; i++)
            needed[node->args[i]->id] = true;
    }
}

void ir_mark_needed(const struct ir_graph *graph, bool *needed)
{
    for (int id = 0; id < graph->n_nodes; id++)
        needed[id] = false;
    for (int i = 0; i < graph->n_outputs; i++)
        needed[graph->outputs[i].value->id] = true;
    spread(graph, needed, NULL);
}

static int most_operands(const struct ir_graph *graph, const bool *needed)
{
    int most = 0;
    for (int id = 0; id < graph->n_nodes; id++)
        if (needed[id] && graph->nodes[id]->n_args > most)
            most = graph->nodes[id]->n_args;
    return most;
}

void ir_copy_into(struct ir_graph *to, const struct ir_graph *from, int n_roots,
                  const struct ir_node *const *roots, const struct ir_node **map)
{
    const int n_nodes = from->n_nodes; /* `to` may be the same graph, and grow */
    bool *needed = ARENA_ARRAY(to->arena, bool, (size_t)n_nodes);
    for (int i = 0; i < n_roots; i++)
        needed[roots[i]->id] = true;
    spread(from, needed, map);
    const int most = most_operands(from, needed);
    const struct ir_node **args = ARENA_ARRAY(to->arena, const struct ir_node *, (size_t)most);
    for (int id = 0; id < n_nodes; id++) {
        const struct ir_node *node = from->nodes[id];
        if (!needed[id] || map[id])
            continue;
        assert(node->op != IR_INPUT && "an input that nobody mapped");
        for (int i = 0; i < node->n_args; i++)
            args[i] = map[node->args[i]->id];
        map[id] = ir_rebuild(to, node, args);
    }
}
