/* SPDX-License-Identifier: MIT
 *
 * A graph node by node. Refuses the same programs as sched/. */
#include "emit_c/emit_c_internal.h"

enum { PIECE = 16 /* nodes of a function: compilers take long for long ones */ };

bool c_fail(const struct c_region *r, const struct ir_node *node, const char *what)
{
    r->kernel->fault =
        arena_printf(r->kernel->arena, "graph %s: node %%%d: %s", r->graph->name, node->id, what);
    return false;
}

void c_region_init(struct c_region *r, struct c_kernel *kernel, const struct ir_graph *graph)
{
    struct arena *arena = kernel->arena;
    const size_t n = (size_t)graph->n_nodes + 1;
    *r = (struct c_region){.kernel = kernel, .graph = graph};
    r->value = ARENA_ARRAY(arena, struct c_value, n);
    r->fused = ARENA_ARRAY(arena, bool, n);
    r->targets = ARENA_ARRAY(arena, struct c_targets, n);
}

/* ---- constants ----------------------------------------------------------------------------------------- */

/* An array of numbers in a row; what has several axes is seen through a pointer to an array of arrays. */
static struct c_value constant_array(struct c_region *r, const struct ir_node *node)
{
    struct arena *arena = r->kernel->arena;
    struct strbuf *out = r->kernel->constants, cast;
    const char *name = arena_printf(arena, "%s_constant%d", r->kernel->name, r->kernel->n_constants++);
    strbuf_addf(out, "static const real %s[%ld] = {", name, ir_elements(node->shape));
    for (long i = 0; i < ir_elements(node->shape); i++)
        strbuf_addf(out, "%s%s", i ? ", " : "", c_number(arena, node->values[i], r->kernel->real));
    strbuf_add(out, "};\n");
    if (node->shape.rank == 1)
        return (struct c_value){.kind = C_ARRAY, .base = name};
    strbuf_init(&cast, arena);
    strbuf_add(&cast, "(*(const real (*)");
    for (int axis = 0; axis < node->shape.rank; axis++)
        strbuf_addf(&cast, "[%d]", node->shape.size[axis]);
    strbuf_addf(&cast, ")%s)", name);
    return (struct c_value){.kind = C_ARRAY, .base = strbuf_text(&cast)};
}

void c_constants(struct c_region *r)
{
    for (int id = 0; id < r->graph->n_nodes; id++) {
        const struct ir_node *node = r->graph->nodes[id];
        const bool fill = node->op == IR_EIN && node->n_args == 0;
        const bool scalar = node->op == IR_CONST && node->shape.rank == 0;
        if (fill || scalar)
            r->value[id] = (struct c_value){.kind = C_NUMBER,
                                            .base = c_number(r->kernel->arena,
                                                             fill ? node->ein.coefficient : node->values[0],
                                                             r->kernel->real)};
        else if (node->op == IR_CONST)
            r->value[id] = constant_array(r, node);
        else if (node->op == IR_EYE)
            r->value[id] = (struct c_value){.kind = C_EYE};
    }
}

/* ---- a graph ------------------------------------------------------------------------------------------- */

static int count_users(const struct c_region *r, const struct ir_node *node, const struct ir_node **user)
{
    int users = 0;
    for (int o = 0; o < r->graph->n_outputs; o++)
        users += r->graph->outputs[o].value == node;
    for (int id = node->id + 1; id < r->graph->n_nodes; id++)
        for (int i = 0; i < r->graph->nodes[id]->n_args; i++)
            if (r->wanted[id] && r->graph->nodes[id]->args[i] == node) {
                users++;
                *user = r->graph->nodes[id];
            }
    return users;
}

/* A product that only a sum over the batch reads, straight or as a term, need not be there for each
 * sample. */
static void find_fused(struct c_region *r)
{
    for (int id = r->graph->n_nodes - 1; id >= 0; id--) {
        const struct ir_node *node = r->graph->nodes[id], *user = NULL;
        if (!r->wanted[id] || node->rate != IR_VARYING || (node->op != IR_EIN && node->op != IR_ADD))
            continue;
        if (count_users(r, node, &user) == 1 && user)
            r->fused[id] = user->op == IR_BSUM || (user->op == IR_ADD && r->fused[user->id]);
    }
}

static bool reads_total(const struct c_region *r, const struct ir_node *node)
{
    for (int i = 0; i < node->n_args && r->wide && node->op != IR_RESULT; i++)
        if (r->total[node->args[i]->id])
            return true;
    return false;
}

static bool statement(struct c_region *r, const struct ir_node *node)
{
    if (reads_total(r, node))
        return c_fail(r, node, "a sample's value depends on a sum over the batch");
    if (node->op == IR_STEPS)
        return c_loop(r, node);
    c_node(r, node);
    return true;
}

/* Up to PIECE nodes from *id on, as a function of their own. */
static bool piece(struct c_region *r, int *id)
{
    struct c_code *outer = r->code, code;
    const int indent = r->indent;
    bool good = true;
    c_code_init(&code, r->kernel);
    r->code = &code;
    r->indent = 1;
    for (int n = 0; good && n < PIECE && *id < r->graph->n_nodes; ++*id) {
        const struct ir_node *node = r->graph->nodes[*id];
        if (!r->wanted[*id] || r->fused[*id] || node->op == IR_RESULT)
            continue;
        good = statement(r, node);
        n++;
    }
    r->code = outer;
    r->indent = indent;
    if (good && code.text.length)
        c_piece(r, &code);
    return good;
}

bool c_region(struct c_region *r)
{
    find_fused(r);
    for (int id = 0; id < r->graph->n_nodes;)
        if (!piece(r, &id))
            return false;
    return true;
}
