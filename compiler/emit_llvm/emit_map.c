/* SPDX-License-Identifier: MIT
 *
 * Nests over (row, column, lane): a contraction in blocks of registers, the elementwise values fused to it,
 * and stores. */
#include "emit_llvm/emitter.h"

#include <string.h>

/* ---- contraction: rows x vectors results in registers, one pass over the summed labels ----------------- */

struct contraction {
    const struct nest_value *value;
    int rows;
    LLVMValueRef *sums; /* [rows][vectors], on the stack until LLVM takes them to registers */
    LLVMValueRef apart; /* [vectors] of the row at hand, where a block's rows are finished one by one */
    struct index label[IR_MAX_LABELS];
    struct index row; /* of the block's first row */
};

static bool operand_has_row(const struct nest_emitter *ne, const struct nest_value *root, int i)
{
    const struct nest_operand *operand = nest_operand(ne->nest, root, i);
    for (int axis = 0; axis < ne->nest->values[operand->value].place.rank; axis++) {
        int label = operand->label[axis];
        if (label < root->place.rank && ne->nest->members[0].axis[label] == 0)
            return true;
    }
    return false;
}

static bool is_narrow(const struct nest_emitter *ne, const struct nest_value *x)
{
    return ne->wide && !x->place.wide && !x->inlined;
}

/* Product of the operands that do (or do not) depend on the row and do (or do not) hold one number for all
 * lanes. */
static LLVMValueRef partial_product(const struct nest_emitter *ne, const struct contraction *c, bool row,
                                    bool narrow, int vector)
{
    LLVMValueRef result = NULL;
    for (int i = 0; i < c->value->n_args; i++) {
        const struct nest_operand *x = nest_operand(ne->nest, c->value, i);
        if (operand_has_row(ne, c->value, i) != row || is_narrow(ne, &ne->nest->values[x->value]) != narrow)
            continue;
        result = emit_product(ne, result, emit_operand(ne, x, c->label, vector));
    }
    return result;
}

static void set_row(const struct nest_emitter *ne, struct contraction *c, int r)
{
    for (int label = 0; label < c->value->place.rank; label++)
        if (ne->nest->members[0].axis[label] == 0)
            c->label[label] = emit_index_add(c->row, r);
}

static void accumulate(const struct nest_emitter *ne, struct contraction *c)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef common[64];
    LLVMValueRef common_narrow = partial_product(ne, c, false, true, 0);
    for (int v = 0; v < ne->vectors; v++)
        common[v] = emit_product(ne, common_narrow, partial_product(ne, c, false, false, v));
    for (int r = 0; r < c->rows; r++) {
        set_row(ne, c, r);
        LLVMValueRef row_narrow = partial_product(ne, c, true, true, 0);
        for (int v = 0; v < ne->vectors; v++) {
            LLVMValueRef row = emit_product(ne, row_narrow, partial_product(ne, c, true, false, v));
            LLVMValueRef *place = &c->sums[r * ne->vectors + v];
            LLVMValueRef sum = LLVMBuildLoad2(b, ne->type, *place, "");
            if (row && common[v])
                sum = emit_multiply_add(ne, row, common[v], sum);
            else
                sum = LLVMBuildFAdd(b, sum, row ? row : common[v], "");
            LLVMBuildStore(b, sum, *place);
        }
    }
}

/* ---- two steps of the sum at once ---------------------------------------------------------------------- */

static bool is_paired(const struct nest_emitter *ne)
{
    return ne->how->paired >= 0 && ne->e->real_bytes == REAL_4;
}

static LLVMValueRef operand_pair(const struct nest_emitter *ne, struct contraction *c, int which,
                                 struct index first, int v)
{
    LLVMValueRef step[2];
    for (int i = 0; i < 2; i++) {
        c->label[ne->nest->summed[which]] = emit_index_add(first, i);
        step[i] = partial_product(ne, c, false, false, v);
    }
    return emit_pair(ne, step[0], step[1]);
}

