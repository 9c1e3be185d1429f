/* SPDX-License-Identifier: MIT
 *
 * A node as a statement: loops over the elements of its result, over what is summed, over the lanes. */
#include "emit_c/emit_c_internal.h"

#include <assert.h>

static const unsigned char straight[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};

bool c_is_given(const struct ir_node *node)
{
    return node->op == IR_INPUT || node->op == IR_CONST || node->op == IR_EYE ||
           (node->op == IR_EIN && node->n_args == 0);
}

static const struct c_value *value_of(const struct c_region *r, const struct ir_node *node)
{
    return &r->value[node->id];
}

static struct c_value own_place(struct c_region *r, const struct ir_node *node)
{
    const char *name = arena_printf(r->kernel->arena, "v%d", node->id);
    return r->value[node->id] = c_member(r, name, node->shape, node->rate == IR_VARYING);
}

static const char *number(const struct c_region *r, double value)
{
    return c_number(r->kernel->arena, value, r->kernel->real);
}

/* ---- products ------------------------------------------------------------------------------------------ */

static const char *factor_text(const struct c_region *r, double coefficient)
{
    if (coefficient == 1)
        return "";
    return coefficient == -1 ? "-" : arena_printf(r->kernel->arena, "%s * ", number(r, coefficient));
}

static const char *product_text(const struct c_region *r, const struct ir_node *node)
{
    struct strbuf text;
    strbuf_init(&text, r->kernel->arena);
    for (int k = 0; k < node->n_args; k++)
        strbuf_addf(&text, "%s%s", k ? " * " : "",
                    c_access(r, value_of(r, node->args[k]), node->args[k]->shape.rank, node->ein.labels[k]));
    return strbuf_text(&text);
}

/* to op coefficient * sum of products; the sum is kept a lane, so that lanes need not wait for each other. */
static void contraction(struct c_region *r, const struct ir_node *node, int n, const struct c_value *to,
                        const char *operation)
{
    const int rank = node->shape.rank, n_summed = node->ein.n_labels - rank;
    const bool wide = node->rate == IR_VARYING;
    unsigned char summed[IR_MAX_LABELS];
    for (int i = 0; i < n_summed; i++)
        summed[i] = (unsigned char)(rank + i);
    c_loops_open(r, rank, straight, node->shape.size, true);
    c_line(r, wide ? "real sum[L] = {0};" : "real sum = 0;");
    c_loops_open(r, n_summed, summed, node->ein.size + rank, false);
    c_lanes_open(r, wide);
    c_line(r, "%s += %s;", wide ? "sum[l]" : "sum", product_text(r, node));
    c_lanes_close(r, wide);
    c_loops_close(r, n_summed, false);
    for (int i = 0; i < n; i++) {
        c_lanes_open(r, wide);
        c_line(r, "%s %s %s%s;", c_access(r, &to[i], rank, NULL), operation,
               factor_text(r, node->ein.coefficient), wide ? "sum[l]" : "sum");
        c_lanes_close(r, wide);
    }
    c_loops_close(r, rank, true);
}

static void write_elements(struct c_region *r, const struct ir_node *node, const struct c_value *to,
                           const char *text)
{
    c_loops_open(r, node->shape.rank, straight, node->shape.size, false);
    c_lanes_open(r, to->wide);
    c_line(r, "%s = %s;", c_access(r, to, node->shape.rank, NULL), text);
    c_lanes_close(r, to->wide);
    c_loops_close(r, node->shape.rank, false);
}

static void product(struct c_region *r, const struct ir_node *node)
{
    const struct c_value to = own_place(r, node);
    if (node->ein.n_labels > node->shape.rank)
        contraction(r, node, 1, &to, "=");
    else
        write_elements(r, node, &to,
                       arena_printf(r->kernel->arena, "%s%s", factor_text(r, node->ein.coefficient),
                                    product_text(r, node)));
}

/* ---- elements ------------------------------------------------------------------------------------------ */

static void sum(struct c_region *r, const struct ir_node *node)
{
    struct strbuf text;
    const struct c_value to = own_place(r, node);
    strbuf_init(&text, r->kernel->arena);
    for (int k = 0; k < node->n_args; k++)
        strbuf_addf(&text, "%s%s", k ? " + " : "",
                    c_access(r, value_of(r, node->args[k]), node->shape.rank, NULL));
    write_elements(r, node, &to, strbuf_text(&text));
}

static void function(struct c_region *r, const struct ir_node *node)
{
    struct arena *arena = r->kernel->arena;
    const struct c_value to = own_place(r, node);
    const char *x = c_access(r, value_of(r, node->args[0]), node->shape.rank, NULL);
    if (node->op == IR_CLAMP || node->op == IR_INSIDE)
        x = arena_printf(arena, "%s, %s, %s", x, number(r, node->range[0]), number(r, node->range[1]));
    write_elements(r, node, &to, arena_printf(arena, "of_%s(%s)", ir_op_name(node->op), x));
}

/* ---- sparse maps --------------------------------------------------------------------------------------- */

static const char *entry_table(struct c_region *r, const struct ir_node *node)
{
    struct strbuf *out = r->kernel->constants;
    const char *name =
        arena_printf(r->kernel->arena, "%s_entries%d", r->kernel->name, r->kernel->n_constants++);
    strbuf_addf(out, "static const struct entry %s[%d] = {", name, node->select.n_entries);
    for (int i = 0; i < node->select.n_entries; i++) {
        const struct ir_entry *e = &node->select.entries[i];
        strbuf_addf(out, "%s{%d, %d, %s}", i ? ", " : "", e->row, e->column, number(r, e->value));
    }
    strbuf_add(out, "};\n");
    return name;
}

