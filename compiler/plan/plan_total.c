/* SPDX-License-Identifier: MIT
 *
 * The nest of one sum over the batch (weight gradients): which products it adds up. */
#include "plan/planner.h"

#include <string.h>

struct terms {
    struct planner *planner;
    struct plan_region *region;
    struct plan_nest *nest;
    bool failed;
};

static struct plan_term *term_new(struct terms *terms)
{
    struct plan_term *grown =
        ARENA_ARRAY(terms->planner->arena, struct plan_term, (size_t)terms->nest->n_terms + 1);
    if (terms->nest->n_terms)
        memcpy(grown, terms->nest->terms, (size_t)terms->nest->n_terms * sizeof *grown);
    terms->nest->terms = grown;
    return &grown[terms->nest->n_terms++];
}

/* A factor that is a view is looked through: its labels are renamed and its coefficient joins the term's. */
static void add_factor(struct terms *terms, struct plan_term *term, const struct ir_node *node,
                       const unsigned char labels[IR_MAX_RANK])
{
    if (plan_is_view(node) && terms->region->value[node->id].inlined) {
        term->coefficient *= node->ein.coefficient;
        if (node->n_args == 0)
            return;
        unsigned char inner[IR_MAX_RANK] = {0};
        for (int a = 0; a < node->args[0]->shape.rank; a++)
            inner[a] = labels[node->ein.labels[0][a]];
        add_factor(terms, term, node->args[0], inner);
        return;
    }
    if (term->n_factors == PLAN_MAX_FACTORS) {
        terms->failed = true;
        return;
    }
    struct plan_factor *factor = &term->factor[term->n_factors++];
    factor->node = node;
    memcpy(factor->labels, labels, IR_MAX_RANK);
}

static void add_term(struct terms *terms, const struct ir_node *node)
{
    bool open = terms->region->value[node->id].inlined;
    if (open && node->op == IR_ADD) {
        for (int i = 0; i < node->n_args; i++)
            add_term(terms, node->args[i]);
        return;
    }
    struct plan_term *term = term_new(terms);
    term->coefficient = 1;
    term->n_labels = node->shape.rank;
    memcpy(term->size, node->shape.size, sizeof node->shape.size);
    if (open && node->op == IR_EIN) {
        term->coefficient = node->ein.coefficient;
        term->n_labels = node->ein.n_labels;
        memcpy(term->size, node->ein.size, sizeof term->size);
        for (int i = 0; i < node->n_args; i++)
            add_factor(terms, term, node->args[i], node->ein.labels[i]);
        return;
    }
    unsigned char labels[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    add_factor(terms, term, node, labels);
}

bool plan_factor_has(const struct plan_factor *factor, int label)
{
    for (int axis = 0; label >= 0 && axis < factor->node->shape.rank; axis++)
        if (factor->labels[axis] == label)
            return true;
    return false;
}

struct plan_nest *plan_total(struct planner *planner, struct plan_region *region, const struct ir_node *bsum)
{
    struct plan_nest *nest = ARENA_NEW(planner->arena, struct plan_nest);
    nest->kind = PLAN_TOTAL;
    nest->total = bsum;
    struct terms terms = {planner, region, nest, false};
    add_term(&terms, bsum->args[0]);
    if (terms.failed) {
        planner->fault =
            arena_printf(planner->arena, "graph %s: node %%%d: a product of more than %d factors",
                         region->graph->name, bsum->id, PLAN_MAX_FACTORS);
        return NULL;
    }
    planner->choices->total(planner->choices->schedule, planner->arena, region, nest);
    return nest;
}