static LLVMValueRef weight_pair(const struct nest_emitter *ne, const struct contraction *c)
{
    const struct nest_operand *operand = nest_operand(ne->nest, c->value, ne->how->paired);
    const struct nest_value *w = &ne->nest->values[operand->value];
    struct index index[IR_MAX_RANK];
    for (int axis = 0; axis < w->place.rank; axis++)
        index[axis] = c->label[operand->label[axis]];
    return emit_load_pair(ne, emit_address(ne, &w->place, index, 0));
}

static void accumulate_pairs(const struct nest_emitter *ne, struct contraction *c, int which,
                             struct index first)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef common[64];
    for (int v = 0; v < ne->vectors; v++)
        common[v] = operand_pair(ne, c, which, first, v);
    c->label[ne->nest->summed[which]] = first;
    for (int r = 0; r < c->rows; r++) {
        set_row(ne, c, r);
        LLVMValueRef weights = weight_pair(ne, c);
        for (int v = 0; v < ne->vectors; v++) {
            LLVMValueRef place = c->sums[r * ne->vectors + v];
            LLVMBuildStore(b, emit_dot(ne, LLVMBuildLoad2(b, ne->type, place, ""), weights, common[v]),
                           place);
        }
    }
}

/* ---- over all steps ------------------------------------------------------------------------------------ */

static void over_summed(const struct nest_emitter *ne, struct contraction *c, int which);

/* Values first .. first + steps - 1 of a summed label. */
static void one_round(const struct nest_emitter *ne, struct contraction *c, int which, struct index first,
                      int steps)
{
    int step = 0;
    if (is_paired(ne) && which + 1 == ne->nest->n_summed)
        for (; step + 1 < steps; step += 2)
            accumulate_pairs(ne, c, which, emit_index_add(first, step));
    for (; step < steps; step++) {
        c->label[ne->nest->summed[which]] = emit_index_add(first, step);
        over_summed(ne, c, which + 1);
    }
}

static void over_summed(const struct nest_emitter *ne, struct contraction *c, int which)
{
    if (which == ne->nest->n_summed) {
        accumulate(ne, c);
        return;
    }
    int label = ne->nest->summed[which];
    int size = c->value->label_size[label];
    if (ne->how->unroll) {
        one_round(ne, c, which, (struct index){NULL, 0}, size);
        return;
    }
    if (which == 0 && ne->how->piece) {
        struct emit_loop loop = emit_range_begin(ne->e, ne->first, ne->end, "k");
        one_round(ne, c, which, (struct index){loop.index, 0}, 1);
        emit_range_end(ne->e, &loop);
        return;
    }
    /* several steps a round: fewer jumps, and the end is foreseen */
    const int steps = is_paired(ne) ? (ne->how->sum_unroll + 1) / 2 * 2 : ne->how->sum_unroll;
    const int rounds = which + 1 == ne->nest->n_summed ? size / steps : size;
    const int each = rounds == size ? 1 : steps;
    if (rounds) {
        struct emit_loop loop = emit_loop_begin(ne->e, rounds, "k");
        struct index first = {loop.index, 0};
        if (each > 1)
            first.dynamic = LLVMBuildMul(ne->e->builder, loop.index, emit_constant_index(ne->e, each), "");
        one_round(ne, c, which, first, each);
        emit_loop_end(ne->e, &loop, rounds);
    }
    one_round(ne, c, which, (struct index){NULL, (long)rounds * each}, size - rounds * each);
}

/* Where no loop runs, a sum begins with the first product: LLVM drops the addition to -0. */
static LLVMValueRef start_of_sums(const struct nest_emitter *ne, const struct contraction *c)
{
    bool loop = false;
    for (int i = 0; i < ne->nest->n_summed; i++)
        loop |= !ne->how->unroll && c->value->label_size[ne->nest->summed[i]] > 1;
    return loop ? LLVMConstNull(ne->type) : emit_number(ne, -0.0);
}

