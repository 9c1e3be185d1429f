/* SPDX-License-Identifier: MIT
 *
 * Sums over the batch: a block of results, each a vector of lanes, in registers over all summed labels; then their lanes are
 * added up and the block goes to the kernel's sums. */
#include "emit/emitter.h"

struct block {
    struct index a, b; /* first row and column */
    int rows, columns;
    LLVMValueRef *sums; /* [rows][columns], stack slots */
};

/* ---- adding up lanes ----------------------------------------------------------------------------------------------- */

/* Shuffle masks over one vector, or two side by side, that hold `segments` segments each: the lower (upper) halves of the
 * segments, of the two in turn. */
static LLVMValueRef half_mask(const struct nest_emitter *ne, int operands, int lanes, int segments, int upper)
{
    LLVMValueRef mask[512];
    LLVMTypeRef i32 = LLVMInt32TypeInContext(ne->e->context);
    int length = lanes / segments, n = 0;
    for (int segment = 0; segment < segments; segment++)
        for (int x = 0; x < operands; x++)
            for (int i = 0; i < length / 2; i++)
                mask[n++] = LLVMConstInt(
                    i32, (unsigned long long)(x * lanes + segment * length + upper * (length / 2) + i), false);
    return LLVMConstVector(mask, (unsigned)n);
}

static LLVMValueRef add_halves(const struct nest_emitter *ne, LLVMValueRef x, LLVMValueRef y, int lanes, int segments)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef second = y ? y : LLVMGetPoison(LLVMTypeOf(x));
    int operands = y ? 2 : 1;
    LLVMValueRef lower =
        LLVMBuildShuffleVector(b, x, second, half_mask(ne, operands, lanes, segments, 0), "");
    LLVMValueRef upper =
        LLVMBuildShuffleVector(b, x, second, half_mask(ne, operands, lanes, segments, 1), "");
    return LLVMBuildFAdd(b, lower, upper, "");
}

/* Sums the lanes of each of n vectors (a power of two, at most the lanes of one): lane i of the result, a vector of n, is
 * the sum of vectors[i]. */
static LLVMValueRef sum_lanes(const struct nest_emitter *ne, int n, LLVMValueRef *vectors)
{
    int lanes = (int)LLVMGetVectorSize(ne->type), segments = 1;
    for (int count = n; count > 1; count /= 2, segments *= 2)
        for (int i = 0; i < count / 2; i++)
            vectors[i] = add_halves(ne, vectors[i], vectors[i + count / 2], lanes, segments);
    LLVMValueRef sum = vectors[0];
    for (; lanes > n; lanes /= 2)
        sum = add_halves(ne, sum, NULL, lanes, n);
    return sum;
}

/* Lanes first .. first+n-1. */
static LLVMValueRef part_of(const struct nest_emitter *ne, LLVMValueRef x, int first, int n)
{
    LLVMValueRef mask[64];
    for (int i = 0; i < n; i++)
        mask[i] = LLVMConstInt(LLVMInt32TypeInContext(ne->e->context), (unsigned long long)(first + i), false);
    return LLVMBuildShuffleVector(ne->e->builder, x, LLVMGetPoison(LLVMTypeOf(x)),
                                  LLVMConstVector(mask, (unsigned)n), "");
}

/* The largest power of two that is at most n and at most `most`, which is one. */
static int power_of_two_in(int n, int most)
{
    while (most > n)
        most /= 2;
    return most;
}

/* ---- one block --------------------------------------------------------------------------------------------------- */

static bool has_label(const struct plan_factor *factor, int label)
{
    for (int axis = 0; label >= 0 && axis < factor->node->shape.rank; axis++)
        if (factor->labels[axis] == label)
            return true;
    return false;
}

/* Product of the factors that have exactly these of the block's two labels. */
static LLVMValueRef partial_product(const struct nest_emitter *ne, const struct plan_term *term, bool a, bool b,
                                    const struct index *label, int vector)
{
    LLVMValueRef result = NULL;
    for (int i = 0; i < term->n_factors; i++) {
        const struct plan_factor *factor = &term->factor[i];
        if (has_label(factor, ne->nest->axis_a) != a || has_label(factor, ne->nest->axis_b) != b)
            continue;
        struct index index[IR_MAX_RANK];
        for (int axis = 0; axis < factor->node->shape.rank; axis++)
            index[axis] = label[factor->labels[axis]];
        result = emit_product(ne, result, emit_value(ne, factor->node, index, vector));
    }
    return result;
}

static void set_label(struct index *label, int axis, struct index first, int i)
{
    if (axis >= 0)
        label[axis] = emit_index_add(first, i);
}

/* Keeps LLVM from reading operands early, for all blocks of a row or for the next vector: there are not the registers to
 * hold them. */
