/* SPDX-License-Identifier: MIT
 *
 * Rebuilding graphs node by node, in loops' bodies too, and small constructors for the passes. */
#include "pass/pass_internal.h"

const struct ir_node *pass_rebuild(struct ir_graph *to, const struct ir_node *node,
                                   const struct ir_node *const *args)
{
    return node->op == IR_BSUM ? ir_batch_sum(to, args[0]) : ir_rebuild(to, node, args);
}

struct ir_graph *pass_same_inputs(const struct ir_graph *from, const struct ir_node **map)
{
    struct ir_graph *to = ir_graph_new(from->arena, from->name);
    for (int i = 0; i < from->n_inputs; i++) {
        const struct ir_node *in = from->inputs[i];
        map[in->id] = ir_input(to, in->input.name, in->input.role, in->rate, in->shape);
    }
    return to;
}

static const struct ir_node *rewrite_loop(struct ir_graph *to, const struct ir_node *node,
                                          const struct ir_node *const *args, pass_rule *rule,
                                          pass_enter *enter, void *data)
{
    struct ir_steps steps = *node->steps;
    steps.body = pass_rewrite(node->steps->body, rule, enter, data);
    return ir_steps(to, &steps, args);
}

struct ir_graph *pass_rewrite(const struct ir_graph *from, pass_rule *rule, pass_enter *enter, void *data)
{
    const size_t n = (size_t)from->n_nodes + 1;
    bool *needed = ARENA_ARRAY(from->arena, bool, n);
    const struct ir_node **map = ARENA_ARRAY(from->arena, const struct ir_node *, n);
    struct ir_graph *to = pass_same_inputs(from, map);
    void *here = enter ? enter(data, from) : data;
    ir_mark_needed(from, needed);
    for (int id = 0; id < from->n_nodes; id++) {
        const struct ir_node *node = from->nodes[id];
        if (!needed[id] || map[id])
            continue;
        const struct ir_node **args =
            ARENA_ARRAY(from->arena, const struct ir_node *, (size_t)node->n_args + 1);
        for (int i = 0; i < node->n_args; i++)
            args[i] = map[node->args[i]->id];
        map[id] = node->op == IR_STEPS ? rewrite_loop(to, node, args, rule, enter, data)
                                       : rule(here, to, node, args);
    }
    for (int k = 0; k < from->n_outputs; k++)
        ir_output_add(to, from->outputs[k].name, map[from->outputs[k].value->id]);
    return to;
}

const struct ir_node *pass_copy_constant(struct ir_graph *to, const struct ir_graph *from,
                                         const struct ir_node *node)
{
    const struct ir_node **map = ARENA_ARRAY(to->arena, const struct ir_node *, (size_t)from->n_nodes + 1);
    ir_copy_into(to, from, 1, &node, map);
    return map[node->id];
}

const char *pass_input_name(const struct ir_graph *graph, const struct ir_graph *also, const char *prefix,
                            int *number)
{
    for (;;) {
        const char *name = arena_printf(graph->arena, "%s.%d", prefix, (*number)++);
        if (!ir_input_find(graph, name) && !(also && ir_input_find(also, name)))
            return name;
    }
}

const struct ir_node *pass_repeat(struct ir_graph *graph, const struct ir_node *x, int count)
{
    unsigned char labels[1][IR_MAX_RANK] = {{0}}, out[IR_MAX_RANK] = {0};
    int size[IR_MAX_RANK] = {count};
    for (int i = 0; i < x->shape.rank; i++) {
        labels[0][i] = out[i + 1] = (unsigned char)(i + 1);
        size[i + 1] = x->shape.size[i];
    }
    return ir_ein_labels(graph, 1.0, 1, &x, (const unsigned char(*)[IR_MAX_RANK])labels, x->shape.rank + 1,
                         out, size);
}

bool pass_is_view(const struct ir_node *node)
{
    return node->op == IR_EIN && node->n_args <= 1 && node->ein.n_labels == node->shape.rank;
}