/* Vector of the sum of row r of a block, where a contraction goes by in pieces. */
static LLVMValueRef load_sum(const struct nest_emitter *ne, const struct contraction *c, int r, int vector)
{
    const struct index row = emit_index_add(c->row, r);
    return emit_load_at(ne, &ne->nest->work, &row, vector);
}

static void store_sums(const struct nest_emitter *ne, const struct contraction *c)
{
    for (int i = 0; i < c->rows * ne->vectors; i++) {
        const struct index row = emit_index_add(c->row, i / ne->vectors);
        LLVMValueRef sum = LLVMBuildLoad2(ne->e->builder, ne->type, c->sums[i], "");
        emit_store_at(ne, &ne->nest->work, &row, i % ne->vectors, sum);
    }
}

static void contract(const struct nest_emitter *ne, struct contraction *c)
{
    const struct nest_member *root = &ne->nest->members[0];
    c->value = &ne->nest->values[root->value];
    for (int label = 0; label < c->value->place.rank; label++)
        c->label[label] = ne->axis[root->axis[label]];
    int n = c->rows * ne->vectors;
    c->sums = ARENA_ARRAY(ne->e->arena, LLVMValueRef, (size_t)n);
    for (int i = 0; i < n; i++) {
        c->sums[i] = emit_slot(ne);
        const int r = i / ne->vectors, vector = i % ne->vectors;
        LLVMValueRef start = ne->how->piece ? load_sum(ne, c, r, vector) : start_of_sums(ne, c);
        LLVMBuildStore(ne->e->builder, start, c->sums[i]);
    }
    over_summed(ne, c, 0);
}

/* Vector i of an array of them. */
static LLVMValueRef part(const struct nest_emitter *ne, LLVMValueRef array, LLVMValueRef i)
{
    return LLVMBuildGEP2(ne->e->builder, ne->type, array, &i, 1, "");
}

static LLVMValueRef contracted(const struct nest_emitter *ne, const struct contraction *c, int r, int vector)
{
    LLVMValueRef sum;
    if (ne->how->piece) {
        sum = load_sum(ne, c, r, vector);
    } else {
        LLVMValueRef place = c->sums ? c->sums[r * ne->vectors + vector] : NULL;
        if (c->apart)
            place = part(ne, c->apart, emit_constant_index(ne->e, vector));
        sum = LLVMBuildLoad2(ne->e->builder, ne->type, place, "");
    }
    if (c->value->number[0] == 1)
        return sum;
    return emit_product(ne, emit_number(ne, c->value->number[0]), sum);
}

/* ---- one element --------------------------------------------------------------------------------------- */

static void store_one(const struct nest_emitter *ne, int which, int vector)
{
    const struct nest_store *store = &ne->nest->stores[which];
    struct index index[IR_MAX_RANK];
    for (int axis = 0; axis < store->to.rank; axis++)
        index[axis] = ne->axis[store->axis[axis]];
    LLVMValueRef x;
    if (store->value != NEST_NONE)
        x = emit_value(ne, store->value, index, vector);
    else if (store->from.param != NEST_NONE)
        x = emit_load_at(ne, &store->from, index, vector);
    else
        x = LLVMConstNull(ne->type);
    if (store->add)
        x = LLVMBuildFAdd(ne->e->builder, emit_load_at(ne, &store->to, index, vector), x, "");
    emit_store_at(ne, &store->to, index, vector, x);
}

/* The member's operation at the indices at hand; of a sum, the product that is added. */
static LLVMValueRef emit_member(const struct nest_emitter *ne, const struct nest_member *member, int vector)
{
    const struct nest_value *value = &ne->nest->values[member->value];
    const int n = value->op == IR_EIN ? value->n_labels : value->place.rank;
    struct index label[IR_MAX_LABELS];
    for (int i = 0; i < n; i++)
        label[i] = ne->axis[member->axis[i]];
    return emit_expression(ne, value, label, vector);
}

