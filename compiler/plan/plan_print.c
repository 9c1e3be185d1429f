/* SPDX-License-Identifier: MIT
 *
 * A plan as text: what is computed where, and what is stored where. */
#include "plan/plan.h"

static const char *const space_name[] = {
    [PLAN_NOWHERE] = "register", [PLAN_IN] = "in",       [PLAN_OUT] = "out",   [PLAN_UNIFORM] = "uniform",
    [PLAN_SCRATCH] = "scratch",  [PLAN_STACK] = "stack", [PLAN_SUMS] = "sums", [PLAN_CONST] = "const"};

static void print_value(const struct plan_value *value, int rank, struct strbuf *out)
{
    strbuf_addf(out, "%s", space_name[value->space]);
    if (value->space == PLAN_IN || value->space == PLAN_OUT)
        strbuf_addf(out, "%d", value->port);
    strbuf_addf(out, "+%ld", value->offset);
    for (int depth = 0; depth < PLAN_MAX_DEPTH; depth++)
        if (value->step[depth])
            strbuf_addf(out, "+%ldk%d", value->step[depth], depth);
    for (int axis = 0; axis < rank; axis++)
        strbuf_addf(out, "%s%ld", axis ? "," : " strides ", value->stride[axis]);
}

/* How the nest is computed, and in which memory of its own. */
static void print_how(const struct plan *plan, const struct plan_nest *nest, int rank, struct strbuf *out)
{
    plan->choices.how_text(nest, out);
    if (!plan_has_work(nest))
        return;
    strbuf_add(out, " in ");
    print_value(&nest->work, rank, out);
}

static void print_map(const struct plan *plan, const struct plan_nest *nest, struct strbuf *out)
{
    strbuf_addf(out, "map over");
    for (int axis = nest->n_axes - 1; axis >= 0; axis--)
        strbuf_addf(out, " %d", nest->size[axis]);
    print_how(plan, nest, 0, out);
    strbuf_add(out, ":");
    for (int i = 0; i < nest->n_members; i++)
        strbuf_addf(out, " %%%d%s", nest->members[i].node->id,
                    i == 0 && nest->n_summed ? " (contraction)" : "");
    for (int i = 0; i < nest->n_sums; i++)
        strbuf_addf(out, " %%%d (sum)", nest->sums[i].node->id);
    strbuf_add(out, "\n");
}

static void print_single(const struct plan *plan, const struct plan_nest *nest, struct strbuf *out)
{
    strbuf_addf(out, "%s %%%d", ir_op_name(nest->node->op), nest->node->id);
    if (nest->kind == PLAN_MATRIX) {
        strbuf_addf(out, " of %%%d", nest->node->args[0]->id);
        print_how(plan, nest, 2, out);
    }
    strbuf_add(out, "\n");
}

static void print_total(const struct plan *plan, const struct plan_nest *nest, struct strbuf *out)
{
    strbuf_addf(out, "total %%%d: %d term%s", nest->total->id, nest->n_terms, nest->n_terms == 1 ? "" : "s");
    print_how(plan, nest, 0, out);
    strbuf_add(out, "\n");
}

static void print_lanes(const struct plan_nest *nest, struct strbuf *out)
{
    strbuf_addf(out, "lanes of %%%d: %s ", nest->total->id, nest->n_stores ? "added up, from" : "zeros, to");
    print_value(&nest->partial->place, nest->partial->shape.rank, out);
    strbuf_add(out, "\n");
}

static void print_nest(const struct plan *plan, const struct plan_nest *nest, int indent, struct strbuf *out)
{
    strbuf_addf(out, "%*s", indent, "");
    if (nest->kind == PLAN_MAP)
        print_map(plan, nest, out);
    else if (nest->node)
        print_single(plan, nest, out);
    else if (nest->kind == PLAN_LANES)
        print_lanes(nest, out);
    else
        print_total(plan, nest, out);
    for (int i = 0; i < nest->n_stores; i++) {
        const struct plan_store *store = &nest->stores[i];
        strbuf_addf(out, "%*s%s ", indent + 4, "", store->add ? "add" : "store");
        if (store->node)
            strbuf_addf(out, "%%%d", store->node->id);
        else
            strbuf_add(out, store->from < 0 ? "zero" : "temporary");
        strbuf_add(out, " -> ");
        print_value(&store->to, nest->total ? store->node->shape.rank : store->rank, out);
        strbuf_add(out, "\n");
    }
}

static void print_region(const struct plan *plan, const struct plan_region *region, int indent,
                         struct strbuf *out)
{
    for (int i = 0; i < region->n_items; i++) {
        const struct plan_loop *loop = region->items[i].loop;
        if (!loop) {
            print_nest(plan, region->items[i].nest, indent, out);
            continue;
        }
        const struct ir_steps *steps = loop->node->steps;
        strbuf_addf(out, "%*sfor k%d = %s %d steps of %%%d, memory at %ld {\n", indent, "", loop->depth,
                    steps->backward ? "backward" : "forward", steps->count, loop->node->id,
                    loop->frame[PLAN_VALUES]);
        print_region(plan, loop->body, indent + 2, out);
        strbuf_addf(out, "%*s}\n", indent, "");
    }
}

void plan_print(const struct plan *plan, struct strbuf *out)
{
    strbuf_addf(out, "plan %s: %d lanes", plan->graph->name, plan->choices.lanes);
    plan->choices.schedule_text(plan->schedule, out);
    strbuf_addf(out, "; uniform %ld, scratch %ld, sums %ld\n", plan->uniform_elements, plan->scratch_elements,
                plan->sum_elements);
    strbuf_add(out, "before {\n");
    print_region(plan, plan->before, 2, out);
    strbuf_add(out, "}\ntile {\n");
    print_region(plan, plan->tile, 2, out);
    strbuf_add(out, "}\nafter {\n");
    print_region(plan, plan->after, 2, out);
    strbuf_add(out, "}\n");
}
