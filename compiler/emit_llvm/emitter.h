/* SPDX-License-Identifier: MIT
 *
 * Internal to the files that build LLVM IR from plans. */
#ifndef GPFC_EMIT_EMITTER_H
#define GPFC_EMIT_EMITTER_H

#include "emit_llvm/emit.h"
#include "emit_llvm/llvm_compat.h"
#include "emit_llvm/math/vector_math.h"
#include "plan/nest.h"
#include "sched/sched_nest.h"

struct emit_module {
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMTargetMachineRef machine;
};

struct emitter {
    struct arena *arena;
    const struct target *target;
    const struct plan *plan;         /* of the kernel at hand */
    const struct schedule *schedule; /* of the kernel or nest at hand */
    const char *kernel;              /* its name */
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    LLVMValueRef function; /* being built */
    LLVMTypeRef real, vector, index, pointer;
    enum real real_bytes;
    bool shared; /* nests are functions that other modules may call */
    const struct emit_nests *nests;
    LLVMValueRef *nest_function; /* by distinct nest; NULL: neither built nor called here yet */
    int next_use;                /* of a nest, when the kernels' functions are built */
    struct clock_table *clocks;  /* of a kernel that counts; NULL: it does not */
    struct vector_math wide_math, narrow_math;
};

struct index {            /* dynamic + constant */
    LLVMValueRef dynamic; /* NULL: 0 */
    long constant;
};

/* ---- emit_loop.c: counted loops ------------------------------------------------------------------------ */

struct emit_loop {
    LLVMBasicBlockRef header, exit;
    LLVMValueRef index;
    LLVMValueRef end; /* of a range */
};
struct emit_loop emit_loop_begin(struct emitter *e, long count, const char *name);
void emit_loop_end(struct emitter *e, const struct emit_loop *loop, long count);
/* first .. end-1; none at all if that is empty. */
struct emit_loop emit_range_begin(struct emitter *e, LLVMValueRef first, LLVMValueRef end, const char *name);
void emit_range_end(struct emitter *e, const struct emit_loop *loop);
/* `end`, but at most `most`. */
LLVMValueRef emit_range_limit(const struct emitter *e, LLVMValueRef end, long most);
LLVMValueRef emit_constant_index(const struct emitter *e, long value);
struct index emit_index_add(struct index a, long constant);

/* ---- emit_access.c: values in memory ------------------------------------------------------------------- */

/* One nest's function while it is built. */
struct nest_emitter {
    struct emitter *e;
    const struct nest *nest;
    const struct sched_how *how; /* the nest's */
    bool wide;
    int vectors; /* vector registers that hold one element's lanes, or those of a group; 1 if not wide */
    int groups;  /* groups of vectors that make up an element's lanes */
    LLVMValueRef lane; /* first lane of the group at hand; NULL: 0 */
    LLVMTypeRef type;  /* of one of them */
    const struct vector_math *math;
    LLVMValueRef *param;       /* pointers to memory */
    LLVMValueRef first, end;   /* of the outermost summed label, where a contraction goes by in pieces */
    LLVMValueRef *in_register; /* by value: that of a member at the indices at hand; NULL: none */
    struct index axis[IR_MAX_LABELS]; /* index of each of the nest's axes */
};

/* Over the groups of an element's lanes, between which ne->lane moves. */
struct emit_loop emit_groups_begin(struct nest_emitter *ne);
void emit_groups_end(struct nest_emitter *ne, const struct emit_loop *loop);

LLVMValueRef emit_address(const struct nest_emitter *ne, const struct nest_place *place,
                          const struct index *index, int vector);
/* From another address than the place's parameter, on which it counts. */
LLVMValueRef emit_address_from(const struct nest_emitter *ne, LLVMValueRef base,
                               const struct nest_place *place, const struct index *index, int vector);
LLVMValueRef emit_load(const struct nest_emitter *ne, LLVMValueRef address, const struct nest_place *place);
void emit_store_to(const struct nest_emitter *ne, LLVMValueRef address, const struct nest_place *place,
                   LLVMValueRef x);
LLVMValueRef emit_load_at(const struct nest_emitter *ne, const struct nest_place *place,
                          const struct index *index, int vector);
void emit_store_at(const struct nest_emitter *ne, const struct nest_place *place, const struct index *index,
                   int vector, LLVMValueRef x);
/* A stack slot at the function's entry: LLVM turns it into a register. */
LLVMValueRef emit_slot(const struct nest_emitter *ne);
/* An array of them, which stays in memory where its indices are not constant. */
LLVMValueRef emit_slots(const struct nest_emitter *ne, int n);
/* one number -> all lanes */
LLVMValueRef emit_splat(const struct nest_emitter *ne, LLVMValueRef scalar);
LLVMValueRef emit_number(const struct nest_emitter *ne, double value);
LLVMValueRef emit_multiply_add(const struct nest_emitter *ne, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c);
/* a * b, where NULL stands for 1 */
LLVMValueRef emit_product(const struct nest_emitter *ne, LLVMValueRef a, LLVMValueRef b);

