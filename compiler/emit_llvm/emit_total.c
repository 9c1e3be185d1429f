/* SPDX-License-Identifier: MIT
 *
 * Sums over the batch: a block of results, each a vector of lanes, in registers over all summed labels; then
 * come the horizontal sums, and the block is added to the kernel's sums. */
#include "emit_llvm/emitter.h"

struct block {
    struct index a, b; /* first row and column */
    int rows, columns;
    LLVMValueRef *sums; /* [rows][columns], stack slots */
};

/* ---- one block ----------------------------------------------------------------------------------------- */

LLVMValueRef emit_total_product(const struct nest_emitter *ne, const struct nest_term *term, bool a, bool b,
                                const struct index *label, int vector)
{
    LLVMValueRef result = NULL;
    for (int i = 0; i < term->n_factors; i++) {
        const struct nest_operand *factor = &ne->nest->factors[term->factors + i];
        if (nest_factor_has(ne->nest, factor, ne->how->axis_a) == a &&
            nest_factor_has(ne->nest, factor, ne->how->axis_b) == b)
            result = emit_product(ne, result, emit_operand(ne, factor, label, vector));
    }
    return result;
}

static void set_label(struct index *label, int axis, struct index first, int i)
{
    if (axis >= 0)
        label[axis] = emit_index_add(first, i);
}

/* Keeps LLVM from reading operands early, for all blocks of a row or for the next vector: there are not the
 * registers to hold them. */
static void emit_barrier(const struct nest_emitter *ne)
{
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(ne->e->context), NULL, 0, false);
    char nothing[] = "", clobbers[] = "~{memory}";
    LLVMValueRef barrier = LLVMGetInlineAsm(type, nothing, 0, clobbers, sizeof clobbers - 1, true, false,
                                            LLVMInlineAsmDialectATT, false);
    LLVMBuildCall2(ne->e->builder, type, barrier, NULL, 0, "");
}

static void add_product(const struct nest_emitter *ne, LLVMValueRef slot, LLVMValueRef left,
                        LLVMValueRef right)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef sum = LLVMBuildLoad2(b, ne->type, slot, "");
    if (left && right)
        sum = emit_multiply_add(ne, left, right, sum);
    else
        sum = LLVMBuildFAdd(b, sum, left ? left : right, "");
    LLVMBuildStore(b, sum, slot);
}

/* What a row, or a column, multiplies all of its products by. */
static LLVMValueRef edge(const struct nest_emitter *ne, const struct nest_term *term,
                         const struct block *block, bool row, int i, struct index *label, int vector)
{
    set_label(label, row ? ne->how->axis_a : ne->how->axis_b, row ? block->a : block->b, i);
    return emit_total_product(ne, term, row, !row, label, vector);
}

/* The same of two vectors, whose lanes are summed alike: in one. */
static LLVMValueRef edge_pair(const struct nest_emitter *ne, const struct nest_term *term,
                              const struct block *block, bool row, int i, struct index *label, int vector)
{
    return emit_pair(ne, edge(ne, term, block, row, i, label, vector),
                     edge(ne, term, block, row, i, label, vector + 1));
}

static void accumulate_pairs(const struct nest_emitter *ne, const struct nest_term *term,
                             const struct block *block, struct index *label, int vector)
{
    const bool by_row = block->rows >= block->columns;
    const int n_held = by_row ? block->columns : block->rows,
              n_moving = by_row ? block->rows : block->columns;
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef held[64];
    emit_barrier(ne);
    for (int h = 0; h < n_held; h++) {
        held[h] = edge_pair(ne, term, block, !by_row, h, label, vector);
        if (term->coefficient < 0)
            held[h] = emit_pair_negated(ne, held[h]);
    }
    for (int m = 0; m < n_moving; m++) {
        LLVMValueRef moving = edge_pair(ne, term, block, by_row, m, label, vector);
        for (int h = 0; h < n_held; h++) {
            LLVMValueRef slot = block->sums[(by_row ? m : h) * block->columns + (by_row ? h : m)];
            LLVMBuildStore(b, emit_dot(ne, LLVMBuildLoad2(b, ne->type, slot, ""), moving, held[h]), slot);
        }
    }
}

/* Of rows and columns the fewer are held in registers while the others come and go. */
static void accumulate(const struct nest_emitter *ne, const struct nest_term *term, const struct block *block,
                       struct index *label, int vector)
{
    const bool by_row = block->rows >= block->columns;
    const int n_held = by_row ? block->columns : block->rows,
              n_moving = by_row ? block->rows : block->columns;
    LLVMValueRef held[64];
    emit_barrier(ne);
    LLVMValueRef common = emit_total_product(ne, term, false, false, label, vector);
    if (term->coefficient != 1 || term->n_factors == 0)
        common = emit_product(ne, emit_number(ne, term->coefficient), common);
    for (int h = 0; h < n_held; h++)
        held[h] = emit_product(ne, common, edge(ne, term, block, !by_row, h, label, vector));
    for (int m = 0; m < n_moving; m++) {
        LLVMValueRef moving = edge(ne, term, block, by_row, m, label, vector);
        for (int h = 0; h < n_held; h++) {
            const int i = by_row ? m : h, j = by_row ? h : m;
            set_label(label, ne->how->axis_a, block->a, i);
            set_label(label, ne->how->axis_b, block->b, j);
            LLVMValueRef both = emit_total_product(ne, term, true, true, label, vector);
            add_product(ne, block->sums[i * block->columns + j], emit_product(ne, moving, both), held[h]);
        }
    }
}

