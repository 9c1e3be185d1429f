/* SPDX-License-Identifier: MIT
 *
 * A sparse constant linear map along one axis, or a sum of such maps of several values, driven by tables: the
 * first entry of each row, which is stored, further ones, which are added, and rows that have none, which
 * become zero. */
#include "emit_llvm/emitter.h"

struct selection {
    struct nest_emitter *ne;
    const struct ir_node *node; /* whose place is written */
    const struct ir_node *x;    /* what is read; NULL: zeros are written */
    const struct ir_select *select;
    struct index from[IR_MAX_RANK], to[IR_MAX_RANK];
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
    const struct plan_value *to = &ne->region->value[s->node->id];
    for (int v = 0; v < ne->vectors; v++) {
        LLVMValueRef x = s->x ? emit_value(ne, s->x, s->from, v) : LLVMConstNull(ne->type);
        if (s->add) {
            LLVMValueRef sum = emit_load(ne, s->base, to, s->node->shape.rank, s->to, v);
            LLVMValueRef one = s->factor ? s->factor : emit_number(ne, 1);
            x = emit_multiply_add(ne, one, x, sum);
        } else if (s->factor) {
            x = emit_product(ne, s->factor, x);
        }
        emit_store_value(ne, s->base, to, s->node->shape.rank, s->to, v, x);
    }
}

/* Every index of the other axes, which the result has before or behind those of its rows. */
static void over_rest(struct selection *s, int axis)
{
    const struct ir_shape shape = s->node->shape;
    const int first = s->select->axis, end = first + s->select->n_lead;
    if (axis == shape.rank) {
        write_element(s);
        return;
    }
    if (axis >= first && axis < end) {
        s->to[axis] = (struct index){NULL, 0}; /* the row's memory begins there */
        over_rest(s, axis + 1);
        return;
    }
    struct emit_loop loop = emit_loop_begin(s->ne->e, shape.size[axis], "rest");
    s->to[axis] = s->from[axis < first ? axis : axis + 1 - s->select->n_lead] = (struct index){loop.index, 0};
    over_rest(s, axis + 1);
    emit_loop_end(s->ne->e, &loop, shape.size[axis]);
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
    if (s->x)
        columns = emit_constant_ints(e, rows->column, rows->n);
    if (s->x && has_factors(rows))
        factors = emit_constant_reals(e, rows->value, rows->n);
    struct emit_loop loop = emit_loop_begin(e, rows->n, "entry");
    LLVMValueRef place = table_entry(ne, places, e->index, loop.index);
    s->base = LLVMBuildGEP2(e->builder, e->real, ne->store[0], &place, 1, "");
    if (columns)
        s->from[s->select->axis] = (struct index){table_entry(ne, columns, e->index, loop.index), 0};
    s->factor = factors ? table_entry(ne, factors, e->real, loop.index) : NULL;
    if (s->factor && ne->wide)
        s->factor = emit_splat(ne, s->factor);
    over_rest(s, 0);
    emit_loop_end(e, &loop, rows->n);
}

/* Offset of a row's first element in the result's memory. */
static long row_place(const struct ir_select *select, const struct plan_value *to, int row)
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
    const struct plan_value *to = &s->ne->region->value[s->node->id];
    const int n = s->select->n_entries;
    struct rows first = rows_new(arena, n), further = rows_new(arena, n);
    for (int i = 0; i < n; i++) {
        const struct ir_entry entry = s->select->entries[i];
        const long place = row_place(s->select, to, entry.row);
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
            rows_add(&empty, row_place(s->select, &s->ne->region->value[s->node->id], row), 0, 0);
    s->x = NULL;
    s->add = false;
    over_list(s, &empty);
}

void emit_select(struct nest_emitter *ne)
{
    const struct ir_node *node = ne->nest->node;
    const struct ir_node *const *terms = node->op == IR_SELECT ? &node : node->args;
    const int n_terms = node->op == IR_SELECT ? 1 : node->n_args;
    struct selection s = {.ne = ne, .node = node, .select = &terms[0]->select};
    int n_rows = 1;
    for (int i = 0; i < s.select->n_lead; i++)
        n_rows *= s.select->lead[i];
    bool *seen = ARENA_ARRAY(ne->e->arena, bool, (size_t)n_rows);
    for (int i = 0; i < n_terms; i++) {
        s.x = terms[i]->args[0];
        s.select = &terms[i]->select;
        write_entries(&s, seen);
    }
    write_zeros(&s, n_rows, seen);
}
