/* SPDX-License-Identifier: MIT
 *
 * The record of a nest (nest.h): first its parameters, then the order in which values are mentioned, then
 * what is said of each. */
#include "plan/nest.h"

#include <string.h>

struct recording {
    struct arena *arena;
    const struct plan_region *region;
    const struct plan_nest *from;
    struct nest *to;
    const struct plan_value **param; /* what each parameter points to */
    int *param_of;                   /* by node id: the parameter that it is read through; NEST_NONE */
    int *number;                     /* by node id; NEST_NONE: not mentioned */
    const struct ir_node **node;     /* by number */
    bool *computed;                  /* by number: its operation is the nest's */
};

/* ---- parameters ---------------------------------------------------------------------------------------- */

static void add_read(void *data, const struct ir_node *base)
{
    struct recording *r = data;
    const struct plan_value *value = &r->region->value[base->id];
    if (r->param_of[base->id] != NEST_NONE || value->space == PLAN_NOWHERE)
        return;
    r->param_of[base->id] = r->to->n_params;
    r->param[r->to->n_params++] = value;
}

static void read_operands(struct recording *r, const struct ir_node *node)
{
    plan_visit_bases(r->region, node, add_read, r);
}

static void read_node(struct recording *r, const struct ir_node *node)
{
    if (r->region->value[node->id].inlined)
        read_operands(r, node);
    else
        add_read(r, node);
}

