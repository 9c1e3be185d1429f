/* SPDX-License-Identifier: MIT
 *
 * Sums over the batch as sums of outer products, a lane after the other: the operands of a row of results are
 * transposed first, from a vector of lanes each to a vector along the row for each lane; then blocks of rows
 * x vectors of results take a number of the other operand and some vectors of the row at each step. The end
 * of a row is filled with zeros, which are not stored. */
#include "emit_llvm/emitter.h"

#include <string.h>

struct packed {
    struct nest_emitter *ne;
    int rank;         /* of the total */
    int width, lanes; /* elements of a vector, samples of a tile */
    int row;          /* results along axis_b */
    long stride;      /* elements from one step's operands to the next one's */
    long first;       /* step with which the term at hand begins */
    struct index label[IR_MAX_LABELS];
};

struct packed_block {
    struct index a;      /* first row */
    LLVMValueRef vector; /* first vector of the row */
    int rows, vectors;
    int last;           /* elements of the last vector that are results */
    LLVMValueRef *sums; /* [rows][vectors], stack slots */
};

static LLVMValueRef plus(const struct packed *p, LLVMValueRef a, LLVMValueRef b)
{
    return LLVMBuildAdd(p->ne->e->builder, a, b, "");
}

static LLVMValueRef times(const struct packed *p, LLVMValueRef a, long b)
{
    return LLVMBuildMul(p->ne->e->builder, a, emit_constant_index(p->ne->e, b), "");
}

static LLVMValueRef constant(const struct packed *p, long value)
{
    return emit_constant_index(p->ne->e, value);
}

/* ---- turned operands ----------------------------------------------------------------------------------- */

/* Of vectors x and y side by side, the lanes that `pick` names. */
static LLVMValueRef pick_lanes(const struct packed *p, LLVMValueRef x, LLVMValueRef y, const int *pick)
{
    LLVMValueRef mask[64];
    for (int i = 0; i < p->width; i++)
        mask[i] = LLVMConstInt(LLVMInt32TypeInContext(p->ne->e->context), (unsigned long long)pick[i], false);
    return LLVMBuildShuffleVector(p->ne->e->builder, x, y, LLVMConstVector(mask, (unsigned)p->width), "");
}

/* Within each part of 128 bits: pieces of `piece` lanes of its lower (or upper) half, from x and y in
 * turn. */
static void interleave(const struct packed *p, LLVMValueRef *x, LLVMValueRef *y, int part, int piece)
{
    int lower[64], upper[64];
    for (int lane = 0; lane < p->width; lane++) {
        const int at = lane % part, from = at / piece % 2 ? p->width : 0;
        lower[lane] = from + lane - at + at / piece / 2 * piece + at % piece;
        upper[lane] = lower[lane] + part / 2;
    }
    LLVMValueRef low = pick_lanes(p, *x, *y, lower), high = pick_lanes(p, *x, *y, upper);
    *x = low;
    *y = high;
}

/* Lanes of y whose number lacks the bit `apart` change places with lanes of x that have it. */
static void exchange(const struct packed *p, LLVMValueRef *x, LLVMValueRef *y, int apart)
{
    int first[64], second[64];
    for (int lane = 0; lane < p->width; lane++) {
        first[lane] = lane & apart ? p->width + (lane ^ apart) : lane;
        second[lane] = lane & apart ? p->width + lane : lane ^ apart;
    }
    LLVMValueRef a = pick_lanes(p, *x, *y, first), b = pick_lanes(p, *x, *y, second);
    *x = a;
    *y = b;
}

/* Interleaving leaves the rows of a part of four with their numbers' bits backwards. */
static void sort_rows(LLVMValueRef *rows, int n, int part)
{
    for (int i = 0; part == 4 && i < n; i += part) {
        LLVMValueRef row = rows[i + 1];
        rows[i + 1] = rows[i + 2];
        rows[i + 2] = row;
    }
}

