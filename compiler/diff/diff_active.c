/* SPDX-License-Identifier: MIT
 *
 * Which values take part in a derivative: `active` depends on what is differentiated by, `useful` leads to
 * what is differentiated. Loops are looked into; their carries need a fixed point. Builds nothing. */
#include "diff/diff_internal.h"

#include <string.h>

bool diff_stops(const struct ir_node *node)
{
    return node->op == IR_INSIDE || node->op == IR_HOLD;
}

/* ---- active: downwards --------------------------------------------------------------------------------- */

static bool any_active(const struct ir_node *node, const bool *active)
{
    for (int i = 0; i < node->n_args; i++)
        if (active[node->args[i]->id])
            return true;
    return false;
}

static bool result_is_active(const struct ir_graph *graph, const struct ir_node *loop, int which,
                             const bool *active)
{
    const struct ir_steps *steps = loop->steps;
    bool *in = ARENA_ARRAY(graph->arena, bool, (size_t)loop->n_args + 1);
    for (int i = 0; i < loop->n_args; i++)
        in[i] = active[loop->args[i]->id];
    diff_close_active(steps, in);
    if (which < steps->n_carry)
        return in[which];
    bool *inner = ARENA_ARRAY(graph->arena, bool, (size_t)steps->body->n_nodes + 1);
    diff_mark_active(steps->body, in, inner);
    return inner[steps->body->outputs[which].value->id];
}

static int input_index(const struct ir_graph *graph, const struct ir_node *input)
{
    int i = 0;
    while (graph->inputs[i] != input)
        i++;
    return i;
}

void diff_mark_active(const struct ir_graph *graph, const bool *in, bool *active)
{
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (node->op == IR_INPUT)
            active[id] = in[input_index(graph, node)];
        else if (diff_stops(node))
            active[id] = false;
        else if (node->op == IR_RESULT && active[node->args[0]->id])
            active[id] = result_is_active(graph, node->args[0], node->result, active);
        else
            active[id] = any_active(node, active);
    }
}

void diff_close_active(const struct ir_steps *steps, bool *in)
{
    const struct ir_graph *body = steps->body;
    bool *active = ARENA_ARRAY(body->arena, bool, (size_t)body->n_nodes + 1);
    for (bool again = true; again;) {
        again = false;
        diff_mark_active(body, in, active);
        for (int c = 0; c < steps->n_carry; c++) {
            if (in[c] || !active[body->outputs[c].value->id])
                continue;
            in[c] = true;
            again = true;
        }
    }
}

/* ---- useful: upwards ----------------------------------------------------------------------------------- */

static void useful_operands(const struct ir_graph *graph, const struct ir_node *loop, bool *useful)
{
    const struct ir_steps *steps = loop->steps;
    const struct ir_graph *body = steps->body;
    bool *out = ARENA_ARRAY(graph->arena, bool, (size_t)body->n_outputs + 1);
    for (int id = loop->id + 1; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (node->op == IR_RESULT && node->args[0] == loop && useful[id])
            out[node->result] = true;
    }
    diff_close_useful(steps, out);
    bool *inner = ARENA_ARRAY(graph->arena, bool, (size_t)body->n_nodes + 1);
    diff_mark_useful(body, out, inner);
    for (int i = 0; i < loop->n_args; i++) {
        bool final = i < steps->n_carry && out[i]; /* a loop of no iterations would give it back as it is */
        if (final || inner[body->inputs[i]->id])
            useful[loop->args[i]->id] = true;
    }
}

void diff_mark_useful(const struct ir_graph *graph, const bool *out, bool *useful)
{
    memset(useful, 0, (size_t)graph->n_nodes * sizeof *useful);
    for (int k = 0; k < graph->n_outputs; k++)
        if (out[k])
            useful[graph->outputs[k].value->id] = true;
    for (int id = graph->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = graph->nodes[id];
        if (!useful[id] || diff_stops(node))
            continue;
        if (node->op == IR_STEPS)
            useful_operands(graph, node, useful);
        else
            for (int i = 0; i < node->n_args; i++)
                useful[node->args[i]->id] = true;
    }
}

void diff_close_useful(const struct ir_steps *steps, bool *out)
{
    const struct ir_graph *body = steps->body;
    bool *useful = ARENA_ARRAY(body->arena, bool, (size_t)body->n_nodes + 1);
    for (bool again = true; again;) {
        again = false;
        diff_mark_useful(body, out, useful);
        for (int c = 0; c < steps->n_carry; c++) {
            if (out[c] || !useful[body->inputs[c]->id])
                continue;
            out[c] = true;
            again = true;
        }
    }
}
