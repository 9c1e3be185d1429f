/* SPDX-License-Identifier: MIT
 *
 * A sparse constant linear map along one axis, or a sum of such maps of several values, driven by tables: the
 * first entry of each row, which is stored, further ones, which are added, and rows that have none, which
 * become zero. */
#include "emit_llvm/emitter.h"

struct selection {
    struct nest_emitter *ne;
    const struct nest_value *value; /* that is written */
    const struct nest_place *to;    /* where */
    int x;                          /* value that is read; NEST_NONE: zeros are written */
    const struct nest_select *select;
    struct index from[IR_MAX_RANK], at[IR_MAX_RANK];
    bool add;
    LLVMValueRef base, factor; /* of the row at hand: its memory, and what x is multiplied by (NULL: 1) */
};

struct rows { /* entries of one value, or rows without any */
    int n;
    long *place, *column; /* offset of a row in the result */
    double *value;
};

/* ---- one entry ----------------------------------------------------------------------------------------- */

static void write_element(const struct selection *s)
{
    const struct nest_emitter *ne = s->ne;
    for (int v = 0; v < ne->vectors; v++) {
        LLVMValueRef x = s->x != NEST_NONE ? emit_value(ne, s->x, s->from, v) : LLVMConstNull(ne->type);
        if (s->add) {
            LLVMValueRef sum = emit_load(ne, emit_address_from(ne, s->base, s->to, s->at, v), s->to);
            LLVMValueRef one = s->factor ? s->factor : emit_number(ne, 1);
            x = emit_multiply_add(ne, one, x, sum);
        } else if (s->factor) {
            x = emit_product(ne, s->factor, x);
        }
        emit_store_to(ne, emit_address_from(ne, s->base, s->to, s->at, v), s->to, x);
    }
}

/* Every index of the other axes, which come before or after those of the result's rows. */
static void over_rest(struct selection *s, int axis)
{
    const int first = s->select->axis, end = first + s->select->n_lead;
    if (axis == s->value->place.rank) {
        write_element(s);
        return;
    }
    if (axis >= first && axis < end) {
        s->at[axis] = (struct index){NULL, 0}; /* the row's memory begins there */
        over_rest(s, axis + 1);
        return;
    }
    struct emit_loop loop = emit_loop_begin(s->ne->e, s->value->size[axis], "rest");
    s->at[axis] = s->from[axis < first ? axis : axis + 1 - s->select->n_lead] = (struct index){loop.index, 0};
    over_rest(s, axis + 1);
    emit_loop_end(s->ne->e, &loop, s->value->size[axis]);
}

/* ---- tables -------------------------------------------------------------------------------------------- */

static LLVMValueRef table_entry(const struct nest_emitter *ne, LLVMValueRef table, LLVMTypeRef type,
                                LLVMValueRef at)
{
    LLVMValueRef address = LLVMBuildGEP2(ne->e->builder, type, table, &at, 1, "");
    return LLVMBuildLoad2(ne->e->builder, type, address, "");
}

static bool has_factors(const struct rows *rows)
{
    for (int i = 0; i < rows->n; i++)
        if (rows->value[i] != 1)
            return true;
    return false;
}

static void over_list(struct selection *s, const struct rows *rows)
{
    struct nest_emitter *ne = s->ne;
    struct emitter *e = ne->e;
    if (rows->n == 0)
        return;
    LLVMValueRef places = emit_constant_ints(e, rows->place, rows->n), columns = NULL, factors = NULL;
    if (s->x != NEST_NONE)
        columns = emit_constant_ints(e, rows->column, rows->n);
    if (s->x != NEST_NONE && has_factors(rows))
        factors = emit_constant_reals(e, rows->value, rows->n);
    struct emit_loop loop = emit_loop_begin(e, rows->n, "entry");
    LLVMValueRef place = table_entry(ne, places, e->index, loop.index);
    s->base = LLVMBuildGEP2(e->builder, e->real, ne->param[s->to->param], &place, 1, "");
    if (columns)
        s->from[s->select->axis] = (struct index){table_entry(ne, columns, e->index, loop.index), 0};
    s->factor = factors ? table_entry(ne, factors, e->real, loop.index) : NULL;
    if (s->factor && ne->wide)
        s->factor = emit_splat(ne, s->factor);
    over_rest(s, 0);
    emit_loop_end(e, &loop, rows->n);
}

/* Offset of a row's first element in the result's memory. */
static long row_place(const struct nest_select *select, const struct nest_place *to, int row)
{
    long place = 0;
    for (int i = select->n_lead - 1; i >= 0; i--) {
        place += to->stride[select->axis + i] * (row % select->lead[i]);
        row /= select->lead[i];
    }
    return place;
}

static struct rows rows_new(struct arena *arena, int room)
{
    return (struct rows){.place = ARENA_ARRAY(arena, long, (size_t)room + 1),
                         .column = ARENA_ARRAY(arena, long, (size_t)room + 1),
                         .value = ARENA_ARRAY(arena, double, (size_t)room + 1)};
}

static void rows_add(struct rows *rows, long place, int column, double value)
{
    rows->place[rows->n] = place;
    rows->column[rows->n] = column;
    rows->value[rows->n++] = value;
}

/* ---- nests --------------------------------------------------------------------------------------------- */

/* One value's entries; seen[row]: the row has an entry. */
static void write_entries(struct selection *s, bool *seen)
{
    struct arena *arena = s->ne->e->arena;
    const int n = s->select->n_entries;
    struct rows first = rows_new(arena, n), further = rows_new(arena, n);
    for (int i = 0; i < n; i++) {
        const struct nest_entry entry = s->ne->nest->entries[s->select->entries + i];
        const long place = row_place(s->select, s->to, entry.row);
        rows_add(seen[entry.row] ? &further : &first, place, entry.column, entry.value);
        seen[entry.row] = true;
    }
    s->add = false;
    over_list(s, &first);
    s->add = true;
    over_list(s, &further);
}

static void write_zeros(struct selection *s, int n_rows, const bool *seen)
{
    struct rows empty = rows_new(s->ne->e->arena, n_rows);
    for (int row = 0; row < n_rows; row++)
        if (!seen[row])
            rows_add(&empty, row_place(s->select, s->to, row), 0, 0);
    s->x = NEST_NONE;
    s->add = false;
    over_list(s, &empty);
}

/* The selections of a nest: one, or the terms of a sum of them. */
static const struct nest_value *selection_of(const struct nest *nest, int i)
{
    const struct nest_value *value = &nest->values[nest->node];
    return value->op == IR_SELECT ? value : nest_arg(nest, value, i);
}

void emit_select(struct nest_emitter *ne)
{
    const struct nest *nest = ne->nest;
    struct selection s = {.ne = ne, .value = &nest->values[nest->node], .to = &nest->stores[0].to};
    const int n_terms = s.value->op == IR_SELECT ? 1 : s.value->n_args;
    s.select = &nest->selects[selection_of(nest, 0)->select];
    int n_rows = 1;
    for (int i = 0; i < s.select->n_lead; i++)
        n_rows *= s.select->lead[i];
    bool *seen = ARENA_ARRAY(ne->e->arena, bool, (size_t)n_rows);
    for (int i = 0; i < n_terms; i++) {
        const struct nest_value *term = selection_of(nest, i);
        s.x = nest_operand(nest, term, 0)->value;
        s.select = &nest->selects[term->select];
        write_entries(&s, seen);
    }
    write_zeros(&s, n_rows, seen);
}