/* As many vectors as one has lanes: lane j of vector i and lane i of vector j change places. */
static void transpose(const struct packed *p, LLVMValueRef *rows)
{
    const int in_part = 16 / p->ne->e->real_bytes, part = in_part < p->width ? in_part : p->width;
    for (int apart = 1; apart < p->width; apart *= 2) {
        if (apart == part)
            sort_rows(rows, p->width, part);
        for (int i = 0; i < p->width; i++)
            if (!(i & apart) && apart < part)
                interleave(p, &rows[i], &rows[i + apart], part, apart);
            else if (!(i & apart))
                exchange(p, &rows[i], &rows[i + apart], apart);
    }
    if (part == p->width)
        sort_rows(rows, p->width, part);
}

/* The product of a term's factors of one result of the row, and of those that all results share. */
static LLVMValueRef column(const struct packed *p, const struct nest_term *term, struct index b, int i,
                           int vector)
{
    struct index label[IR_MAX_LABELS];
    memcpy(label, p->label, sizeof label);
    label[p->ne->how->axis_b] = emit_index_add(b, i);
    LLVMValueRef product = emit_total_product(p->ne, term, false, true, label, vector);
    product = emit_product(p->ne, emit_total_product(p->ne, term, false, false, label, vector), product);
    if (term->coefficient != 1)
        product = emit_product(p->ne, emit_number(p->ne, term->coefficient), product);
    return product ? product : emit_number(p->ne, 1);
}

static LLVMValueRef place(const struct packed *p, LLVMValueRef step, LLVMValueRef element)
{
    LLVMValueRef at = plus(p, times(p, plus(p, step, constant(p, p->first)), p->stride), element);
    return LLVMBuildGEP2(p->ne->e->builder, p->ne->e->real, p->ne->param[p->ne->nest->work.param], &at, 1,
                         "");
}

/* `n` of the row's operands from `b` on, those of one vector of lanes, which are steps from `step` on. */
static void pack_square(const struct packed *p, const struct nest_term *term, struct index b, int n,
                        int vector, LLVMValueRef step)
{
    LLVMValueRef rows[64];
    for (int i = 0; i < p->width; i++)
        rows[i] = i < n ? column(p, term, b, i, vector) : LLVMConstNull(p->ne->type);
    transpose(p, rows);
    LLVMValueRef element = b.dynamic ? b.dynamic : constant(p, b.constant);
    for (int i = 0; i < p->width; i++)
        LLVMBuildStore(p->ne->e->builder, rows[i], place(p, plus(p, step, constant(p, i)), element));
}

static void pack_row(const struct packed *p, const struct nest_term *term, int vector, LLVMValueRef step)
{
    const int whole = p->row / p->width, rest = p->row % p->width;
    struct emit_loop loop = emit_loop_begin(p->ne->e, whole, "pack");
    pack_square(p, term, (struct index){times(p, loop.index, p->width), 0}, p->width, vector, step);
    emit_loop_end(p->ne->e, &loop, whole);
    if (rest)
        pack_square(p, term, (struct index){NULL, (long)whole * p->width}, rest, vector, step);
}

/* Over the summed labels from `next` on; step: of the labels before. */
static void pack_term(struct packed *p, const struct nest_term *term, int next, LLVMValueRef step)
{
    struct nest_emitter *ne = p->ne;
    if (next < term->n_labels) {
        struct emit_loop loop = emit_loop_begin(ne->e, term->size[next], "k");
        p->label[next] = (struct index){loop.index, 0};
        pack_term(p, term, next + 1, plus(p, times(p, step, term->size[next]), loop.index));
        emit_loop_end(ne->e, &loop, term->size[next]);
        return;
    }
    struct emit_loop groups = emit_groups_begin(ne);
    LLVMValueRef first = times(p, step, p->lanes);
    if (ne->lane)
        first = plus(p, first, ne->lane);
    for (int v = 0; v < ne->vectors; v++)
        pack_row(p, term, v, plus(p, first, constant(p, (long)v * p->width)));
    emit_groups_end(ne, &groups);
}

