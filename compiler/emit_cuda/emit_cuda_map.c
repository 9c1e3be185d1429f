/* SPDX-License-Identifier: MIT
 *
 * Nests over (row, column, sample): a thread's item is a block of rows and columns. A contraction sums in
 * registers, the elementwise values fused to it and stores follow for each element of the block. */
#include "emit_cuda/emit_cuda_internal.h"

/* ---- contraction --------------------------------------------------------------------------------------- */

struct contraction {
    struct cuda_nest *ne;
    const struct nest_value *value;
    const struct nest_member *root;
    struct cuda_lanes *sums; /* [rows][columns] */
    struct cuda_index label[IR_MAX_LABELS];
    struct cuda_index row, column; /* of the block's first ones */
};

static bool has_axis(const struct contraction *c, int operand, int axis)
{
    const struct nest_operand *x = nest_operand(c->ne->nest, c->value, operand);
    for (int i = 0; i < c->ne->nest->values[x->value].place.rank; i++)
        if (x->label[i] < c->value->place.rank && c->root->axis[x->label[i]] == axis)
            return true;
    return false;
}

static void set_element(struct contraction *c, int row, int column)
{
    for (int label = 0; label < c->value->place.rank; label++) {
        if (c->root->axis[label] == 0)
            c->label[label] = cuda_plus(c->row, row);
        if (c->root->axis[label] == 1)
            c->label[label] = cuda_plus(c->column, column);
    }
}

/* Of the operands that depend on the row, or of the others; false: there are none. */
static bool partial_product(struct contraction *c, bool row, struct cuda_lanes *product)
{
    bool any = false;
    for (int i = 0; i < c->value->n_args; i++) {
        if (has_axis(c, i, 0) != row)
            continue;
        const struct cuda_lanes x = cuda_operand(c->ne, nest_operand(c->ne->nest, c->value, i), c->label);
        *product = cuda_product(c->ne, any ? product : NULL, x);
        any = true;
    }
    return any;
}

static void add_to_sum(const struct contraction *c, struct cuda_lanes sum, const struct cuda_lanes *a,
                       const struct cuda_lanes *b)
{
    for (int v = 0; v < c->ne->samples; v++) {
        if (a && b)
            cuda_line(c->ne->kernel, "%s = multiply_add(%s, %s, %s);", sum.of[v], a->of[v], b->of[v],
                      sum.of[v]);
        else
            cuda_line(c->ne->kernel, "%s += %s;", sum.of[v], a ? a->of[v] : b->of[v]);
    }
}

static void accumulate(struct contraction *c)
{
    const struct sched_cuda_how *how = c->ne->how;
    for (int column = 0; column < how->columns; column++) {
        struct cuda_lanes common, own;
        set_element(c, 0, column);
        const bool has_common = partial_product(c, false, &common);
        for (int row = 0; row < how->rows; row++) {
            set_element(c, row, column);
            const bool has_own = partial_product(c, true, &own);
            add_to_sum(c, c->sums[row * how->columns + column], has_own ? &own : NULL,
                       has_common ? &common : NULL);
        }
    }
}

static void over_summed(struct contraction *c, int which)
{
    enum { AT_ONCE = 5 };
    struct cuda_kernel *k = c->ne->kernel;
    if (which == c->ne->nest->n_summed) {
        accumulate(c);
        return;
    }
    const int label = c->ne->nest->summed[which], size = c->value->label_size[label];
    const bool last = which + 1 == c->ne->nest->n_summed;
    struct cuda_known *before = cuda_known_begin(c->ne);
    const char *index = cuda_name(k, 's');
    if (last && size > 1)
        cuda_line(k, "UNROLLED(%d)", size < AT_ONCE ? size : AT_ONCE);
    else
        cuda_line(k, "ROLLED");
    cuda_open(k, "for (int %s = 0; %s < %d; %s++)", index, index, size, index);
    c->label[label] = (struct cuda_index){index, 0};
    over_summed(c, which + 1);
    cuda_close(k);
    cuda_known_end(c->ne, before);
}

static struct cuda_lanes new_sum(struct cuda_nest *ne)
{
    struct cuda_lanes sum;
    for (int v = 0; v < ne->samples; v++) {
        sum.of[v] = cuda_name(ne->kernel, 'a');
        cuda_line(ne->kernel, "real %s = 0;", sum.of[v]);
    }
    return sum;
}