static void find_reads(struct recording *r)
{
    const struct plan_nest *nest = r->from;
    for (int i = 0; i < nest->n_members; i++)
        read_operands(r, nest->members[i].node);
    for (int i = 0; i < nest->n_sums; i++)
        read_operands(r, nest->sums[i].node);
    for (int i = 0; i < nest->n_stores && nest->kind == PLAN_MAP; i++)
        if (nest->stores[i].node && !plan_is_member(nest, nest->stores[i].node))
            read_node(r, nest->stores[i].node);
    if (nest->kind == PLAN_TOTAL)
        read_operands(r, nest->total);
    if (nest->node)
        read_operands(r, nest->node);
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

static void mention(struct recording *r, const struct ir_node *node, bool computed)
{
    int *number = &r->number[node->id];
    const bool is_new = *number == NEST_NONE;
    if (is_new) {
        *number = r->to->n_values++;
        r->node[*number] = node;
    }
    if (!computed && !(is_new && r->region->value[node->id].inlined))
        return;
    r->computed[*number] = true;
    for (int i = 0; i < node->n_args; i++)
        mention(r, node->args[i], false);
}

static void find_values(struct recording *r)
{
    const struct plan_nest *nest = r->from;
    for (int i = 0; i < nest->n_members; i++)
        mention(r, nest->members[i].node, true);
    for (int i = 0; i < nest->n_sums; i++)
        mention(r, nest->sums[i].node, true);
    for (int i = 0; i < nest->n_stores && nest->kind == PLAN_MAP; i++)
        if (nest->stores[i].node)
            mention(r, nest->stores[i].node, false);
    for (int t = 0; t < nest->n_terms; t++)
        for (int i = 0; i < nest->terms[t].n_factors; i++)
            mention(r, nest->terms[t].factor[i].node, false);
    if (nest->node)
        mention(r, nest->node, true);
}

/* ---- values -------------------------------------------------------------------------------------------- */

static void copy_ints(int32_t *to, const int *from, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = from[i];
}

/* Strides count where there is memory. */
static struct nest_place place_of(const struct plan_value *value, int param, int rank)
{
    struct nest_place place = {.param = param, .rank = rank, .wide = value->wide, .bfloat = value->bfloat};
    for (int axis = 0; axis < rank && param != NEST_NONE; axis++)
        place.stride[axis] = value->stride[axis];
    return place;
}

static int add_entries(struct nest *to, const struct ir_select *select)
{
    const int first = to->n_entries;
    for (int i = 0; i < select->n_entries; i++)
        to->entries[to->n_entries++] =
            (struct nest_entry){select->entries[i].row, select->entries[i].column, select->entries[i].value};
    return first;
}

static int add_select(struct nest *to, const struct ir_node *node)
{
    struct nest_select *select = &to->selects[to->n_selects];
    struct plan_slice slice;
    select->axis = node->select.axis;
    select->n_lead = node->select.n_lead;
    copy_ints(select->lead, node->select.lead, select->n_lead);
    select->is_slice = plan_is_slice(node, &slice);
    if (select->is_slice) {
        select->first = slice.first;
        select->factor = slice.value;
        copy_ints(select->step, slice.step, select->n_lead);
    } else {
        select->n_entries = node->select.n_entries;
        select->entries = add_entries(to, &node->select);
    }
    return to->n_selects++;
}

static void set_attributes(struct nest *to, struct nest_value *value, const struct ir_node *node)
{
    if (node->op == IR_SELECT)
        value->select = add_select(to, node);
    if (node->op == IR_CLAMP || node->op == IR_INSIDE)
        memcpy(value->number, node->range, sizeof node->range);
    if (node->op == IR_EIN) {
        value->number[0] = node->ein.coefficient;
        value->n_labels = node->ein.n_labels;
        copy_ints(value->label_size, node->ein.size, value->n_labels);
    }
}

static struct nest_operand operand_of(const struct recording *r, const struct ir_node *node,
                                      const unsigned char *labels)
{
    struct nest_operand operand = {.value = r->number[node->id]};
    for (int axis = 0; axis < node->shape.rank; axis++)
        operand.label[axis] = labels[axis];
    return operand;
}

static void set_operation(struct recording *r, struct nest_value *value, const struct ir_node *node)
{
    struct nest *to = r->to;
    value->op = (int32_t)node->op;
    value->n_args = node->n_args;
    value->args = to->n_operands;
    for (int i = 0; i < node->n_args; i++) {
        unsigned char labels[IR_MAX_RANK];
        plan_operand_labels(node, i, labels);
        to->operands[to->n_operands++] = operand_of(r, node->args[i], labels);
    }
    set_attributes(to, value, node);
}

static void set_value(struct recording *r, int number)
{
    const struct ir_node *node = r->node[number];
    const struct plan_value *value = &r->region->value[node->id];
    struct nest_value *to = &r->to->values[number];
    to->place = place_of(value, r->param_of[node->id], node->shape.rank);
    to->op = to->select = NEST_NONE;
    to->inlined = value->inlined;
    copy_ints(to->size, node->shape.size, node->shape.rank);
    if (r->computed[number])
        set_operation(r, to, node);
}

static void set_values(struct recording *r)
{
    struct nest *to = r->to;
    size_t n_operands = 0, n_selects = 0, n_entries = 0;
    for (int i = 0; i < to->n_values; i++) {
        if (!r->computed[i])
            continue;
        n_operands += (size_t)r->node[i]->n_args;
        n_selects += r->node[i]->op == IR_SELECT;
        n_entries += r->node[i]->op == IR_SELECT ? (size_t)r->node[i]->select.n_entries : 0;
    }
    to->values = ARENA_ARRAY(r->arena, struct nest_value, (size_t)to->n_values + 1);
    to->operands = ARENA_ARRAY(r->arena, struct nest_operand, n_operands + 1);
    to->selects = ARENA_ARRAY(r->arena, struct nest_select, n_selects + 1);
    to->entries = ARENA_ARRAY(r->arena, struct nest_entry, n_entries + 1);
    for (int i = 0; i < to->n_values; i++)
        set_value(r, i);
}

/* ---- what is done with them ---------------------------------------------------------------------------- */

static struct nest_member *members_of(const struct recording *r, int n, const struct plan_member *from)
{
    struct nest_member *to = ARENA_ARRAY(r->arena, struct nest_member, (size_t)n + 1);
    for (int i = 0; i < n; i++) {
        const struct ir_node *node = from[i].node;
        to[i].value = r->number[node->id];
        copy_ints(to[i].axis, from[i].axis, node->op == IR_EIN ? node->ein.n_labels : node->shape.rank);
    }
    return to;
}

/* Of a nest from memory to memory: the one place that it writes. */
static void set_result(struct recording *r)
{
    const struct ir_node *node = r->from->node;
    const struct plan_value *place = &r->region->value[node->id];
    struct nest_store *to = r->to->stores;
    r->to->node = r->number[node->id];
    to->value = r->to->node;
    to->from.param = NEST_NONE;
    to->to = place_of(place, r->to->n_params, node->shape.rank);
    r->param[r->to->n_params++] = place;
}

static void set_store(struct recording *r, const struct plan_store *from, struct nest_store *to)
{
    const bool map = r->from->kind == PLAN_MAP;
    to->value = map && from->node ? r->number[from->node->id] : NEST_NONE;
    to->add = from->add;
    copy_ints(to->axis, from->axis, from->rank);
    to->to = place_of(&from->to, r->to->n_params, map ? from->rank : r->to->total_rank);
    to->from.param = NEST_NONE;
    r->param[r->to->n_params++] = &from->to;
}

static void set_stores(struct recording *r)
{
    const struct plan_nest *from = r->from;
    struct nest *to = r->to;
    to->n_stores = from->node ? 1 : from->n_stores;
    to->stores = ARENA_ARRAY(r->arena, struct nest_store, (size_t)to->n_stores + 1);
    if (from->node) {
        set_result(r);
        return;
    }
    for (int i = 0; i < to->n_stores; i++)
        set_store(r, &from->stores[i], &to->stores[i]);
    for (int i = 0; i < to->n_stores && from->kind == PLAN_MAP; i++)
        if (from->stores[i].from >= 0) {
            const struct plan_value *temporary = &r->region->temporaries[from->stores[i].from].value;
            to->stores[i].from = place_of(temporary, to->n_params, from->stores[i].rank);
            r->param[to->n_params++] = temporary;
        }
}

static void set_terms(struct recording *r)
{
    const struct plan_nest *from = r->from;
    struct nest *to = r->to;
    to->n_terms = from->n_terms;
    to->terms = ARENA_ARRAY(r->arena, struct nest_term, (size_t)to->n_terms + 1);
    to->factors = ARENA_ARRAY(r->arena, struct nest_operand, (size_t)(to->n_terms * PLAN_MAX_FACTORS) + 1);
    for (int t = 0; t < to->n_terms; t++) {
        const struct plan_term *term = &from->terms[t];
        to->terms[t] = (struct nest_term){.coefficient = term->coefficient,
                                          .n_labels = term->n_labels,
                                          .n_factors = term->n_factors,
                                          .factors = to->n_factors,
                                          .how = term->how};
        copy_ints(to->terms[t].size, term->size, term->n_labels);
        for (int i = 0; i < term->n_factors; i++)
            to->factors[to->n_factors++] = operand_of(r, term->factor[i].node, term->factor[i].labels);
    }
}

static void set_loops(struct recording *r)
{
    const struct plan_nest *from = r->from;
    struct nest *to = r->to;
    to->n_axes = from->n_axes;
    copy_ints(to->size, from->size, from->n_axes);
    to->n_summed = from->n_summed;
    copy_ints(to->summed, from->summed, from->n_summed);
    to->n_members = from->n_members;
    to->members = members_of(r, from->n_members, from->members);
    to->n_sums = from->n_sums;
    to->sums = members_of(r, from->n_sums, from->sums);
    if (from->total) {
        to->total_rank = from->total->shape.rank;
        copy_ints(to->total_size, from->total->shape.size, to->total_rank);
    }
    to->partial = from->partial != NULL;
}

static void set_how(struct recording *r)
{
    void *how = arena_alloc(r->arena, r->from->how_bytes + 1);
    if (r->from->how)
        memcpy(how, r->from->how, r->from->how_bytes);
    r->to->how = how;
    r->to->how_bytes = (int32_t)r->from->how_bytes;
}

static void set_work(struct recording *r)
{
    const int rank = r->from->work_shape.rank;
    r->to->work.param = NEST_NONE;
    if (!plan_has_work(r->from))
        return;
    r->to->work = place_of(&r->from->work, r->to->n_params, rank);
    r->param[r->to->n_params++] = &r->from->work;
}

const struct nest *nest_new(struct arena *arena, const struct plan_region *region,
                            const struct plan_nest *nest, const struct plan_value *const **params)
{
    const size_t n = (size_t)region->graph->n_nodes + 1, most = n + 2 * (size_t)nest->n_stores + 2;
    struct recording r = {.arena = arena, .region = region, .from = nest};
    r.to = ARENA_NEW(arena, struct nest);
    r.param = ARENA_ARRAY(arena, const struct plan_value *, most);
    r.param_of = ARENA_ARRAY(arena, int, n);
    r.number = ARENA_ARRAY(arena, int, n);
    r.node = ARENA_ARRAY(arena, const struct ir_node *, n);
    r.computed = ARENA_ARRAY(arena, bool, n);
    memset(r.param_of, NEST_NONE, n * sizeof(int));
    memset(r.number, NEST_NONE, n * sizeof(int));
    r.to->kind = (int32_t)nest->kind;
    r.to->wide = region->wide;
    r.to->node = NEST_NONE;
    find_reads(&r);
    find_values(&r);
    set_values(&r);
    set_loops(&r);
    set_stores(&r);
    set_terms(&r);
    set_work(&r);
    set_how(&r);
    *params = r.param;
    return r.to;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

void nest_key(const struct nest *nest, struct strbuf *out)
{
    const struct {
        const void *bytes;
        size_t each;
        int n;
    } parts[] = {
        {nest, offsetof(struct nest, members), 1},
        {nest->members, sizeof *nest->members, nest->n_members},
        {nest->sums, sizeof *nest->sums, nest->n_sums},
        {nest->stores, sizeof *nest->stores, nest->n_stores},
        {nest->terms, sizeof *nest->terms, nest->n_terms},
        {nest->values, sizeof *nest->values, nest->n_values},
        {nest->operands, sizeof *nest->operands, nest->n_operands},
        {nest->factors, sizeof *nest->factors, nest->n_factors},
        {nest->selects, sizeof *nest->selects, nest->n_selects},
        {nest->entries, sizeof *nest->entries, nest->n_entries},
        {nest->how, 1, nest->how_bytes},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        strbuf_addn(out, parts[i].bytes, parts[i].each * (size_t)parts[i].n);
}

const struct nest_operand *nest_operand(const struct nest *nest, const struct nest_value *value, int i)
{
    return &nest->operands[value->args + i];
}

const struct nest_value *nest_arg(const struct nest *nest, const struct nest_value *value, int i)
{
    return &nest->values[nest_operand(nest, value, i)->value];
}

bool nest_factor_has(const struct nest *nest, const struct nest_operand *factor, int label)
{
    for (int axis = 0; label >= 0 && axis < nest->values[factor->value].place.rank; axis++)
        if (factor->label[axis] == label)
            return true;
    return false;
}

long nest_total_elements(const struct nest *nest)
{
    long elements = 1;
    for (int axis = 0; axis < nest->total_rank; axis++)
        elements *= nest->total_size[axis];
    return elements;
}
