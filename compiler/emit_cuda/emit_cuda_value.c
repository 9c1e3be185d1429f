/* SPDX-License-Identifier: MIT
 *
 * Values at given indices: from registers, from memory, or computed in place. What was read or computed once
 * has a name until the block of the text ends in which that was. */
#include "emit_cuda/emit_cuda_internal.h"

#include <assert.h>
#include <string.h>

/* ---- what is known ------------------------------------------------------------------------------------- */

struct cuda_known {
    int value; /* of the nest */
    int rank;
    struct cuda_index index[IR_MAX_RANK];
    struct cuda_lanes x;
    struct cuda_known *before;
};

struct cuda_known *cuda_known_begin(const struct cuda_nest *ne)
{
    return ne->known;
}

void cuda_known_end(struct cuda_nest *ne, struct cuda_known *before)
{
    ne->known = before;
}

static bool same_index(const struct cuda_index *a, const struct cuda_index *b)
{
    return a->constant == b->constant &&
           (a->dynamic == b->dynamic || (a->dynamic && b->dynamic && strcmp(a->dynamic, b->dynamic) == 0));
}

static const struct cuda_lanes *find_known(const struct cuda_nest *ne, int value, int rank,
                                           const struct cuda_index *index)
{
    for (const struct cuda_known *known = ne->known; known; known = known->before) {
        bool same = known->value == value;
        for (int axis = 0; axis < rank && same; axis++)
            same = same_index(&known->index[axis], &index[axis]);
        if (same)
            return &known->x;
    }
    return NULL;
}

static void remember(struct cuda_nest *ne, int value, int rank, const struct cuda_index *index,
                     struct cuda_lanes x)
{
    struct cuda_known *known = ARENA_NEW(ne->kernel->arena, struct cuda_known);
    *known = (struct cuda_known){.value = value, .rank = rank, .x = x, .before = ne->known};
    for (int axis = 0; axis < rank; axis++)
        known->index[axis] = index[axis];
    ne->known = known;
}

/* ---- memory -------------------------------------------------------------------------------------------- */

struct cuda_lanes cuda_all(const char *text)
{
    struct cuda_lanes x;
    for (int v = 0; v < CUDA_SAMPLES; v++)
        x.of[v] = text;
    return x;
}

static long constant_offset(const struct nest_place *place, const struct cuda_index *index)
{
    long offset = 0;
    for (int axis = 0; axis < place->rank; axis++)
        offset += place->stride[axis] * index[axis].constant;
    return offset;
}

static bool is_constant(const struct nest_place *place, const struct cuda_index *index)
{
    for (int axis = 0; axis < place->rank; axis++)
        if (place->stride[axis] && index[axis].dynamic)
            return false;
    return true;
}

/* "p3[4 * t2 + lane + 7]" */
static const char *element_at(const struct cuda_nest *ne, const struct nest_place *place,
                              const struct cuda_index *index)
{
    struct strbuf text;
    const long offset = constant_offset(place, index);
    assert(place->param != NEST_NONE && "a value that has no place is read");
    ne->used[place->param] = true;
    strbuf_init(&text, ne->kernel->arena);
    strbuf_addf(&text, "%s[", ne->param[place->param]);
    for (int axis = 0; axis < place->rank; axis++)
        if (place->stride[axis] && index[axis].dynamic)
            strbuf_addf(&text, "%ld * %s + ", (long)place->stride[axis], index[axis].dynamic);
    if (place->wide && ne->lane)
        strbuf_addf(&text, "%s + ", ne->lane);
    strbuf_addf(&text, "%ld]", offset);
    return strbuf_text(&text);
}

/* A constant at constant indices is a number of the text. */
static const char *literal(const struct cuda_nest *ne, const struct nest_place *place,
                           const struct cuda_index *index)
{
    const struct plan_value *value = ne->params[place->param];
    if (value->space != PLAN_CONST || !is_constant(place, index))
        return NULL;
    for (int depth = 0; depth < PLAN_MAX_DEPTH; depth++)
        if (value->step[depth])
            return NULL;
    return cuda_number(ne->kernel->arena, value->data[value->offset + constant_offset(place, index)],
                       ne->kernel->real);
}

static struct cuda_lanes parts_of(const struct cuda_nest *ne, const char *vector)
{
    static const char part[CUDA_SAMPLES] = {'x', 'y', 'z', 'w'};
    struct cuda_lanes x;
    for (int v = 0; v < CUDA_SAMPLES; v++)
        x.of[v] = arena_printf(ne->kernel->arena, "%s.%c", vector, part[v]);
    return x;
}

