/* SPDX-License-Identifier: MIT
 *
 * Sums over the batch that loops add to lane by lane: a vector of lanes for each element, zeros before the
 * outermost loop, with the lanes added up once after it. The backend says for which sums that pays; it is not
 * for those that the loop stacks, where each round has elements of its own. */
#include "plan/planner.h"

/* ---- who adds to it ------------------------------------------------------------------------------------ */

/* Lets it add lane by lane. */
static void add_to(const struct planner *planner, const struct plan_region *region, struct plan_nest *nest,
                   struct plan_partial *partial)
{
    nest->partial = partial;
    nest->work_shape = (struct ir_shape){0};
    planner->choices->total(planner->choices->schedule, planner->arena, region, nest);
}

/* Lets all nests that add to output `which` of a body add to `partial`; NULL: could they? Not where another
 * output takes the same sum. */
static bool redirect(struct planner *planner, struct plan_region *body, const struct ir_node *node, int which,
                     struct plan_partial *partial)
{
    const int item = body->facts[node->id].nest;
    if (node->op == IR_ADD) {
        for (int i = 0; i < node->n_args; i++)
            if (!redirect(planner, body, node->args[i], which, partial))
                return false;
        return true;
    }
    if (node->op == IR_BSUM) {
        struct plan_nest *nest = body->items[item].nest;
        if (partial)
            add_to(planner, body, nest, partial);
        return nest->n_stores == 1 && planner->choices->keeps_lanes(planner->choices->schedule, nest);
    }
    const struct plan_loop *loop = body->items[item].loop;
    const struct ir_steps *steps = loop->node->steps;
    const bool stack = node->result < steps->n_carry + steps->n_stack;
    return !stack && loop->results[node->result].output == which &&
           redirect(planner, loop->body, steps->body->outputs[node->result].value, node->result, partial);
}

static bool can_be_partial(const struct plan_region *region, const struct plan_loop *loop, int r)
{
    const struct ir_steps *steps = loop->node->steps;
    return region->depth == 0 && loop->results[r].read && plan_is_total_result(region, loop->node, r) &&
           r >= steps->n_carry + steps->n_stack;
}

/* ---- before and after the loop ------------------------------------------------------------------------- */

static struct plan_nest *lanes_nest(struct planner *planner, struct plan_region *region,
                                    const struct plan_result *result)
{
    struct plan_nest *nest = ARENA_NEW(planner->arena, struct plan_nest);
    nest->kind = PLAN_LANES;
    nest->total = result->read;
    nest->partial = result->partial;
    plan_append(planner, region, nest, NULL);
    return nest;
}

void plan_partial_begin(struct planner *planner, struct plan_region *region, struct plan_loop *loop)
{
    for (int r = 0; r < loop->n_results; r++) {
        struct plan_result *result = &loop->results[r];
        const struct ir_node *sum = loop->body->graph->outputs[r].value;
        if (!can_be_partial(region, loop, r) || !redirect(planner, loop->body, sum, r, NULL))
            continue;
        result->partial = ARENA_NEW(planner->arena, struct plan_partial);
        result->partial->shape = result->read->shape;
        redirect(planner, loop->body, sum, r, result->partial);
        lanes_nest(planner, region, result);
    }
}

void plan_partial_end(struct planner *planner, struct plan_region *region, struct plan_loop *loop)
{
    for (int r = 0; r < loop->n_results; r++) {
        const struct plan_result *result = &loop->results[r];
        if (!result->partial)
            continue;
        const struct plan_store store = {
            .node = result->read, .from = -1, .target = PLAN_TO_SELF, .add = true};
        result->partial->end = region->n_items;
        plan_store_add(planner, lanes_nest(planner, region, result), store);
    }
}
