/* SPDX-License-Identifier: MIT
 *
 * Nests of one symmetric matrix A, for each lane its own: log det A and 1/A, by Cholesky's factor A = L L'.
 * All three steps are sums of products of two rows of the nest's memory W [n,n], which holds L below its
 * diagonal, 1/L_jj on it and the transpose of M = 1/L above it. A pivot that is not positive becomes NaN, in
 * its own lane only. */
#include "emit_llvm/emitter.h"
#include "emit_llvm/math/vector_math_build.h"

#include <math.h>

struct matrix {
    struct nest_emitter *ne;
    const struct nest_value *value;
    LLVMValueRef size;       /* n */
    LLVMValueRef row;        /* of W, that a step multiplies with others */
    LLVMValueRef *logarithm; /* by vector: slot of the sum of the pivots' logarithms; NULL: not asked for */
};

/* One step for `rows` rows of W from `first` on. */
typedef void matrix_step(const struct matrix *m, int rows, LLVMValueRef first);

/* ---- W ------------------------------------------------------------------------------------------------- */

static LLVMValueRef plus(const struct matrix *m, LLVMValueRef index, int constant)
{
    return LLVMBuildAdd(m->ne->e->builder, index, emit_constant_index(m->ne->e, constant), "");
}

static LLVMValueRef load(const struct matrix *m, LLVMValueRef i, LLVMValueRef j, int vector)
{
    const struct index index[2] = {{i, 0}, {j, 0}};
    return emit_load_at(m->ne, &m->ne->nest->work, index, vector);
}

static void store(const struct matrix *m, LLVMValueRef i, LLVMValueRef j, int vector, LLVMValueRef x)
{
    const struct index index[2] = {{i, 0}, {j, 0}};
    emit_store_at(m->ne, &m->ne->nest->work, index, vector, x);
}

static LLVMValueRef element(const struct matrix *m, LLVMValueRef i, LLVMValueRef j, int vector)
{
    const struct index index[2] = {{i, 0}, {j, 0}};
    return emit_value(m->ne, nest_operand(m->ne->nest, m->value, 0)->value, index, vector);
}

/* A row is computed in blocks of the nest's size, what is left one by one. */
static void over_rows(const struct matrix *m, LLVMValueRef first, LLVMValueRef end, matrix_step *step)
{
    struct emitter *e = m->ne->e;
    LLVMValueRef block = emit_constant_index(e, m->ne->how->block);
    LLVMValueRef count = LLVMBuildUDiv(e->builder, LLVMBuildSub(e->builder, end, first, ""), block, "");
    LLVMValueRef rest = LLVMBuildAdd(e->builder, first, LLVMBuildMul(e->builder, count, block, ""), "");
    if (m->ne->how->block > 1) {
        struct emit_loop loop = emit_range_begin(e, emit_constant_index(e, 0), count, "block");
        LLVMValueRef from =
            LLVMBuildAdd(e->builder, first, LLVMBuildMul(e->builder, loop.index, block, ""), "");
        step(m, m->ne->how->block, from);
        emit_range_end(e, &loop);
        first = rest;
    }
    struct emit_loop loop = emit_range_begin(e, first, end, "row");
    step(m, 1, loop.index);
    emit_range_end(e, &loop);
}

/* sums[r][vector] of W_(first+r)k W_(row)k over k = from .. end-1 */
static LLVMValueRef *multiply_rows(const struct matrix *m, int rows, LLVMValueRef first, LLVMValueRef from,
                                   LLVMValueRef end)
{
    const struct nest_emitter *ne = m->ne;
    LLVMBuilderRef b = ne->e->builder;
    int n = rows * ne->vectors;
    LLVMValueRef *sums = ARENA_ARRAY(ne->e->arena, LLVMValueRef, (size_t)n);
    for (int i = 0; i < n; i++)
        LLVMBuildStore(b, LLVMConstNull(ne->type), sums[i] = emit_slot(ne));
    struct emit_loop loop = emit_range_begin(ne->e, from, end, "k");
    for (int v = 0; v < ne->vectors; v++) {
        LLVMValueRef common = load(m, m->row, loop.index, v);
        for (int r = 0; r < rows; r++) {
            LLVMValueRef *slot = &sums[r * ne->vectors + v], x = load(m, plus(m, first, r), loop.index, v);
            x = emit_multiply_add(ne, x, common, LLVMBuildLoad2(b, ne->type, *slot, ""));
            LLVMBuildStore(b, x, *slot);
        }
    }
    emit_range_end(ne->e, &loop);
    for (int i = 0; i < n; i++)
        sums[i] = LLVMBuildLoad2(b, ne->type, sums[i], "");
    return sums;
}

/* ---- L: column after column ---------------------------------------------------------------------------- */

static void note_pivot(const struct matrix *m, int vector, LLVMValueRef pivot)
{
    LLVMBuilderRef b = m->ne->e->builder;
    LLVMValueRef sum = LLVMBuildLoad2(b, m->ne->type, m->logarithm[vector], "");
    sum = LLVMBuildFAdd(b, sum, vector_log(m->ne->math, pivot), "");
    LLVMBuildStore(b, sum, m->logarithm[vector]);
}