static void emit_barrier(const struct nest_emitter *ne)
{
    LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(ne->e->context), NULL, 0, false);
    char nothing[] = "", clobbers[] = "~{memory}";
    LLVMValueRef barrier = LLVMGetInlineAsm(type, nothing, 0, clobbers, sizeof clobbers - 1, true, false,
                                            LLVMInlineAsmDialectATT, false);
    LLVMBuildCall2(ne->e->builder, type, barrier, NULL, 0, "");
}

static void add_product(const struct nest_emitter *ne, LLVMValueRef slot, LLVMValueRef left, LLVMValueRef right)
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
static LLVMValueRef edge(const struct nest_emitter *ne, const struct plan_term *term, const struct block *block,
                         bool row, int i, struct index *label, int vector)
{
    set_label(label, row ? ne->nest->axis_a : ne->nest->axis_b, row ? block->a : block->b, i);
    return partial_product(ne, term, row, !row, label, vector);
}

/* Of rows and columns the fewer are held in registers while the others come and go. */
static void accumulate(const struct nest_emitter *ne, const struct plan_term *term, const struct block *block,
                       struct index *label, int vector)
{
    const bool by_row = block->rows >= block->columns;
    const int n_held = by_row ? block->columns : block->rows, n_moving = by_row ? block->rows : block->columns;
    LLVMValueRef held[64];
    emit_barrier(ne);
    LLVMValueRef common = partial_product(ne, term, false, false, label, vector);
    if (term->coefficient != 1 || term->n_factors == 0)
        common = emit_product(ne, emit_number(ne, term->coefficient), common);
    for (int h = 0; h < n_held; h++)
        held[h] = emit_product(ne, common, edge(ne, term, block, !by_row, h, label, vector));
    for (int m = 0; m < n_moving; m++) {
        LLVMValueRef moving = edge(ne, term, block, by_row, m, label, vector);
        for (int h = 0; h < n_held; h++) {
            const int i = by_row ? m : h, j = by_row ? h : m;
            set_label(label, ne->nest->axis_a, block->a, i);
            set_label(label, ne->nest->axis_b, block->b, j);
            LLVMValueRef both = partial_product(ne, term, true, true, label, vector);
            add_product(ne, block->sums[i * block->columns + j], emit_product(ne, moving, both), held[h]);
        }
    }
}

static void over_summed(const struct nest_emitter *ne, const struct plan_term *term, const struct block *block,
                        struct index *label, int next)
{
    if (next == term->n_labels) {
        for (int v = 0; v < ne->vectors; v++)
            accumulate(ne, term, block, label, v);
        return;
    }
    struct emit_loop loop = emit_loop_begin(ne->e, term->size[next], "k");
    label[next] = (struct index){loop.index, 0};
    over_summed(ne, term, block, label, next + 1);
    emit_loop_end(ne->e, &loop, term->size[next]);
}

/* Adds n sums, a power of two, to the memory at `address`; contiguous: as one vector. */
static void add_to_memory(const struct nest_emitter *ne, LLVMValueRef address, LLVMValueRef sums, int n, long stride)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMTypeRef i32 = LLVMInt32TypeInContext(ne->e->context);
    if (stride == 1) {
        LLVMValueRef old = LLVMBuildLoad2(b, LLVMTypeOf(sums), address, "");
        LLVMSetAlignment(old, (unsigned)ne->e->real_bytes);
        LLVMValueRef store = LLVMBuildStore(b, LLVMBuildFAdd(b, old, sums, ""), address);
        LLVMSetAlignment(store, (unsigned)ne->e->real_bytes);
        return;
    }
    for (int i = 0; i < n; i++) {
        LLVMValueRef offset = emit_constant_index(ne->e, i * stride);
        LLVMValueRef place = LLVMBuildGEP2(b, ne->e->real, address, &offset, 1, "");
        LLVMValueRef sum = LLVMBuildExtractElement(b, sums, LLVMConstInt(i32, (unsigned long long)i, false), "");
        LLVMValueRef old = LLVMBuildLoad2(b, ne->e->real, place, "");
        LLVMBuildStore(b, LLVMBuildFAdd(b, old, sum, ""), place);
    }
}

/* Adds up the lanes of rows x columns of the block's sums, powers of two, from row i and column j. */
static void store_piece(const struct nest_emitter *ne, const struct block *block, struct index *label, int i, int j,
                        int rows, int columns)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef pieces[64];
    for (int p = 0; p < rows * columns; p++) {
        int place = (i + p / columns) * block->columns + j + p % columns;
        pieces[p] = LLVMBuildLoad2(b, ne->type, block->sums[place], "");
    }
    LLVMValueRef sums = sum_lanes(ne, rows * columns, pieces);
    set_label(label, ne->nest->axis_b, block->b, j);
    for (int r = 0; r < rows; r++) {
        set_label(label, ne->nest->axis_a, block->a, i + r);
        LLVMValueRef row = rows > 1 ? part_of(ne, sums, r * columns, columns) : sums;
        for (int s = 0; s < ne->nest->n_stores; s++) {
            const struct plan_value *to = &ne->nest->stores[s].to;
            long stride = ne->nest->axis_b < 0 ? 1 : to->stride[ne->nest->axis_b];
            LLVMValueRef address = emit_address(ne, ne->store[s], to, ne->nest->total->shape.rank, label, 0);
            add_to_memory(ne, address, row, columns, stride);
        }
    }
}