static void element(struct nest_emitter *ne, const struct contraction *c, int r, int vector)
{
    const struct nest *nest = ne->nest;
    for (int i = 0; i < nest->n_members; i++)
        ne->in_register[nest->members[i].value] = NULL;
    for (int i = 0; i < nest->n_members; i++) {
        const struct nest_member *member = &nest->members[i];
        bool root = i == 0 && nest->n_summed > 0;
        ne->in_register[member->value] =
            root ? contracted(ne, c, r, vector) : emit_member(ne, member, vector);
    }
    for (int i = 0; i < nest->n_sums; i++)
        ne->in_register[nest->sums[i].value] = emit_member(ne, &nest->sums[i], vector);
    for (int i = 0; i < nest->n_stores; i++)
        store_one(ne, i, vector);
    for (int i = 0; i < nest->n_members; i++)
        ne->in_register[nest->members[i].value] = NULL;
    for (int i = 0; i < nest->n_sums; i++)
        ne->in_register[nest->sums[i].value] = NULL;
}

/* ---- loops --------------------------------------------------------------------------------------------- */

/* The block's sums go through memory, so that one row's code serves all. */
static void rows_apart(struct nest_emitter *ne, struct contraction *c, struct index row)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef all = emit_slots(ne, c->rows * ne->vectors);
    for (int i = 0; i < c->rows * ne->vectors; i++)
        LLVMBuildStore(b, LLVMBuildLoad2(b, ne->type, c->sums[i], ""),
                       part(ne, all, emit_constant_index(ne->e, i)));
    struct emit_loop loop = emit_loop_begin(ne->e, c->rows, "apart");
    c->apart = part(ne, all, LLVMBuildMul(b, loop.index, emit_constant_index(ne->e, ne->vectors), ""));
    ne->axis[0] = row;
    ne->axis[0].dynamic = row.dynamic ? LLVMBuildAdd(b, row.dynamic, loop.index, "") : loop.index;
    for (int v = 0; v < ne->vectors; v++)
        element(ne, c, 0, v);
    emit_loop_end(ne->e, &loop, c->rows);
}

static void row_block_of_group(struct nest_emitter *ne, struct index row, int rows)
{
    struct contraction c = {.rows = rows, .row = row};
    ne->axis[0] = row;
    if (ne->nest->n_summed)
        contract(ne, &c);
    if (ne->how->piece) {
        store_sums(ne, &c);
        return;
    }
    if (ne->how->apart) {
        rows_apart(ne, &c, row);
        return;
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < ne->vectors; v++) {
            ne->axis[0] = emit_index_add(row, r);
            element(ne, &c, r, v);
        }
}

static void row_block(struct nest_emitter *ne, struct index row, int rows)
{
    struct emit_loop loop = emit_groups_begin(ne);
    row_block_of_group(ne, row, rows);
    emit_groups_end(ne, &loop);
}

static void over_rows(struct nest_emitter *ne)
{
    int rows = ne->nest->n_axes ? ne->nest->size[0] : 1, block = ne->how->block;
    int whole = rows / block, rest = rows % block;
    if (ne->how->unroll || whole == 1) {
        for (int i = 0; i < whole; i++)
            row_block(ne, (struct index){NULL, i * block}, block);
    } else if (whole) {
        struct emit_loop loop = emit_loop_begin(ne->e, whole, "row");
        LLVMValueRef first = LLVMBuildMul(ne->e->builder, loop.index, emit_constant_index(ne->e, block), "");
        row_block(ne, (struct index){first, 0}, block);
        emit_loop_end(ne->e, &loop, whole);
    }
    if (rest)
        row_block(ne, (struct index){NULL, whole * block}, rest);
}

/* ---- contractions in pieces ---------------------------------------------------------------------------- */