struct cuda_lanes cuda_load(struct cuda_nest *ne, const struct nest_place *place,
                            const struct cuda_index *index)
{
    struct cuda_kernel *k = ne->kernel;
    const char *number = literal(ne, place, index);
    if (number)
        return cuda_all(number);
    const char *at = element_at(ne, place, index), *name = cuda_name(k, 't');
    if (place->wide && ne->samples > 1) {
        cuda_line(k, "const real%d %s = load%d(&%s);", ne->samples, name, ne->samples, at);
        return parts_of(ne, name);
    }
    cuda_line(k, place->bfloat ? "const real %s = widened(%s);" : "const real %s = %s;", name, at);
    return cuda_all(name);
}

static struct cuda_lanes add(struct cuda_nest *ne, struct cuda_lanes a, struct cuda_lanes b)
{
    struct cuda_lanes sum;
    for (int v = 0; v < ne->samples; v++) {
        sum.of[v] = cuda_name(ne->kernel, 't');
        cuda_line(ne->kernel, "const real %s = %s + %s;", sum.of[v], a.of[v], b.of[v]);
    }
    return sum;
}

void cuda_store(struct cuda_nest *ne, const struct nest_place *place, const struct cuda_index *index,
                struct cuda_lanes x, bool adds)
{
    const char *at = element_at(ne, place, index);
    if (adds)
        x = add(ne, cuda_load(ne, place, index), x);
    if (place->bfloat)
        cuda_line(ne->kernel, "%s = narrowed(%s);", at, x.of[0]);
    else if (!place->wide || ne->samples == 1)
        cuda_line(ne->kernel, "%s = %s;", at, x.of[0]);
    else if (ne->samples == 2)
        cuda_line(ne->kernel, "store2(&%s, %s, %s);", at, x.of[0], x.of[1]);
    else
        cuda_line(ne->kernel, "store4(&%s, %s, %s, %s, %s);", at, x.of[0], x.of[1], x.of[2], x.of[3]);
}

/* ---- arithmetic ---------------------------------------------------------------------------------------- */

/* Are all the same text: what holds one number for all samples is computed once. */
static bool is_one(const struct cuda_nest *ne, const struct cuda_lanes *x)
{
    for (int v = 1; v < ne->samples; v++)
        if (strcmp(x->of[v], x->of[0]) != 0)
            return false;
    return true;
}

struct cuda_lanes cuda_product(struct cuda_nest *ne, const struct cuda_lanes *a, struct cuda_lanes b)
{
    struct cuda_lanes product;
    if (!a)
        return b;
    const bool once = is_one(ne, a) && is_one(ne, &b);
    for (int v = 0; v < ne->samples && (v == 0 || !once); v++) {
        product.of[v] = cuda_name(ne->kernel, 't');
        cuda_line(ne->kernel, "const real %s = %s * %s;", product.of[v], a->of[v], b.of[v]);
    }
    return once ? cuda_all(product.of[0]) : product;
}

static struct cuda_lanes multiply_add(struct cuda_nest *ne, struct cuda_lanes a, struct cuda_lanes b,
                                      struct cuda_lanes c)
{
    struct cuda_lanes sum;
    for (int v = 0; v < ne->samples; v++) {
        sum.of[v] = cuda_name(ne->kernel, 't');
        cuda_line(ne->kernel, "const real %s = multiply_add(%s, %s, %s);", sum.of[v], a.of[v], b.of[v],
                  c.of[v]);
    }
    return sum;
}

/* ---- operations ---------------------------------------------------------------------------------------- */

struct cuda_lanes cuda_operand(struct cuda_nest *ne, const struct nest_operand *operand,
                               const struct cuda_index *label)
{
    struct cuda_index index[IR_MAX_RANK];
    for (int axis = 0; axis < ne->nest->values[operand->value].place.rank; axis++)
        index[axis] = label[operand->label[axis]];
    return cuda_value(ne, operand->value, index);
}

static struct cuda_lanes operand(struct cuda_nest *ne, const struct nest_value *value, int i,
                                 const struct cuda_index *label)
{
    return cuda_operand(ne, nest_operand(ne->nest, value, i), label);
}

static struct cuda_lanes coefficient(const struct cuda_nest *ne, const struct nest_value *value)
{
    return cuda_all(cuda_number(ne->kernel->arena, value->number[0], ne->kernel->real));
}

/* Of the first n operands and the coefficient; false: of nothing. */
static bool product_of(struct cuda_nest *ne, const struct nest_value *value, int n,
                       const struct cuda_index *label, struct cuda_lanes *product)
{
    bool any = value->number[0] != 1 || value->n_args == 0;
    if (any)
        *product = coefficient(ne, value);
    for (int i = 0; i < n; i++) {
        *product = cuda_product(ne, any ? product : NULL, operand(ne, value, i, label));
        any = true;
    }
    return any;
}

