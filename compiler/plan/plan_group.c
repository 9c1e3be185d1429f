/* SPDX-License-Identifier: MIT
 *
 * Groups a region's nodes into nests. A nest starts with a contraction or an elementwise value; elementwise
 * consumers over the same indices join it as long as everything they read is there, so that they find their
 * operands in registers. How a nest's loops run is the backend's choice. */
#include "plan/planner.h"

#include <string.h>

struct grouping {
    struct planner *planner;
    struct plan_region *region;
    int *member_of; /* by id: place in members, -1: none (of the nest at hand) */
    int n_members;
    struct plan_member *members; /* room for all nodes */
    int n_sums;
    struct plan_member *sums; /* likewise */
    int *missing;             /* by id: how many of a node's operands no nest has computed yet */
    int *first;    /* by id: where those that read it begin in `reader`; [n_nodes]: where they end */
    int *reader;   /* ids; directly or through inlined values */
    bool *touched; /* by id: reads a member of the nest at hand */
    int last;      /* highest id that is touched */
};

/* ---- what can be read ---------------------------------------------------------------------------------- */

struct readiness {
    const struct grouping *grouping;
    bool ready;
};

static void check_ready(void *data, const struct ir_node *base)
{
    struct readiness *r = data;
    if (!r->grouping->region->facts[base->id].done && r->grouping->member_of[base->id] < 0)
        r->ready = false;
}

static bool is_ready(const struct grouping *grouping, const struct ir_node *node)
{
    struct readiness r = {grouping, true};
    if (grouping->missing[node->id] == 0)
        return true;
    if (!grouping->touched[node->id])
        return false;
    plan_visit_bases(grouping->region, node, check_ready, &r);
    return r.ready;
}

static bool is_open(const struct grouping *grouping, const struct ir_node *node)
{
    const struct node_facts *facts = &grouping->region->facts[node->id];
    return facts->wanted && !facts->done && !grouping->region->value[node->id].inlined &&
           node->op != IR_RESULT && grouping->member_of[node->id] < 0;
}

/* ---- joining a nest ------------------------------------------------------------------------------------ */

/* Finds the nest axes of a candidate's axes from those of its operands that are members; labels: candidate's
 * axis of each of the operand's. False: they contradict each other. */
static bool map_operand(const struct grouping *grouping, const struct ir_node *operand,
                        const unsigned char labels[IR_MAX_RANK], int axis[IR_MAX_LABELS], bool *linked)
{
    if (operand->op == IR_SELECT && grouping->region->value[operand->id].inlined)
        return !grouping->touched[operand->id];
    if (grouping->region->value[operand->id].inlined) {
        for (int i = 0; i < operand->n_args; i++) {
            unsigned char inner[IR_MAX_RANK], outer[IR_MAX_RANK] = {0};
            plan_operand_labels(operand, i, inner);
            for (int a = 0; a < operand->args[i]->shape.rank; a++)
                outer[a] = labels[inner[a]];
            if (!map_operand(grouping, operand->args[i], outer, axis, linked))
                return false;
        }
        return true;
    }
    if (grouping->member_of[operand->id] < 0)
        return true;
    *linked = true;
    const struct plan_member *member = &grouping->members[grouping->member_of[operand->id]];
    for (int a = 0; a < operand->shape.rank; a++) {
        if (axis[labels[a]] >= 0 && axis[labels[a]] != member->axis[a])
            return false;
        axis[labels[a]] = member->axis[a];
    }
    return true;
}

static bool is_permutation(const int *axis, int n, int n_axes)
{
    unsigned seen = 0;
    for (int i = 0; i < n; i++) {
        if (axis[i] < 0 || (seen >> axis[i] & 1))
            return false;
        seen |= 1u << axis[i];
    }
    return n == n_axes;
}

static bool can_join(const struct grouping *grouping, const struct ir_node *node, int n_axes,
                     struct plan_member *out)
{
    if (!plan_may_join(grouping->region, node) || node->shape.rank != n_axes || !is_ready(grouping, node))
        return false;
    *out = (struct plan_member){.node = node};
    for (int a = 0; a < IR_MAX_LABELS; a++)
        out->axis[a] = -1;
    bool linked = false;
    if (node->op == IR_SELECT) /* a slice reads elsewhere than where the nest is */
        return false;
    for (int i = 0; i < node->n_args; i++) {
        unsigned char labels[IR_MAX_RANK];
        plan_operand_labels(node, i, labels);
        if (!map_operand(grouping, node->args[i], labels, out->axis, &linked))
            return false;
    }
    return linked && is_permutation(out->axis, node->shape.rank, n_axes);
}

