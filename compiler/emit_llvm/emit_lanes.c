/* SPDX-License-Identifier: MIT
 *
 * Horizontal sums: of the blocks of sums over the batch (emit_total.c), and of partial sums, to which loops
 * add lane by lane. */
#include "emit_llvm/emitter.h"

#include <assert.h>

/* ---- adding up lanes ----------------------------------------------------------------------------------- */

/* x and y side by side are lanes 0 .. 2 * lanes - 1: gives those that `pick` names. */
static LLVMValueRef shuffle(const struct nest_emitter *ne, LLVMValueRef x, LLVMValueRef y, int n,
                            const int *pick)
{
    LLVMValueRef mask[64];
    for (int i = 0; i < n; i++)
        mask[i] = LLVMConstInt(LLVMInt32TypeInContext(ne->e->context), (unsigned long long)pick[i], false);
    return LLVMBuildShuffleVector(ne->e->builder, x, y, LLVMConstVector(mask, (unsigned)n), "");
}

/* Lanes i and i ^ apart of x added up in those lanes i that lack the bit `apart`, of y in the others: a
 * blend, a shuffle and an addition. */
static LLVMValueRef add_apart(const struct nest_emitter *ne, LLVMValueRef x, LLVMValueRef y, int lanes,
                              int apart)
{
    int own[64], other[64];
    for (int i = 0; i < lanes; i++) {
        own[i] = i & apart ? lanes + i : i;
        other[i] = own[i] ^ apart;
    }
    return LLVMBuildFAdd(ne->e->builder, shuffle(ne, x, y, lanes, own), shuffle(ne, x, y, lanes, other), "");
}

/* Its lower and upper half added up. */
static LLVMValueRef add_halves(const struct nest_emitter *ne, LLVMValueRef x, int lanes)
{
    int lower[64], upper[64];
    for (int i = 0; i < lanes / 2; i++) {
        lower[i] = i;
        upper[i] = lanes / 2 + i;
    }
    LLVMValueRef nothing = LLVMGetPoison(LLVMTypeOf(x));
    return LLVMBuildFAdd(ne->e->builder, shuffle(ne, x, nothing, lanes / 2, lower),
                         shuffle(ne, x, nothing, lanes / 2, upper), "");
}

/* Each round halves the vectors: bit by bit the lane says which one it is of. */
LLVMValueRef emit_sum_lanes(const struct nest_emitter *ne, int n, LLVMValueRef *vectors)
{
    int lanes = (int)LLVMGetVectorSize(ne->type);
    for (int apart = n / 2; apart > 0; apart /= 2)
        for (int i = 0; i < apart; i++)
            vectors[i] = add_apart(ne, vectors[i], vectors[i + apart], lanes, apart);
    LLVMValueRef sum = vectors[0];
    for (; lanes > n; lanes /= 2)
        sum = add_halves(ne, sum, lanes);
    return sum;
}

LLVMValueRef emit_lanes_of(const struct nest_emitter *ne, LLVMValueRef x, int first, int n)
{
    LLVMValueRef mask[64];
    for (int i = 0; i < n; i++)
        mask[i] =
            LLVMConstInt(LLVMInt32TypeInContext(ne->e->context), (unsigned long long)(first + i), false);
    return LLVMBuildShuffleVector(ne->e->builder, x, LLVMGetPoison(LLVMTypeOf(x)),
                                  LLVMConstVector(mask, (unsigned)n), "");
}

/* Contiguous: as one vector. */
void emit_add_sums(const struct nest_emitter *ne, LLVMValueRef address, LLVMValueRef sums, int n, long stride)
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
        LLVMValueRef sum =
            LLVMBuildExtractElement(b, sums, LLVMConstInt(i32, (unsigned long long)i, false), "");
        LLVMValueRef old = LLVMBuildLoad2(b, ne->e->real, place, "");
        LLVMBuildStore(b, LLVMBuildFAdd(b, old, sum, ""), place);
    }
}

/* ---- partial sums -------------------------------------------------------------------------------------- */

static LLVMValueRef partial_at(const struct nest_emitter *ne, LLVMValueRef element)
{
    return LLVMBuildGEP2(ne->e->builder, ne->type, ne->param[ne->nest->work.param], &element, 1, "");
}

static void clear(const struct nest_emitter *ne, long elements)
{
    struct emit_loop loop = emit_loop_begin(ne->e, elements, "zero");
    LLVMBuildStore(ne->e->builder, LLVMConstNull(ne->type), partial_at(ne, loop.index));
    emit_loop_end(ne->e, &loop, elements);
}

/* Those of `n` elements from `first` on, a power of two, go to as many sums. */
static void add_up(const struct nest_emitter *ne, LLVMValueRef first, int n)
{
    LLVMBuilderRef b = ne->e->builder;
    LLVMValueRef vectors[64];
    for (int i = 0; i < n; i++) {
        LLVMValueRef element = LLVMBuildAdd(b, first, emit_constant_index(ne->e, i), "");
        vectors[i] = LLVMBuildLoad2(b, ne->type, partial_at(ne, element), "");
    }
    LLVMValueRef to = LLVMBuildGEP2(b, ne->e->real, ne->param[ne->nest->stores[0].to.param], &first, 1, "");
    emit_add_sums(ne, to, emit_sum_lanes(ne, n, vectors), n, 1);
}

/* Partial sums and sums are both row-major. */
void emit_lanes(struct nest_emitter *ne)
{
    const long elements = nest_total_elements(ne->nest);
    const int widest = (int)LLVMGetVectorSize(ne->type);
    if (ne->nest->n_stores == 0) {
        clear(ne, elements);
        return;
    }
    const long whole = elements / widest;
    if (whole) {
        struct emit_loop loop = emit_loop_begin(ne->e, whole, "element");
        add_up(ne, LLVMBuildMul(ne->e->builder, loop.index, emit_constant_index(ne->e, widest), ""), widest);
        emit_loop_end(ne->e, &loop, whole);
    }
    for (long done = whole * widest, n; done < elements; done += n) {
        n = sched_power_of_two((int)(elements - done), widest);
        add_up(ne, emit_constant_index(ne->e, done), (int)n);
    }
}