static void over_summed(struct nest_emitter *ne, const struct nest_term *term, const struct block *block,
                        struct index *label, int next)
{
    if (next == term->n_labels) {
        struct emit_loop groups = emit_groups_begin(ne);
        const bool paired = term->how == TERM_PAIRED && ne->e->real_bytes == REAL_4;
        for (int v = 0; v < ne->vectors; v += 1 + paired)
            (paired ? accumulate_pairs : accumulate)(ne, term, block, label, v);
        emit_groups_end(ne, &groups);
        return;
    }
    struct emit_loop loop = emit_loop_begin(ne->e, term->size[next], "k");
    label[next] = (struct index){loop.index, 0};
    over_summed(ne, term, block, label, next + 1);
    emit_loop_end(ne->e, &loop, term->size[next]);
}

/* Adds up the lanes of rows x columns of the block's sums, powers of two, from row i and column j. */
static void store_piece(const struct nest_emitter *ne, const struct block *block, struct index *label, int i,
                        int j, int rows, int columns)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef pieces[64];
    for (int p = 0; p < rows * columns; p++) {
        int place = (i + p / columns) * block->columns + j + p % columns;
        pieces[p] = LLVMBuildLoad2(b, ne->type, block->sums[place], "");
    }
    LLVMValueRef sums = emit_sum_lanes(ne, rows * columns, pieces);
    set_label(label, ne->how->axis_b, block->b, j);
    for (int r = 0; r < rows; r++) {
        set_label(label, ne->how->axis_a, block->a, i + r);
        LLVMValueRef row = rows > 1 ? emit_lanes_of(ne, sums, r * columns, columns) : sums;
        for (int s = 0; s < ne->nest->n_stores; s++) {
            const struct nest_place *to = &ne->nest->stores[s].to;
            long stride = ne->how->axis_b < 0 ? 1 : to->stride[ne->how->axis_b];
            LLVMValueRef address = emit_address(ne, to, label, 0);
            emit_add_sums(ne, address, row, columns, stride);
        }
    }
}

/* As many at once as a vector has lanes: the more, the fewer additions each. */
static void store_block(const struct nest_emitter *ne, const struct block *block, struct index *label)
{
    const int widest = (int)LLVMGetVectorSize(ne->type);
    for (int j = 0, columns; j < block->columns; j += columns) {
        columns = sched_power_of_two(block->columns - j, widest);
        for (int i = 0, rows; i < block->rows; i += rows) {
            rows = sched_power_of_two(block->rows - i, widest / columns);
            store_piece(ne, block, label, i, j, rows, columns);
        }
    }
}

/* ---- partial sums -------------------------------------------------------------------------------------- */

static void set_element(const struct nest_emitter *ne, const struct block *block, struct index *label,
                        int element)
{
    set_label(label, ne->how->axis_a, block->a, element / block->columns);
    set_label(label, ne->how->axis_b, block->b, element % block->columns);
}

/* A block goes on where it was left. */
static void load_partial(const struct nest_emitter *ne, const struct block *block, struct index *label)
{
    const struct nest_place *from = &ne->nest->stores[0].to;
    for (int i = 0; i < block->rows * block->columns; i++) {
        set_element(ne, block, label, i);
        LLVMValueRef sum = emit_load_at(ne, from, label, 0);
        LLVMBuildStore(ne->e->builder, sum, block->sums[i]);
    }
}

/* What comes from far away is read at the end: a load in front of the block's store brings the line that it
 * goes to, and the sums need not wait for it. */
static LLVMValueRef sum_of_block(const struct nest_emitter *ne, const struct block *block,
                                 struct index *label, int i)
{
    const struct nest_place *place = &ne->nest->stores[0].to;
    LLVMValueRef sum = LLVMBuildLoad2(ne->e->builder, ne->type, block->sums[i], "");
    if (!ne->how->far)
        return sum;
    LLVMValueRef before = emit_load_at(ne, place, label, 0);
    return LLVMBuildFAdd(ne->e->builder, before, sum, "");
}