/* A value at the indices of its axes: from a register, computed in place, or from memory. */
LLVMValueRef emit_value(const struct nest_emitter *ne, int value, const struct index *index, int vector);
/* An operand, the indices of labels given. */
LLVMValueRef emit_operand(const struct nest_emitter *ne, const struct nest_operand *operand,
                          const struct index *label, int vector);
/* The operation of an elementwise value, its labels' indices given. */
LLVMValueRef emit_expression(const struct nest_emitter *ne, const struct nest_value *value,
                             const struct index *label, int vector);

/* ---- emit_pairs.c: two bfloat16 numbers in a lane, of kernels in single precision ---------------------- */

/* Of two vectors of numbers that are rounded already. */
LLVMValueRef emit_pair(const struct nest_emitter *ne, LLVMValueRef first, LLVMValueRef second);
LLVMValueRef emit_pair_negated(const struct nest_emitter *ne, LLVMValueRef pair);
/* The element of 16 bits at `address` and the one after it, in all lanes. */
LLVMValueRef emit_load_pair(const struct nest_emitter *ne, LLVMValueRef address);
/* sum + x.first * y.first + x.second * y.second */
LLVMValueRef emit_dot(const struct nest_emitter *ne, LLVMValueRef sum, LLVMValueRef x, LLVMValueRef y);

/* ---- emit_distinct.c: nests that are equal but for memory ---------------------------------------------- */

struct distinct_nest {
    const struct schedule *schedule;
    const struct nest *nest;
    const char *name;
    long weight; /* of its code */
    int part;    /* which module it goes to */
};

struct nest_use { /* a nest of a plan */
    const struct plan_region *region;
    const struct plan_nest *from;
    const struct schedule *schedule;
    const struct nest *nest;
    int which;                              /* of the distinct ones */
    const struct plan_value *const *params; /* what its parameters point to */
};

struct emit_nests {
    int n_parts, n_distinct, n_uses;
    struct distinct_nest *distinct;
    struct nest_use *uses; /* in the order in which kernels call them */
};

/* ---- emit_nest.c: the function of one nest ------------------------------------------------------------- */

LLVMValueRef emit_nest_declare(struct emitter *e, const struct distinct_nest *nest);
void emit_nest_build(struct emitter *e, const struct distinct_nest *nest, LLVMValueRef function);

/* ---- nests: the body of one nest's function ------------------------------------------------------------ */

void emit_map(struct nest_emitter *ne);
void emit_total(struct nest_emitter *ne);
void emit_lanes(struct nest_emitter *ne);
/* Of a total: all results at the indices of the axes that are not in a block. */
void emit_packed(struct nest_emitter *ne);
void emit_select(struct nest_emitter *ne);
void emit_matrix(struct nest_emitter *ne);

/* ---- emit_total.c -------------------------------------------------------------------------------------- */

/* Product of the term's factors that have exactly these of the block's two labels; NULL: there are none. */
LLVMValueRef emit_total_product(const struct nest_emitter *ne, const struct nest_term *term, bool a, bool b,
                                const struct index *label, int vector);

/* ---- emit_lanes.c: lanes added up ---------------------------------------------------------------------- */

/* Sums the lanes of each of n vectors (a power of two, at most the lanes of one): lane i of the result, a
 * vector of n, is the sum of vectors[i]. */
LLVMValueRef emit_sum_lanes(const struct nest_emitter *ne, int n, LLVMValueRef *vectors);
/* Lanes first .. first+n-1. */
LLVMValueRef emit_lanes_of(const struct nest_emitter *ne, LLVMValueRef x, int first, int n);
/* Adds n sums, a power of two, to the memory at `address`. */
void emit_add_sums(const struct nest_emitter *ne, LLVMValueRef address, LLVMValueRef sums, int n,
                   long stride);

/* ---- emit_limit.c: slices of stacks that belong to rounds which a limited loop does not run ------------ */

/* Zeros: slices `rounds` .. of a stack of this shape at `base`. */
void emit_clear_rest(struct emitter *e, const struct plan_value *stack, struct ir_shape shape,
                     LLVMValueRef rounds, LLVMValueRef base);

/* ---- emit_clock.c: nests that are timed ---------------------------------------------------------------- */

/* The table of the kernel at hand, before its functions are built and when they are. */
void emit_clocks_open(struct emitter *e);
void emit_clocks_close(struct emitter *e);
/* Where a part begins; after a nest. Without a table: nothing. */
void emit_clocks_begin(struct emitter *e, const char *part);
void emit_clocks_count(struct emitter *e, const struct plan_region *region, const struct plan_nest *nest);

/* ---- emit_kernel.c ------------------------------------------------------------------------------------- */

struct kernel_functions {
    LLVMValueRef before, tile, after;
};
struct kernel_functions emit_kernel_functions(struct emitter *e);

/* Constant arrays of the module, private. */
LLVMValueRef emit_constant_reals(struct emitter *e, const double *values, long n);
LLVMValueRef emit_constant_ints(struct emitter *e, const long *values, long n);

/* ---- emit_bundle.c ------------------------------------------------------------------------------------- */

void emit_bundle_symbols(struct emitter *e, int n_kernels, const struct bundle_kernel *kernels,
                         const struct kernel_functions *functions, const struct bundle *bundle);

#endif