/* A contraction that a nest can add up beside its own work: a product at the nest's indices, of which one is
 * a member, summed over loops around the rows. */
static bool can_add_up(const struct grouping *grouping, const struct ir_node *node, int n_axes,
                       struct plan_member *out)
{
    enum { FEW = 32 }; /* terms: they come from the first cache as fast */
    long terms = 1;
    for (int label = 0; plan_is_contraction(node) && label < node->ein.n_labels; label++)
        terms *= node->ein.size[label];
    if (terms <= FEW || !grouping->region->wide || node->rate != IR_VARYING || node->ein.n_labels != n_axes ||
        !is_ready(grouping, node))
        return false;
    *out = (struct plan_member){.node = node};
    for (int label = 0; label < IR_MAX_LABELS; label++)
        out->axis[label] = -1;
    bool linked = false, has_rows = false;
    for (int i = 0; i < node->n_args; i++)
        if (!map_operand(grouping, node->args[i], node->ein.labels[i], out->axis, &linked))
            return false;
    for (int axis = 0; axis < node->shape.rank; axis++)
        has_rows |= out->axis[axis] == 0;
    return linked && has_rows && is_permutation(out->axis, n_axes, n_axes);
}

static void join(struct grouping *grouping, const struct plan_member *member)
{
    const int id = member->node->id;
    grouping->member_of[id] = grouping->n_members;
    grouping->members[grouping->n_members++] = *member;
    for (int i = grouping->first[id]; i < grouping->first[id + 1]; i++) {
        const int reader = grouping->reader[i];
        grouping->touched[reader] = true;
        if (reader > grouping->last)
            grouping->last = reader;
    }
}

/* Row axis first, then the other axes of the result, innermost loop first. */
static struct plan_member root_member(const struct plan_region *region, const struct ir_node *root)
{
    struct plan_member member = {.node = root};
    int next = 1;
    for (int label = 0; label < IR_MAX_LABELS; label++)
        member.axis[label] = -1;
    for (int axis = root->shape.rank - 1; axis >= 0; axis--)
        member.axis[axis] = axis == region->facts[root->id].row ? 0 : next++;
    return member;
}

/* A value that reads nothing of the nest, over the same loops as its first member: one call does for both.
 * Where that is a contraction it would wait in registers for nothing. */
static bool can_stand_beside(const struct grouping *grouping, const struct ir_node *node,
                             struct plan_member *out)
{
    const struct plan_region *region = grouping->region;
    const struct plan_member *first = &grouping->members[0];
    if (plan_is_contraction(first->node) || node->op == IR_SELECT || !plan_may_join(region, node) ||
        node->shape.rank != first->node->shape.rank || !is_ready(grouping, node) ||
        grouping->touched[node->id])
        return false;
    int size[IR_MAX_LABELS] = {0};
    *out = root_member(region, node);
    for (int axis = 0; axis < node->shape.rank; axis++)
        size[first->axis[axis]] = first->node->shape.size[axis];
    for (int axis = 0; axis < node->shape.rank; axis++)
        if (size[out->axis[axis]] != node->shape.size[axis])
            return false;
    return true;
}

static void grow(struct grouping *grouping, const struct ir_node *root)
{
    struct plan_member member = root_member(grouping->region, root);
    join(grouping, &member);
    const bool beside = !plan_is_contraction(root); /* others can only join that read a member */
    for (int id = root->id + 1; id <= (beside ? grouping->region->graph->n_nodes - 1 : grouping->last);
         id++) {
        const struct ir_node *node = grouping->region->graph->nodes[id];
        if ((!beside && !grouping->touched[id]) || !is_open(grouping, node))
            continue;
        if (can_join(grouping, node, root->shape.rank, &member) || can_stand_beside(grouping, node, &member))
            join(grouping, &member);
        else if (grouping->planner->choices->sums_in_maps &&
                 can_add_up(grouping, node, root->shape.rank, &member))
            grouping->sums[grouping->n_sums++] = member;
    }
}

static void ungroup(struct grouping *grouping)
{
    for (int i = 0; i < grouping->n_members; i++) {
        const int id = grouping->members[i].node->id;
        grouping->member_of[id] = -1;
        for (int k = grouping->first[id]; k < grouping->first[id + 1]; k++)
            grouping->touched[grouping->reader[k]] = false;
    }
    grouping->n_members = grouping->n_sums = grouping->last = 0;
}