static void store_partial(const struct nest_emitter *ne, const struct block *block, struct index *label)
{
    const struct nest_place *to = &ne->nest->stores[0].to;
    for (int i = 0; i < block->rows * block->columns; i++) {
        set_element(ne, block, label, i);
        LLVMValueRef sum = sum_of_block(ne, block, label, i);
        emit_store_at(ne, to, label, 0, sum);
    }
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

/* A sum begins with the first product: LLVM drops the addition to -0. Where a loop comes first there is none
 * to drop, and 0 is cheaper. */
static LLVMValueRef start_of_sums(const struct nest_emitter *ne)
{
    bool loop = ne->nest->terms[0].n_labels > ne->nest->total_rank;
    return loop ? LLVMConstNull(ne->type) : emit_number(ne, -0.0);
}

static void emit_block(struct nest_emitter *ne, struct block *block)
{
    struct index label[IR_MAX_LABELS];
    int n = block->rows * block->columns;
    block->sums = ARENA_ARRAY(ne->e->arena, LLVMValueRef, (size_t)n);
    for (int axis = 0; axis < ne->nest->total_rank; axis++)
        label[axis] = ne->axis[axis];
    for (int i = 0; i < n; i++)
        block->sums[i] = emit_slot(ne);
    const bool goes_on = ne->nest->partial && !ne->how->far;
    if (goes_on)
        load_partial(ne, block, label);
    for (int i = 0; i < n && !goes_on; i++)
        LLVMBuildStore(ne->e->builder, start_of_sums(ne), block->sums[i]);
    for (int t = 0; t < ne->nest->n_terms; t++)
        over_summed(ne, &ne->nest->terms[t], block, label, ne->nest->total_rank);
    if (ne->nest->partial)
        store_partial(ne, block, label);
    else
        store_block(ne, block, label);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

/* Which blocks along axis_b are visited for each block along axis_a. */
struct pass {
    LLVMValueRef first, end; /* whole blocks; NULL: none */
    int rest;                /* rows of the last block, which is smaller; 0: none */
};

static int extent(const struct nest_emitter *ne, int axis)
{
    return axis < 0 ? 1 : ne->nest->total_size[axis];
}

static struct index block_start(const struct nest_emitter *ne, LLVMValueRef block, int size)
{
    return (struct index){LLVMBuildMul(ne->e->builder, block, emit_constant_index(ne->e, size), ""), 0};
}

static void over_b(struct nest_emitter *ne, struct block *block, const struct pass *pass)
{
    const int size = ne->how->block_b;
    if (pass->first) {
        struct emit_loop loop = emit_range_begin(ne->e, pass->first, pass->end, "b");
        block->columns = size;
        block->b = block_start(ne, loop.index, size);
        emit_block(ne, block);
        emit_range_end(ne->e, &loop);
    }
    if (pass->rest) {
        block->columns = pass->rest;
        block->b = (struct index){NULL, extent(ne, ne->how->axis_b) - pass->rest};
        emit_block(ne, block);
    }
}

static void over_a(struct nest_emitter *ne, const struct pass *pass)
{
    const int size = ne->how->block_a, rows = extent(ne, ne->how->axis_a), whole = rows / size,
              rest = rows % size;
    struct block block = {.rows = size};
    if (whole) {
        struct emit_loop loop = emit_loop_begin(ne->e, whole, "a");
        block.a = block_start(ne, loop.index, size);
        over_b(ne, &block, pass);
        emit_loop_end(ne->e, &loop, whole);
    }
    if (rest) {
        block.rows = rest;
        block.a = (struct index){NULL, rows - rest};
        over_b(ne, &block, pass);
    }
}

/* Operands of so many blocks along axis_b stay in the first cache while those along axis_a go by. */
static void over_blocks(struct nest_emitter *ne)
{
    const int columns = extent(ne, ne->how->axis_b), whole = columns / ne->how->block_b;
    const int chunk = ne->how->window_b;
    LLVMBuilderRef b = ne->e->builder;
    struct pass pass = {.rest = columns % ne->how->block_b};
    if (whole <= chunk) {
        pass.first = whole ? emit_constant_index(ne->e, 0) : NULL;
        pass.end = emit_constant_index(ne->e, whole);
        over_a(ne, &pass);
        return;
    }
    struct pass inner = {.rest = 0};
    struct emit_loop loop = emit_loop_begin(ne->e, (whole + chunk - 1) / chunk, "pass");
    inner.first = LLVMBuildMul(b, loop.index, emit_constant_index(ne->e, chunk), "");
    inner.end = LLVMBuildAdd(b, inner.first, emit_constant_index(ne->e, chunk), "");
    if (whole % chunk) {
        LLVMValueRef most = emit_constant_index(ne->e, whole);
        inner.end =
            LLVMBuildSelect(b, LLVMBuildICmp(b, LLVMIntULT, inner.end, most, ""), inner.end, most, "");
    }
    over_a(ne, &inner);
    emit_loop_end(ne->e, &loop, (whole + chunk - 1) / chunk);
    if (pass.rest)
        over_a(ne, &pass);
}

static void over_axes(struct nest_emitter *ne, int axis)
{
    const struct nest *nest = ne->nest;
    if (axis == nest->total_rank) {
        if (ne->how->packed)
            emit_packed(ne);
        else
            over_blocks(ne);
        return;
    }
    if (axis == ne->how->axis_a || axis == ne->how->axis_b) {
        over_axes(ne, axis + 1);
        return;
    }
    struct emit_loop loop = emit_loop_begin(ne->e, nest->total_size[axis], "outer");
    ne->axis[axis] = (struct index){loop.index, 0};
    over_axes(ne, axis + 1);
    emit_loop_end(ne->e, &loop, nest->total_size[axis]);
}

void emit_total(struct nest_emitter *ne)
{
    over_axes(ne, 0);
}