static struct cuda_lanes sliced(struct cuda_nest *ne, const struct nest_value *value,
                                const struct cuda_index *label)
{
    const struct nest_select *select = &ne->nest->selects[value->select];
    const struct nest_operand *x = nest_operand(ne->nest, value, 0);
    struct cuda_index index[IR_MAX_RANK];
    assert(select->is_slice);
    for (int axis = 0; axis < ne->nest->values[x->value].place.rank; axis++)
        if (axis != select->axis)
            index[axis] = label[axis < select->axis ? axis : axis - 1 + select->n_lead];
    struct cuda_index *at = &index[select->axis];
    *at = (struct cuda_index){NULL, select->first};
    for (int i = 0; i < select->n_lead; i++)
        *at = cuda_step(ne->kernel->arena, *at, select->step[i], label[select->axis + i]);
    const struct cuda_lanes found = cuda_value(ne, x->value, index);
    if (select->factor == 1)
        return found;
    const struct cuda_lanes factor =
        cuda_all(cuda_number(ne->kernel->arena, select->factor, ne->kernel->real));
    return cuda_product(ne, &factor, found);
}

/* f of each sample's number. */
static struct cuda_lanes function(struct cuda_nest *ne, const struct nest_value *value, struct cuda_lanes x)
{
    struct cuda_kernel *k = ne->kernel;
    const bool once = is_one(ne, &x), has_range = value->op == IR_CLAMP || value->op == IR_INSIDE;
    const char *range = "";
    struct cuda_lanes y;
    if (has_range)
        range = arena_printf(k->arena, ", %s, %s", cuda_number(k->arena, value->number[0], k->real),
                             cuda_number(k->arena, value->number[1], k->real));
    for (int v = 0; v < ne->samples && (v == 0 || !once); v++) {
        y.of[v] = cuda_name(k, 't');
        cuda_line(k, "const real %s = of_%s(%s%s);", y.of[v], ir_op_name((enum ir_op)value->op), x.of[v],
                  range);
    }
    return once ? cuda_all(y.of[0]) : y;
}

/* A product that is computed where it is added. */
static bool is_open_product(const struct nest_value *x)
{
    return x->inlined && x->op == IR_EIN && x->n_args > 0;
}

/* sum + operand i, fused where that operand is a product that is computed here. */
static struct cuda_lanes add_operand(struct cuda_nest *ne, const struct cuda_lanes *sum,
                                     const struct nest_value *value, int i, const struct cuda_index *label)
{
    const struct nest_value *x = nest_arg(ne->nest, value, i);
    if (!sum || !is_open_product(x) || (x->n_args == 1 && x->number[0] == 1)) {
        const struct cuda_lanes y = operand(ne, value, i, label);
        return sum ? add(ne, *sum, y) : y;
    }
    struct cuda_lanes rest;
    if (!product_of(ne, x, x->n_args - 1, label, &rest))
        rest = cuda_all("1");
    return multiply_add(ne, rest, operand(ne, x, x->n_args - 1, label), *sum);
}

static struct cuda_lanes sum_of(struct cuda_nest *ne, const struct nest_value *value,
                                const struct cuda_index *label)
{
    struct cuda_lanes sum;
    bool any = false;
    for (int pass = 0; pass < 2; pass++) /* plain terms first: the products are fused onto them */
        for (int i = 0; i < value->n_args; i++)
            if (is_open_product(nest_arg(ne->nest, value, i)) == (pass == 1)) {
                sum = add_operand(ne, any ? &sum : NULL, value, i, label);
                any = true;
            }
    return sum;
}

struct cuda_lanes cuda_expression(struct cuda_nest *ne, const struct nest_value *value,
                                  const struct cuda_index *label)
{
    struct cuda_lanes product = {{NULL}};
    if (value->op == IR_EIN) {
        (void)product_of(ne, value, value->n_args, label, &product);
        return product;
    }
    if (value->op == IR_SELECT)
        return sliced(ne, value, label);
    if (value->op == IR_ADD)
        return sum_of(ne, value, label);
    return function(ne, value, operand(ne, value, 0, label));
}

struct cuda_lanes cuda_value(struct cuda_nest *ne, int value, const struct cuda_index *index)
{
    const struct nest_value *x = &ne->nest->values[value];
    if (ne->in_register[value].of[0])
        return ne->in_register[value];
    const struct cuda_lanes *known = find_known(ne, value, x->place.rank, index);
    if (known)
        return *known;
    const struct cuda_lanes found =
        x->inlined ? cuda_expression(ne, x, index) : cuda_load(ne, &x->place, index);
    remember(ne, value, x->place.rank, index, found);
    return found;
}