/* L_jj^2 = A_jj - sum of L_jk^2 */
static void factor_pivot(const struct matrix *m)
{
    const struct vector_math *math = m->ne->math;
    LLVMValueRef zero = emit_constant_index(m->ne->e, 0), nan = emit_number(m->ne, NAN);
    LLVMValueRef *sums = multiply_rows(m, 1, m->row, zero, m->row);
    for (int v = 0; v < m->ne->vectors; v++) {
        LLVMValueRef pivot = math_sub(math, element(m, m->row, m->row, v), sums[v]);
        pivot = math_where(math, LLVMRealOGT, pivot, 0, pivot, nan);
        if (m->logarithm)
            note_pivot(m, v, pivot);
        store(m, m->row, m->row, v, vector_recip(math, vector_sqrt(math, pivot)));
    }
}

/* L_ij = (A_ij - sum of L_ik L_jk)/L_jj */
static void factor_rows(const struct matrix *m, int rows, LLVMValueRef first)
{
    const struct vector_math *math = m->ne->math;
    LLVMValueRef *sums = multiply_rows(m, rows, first, emit_constant_index(m->ne->e, 0), m->row);
    for (int v = 0; v < m->ne->vectors; v++) {
        LLVMValueRef scale = load(m, m->row, m->row, v);
        for (int r = 0; r < rows; r++) {
            LLVMValueRef i = plus(m, first, r);
            LLVMValueRef x = math_sub(math, element(m, i, m->row, v), sums[r * m->ne->vectors + v]);
            store(m, i, m->row, v, math_mul(math, x, scale));
        }
    }
}

static void factor(struct matrix *m)
{
    struct emit_loop loop = emit_range_begin(m->ne->e, emit_constant_index(m->ne->e, 0), m->size, "column");
    m->row = loop.index;
    factor_pivot(m);
    over_rows(m, plus(m, loop.index, 1), m->size, factor_rows);
    emit_range_end(m->ne->e, &loop);
}

/* ---- M = 1/L ------------------------------------------------------------------------------------------- */

/* M_ij = -(sum over j <= k < i of L_ik M_kj)/L_ii; of a block's rows, each needs those before it. */
static void invert_rows(const struct matrix *m, int rows, LLVMValueRef first)
{
    const struct nest_emitter *ne = m->ne;
    LLVMValueRef *sums = multiply_rows(m, rows, first, m->row, first);
    for (int v = 0; v < ne->vectors; v++)
        for (int r = 0; r < rows; r++) {
            LLVMValueRef i = plus(m, first, r), *sum = &sums[r * ne->vectors + v];
            for (int q = 0; q < r; q++) {
                LLVMValueRef before = sums[q * ne->vectors + v];
                *sum = emit_multiply_add(ne, load(m, i, plus(m, first, q), v), before, *sum);
            }
            LLVMValueRef scale = LLVMBuildFNeg(ne->e->builder, load(m, i, i, v), "");
            *sum = math_mul(ne->math, scale, *sum);
            store(m, m->row, i, v, *sum);
        }
}

static void invert(struct matrix *m)
{
    struct emit_loop loop = emit_range_begin(m->ne->e, emit_constant_index(m->ne->e, 0), m->size, "column");
    m->row = loop.index;
    over_rows(m, plus(m, loop.index, 1), m->size, invert_rows);
    emit_range_end(m->ne->e, &loop);
}

/* ---- results ------------------------------------------------------------------------------------------- */

static void give(const struct matrix *m, LLVMValueRef i, LLVMValueRef j, int vector, LLVMValueRef x)
{
    const struct index index[2] = {{i, 0}, {j, 0}};
    emit_store_at(m->ne, &m->ne->nest->stores[0].to, index, vector, x);
}

/* 1/A = M' M: for j <= i the sum over k >= i of M_ki M_kj. */
static void give_products(const struct matrix *m, int rows, LLVMValueRef first)
{
    LLVMValueRef *sums = multiply_rows(m, rows, first, m->row, m->size);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < m->ne->vectors; v++) {
            give(m, m->row, plus(m, first, r), v, sums[r * m->ne->vectors + v]);
            give(m, plus(m, first, r), m->row, v, sums[r * m->ne->vectors + v]);
        }
}

static void give_inverse(struct matrix *m)
{
    LLVMValueRef zero = emit_constant_index(m->ne->e, 0);
    struct emit_loop loop = emit_range_begin(m->ne->e, zero, m->size, "row");
    m->row = loop.index;
    over_rows(m, zero, plus(m, loop.index, 1), give_products);
    emit_range_end(m->ne->e, &loop);
}

void emit_matrix(struct nest_emitter *ne)
{
    LLVMBuilderRef b = ne->e->builder;
    struct matrix m = {.ne = ne, .value = &ne->nest->values[ne->nest->node]};
    m.size = emit_constant_index(ne->e, nest_arg(ne->nest, m.value, 0)->size[0]);
    if (m.value->op == IR_INVERSE) {
        factor(&m);
        invert(&m);
        give_inverse(&m);
        return;
    }
    m.logarithm = ARENA_ARRAY(ne->e->arena, LLVMValueRef, (size_t)ne->vectors);
    for (int v = 0; v < ne->vectors; v++)
        LLVMBuildStore(b, LLVMConstNull(ne->type), m.logarithm[v] = emit_slot(ne));
    factor(&m);
    for (int v = 0; v < ne->vectors; v++)
        give(&m, NULL, NULL, v, LLVMBuildLoad2(b, ne->type, m.logarithm[v], ""));
}