/* ---- the order ----------------------------------------------------------------------------------------- */

/* How many elementwise consumers a nest grown from `root` could not take in because something else they read
 * is missing: they would read its values back from memory later. */
static int count_missed(struct grouping *grouping, const struct ir_node *root)
{
    int missed = 0;
    grow(grouping, root);
    for (int id = root->id + 1; id <= grouping->last; id++) {
        const struct ir_node *node = grouping->region->graph->nodes[id];
        if (grouping->touched[id] && is_open(grouping, node) && plan_may_join(grouping->region, node) &&
            !is_ready(grouping, node))
            missed += ir_elements(node->shape) == ir_elements(root->shape);
    }
    ungroup(grouping);
    return missed;
}

/* The contraction that misses the fewest consumers; NULL: none can be made. */
static const struct ir_node *pick_contraction(struct grouping *grouping)
{
    const struct ir_graph *graph = grouping->region->graph;
    const struct ir_node *best = NULL;
    int least = 0;
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (grouping->missing[id] || !is_open(grouping, node) || !plan_is_contraction(node))
            continue;
        const int missed = count_missed(grouping, node);
        if (!best || missed < least) {
            best = node;
            least = missed;
        }
    }
    return best;
}

/* What to do next: elementwise values and sums over the batch as soon as they can be (their operands are
 * warm), then loops, then contractions. */
static const struct ir_node *pick(struct grouping *grouping)
{
    const struct ir_graph *graph = grouping->region->graph;
    const struct ir_node *total = NULL, *other = NULL;
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (grouping->missing[id] || !is_open(grouping, node))
            continue;
        if (plan_is_elementwise(node))
            return node;
        if (node->op == IR_BSUM)
            total = total ? total : node;
        else if (!plan_is_contraction(node))
            other = other ? other : node;
    }
    if (total)
        return total;
    return other ? other : pick_contraction(grouping);
}

/* ---- nests --------------------------------------------------------------------------------------------- */

/* Summed labels, outermost first: where the varying operand's memory is contiguous comes last. */
static void order_summed(const struct plan_region *region, const struct ir_node *root, struct plan_nest *nest)
{
    int fastest = -1;
    for (int i = 0; i < root->n_args; i++) {
        const struct ir_node *x = root->args[i];
        if (x->rate == IR_VARYING && x->shape.rank)
            fastest = root->ein.labels[i][region->facts[x->id].row];
    }
    for (int label = root->shape.rank; label < root->ein.n_labels; label++)
        if (label != fastest)
            nest->summed[nest->n_summed++] = label;
    if (fastest >= root->shape.rank)
        nest->summed[nest->n_summed++] = fastest;
}

/* Of a node that shares none: a function of a matrix, a slice. */
static struct plan_nest *single_nest(const struct planner *planner, const struct plan_region *region,
                                     const struct ir_node *node)
{
    struct plan_nest *nest = ARENA_NEW(planner->arena, struct plan_nest);
    nest->kind = plan_is_matrix(node) ? PLAN_MATRIX : PLAN_SELECT;
    nest->node = node;
    if (nest->kind == PLAN_MATRIX)
        planner->choices->matrix(planner->choices->schedule, planner->arena, region, nest);
    return nest;
}

static struct plan_nest *map_nest(struct grouping *grouping)
{
    struct arena *arena = grouping->planner->arena;
    const struct ir_node *root = grouping->members[0].node;
    struct plan_nest *nest = ARENA_NEW(arena, struct plan_nest);
    nest->kind = PLAN_MAP;
    nest->n_axes = root->shape.rank;
    for (int axis = 0; axis < root->shape.rank; axis++)
        nest->size[grouping->members[0].axis[axis]] = root->shape.size[axis];
    nest->n_members = grouping->n_members;
    nest->members = ARENA_ARRAY(arena, struct plan_member, (size_t)grouping->n_members);
    memcpy(nest->members, grouping->members, (size_t)grouping->n_members * sizeof *nest->members);
    nest->n_sums = grouping->n_sums;
    nest->sums = ARENA_ARRAY(arena, struct plan_member, (size_t)grouping->n_sums + 1);
    memcpy(nest->sums, grouping->sums, (size_t)grouping->n_sums * sizeof *nest->sums);
    if (plan_is_contraction(root))
        order_summed(grouping->region, root, nest);
    const struct plan_choices *choices = grouping->planner->choices;
    choices->map(choices->schedule, arena, grouping->region, nest);
    return nest;
}