/* Steps that a term takes. */
static long steps_of(const struct packed *p, const struct nest_term *term)
{
    long steps = p->lanes;
    for (int label = p->rank; label < term->n_labels; label++)
        steps *= term->size[label];
    return steps;
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

/* The number that a row's products have at the lane at hand. */
static LLVMValueRef row_number(const struct packed *p, const struct nest_term *term,
                               const struct packed_block *block, int r, LLVMValueRef lane)
{
    struct nest_emitter *ne = p->ne;
    for (int i = 0; i < term->n_factors; i++) {
        const struct nest_operand *factor = &ne->nest->factors[term->factors + i];
        const struct nest_value *value = &ne->nest->values[factor->value];
        if (!nest_factor_has(ne->nest, factor, ne->how->axis_a))
            continue;
        struct index index[IR_MAX_RANK];
        for (int axis = 0; axis < value->place.rank; axis++)
            index[axis] = factor->label[axis] == ne->how->axis_a ? emit_index_add(block->a, r)
                                                                 : p->label[factor->label[axis]];
        LLVMValueRef address = emit_address(ne, &value->place, index, 0);
        address = LLVMBuildGEP2(ne->e->builder, ne->e->real, address, &lane, 1, "");
        return emit_splat(ne, LLVMBuildLoad2(ne->e->builder, ne->e->real, address, ""));
    }
    return NULL;
}

static void one_step(const struct packed *p, const struct nest_term *term, const struct packed_block *block,
                     LLVMValueRef step, LLVMValueRef lane)
{
    LLVMBuilderRef b = p->ne->e->builder;
    LLVMValueRef columns[64];
    for (int v = 0; v < block->vectors; v++) {
        LLVMValueRef element = times(p, plus(p, block->vector, constant(p, v)), p->width);
        columns[v] = LLVMBuildLoad2(b, p->ne->type, place(p, step, element), "");
    }
    for (int r = 0; r < block->rows; r++) {
        LLVMValueRef number = row_number(p, term, block, r, lane);
        for (int v = 0; v < block->vectors; v++) {
            LLVMValueRef slot = block->sums[r * block->vectors + v];
            LLVMValueRef sum = LLVMBuildLoad2(b, p->ne->type, slot, "");
            LLVMBuildStore(b, emit_multiply_add(p->ne, number, columns[v], sum), slot);
        }
    }
}

static void over_steps(struct packed *p, const struct nest_term *term, const struct packed_block *block,
                       int next, LLVMValueRef step)
{
    const bool is_lane = next == term->n_labels;
    const int size = is_lane ? p->lanes : term->size[next];
    struct emit_loop loop = emit_loop_begin(p->ne->e, size, is_lane ? "lane" : "k");
    LLVMValueRef here = plus(p, times(p, step, size), loop.index);
    if (is_lane) {
        one_step(p, term, block, here, loop.index);
    } else {
        p->label[next] = (struct index){loop.index, 0};
        over_steps(p, term, block, next + 1, here);
    }
    emit_loop_end(p->ne->e, &loop, size);
}

static LLVMValueRef result_address(const struct packed *p, const struct packed_block *block, int store, int r,
                                   int v)
{
    struct index label[IR_MAX_LABELS];
    memcpy(label, p->label, sizeof label);
    label[p->ne->how->axis_a] = emit_index_add(block->a, r);
    label[p->ne->how->axis_b] = (struct index){times(p, block->vector, p->width), (long)v * p->width};
    return emit_address(p->ne, &p->ne->nest->stores[store].to, label, 0);
}

static void store_results(const struct packed *p, const struct packed_block *block)
{
    for (int r = 0; r < block->rows; r++)
        for (int v = 0; v < block->vectors; v++) {
            const int n = v + 1 == block->vectors ? block->last : p->width;
            LLVMValueRef sum =
                LLVMBuildLoad2(p->ne->e->builder, p->ne->type, block->sums[r * block->vectors + v], "");
            if (n < p->width)
                sum = emit_lanes_of(p->ne, sum, 0, n);
            for (int s = 0; s < p->ne->nest->n_stores; s++)
                emit_add_sums(p->ne, result_address(p, block, s, r, v), sum, n, 1);
        }
}

static void ask_for(const struct packed *p, LLVMValueRef address)
{
    struct emitter *e = p->ne->e;
    LLVMTypeRef i32 = LLVMInt32TypeInContext(e->context);
    const unsigned id = LLVMLookupIntrinsicID("llvm.prefetch", 13);
    LLVMValueRef callee = LLVMGetIntrinsicDeclaration(e->module, id, &e->pointer, 1);
    LLVMValueRef arguments[] = {address, LLVMConstInt(i32, 1, false), LLVMConstInt(i32, 3, false),
                                LLVMConstInt(i32, 1, false)};
    LLVMBuildCall2(e->builder, LLVMIntrinsicGetType(e->context, id, &e->pointer, 1), callee, arguments, 4,
                   "");
}

static void emit_block(struct packed *p, struct packed_block *block)
{
    struct nest_emitter *ne = p->ne;
    const int n = block->rows * block->vectors;
    block->sums = ARENA_ARRAY(ne->e->arena, LLVMValueRef, (size_t)n);
    for (int i = 0; i < n; i++) {
        block->sums[i] = emit_slot(ne);
        LLVMBuildStore(ne->e->builder, LLVMConstNull(ne->type), block->sums[i]);
    }
    for (int i = 0; i < n && ne->how->ahead; i++)
        ask_for(p, result_address(p, block, 0, i / block->vectors, i % block->vectors));
    p->first = 0;
    for (int t = 0; t < ne->nest->n_terms; t++) {
        over_steps(p, &ne->nest->terms[t], block, p->rank, constant(p, 0));
        p->first += steps_of(p, &ne->nest->terms[t]);
    }
    store_results(p, block);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

/* Along a row of results: blocks of whole vectors, then what is left in one block. */
static void over_row(struct packed *p, struct packed_block *block)
{
    const int most = p->ne->how->block_b, whole = p->row / p->width / most;
    const int rest = p->row - whole * most * p->width;
    if (whole) {
        struct emit_loop loop = emit_loop_begin(p->ne->e, whole, "b");
        block->vector = times(p, loop.index, most);
        block->vectors = most;
        block->last = p->width;
        emit_block(p, block);
        emit_loop_end(p->ne->e, &loop, whole);
    }
    if (rest) {
        block->vector = constant(p, (long)whole * most);
        block->vectors = (rest + p->width - 1) / p->width;
        block->last = rest - (block->vectors - 1) * p->width;
        emit_block(p, block);
    }
}

static void over_rows(struct packed *p)
{
    const int most = p->ne->how->block_a, rows = p->ne->nest->total_size[p->ne->how->axis_a];
    const int whole = rows / most, rest = rows % most;
    struct packed_block block = {.rows = most};
    if (whole) {
        struct emit_loop loop = emit_loop_begin(p->ne->e, whole, "a");
        block.a = (struct index){times(p, loop.index, most), 0};
        over_row(p, &block);
        emit_loop_end(p->ne->e, &loop, whole);
    }
    if (rest) {
        block.rows = rest;
        block.a = (struct index){NULL, (long)whole * most};
        over_row(p, &block);
    }
}

void emit_packed(struct nest_emitter *ne)
{
    const struct schedule *schedule = ne->e->schedule;
    const struct nest *nest = ne->nest;
    struct packed p = {.ne = ne,
                       .rank = nest->total_rank,
                       .width = schedule->cpu.vector,
                       .lanes = schedule->lanes,
                       .row = nest->total_size[ne->how->axis_b]};
    p.stride = (long)sched_packed_columns(schedule, p.row) * p.width;
    for (int axis = 0; axis < p.rank; axis++)
        p.label[axis] = ne->axis[axis];
    for (int t = 0; t < nest->n_terms; t++) {
        pack_term(&p, &nest->terms[t], p.rank, constant(&p, 0));
        p.first += steps_of(&p, &nest->terms[t]);
    }
    over_rows(&p);
}
