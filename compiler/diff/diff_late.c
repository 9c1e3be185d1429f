/* SPDX-License-Identifier: MIT
 *
 * Sums over a loop's iterations that nobody needs before the way back is done, as a penalty's is that is only
 * added to the loss. Their terms are computed in the backward loop, beside their derivatives: what both read
 * is then there, where the forward loop would have to store it for each iteration. Takes and gives the state
 * of a backward pass. */
#include "diff/diff_internal.h"

enum linearity { APART, LINEAR, OTHER };

/* How a node depends on what is marked. A factor that is active would have a cotangent with the sum in it. */
static enum linearity linearity_of(const struct reverse *rev, const struct ir_node *node, const bool *marked)
{
    int n_marked = 0, n_factors = 0;
    for (int i = 0; i < node->n_args; i++) {
        n_marked += marked[node->args[i]->id];
        n_factors += rev->active[node->args[i]->id] && !marked[node->args[i]->id];
    }
    if (n_marked == 0)
        return APART;
    if (node->op == IR_EIN)
        return n_marked == 1 && n_factors == 0 ? LINEAR : OTHER;
    return node->op == IR_ADD || node->op == IR_BSUM || node->op == IR_SELECT ? LINEAR : OTHER;
}

bool diff_can_wait(const struct reverse *rev, const struct ir_node *result)
{
    bool *marked = ARENA_ARRAY(rev->arena, bool, (size_t)rev->from->n_nodes + 1);
    marked[result->id] = true;
    for (int id = result->id + 1; id < rev->from->n_nodes; id++) {
        const struct ir_node *node = rev->from->nodes[id];
        const enum linearity linearity = rev->needed[id] ? linearity_of(rev, node, marked) : APART;
        if (linearity == OTHER)
            return false;
        marked[id] = linearity == LINEAR;
    }
    return rev->is_whole;
}

static const struct ir_node *late_value(const struct reverse *rev, const struct ir_node *node)
{
    if (node->op != IR_RESULT || !rev->tape[node->args[0]->id])
        return NULL;
    return tape_late_result(rev->tape[node->args[0]->id], node->result);
}

void diff_take_late(struct reverse *rev)
{
    bool *changed = ARENA_ARRAY(rev->arena, bool, (size_t)rev->from->n_nodes + 1);
    for (int id = 0; id < rev->from->n_nodes; id++) {
        const struct ir_node *node = rev->from->nodes[id],
                             *late = rev->needed[id] ? late_value(rev, node) : NULL;
        if (late)
            rev->map[id] = late;
        changed[id] = late != NULL;
        const struct ir_node **args =
            ARENA_ARRAY(rev->arena, const struct ir_node *, (size_t)node->n_args + 1);
        for (int i = 0; rev->needed[id] && i < node->n_args; i++) {
            args[i] = rev->map[node->args[i]->id];
            changed[id] = changed[id] || changed[node->args[i]->id];
        }
        if (changed[id] && !late)
            rev->map[id] = ir_rebuild(rev->to, node, args);
    }
}