/* For each row and group of lanes. */
static void over_work(struct nest_emitter *ne, void (*visit)(struct nest_emitter *ne, struct contraction *c))
{
    struct emit_loop loop = emit_loop_begin(ne->e, ne->nest->size[0], "row");
    struct emit_loop groups = emit_groups_begin(ne);
    const struct nest_value *root = &ne->nest->values[ne->nest->members[0].value];
    struct contraction c = {.value = root, .rows = 1, .row = {loop.index, 0}};
    ne->axis[0] = c.row;
    visit(ne, &c);
    emit_groups_end(ne, &groups);
    emit_loop_end(ne->e, &loop, ne->nest->size[0]);
}

static void zero_work(struct nest_emitter *ne, struct contraction *c)
{
    for (int v = 0; v < ne->vectors; v++)
        emit_store_at(ne, &ne->nest->work, &c->row, v, LLVMConstNull(ne->type));
}

static void finish_row(struct nest_emitter *ne, struct contraction *c)
{
    for (int v = 0; v < ne->vectors; v++)
        element(ne, c, 0, v);
}

/* What a piece of the sum reads stays in the first cache for all rows. */
static void over_pieces(struct nest_emitter *ne)
{
    struct emitter *e = ne->e;
    const struct nest_value *root = &ne->nest->values[ne->nest->members[0].value];
    const int size = root->label_size[ne->nest->summed[0]], piece = ne->how->piece;
    const int pieces = (size + piece - 1) / piece;
    over_work(ne, zero_work);
    struct emit_loop loop = emit_loop_begin(e, pieces, "piece");
    LLVMValueRef all = emit_constant_index(e, piece);
    ne->first = LLVMBuildMul(e->builder, loop.index, all, "");
    ne->end = emit_range_limit(e, LLVMBuildAdd(e->builder, ne->first, all, ""), size);
    over_rows(ne);
    emit_loop_end(e, &loop, pieces);
    over_work(ne, finish_row);
}

static void over_axes(struct nest_emitter *ne, int axis)
{
    if (axis <= 0) {
        if (ne->how->piece)
            over_pieces(ne);
        else
            over_rows(ne);
        return;
    }
    int size = ne->nest->size[axis];
    if (ne->how->unroll) {
        for (int i = 0; i < size; i++) {
            ne->axis[axis] = (struct index){NULL, i};
            over_axes(ne, axis - 1);
        }
        return;
    }
    struct emit_loop loop = emit_loop_begin(ne->e, size, "column");
    ne->axis[axis] = (struct index){loop.index, 0};
    over_axes(ne, axis - 1);
    emit_loop_end(ne->e, &loop, size);
}

/* ---- sums begin with zeros ----------------------------------------------------------------------------- */

static void zero_over(struct nest_emitter *ne, int which, int axis)
{
    const struct nest_store *store = &ne->nest->stores[which];
    struct index index[IR_MAX_RANK];
    if (axis < store->to.rank) {
        const int nest_axis = store->axis[axis];
        struct emit_loop loop = emit_loop_begin(ne->e, ne->nest->size[nest_axis], "zero");
        ne->axis[nest_axis] = (struct index){loop.index, 0};
        zero_over(ne, which, axis + 1);
        emit_loop_end(ne->e, &loop, ne->nest->size[nest_axis]);
        return;
    }
    for (axis = 0; axis < store->to.rank; axis++)
        index[axis] = ne->axis[store->axis[axis]];
    struct emit_loop groups = emit_groups_begin(ne);
    for (int v = 0; v < ne->vectors; v++)
        emit_store_at(ne, &store->to, index, v, LLVMConstNull(ne->type));
    emit_groups_end(ne, &groups);
}

static void zero_sums(struct nest_emitter *ne)
{
    for (int i = 0; i < ne->nest->n_stores; i++)
        for (int s = 0; s < ne->nest->n_sums; s++)
            if (ne->nest->stores[i].value == ne->nest->sums[s].value)
                zero_over(ne, i, 0);
}

void emit_map(struct nest_emitter *ne)
{
    zero_sums(ne);
    over_axes(ne, ne->nest->n_axes - 1);
}