/* As many at once as a vector has lanes: the more, the fewer additions each. */
static void store_block(const struct nest_emitter *ne, const struct block *block, struct index *label)
{
    const int widest = (int)LLVMGetVectorSize(ne->type);
    for (int j = 0, columns; j < block->columns; j += columns) {
        columns = power_of_two_in(block->columns - j, widest);
        for (int i = 0, rows; i < block->rows; i += rows) {
            rows = power_of_two_in(block->rows - i, widest / columns);
            store_piece(ne, block, label, i, j, rows, columns);
        }
    }
}

/* A sum begins with the first product: LLVM drops the addition to -0. Where a loop comes first there is none to
 * drop, and 0 is cheaper. */
static LLVMValueRef start_of_sums(const struct nest_emitter *ne)
{
    bool loop = ne->nest->terms[0].n_labels > ne->nest->total->shape.rank;
    return loop ? LLVMConstNull(ne->type) : emit_number(ne, -0.0);
}

static void emit_block(const struct nest_emitter *ne, struct block *block)
{
    struct index label[IR_MAX_LABELS];
    int n = block->rows * block->columns;
    block->sums = ARENA_ARRAY(ne->e->arena, LLVMValueRef, (size_t)n);
    for (int i = 0; i < n; i++) {
        block->sums[i] = emit_slot(ne);
        LLVMBuildStore(ne->e->builder, start_of_sums(ne), block->sums[i]);
    }
    for (int axis = 0; axis < ne->nest->total->shape.rank; axis++)
        label[axis] = ne->axis[axis];
    for (int t = 0; t < ne->nest->n_terms; t++)
        over_summed(ne, &ne->nest->terms[t], block, label, ne->nest->total->shape.rank);
    store_block(ne, block, label);
}

/* ---- loops ------------------------------------------------------------------------------------------------------- */

typedef void visit_block(struct nest_emitter *ne, struct block *block);

/* Calls visit with every block along one axis: whole ones in a loop, then the rest. */
static void over_blocks(struct nest_emitter *ne, int axis, int size, struct block *block, visit_block *visit)
{
    bool is_a = axis == ne->nest->axis_a;
    int total = axis < 0 ? 1 : ne->nest->total->shape.size[axis];
    int whole = total / size, rest = total % size;
    struct index *first = is_a ? &block->a : &block->b;
    int *extent = is_a ? &block->rows : &block->columns;
    *extent = size;
    if (whole) {
        struct emit_loop loop = emit_loop_begin(ne->e, whole, is_a ? "a" : "b");
        *first = (struct index){LLVMBuildMul(ne->e->builder, loop.index, emit_constant_index(ne->e, size), ""), 0};
        visit(ne, block);
        emit_loop_end(ne->e, &loop, whole);
    }
    if (rest) {
        *extent = rest;
        *first = (struct index){NULL, (long)whole * size};
        visit(ne, block);
    }
}

static void visit_b(struct nest_emitter *ne, struct block *block)
{
    emit_block(ne, block);
}

static void visit_a(struct nest_emitter *ne, struct block *block)
{
    if (ne->nest->axis_b >= 0) {
        over_blocks(ne, ne->nest->axis_b, ne->nest->block_b, block, visit_b);
        return;
    }
    block->columns = 1;
    emit_block(ne, block);
}

static void over_axes(struct nest_emitter *ne, int axis)
{
    const struct plan_nest *nest = ne->nest;
    if (axis == nest->total->shape.rank) {
        struct block block = {.rows = 1, .columns = 1};
        if (nest->axis_a >= 0)
            over_blocks(ne, nest->axis_a, nest->block_a, &block, visit_a);
        else
            visit_a(ne, &block);
        return;
    }
    if (axis == nest->axis_a || axis == nest->axis_b) {
        over_axes(ne, axis + 1);
        return;
    }
    struct emit_loop loop = emit_loop_begin(ne->e, nest->total->shape.size[axis], "outer");
    ne->axis[axis] = (struct index){loop.index, 0};
    over_axes(ne, axis + 1);
    emit_loop_end(ne->e, &loop, nest->total->shape.size[axis]);
}

void emit_total(struct nest_emitter *ne)
{
    over_axes(ne, 0);
}