static struct cuda_lanes *contract(struct cuda_nest *ne)
{
    const int n = ne->how->rows * ne->how->columns;
    struct contraction c = {
        .ne = ne, .root = &ne->nest->members[0], .row = ne->axis[0], .column = ne->axis[1]};
    c.value = &ne->nest->values[c.root->value];
    c.sums = ARENA_ARRAY(ne->kernel->arena, struct cuda_lanes, (size_t)n);
    for (int i = 0; i < n; i++)
        c.sums[i] = new_sum(ne);
    for (int label = 0; label < c.value->place.rank; label++)
        c.label[label] = ne->axis[c.root->axis[label]];
    over_summed(&c, 0);
    return c.sums;
}

/* ---- one element --------------------------------------------------------------------------------------- */

static void store_one(struct cuda_nest *ne, const struct nest_store *store)
{
    struct cuda_index index[IR_MAX_RANK];
    struct cuda_lanes x = cuda_all("(real)0");
    for (int axis = 0; axis < store->to.rank; axis++)
        index[axis] = ne->axis[store->axis[axis]];
    if (store->value != NEST_NONE)
        x = cuda_value(ne, store->value, index);
    else if (store->from.param != NEST_NONE)
        x = cuda_load(ne, &store->from, index);
    cuda_store(ne, &store->to, index, x, store->add);
}

static struct cuda_lanes member(struct cuda_nest *ne, const struct nest_member *member)
{
    const struct nest_value *value = &ne->nest->values[member->value];
    const int n = value->op == IR_EIN ? value->n_labels : value->place.rank;
    struct cuda_index label[IR_MAX_LABELS];
    for (int i = 0; i < n; i++)
        label[i] = ne->axis[member->axis[i]];
    return cuda_expression(ne, value, label);
}

/* A contraction's, times its coefficient. */
static struct cuda_lanes contracted(struct cuda_nest *ne, struct cuda_lanes sum)
{
    const struct nest_value *value = &ne->nest->values[ne->nest->members[0].value];
    if (value->number[0] == 1)
        return sum;
    const struct cuda_lanes factor =
        cuda_all(cuda_number(ne->kernel->arena, value->number[0], ne->kernel->real));
    return cuda_product(ne, &factor, sum);
}

static void element(struct cuda_nest *ne, const struct cuda_lanes *sum)
{
    const struct nest *nest = ne->nest;
    for (int i = 0; i < nest->n_members; i++) {
        const struct nest_member *m = &nest->members[i];
        ne->in_register[m->value] = i == 0 && sum ? contracted(ne, *sum) : member(ne, m);
    }
    for (int i = 0; i < nest->n_stores; i++)
        store_one(ne, &nest->stores[i]);
    for (int i = 0; i < nest->n_members; i++)
        ne->in_register[nest->members[i].value] = (struct cuda_lanes){{NULL}};
}

/* ---- items --------------------------------------------------------------------------------------------- */

static void block(struct cuda_nest *ne)
{
    const struct cuda_index row = ne->axis[0], column = ne->axis[1];
    const struct cuda_lanes *sums = ne->nest->n_summed ? contract(ne) : NULL;
    for (int r = 0; r < ne->how->rows; r++)
        for (int c = 0; c < ne->how->columns; c++) {
            struct cuda_known *before = cuda_known_begin(ne);
            ne->axis[0] = cuda_plus(row, r);
            ne->axis[1] = cuda_plus(column, c);
            element(ne, sums ? &sums[r * ne->how->columns + c] : NULL);
            cuda_known_end(ne, before);
        }
}

/* Threads side by side differ in samples, then in columns; rows last, so that a warp reads few weights. */
void cuda_map(struct cuda_nest *ne)
{
    struct cuda_kernel *k = ne->kernel;
    const struct nest *nest = ne->nest;
    const int samples = nest->wide ? k->schedule->lanes / ne->samples : 1;
    const int rows = nest->n_axes ? nest->size[0] / ne->how->rows : 1;
    long items = (long)samples * rows;
    for (int axis = 1; axis < nest->n_axes; axis++)
        items *= axis == 1 ? nest->size[1] / ne->how->columns : nest->size[axis];
    const char *rest = cuda_items_open(k, items);
    ne->lane = cuda_item_part(k, &rest, samples, ne->samples).dynamic;
    for (int axis = 1; axis < nest->n_axes; axis++) {
        const int step = axis == 1 ? ne->how->columns : 1;
        ne->axis[axis] = cuda_item_part(k, &rest, nest->size[axis] / step, step);
    }
    ne->axis[0] = cuda_item_part(k, &rest, rows, ne->how->rows);
    block(ne);
    cuda_close(k);
}