static void mark_done(struct grouping *grouping, const struct ir_node *node, int item)
{
    struct node_facts *facts = &grouping->region->facts[node->id];
    for (int i = grouping->first[node->id]; !facts->done && i < grouping->first[node->id + 1]; i++)
        grouping->missing[grouping->reader[i]]--;
    facts->done = true;
    facts->nest = item;
}

static bool append_next(struct grouping *grouping, const struct ir_node *node)
{
    struct planner *planner = grouping->planner;
    struct plan_region *region = grouping->region;
    if (node->op == IR_STEPS) {
        int item;
        if (!plan_loop_append(planner, region, node, &item))
            return false;
        mark_done(grouping, node, item);
        for (int id = node->id + 1; id < region->graph->n_nodes; id++)
            if (region->graph->nodes[id]->op == IR_RESULT && region->graph->nodes[id]->args[0] == node)
                mark_done(grouping, region->graph->nodes[id], item);
        return true;
    }
    struct plan_nest *nest;
    if (node->op == IR_BSUM) {
        nest = plan_total(planner, region, node);
        if (!nest)
            return false;
    } else if (!plan_may_join(region, node) && !plan_is_contraction(node)) {
        nest = single_nest(planner, region, node);
    } else {
        grow(grouping, node);
        nest = map_nest(grouping);
    }
    int item = region->n_items;
    plan_append(planner, region, nest, NULL);
    mark_done(grouping, node, item);
    for (int i = 0; i < grouping->n_members; i++)
        mark_done(grouping, grouping->members[i].node, item);
    for (int i = 0; i < grouping->n_sums; i++)
        mark_done(grouping, grouping->sums[i].node, item);
    ungroup(grouping);
    return true;
}

/* ---- who reads what ------------------------------------------------------------------------------------ */

struct listing {
    struct grouping *grouping;
    int reader; /* whose operands are visited */
    int *end;   /* by id: of the readers that are listed */
};

static void count_reader(void *data, const struct ir_node *base)
{
    const struct listing *l = data;
    l->grouping->first[base->id + 1]++;
    l->grouping->missing[l->reader] += !l->grouping->region->facts[base->id].done;
}

static void list_reader(void *data, const struct ir_node *base)
{
    const struct listing *l = data;
    l->grouping->reader[l->end[base->id]++] = l->reader;
}

static void visit_all(struct listing *l, void (*visit)(void *data, const struct ir_node *base))
{
    const struct plan_region *region = l->grouping->region;
    for (l->reader = 0; l->reader < region->graph->n_nodes; l->reader++)
        if (region->facts[l->reader].wanted)
            plan_visit_bases(region, region->graph->nodes[l->reader], visit, l);
}

static void list_readers(struct grouping *grouping)
{
    struct arena *arena = grouping->planner->arena;
    const size_t n = (size_t)grouping->region->graph->n_nodes;
    struct listing l = {grouping, 0, ARENA_ARRAY(arena, int, n + 1)};
    grouping->missing = ARENA_ARRAY(arena, int, n + 1);
    grouping->first = ARENA_ARRAY(arena, int, n + 1);
    grouping->touched = ARENA_ARRAY(arena, bool, n + 1);
    visit_all(&l, count_reader);
    for (size_t id = 0; id < n; id++) {
        grouping->first[id + 1] += grouping->first[id];
        l.end[id] = grouping->first[id];
    }
    grouping->reader = ARENA_ARRAY(arena, int, (size_t)grouping->first[n] + 1);
    visit_all(&l, list_reader);
}

bool plan_group(struct planner *planner, struct plan_region *region)
{
    size_t n = (size_t)region->graph->n_nodes;
    struct grouping grouping = {.planner = planner, .region = region};
    grouping.member_of = ARENA_ARRAY(planner->arena, int, n + 1);
    grouping.members = ARENA_ARRAY(planner->arena, struct plan_member, n + 1);
    grouping.sums = ARENA_ARRAY(planner->arena, struct plan_member, n + 1);
    memset(grouping.member_of, -1, (n + 1) * sizeof(int));
    list_readers(&grouping);
    for (const struct ir_node *node = pick(&grouping); node; node = pick(&grouping))
        if (!append_next(&grouping, node))
            return false;
    return true;
}