/* The index of each axis of the operand and of the result; the axis at hand is the entry's column, and its
 * row cut into the axes that take its place. */
static void select_indices(struct c_region *r, const struct ir_node *node, const char **from, const char **to)
{
    struct arena *arena = r->kernel->arena;
    const struct ir_select *select = &node->select;
    const int rank = node->args[0]->shape.rank;
    int n = 0, below = 1;
    for (int axis = 0; axis < select->n_lead; axis++)
        below *= select->lead[axis];
    for (int axis = 0; axis < rank; axis++) {
        from[axis] = axis == select->axis ? "e->column" : arena_printf(arena, "%c", c_index[axis]);
        for (int lead = 0; axis == select->axis && lead < select->n_lead; lead++) {
            below /= select->lead[lead];
            to[n++] = arena_printf(arena, "e->row / %d %% %d", below, select->lead[lead]);
        }
        if (axis != select->axis)
            to[n++] = from[axis];
    }
}

static void sparse_map(struct c_region *r, const struct ir_node *node)
{
    const struct ir_node *x = node->args[0];
    const struct c_value to = own_place(r, node);
    const char *name = entry_table(r, node), *from_index[IR_MAX_RANK], *to_index[2 * IR_MAX_RANK];
    unsigned char labels[IR_MAX_RANK];
    int size[IR_MAX_RANK], n = 0;
    for (int axis = 0; axis < x->shape.rank; axis++)
        if (axis != node->select.axis) {
            labels[n] = (unsigned char)axis;
            size[n++] = x->shape.size[axis];
        }
    select_indices(r, node, from_index, to_index);
    c_copy(r, node->shape, &to, "=", NULL);
    c_line(r, "for (const struct entry *e = %s; e < %s + %d; e++)", name, name, node->select.n_entries);
    r->indent++;
    c_loops_open(r, n, labels, size, false);
    c_lanes_open(r, to.wide);
    c_line(r, "%s += e->value * %s;", c_at(r, &to, node->shape.rank, to_index),
           c_at(r, value_of(r, x), x->shape.rank, from_index));
    c_lanes_close(r, to.wide);
    c_loops_close(r, n, false);
    r->indent--;
}

/* ---- functions of a matrix ----------------------------------------------------------------------------- */

static void matrix(struct c_region *r, const struct ir_node *node)
{
    const struct ir_node *x = node->args[0];
    const int n = x->shape.size[0];
    const struct c_value to = own_place(r, node);
    const char *name = arena_printf(r->kernel->arena, "v%d_factor", node->id);
    const struct c_value factor = c_member(r, name, x->shape, false);
    c_line(r, "for (int l = 0; l < %s; l++) {", to.wide ? "L" : "1");
    r->indent++;
    c_loops_open(r, 2, straight, x->shape.size, false);
    c_line(r, "%s = %s;", c_access(r, &factor, 2, NULL), c_access(r, value_of(r, x), 2, NULL));
    c_loops_close(r, 2, false);
    c_line(r, "const real logarithm = matrix_factor(%d, &%s[0][0]);", n, factor.base);
    if (node->op == IR_LOGDET) {
        c_line(r, "%s = logarithm;", c_access(r, &to, 0, NULL));
    } else {
        c_line(r, "(void)logarithm;");
        c_line(r, "matrix_invert_factor(%d, &%s[0][0]);", n, factor.base);
        c_loops_open(r, 2, straight, node->shape.size, false);
        c_line(r, "%s = matrix_inverse(%d, &%s[0][0], a, b);", c_access(r, &to, 2, NULL), n, factor.base);
        c_loops_close(r, 2, false);
    }
    r->indent--;
    c_line(r, "}");
}

/* ---- sums over the batch ------------------------------------------------------------------------------- */

static void add_up(struct c_region *r, const struct ir_node *node, const struct c_targets *targets)
{
    if (r->fused[node->id] && node->op == IR_ADD) {
        for (int k = 0; k < node->n_args; k++)
            add_up(r, node->args[k], targets);
        return;
    }
    if (r->fused[node->id]) {
        contraction(r, node, targets->n, targets->value, "+=");
        return;
    }
    for (int i = 0; i < targets->n; i++)
        c_copy(r, node->shape, &targets->value[i], "+=", value_of(r, node));
}

void c_node(struct c_region *r, const struct ir_node *node)
{
    switch (node->op) {
    case IR_EIN:
        product(r, node);
        return;
    case IR_ADD:
        sum(r, node);
        return;
    case IR_SELECT:
        sparse_map(r, node);
        return;
    case IR_LOGDET:
    case IR_INVERSE:
        matrix(r, node);
        return;
    case IR_BSUM:
        add_up(r, node->args[0], &r->targets[node->id]);
        return;
    case IR_INPUT:
    case IR_CONST:
    case IR_EYE:
    case IR_STEPS:
    case IR_RESULT:
    case IR_OP_COUNT:
        assert(!"not a statement");
        return;
#define IR_ELEMENTWISE(name, text, flops) case IR_##name:
#include "ir/ops.def"
        function(r, node);
    }
}
