/* SPDX-License-Identifier: MIT
 *
 * What a nest computes, in words and in operations, for programs that measure nests. */
#include "plan/planner.h"

/* ---- words --------------------------------------------------------------------------------------------- */

static void add_sizes(struct strbuf *out, const char *before, int n, const int *size)
{
    for (int i = 0; i < n; i++)
        strbuf_addf(out, "%s%d", i ? "x" : before, size[i]);
}

/* Names of operations, those that follow each other as often as they do. */
static void add_operations(struct strbuf *out, const struct plan_nest *nest, int first, const char *before)
{
    for (int i = first, n; i < nest->n_members; i += n) {
        const enum ir_op op = nest->members[i].node->op;
        for (n = 1; i + n < nest->n_members && nest->members[i + n].node->op == op; n++)
            continue;
        strbuf_add(out, i == first ? before : ", ");
        if (n > 1)
            strbuf_addf(out, "%d ", n);
        strbuf_add(out, ir_op_name(op));
    }
}

static void add_map(struct strbuf *out, const struct plan_nest *nest)
{
    const bool contracts = nest->n_members > 0 && nest->n_summed > 0;
    const bool weighs = contracts && plan_has_narrow_array(nest->members[0].node);
    strbuf_add(out, weighs ? "weights" : contracts ? "products" : nest->n_members ? "map" : "copy");
    for (int axis = nest->n_axes - 1; axis >= 0; axis--)
        strbuf_addf(out, "%s%d", axis + 1 == nest->n_axes ? " " : "x", nest->size[axis]);
    for (int i = 0; i < nest->n_summed; i++)
        strbuf_addf(out, "%s%d", i ? "x" : " over ", nest->members[0].node->ein.size[nest->summed[i]]);
    add_operations(out, nest, contracts, contracts ? ", then " : ": ");
    if (nest->n_sums)
        strbuf_addf(out, ", %d sum%s", nest->n_sums, nest->n_sums > 1 ? "s" : "");
}

static void add_total(struct strbuf *out, const struct plan_nest *nest)
{
    const struct ir_shape shape = nest->total->shape;
    strbuf_add(out, "total");
    add_sizes(out, " ", shape.rank, shape.size);
    for (int i = 0; i < nest->n_terms; i++) {
        const struct plan_term *term = &nest->terms[i];
        strbuf_addf(out, "%s%d factor%s", i ? " + " : ": ", term->n_factors, term->n_factors == 1 ? "" : "s");
        add_sizes(out, " over ", term->n_labels - shape.rank, term->size + shape.rank);
    }
}

void plan_nest_text(const struct plan_nest *nest, struct strbuf *out)
{
    if (nest->kind == PLAN_MAP) {
        add_map(out, nest);
    } else if (nest->node) {
        strbuf_add(out, ir_op_name(nest->node->op));
        add_sizes(out, " ", nest->node->shape.rank, nest->node->shape.size);
    } else if (nest->kind == PLAN_LANES) {
        strbuf_add(out, nest->n_stores ? "lanes added up" : "lanes cleared");
        add_sizes(out, " ", nest->total->shape.rank, nest->total->shape.size);
    } else {
        add_total(out, nest);
    }
}

int plan_nest_node(const struct plan_nest *nest)
{
    const struct ir_node *first = nest->total ? nest->total : nest->node;
    if (nest->n_members)
        first = nest->members[0].node;
    for (int i = 0; !first && i < nest->n_stores; i++)
        first = nest->stores[i].node;
    return first ? first->id : -1;
}

/* ---- operations ---------------------------------------------------------------------------------------- */

static double flop_of(const struct plan_region *region, const struct ir_node *node)
{
    double flop = ir_count_of(node).flops;
    for (int i = 0; i < node->n_args; i++)
        if (region->value[node->args[i]->id].inlined)
            flop += flop_of(region, node->args[i]);
    return flop;
}

double plan_nest_flop(const struct plan_region *region, const struct plan_nest *nest)
{
    double flop = 0;
    for (int i = 0; i < nest->n_members; i++)
        flop += flop_of(region, nest->members[i].node);
    for (int i = 0; i < nest->n_sums; i++)
        flop += flop_of(region, nest->sums[i].node);
    for (int i = 0; i < nest->n_stores; i++) {
        const struct ir_node *node = nest->stores[i].node;
        if (nest->kind == PLAN_MAP && node && region->value[node->id].inlined && !plan_is_member(nest, node))
            flop += flop_of(region, node);
    }
    if (nest->total)
        flop += flop_of(region, nest->total);
    if (nest->node)
        flop += flop_of(region, nest->node);
    return flop;
}
