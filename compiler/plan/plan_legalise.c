/* SPDX-License-Identifier: MIT
 *
 * Brings sums over the batch inside loops into the one form that can be computed tile by tile: a bsum of a
 * varying value that is added to a loop's output. Linear functions of a bsum move below it: A bsum(x) =
 * bsum(A x). Drops what serves derivatives only. */
#include "plan/plan.h"

/* Values of summed labels that one result of a sum over the batch of x goes through. */
static long summed(const struct ir_node *x)
{
    long n = x->op == IR_ADD ? 0 : 1;
    for (int i = 0; x->op == IR_ADD && i < x->n_args; i++)
        n += summed(x->args[i]);
    for (int label = x->shape.rank; x->op == IR_EIN && label < x->ein.n_labels; label++)
        n *= x->ein.size[label];
    return n;
}

/* The sum over the batch of terms first .. end-1, which are added up. */
static const struct ir_node *join(struct ir_graph *to, const struct ir_node *const *inner, int first, int end)
{
    return ir_bsum(to, end - first == 1 ? inner[first] : ir_add(to, end - first, inner + first));
}

/* Sums over the batch that are added up become one: their products share a nest and its registers. But of
 * long ones each is a nest of its own, as soon as its operands are made: together they would not stay in the
 * first cache. What else is added, a sum that a loop made, stays beside. */
static const struct ir_node *join_sums(struct ir_graph *to, int n, const struct ir_node *const *terms,
                                       long most)
{
    const struct ir_node **inner = ARENA_ARRAY(to->arena, const struct ir_node *, (size_t)n);
    const struct ir_node **rest = ARENA_ARRAY(to->arena, const struct ir_node *, (size_t)n + 1);
    int n_inner = 0, n_rest = 0, first = 0;
    for (int i = 0; i < n; i++) {
        if (terms[i]->op == IR_BSUM)
            inner[n_inner++] = terms[i]->args[0];
        else
            rest[n_rest++] = terms[i];
    }
    if (n_inner < 2)
        return NULL;
    long length = 0;
    for (int i = 0; i < n_inner; i++) {
        const long next = summed(inner[i]);
        if (i > first && length + next > most) {
            rest[n_rest++] = join(to, inner, first, i);
            first = i;
            length = 0;
        }
        length += next;
    }
    rest[n_rest++] = join(to, inner, first, n_inner);
    return n_rest == 1 ? rest[0] : ir_add(to, n_rest, rest);
}

static const struct ir_node *below(struct ir_graph *to, const struct ir_node *node,
                                   const struct ir_node *const *args, long most)
{
    int total = -1;
    const struct ir_node *joined = node->op == IR_ADD ? join_sums(to, node->n_args, args, most) : NULL;
    if (joined)
        return joined;
    for (int i = 0; i < node->n_args; i++)
        if (args[i]->op == IR_BSUM)
            total = total < 0 ? i : -2;
    if (node->op != IR_EIN || total < 0)
        return ir_rebuild(to, node, args);
    const struct ir_node **inner = ARENA_ARRAY(to->arena, const struct ir_node *, (size_t)node->n_args);
    for (int i = 0; i < node->n_args; i++)
        inner[i] = i == total ? args[i]->args[0] : args[i];
    return ir_bsum(to, ir_rebuild(to, node, inner));
}

static struct ir_graph *legalise(const struct ir_graph *graph, bool body, long most);

static const struct ir_node *rebuild(struct ir_graph *to, const struct ir_node *node,
                                     const struct ir_node *const *args, bool body, long most)
{
    if (node->op == IR_STEPS) {
        struct ir_steps steps = *node->steps;
        steps.body = legalise(steps.body, true, most);
        return ir_steps(to, &steps, args);
    }
    if (node->op == IR_HOLD) /* derivatives are done */
        return args[0];
    return body ? below(to, node, args, most) : ir_rebuild(to, node, args);
}

static struct ir_graph *legalise(const struct ir_graph *graph, bool body, long most)
{
    size_t n = (size_t)graph->n_nodes + 1;
    struct ir_graph *to = ir_graph_new(graph->arena, graph->name);
    const struct ir_node **map = ARENA_ARRAY(graph->arena, const struct ir_node *, n);
    bool *needed = ARENA_ARRAY(graph->arena, bool, n);
    ir_mark_needed(graph, needed);
    for (int i = 0; i < graph->n_inputs; i++) {
        const struct ir_node *input = graph->inputs[i];
        map[input->id] = ir_input(to, input->input.name, input->input.role, input->rate, input->shape);
    }
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (map[id] || !needed[id])
            continue;
        const struct ir_node **args =
            ARENA_ARRAY(graph->arena, const struct ir_node *, (size_t)node->n_args + 1);
        for (int i = 0; i < node->n_args; i++)
            args[i] = map[node->args[i]->id];
        map[id] = rebuild(to, node, args, body, most);
    }
    for (int o = 0; o < graph->n_outputs; o++)
        ir_output_add(to, graph->outputs[o].name, map[graph->outputs[o].value->id]);
    return to;
}

struct ir_graph *plan_legalise(const struct ir_graph *graph, long most)
{
    return legalise(graph, false, most);
}
