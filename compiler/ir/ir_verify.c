/* SPDX-License-Identifier: MIT
 *
 * Checks everything that the constructors promise, in a graph and in the bodies of its loops. Takes a graph
 * that may be broken in any way except for its pointers, gives NULL or a text that names graph, node and
 * error. */
#include "ir/ir_internal.h"

#include <stdint.h>
#include <string.h>

struct visited { /* bodies that were found in order */
    const struct ir_graph *graph;
    const struct visited *next;
};

static const char *fault_at(const struct ir_graph *graph, const struct ir_node *node, const char *what)
{
    const char *op = (unsigned)node->op < IR_OP_COUNT ? ir_op_name(node->op) : "?";
    return arena_printf(graph->arena, "graph '%s': node %d (%s): %s", graph->name, node->id, op, what);
}

static const char *fault_in(const struct ir_graph *graph, const char *what, const char *name)
{
    return arena_printf(graph->arena, "graph '%s': %s '%s'", graph->name, what, name);
}

static bool is_member(const struct ir_graph *graph, const struct ir_node *node)
{
    return node && node->id >= 0 && node->id < graph->n_nodes && graph->nodes[node->id] == node;
}

static bool is_listed(const struct ir_graph *graph, const struct ir_node *input)
{
    for (int i = 0; i < graph->n_inputs; i++)
        if (graph->inputs[i] == input)
            return true;
    return false;
}

static const char *place_fault(const struct ir_graph *graph, const struct ir_node *node, int id)
{
    if (node->id != id)
        return "its id is not its place";
    for (int i = 0; i < node->n_args; i++) {
        if (!is_member(graph, node->args[i]))
            return "an operand of another graph";
        if (node->args[i]->id >= id)
            return "an operand that comes later";
    }
    return NULL;
}

static const char *verify_node(const struct ir_graph *graph, int id)
{
    const struct ir_node *node = graph->nodes[id];
    const char *fault = place_fault(graph, node, id);
    if (!fault)
        fault = ir_node_fault(node);
    if (!fault && node->op == IR_INPUT && !is_listed(graph, node))
        fault = "an input that is not listed";
    if (!fault && ir_find(graph, node) != node)
        fault = "an equal node exists, or its entry in the table is lost";
    return fault ? fault_at(graph, node, fault) : NULL;
}

static const char *verify_inputs(const struct ir_graph *graph)
{
    for (int i = 0; i < graph->n_inputs; i++) {
        const struct ir_node *input = graph->inputs[i];
        if (!is_member(graph, input) || input->op != IR_INPUT)
            return arena_printf(graph->arena, "graph '%s': input %d is not one of its inputs", graph->name,
                                i);
        if (ir_input_find(graph, input->input.name) != input)
            return fault_in(graph, "two inputs are called", input->input.name);
        if (i > 0 && graph->inputs[i - 1]->id >= input->id)
            return fault_in(graph, "inputs are not in order at", input->input.name);
    }
    return NULL;
}

static const char *verify_outputs(const struct ir_graph *graph)
{
    for (int i = 0; i < graph->n_outputs; i++) {
        const struct ir_output *output = &graph->outputs[i];
        if (!output->name || !output->name[0])
            return arena_printf(graph->arena, "graph '%s': output %d has no name", graph->name, i);
        if (!is_member(graph, output->value) || output->value->op == IR_STEPS)
            return fault_in(graph, "no value of the graph is in output", output->name);
        for (int k = 0; k < i; k++)
            if (strcmp(graph->outputs[k].name, output->name) == 0)
                return fault_in(graph, "two outputs are called", output->name);
    }
    return NULL;
}

/* Loops within loops run all their rounds. */
static const char *verify_limits(const struct ir_graph *graph, bool is_body)
{
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (node->op != IR_STEPS || !node->steps->limited)
            continue;
        if (is_body)
            return fault_at(graph, node, "a limited loop within a loop");
        if (!ir_limit(graph))
            return fault_at(graph, node, "a limited loop, but no uniform number '" IR_LIMIT "'");
    }
    return NULL;
}

static const char *verify_graph(const struct ir_graph *graph, const struct visited **seen);

static const char *verify_body(const struct ir_graph *graph, const struct ir_graph *body,
                               const struct visited **seen)
{
    for (const struct visited *v = *seen; v; v = v->next)
        if (v->graph == body)
            return NULL;
    struct visited *entry = ARENA_NEW(graph->arena, struct visited);
    *entry = (struct visited){body, *seen};
    *seen = entry;
    const char *fault = verify_graph(body, seen);
    return fault ? fault : verify_limits(body, true);
}

/* Bodies first: the rule of a loop reads its body's inputs and outputs. */
static const char *verify_graph(const struct ir_graph *graph, const struct visited **seen)
{
    const char *fault = verify_inputs(graph);
    if (!fault)
        fault = verify_outputs(graph);
    for (int id = 0; id < graph->n_nodes && !fault; id++) {
        if (graph->nodes[id]->op == IR_STEPS)
            fault = verify_body(graph, graph->nodes[id]->steps->body, seen);
        if (!fault)
            fault = verify_node(graph, id);
    }
    return fault;
}

const char *ir_verify(const struct ir_graph *graph)
{
    const struct visited *seen = NULL;
    const char *fault = verify_graph(graph, &seen);
    return fault ? fault : verify_limits(graph, false);
}
