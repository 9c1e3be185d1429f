/* SPDX-License-Identifier: MIT
 *
 * A sparse constant linear map along one axis, driven by tables: rows, the entries of each, and loops over what is left. */
#include "emit/emitter.h"

struct selection {
    const struct ir_node *node, *x;
    const struct ir_select *select;
    struct index from[IR_MAX_RANK], to[IR_MAX_RANK];
    LLVMValueRef place, column, factor; /* tables: offset of each row in the result; of each entry its column and value */
};

static int row_count(const struct ir_select *select)
{
    int rows = 1;
    for (int i = 0; i < select->n_lead; i++)
        rows *= select->lead[i];
    return rows;
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

static LLVMValueRef table_entry(const struct nest_emitter *ne, LLVMValueRef table, LLVMTypeRef type, LLVMValueRef at)
{
    LLVMValueRef address = LLVMBuildGEP2(ne->e->builder, type, table, &at, 1, "");
    return LLVMBuildLoad2(ne->e->builder, type, address, "");
}

/* Runs `inner` for every index of the operand's axes but the selected one. */
static void over_rest(struct nest_emitter *ne, struct selection *s, int axis, LLVMValueRef base, LLVMValueRef factor,
                      LLVMValueRef column,
                      void (*inner)(struct nest_emitter *, struct selection *, LLVMValueRef, LLVMValueRef))
{
    if (axis == s->x->shape.rank) {
        inner(ne, s, base, factor);
        return;
    }
    if (axis == s->select->axis) {
        s->from[axis] = (struct index){column, 0};
        for (int i = 0; i < s->select->n_lead; i++)
            s->to[axis + i] = (struct index){NULL, 0}; /* the table of places has them */
        over_rest(ne, s, axis + 1, base, factor, column, inner);
        return;
    }
    struct emit_loop loop = emit_loop_begin(ne->e, s->x->shape.size[axis], "rest");
    int to = axis < s->select->axis ? axis : axis + s->select->n_lead - 1;
    s->from[axis] = s->to[to] = (struct index){loop.index, 0};
    over_rest(ne, s, axis + 1, base, factor, column, inner);
    emit_loop_end(ne->e, &loop, s->x->shape.size[axis]);
}

static void write_zero(struct nest_emitter *ne, struct selection *s, LLVMValueRef base, LLVMValueRef factor)
{
    (void)factor;
    const struct plan_value *to = &ne->region->value[s->node->id];
    for (int v = 0; v < ne->vectors; v++)
        emit_store_value(ne, base, to, s->node->shape.rank, s->to, v, LLVMConstNull(ne->type));
}

static void add_entry(struct nest_emitter *ne, struct selection *s, LLVMValueRef base, LLVMValueRef factor)
{
    const struct plan_value *to = &ne->region->value[s->node->id];
    for (int v = 0; v < ne->vectors; v++) {
        LLVMValueRef x = emit_value(ne, s->x, s->from, v);
        LLVMValueRef sum = emit_load(ne, base, to, s->node->shape.rank, s->to, v);
        sum = emit_multiply_add(ne, factor, x, sum);
        emit_store_value(ne, base, to, s->node->shape.rank, s->to, v, sum);
    }
}

static LLVMValueRef row_base(const struct nest_emitter *ne, const struct selection *s, LLVMValueRef row)
{
    LLVMValueRef offset = table_entry(ne, s->place, ne->e->index, row);
    return LLVMBuildGEP2(ne->e->builder, ne->e->real, ne->store[0], &offset, 1, "");
}

static void make_tables(struct nest_emitter *ne, struct selection *s, LLVMValueRef *row_of)
{
    struct arena *arena = ne->e->arena;
    int rows = row_count(s->select), n = s->select->n_entries;
    long *place = ARENA_ARRAY(arena, long, (size_t)rows + 1), *row = ARENA_ARRAY(arena, long, (size_t)n + 1);
    long *column = ARENA_ARRAY(arena, long, (size_t)n + 1);
    double *factor = ARENA_ARRAY(arena, double, (size_t)n + 1);
    for (int r = 0; r < rows; r++)
        place[r] = row_place(s->select, &ne->region->value[s->node->id], r);
    for (int i = 0; i < n; i++) {
        row[i] = s->select->entries[i].row;
        column[i] = s->select->entries[i].column;
        factor[i] = s->select->entries[i].value;
    }
    s->place = emit_constant_ints(ne->e, place, rows);
    *row_of = emit_constant_ints(ne->e, row, n);
    s->column = emit_constant_ints(ne->e, column, n);
    s->factor = emit_constant_reals(ne->e, factor, n);
}

void emit_select(struct nest_emitter *ne)
{
    const struct ir_node *node = ne->nest->node;
    struct selection s = {.node = node, .x = node->args[0], .select = &node->select};
    LLVMValueRef row_of;
    make_tables(ne, &s, &row_of);
    struct emit_loop rows = emit_loop_begin(ne->e, row_count(s.select), "row");
    over_rest(ne, &s, 0, row_base(ne, &s, rows.index), NULL, rows.index, write_zero);
    emit_loop_end(ne->e, &rows, row_count(s.select));
    if (s.select->n_entries == 0)
        return;
    struct emit_loop entries = emit_loop_begin(ne->e, s.select->n_entries, "entry");
    LLVMValueRef row = table_entry(ne, row_of, ne->e->index, entries.index);
    LLVMValueRef column = table_entry(ne, s.column, ne->e->index, entries.index);
    LLVMValueRef factor = table_entry(ne, s.factor, ne->e->real, entries.index);
    if (ne->wide)
        factor = emit_splat(ne, factor);
    over_rest(ne, &s, 0, row_base(ne, &s, row), factor, column, add_entry);
    emit_loop_end(ne->e, &entries, s.select->n_entries);
}
