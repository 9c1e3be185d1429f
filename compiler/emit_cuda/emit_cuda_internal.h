/* SPDX-License-Identifier: MIT
 *
 * Internal to the files that write CUDA C++ from plans. */
#ifndef GPFC_EMIT_CUDA_INTERNAL_H
#define GPFC_EMIT_CUDA_INTERNAL_H

#include "emit_cuda/emit_cuda.h"
#include "plan/nest.h"
#include "sched/sched_cuda.h"

enum { CUDA_SAMPLES = 4 /* that a thread computes side by side, at most */ };

struct cuda_access { /* elements first .. end-1 of a space; of PLAN_OUT, of a port */
    enum plan_space space;
    int port;
    long first, end;
};
struct cuda_accesses {
    int n, room;
    struct cuda_access *list;
};

struct cuda_stay { /* a total whose sums stay in registers until all tiles are done */
    const struct nest *nest;
    const struct plan_value *const *params;
    const char *name; /* begins the registers' names */
};

/* A kernel while it is written. */
struct cuda_kernel {
    struct arena *arena;
    const struct plan *plan;
    const struct schedule *schedule;
    const char *name;
    enum real real;
    struct strbuf declarations;
    struct strbuf *out; /* of the part at hand */
    int indent;
    int n_names, n_tables;              /* given so far */
    bool *in_used, *out_used;           /* by port, of the part at hand */
    struct cuda_accesses reads, writes; /* since the last barrier */
    int n_stays;
    struct cuda_stay *stays; /* [plan->n_nests] */
};

struct cuda_index {      /* dynamic + constant */
    const char *dynamic; /* NULL: 0 */
    long constant;
};

struct cuda_lanes { /* the numbers of the samples that a thread computes side by side, as expressions */
    const char *of[CUDA_SAMPLES];
};

struct cuda_known; /* values that have names already */

/* A nest while it is written. */
struct cuda_nest {
    struct cuda_kernel *kernel;
    const struct nest *nest;
    const struct sched_cuda_how *how;
    const struct plan_value *const *params; /* what its parameters point to */
    const char **param;                     /* names of the pointers */
    bool *used;                             /* by parameter */
    struct strbuf *around, body;            /* the text that it stands in, and its own */
    int samples;                            /* how->samples; 1 where nothing has samples */
    const char *lane;                       /* first of them; NULL: 0 */
    struct cuda_known *known;
    struct cuda_lanes *in_register; /* by value: of a member at the indices at hand; of[0] NULL: none */
    struct cuda_index axis[IR_MAX_LABELS]; /* index of each of the nest's axes */
};

/* ---- emit_cuda_text.c ---------------------------------------------------------------------------------- */

void cuda_line(struct cuda_kernel *k, const char *format, ...) PRINTF_LIKE(2, 3);
void cuda_open(struct cuda_kernel *k, const char *format, ...)
    PRINTF_LIKE(2, 3); /* and what follows is in it */
void cuda_close(struct cuda_kernel *k);
/* One that no other has: "t12". */
const char *cuda_name(struct cuda_kernel *k, char kind);
const char *cuda_number(struct arena *arena, double value, enum real real);
/* An array of the module, "train_t3". */
const char *cuda_reals(struct cuda_kernel *k, const double *values, long n);
const char *cuda_ints(struct cuda_kernel *k, const int *values, long n);
struct cuda_index cuda_plus(struct cuda_index a, long constant);
/* a + step * b */
struct cuda_index cuda_step(struct arena *arena, struct cuda_index a, int step, struct cuda_index b);

/* ---- emit_cuda_value.c: values at given indices -------------------------------------------------------- */

/* What is known within a block of the text ends with it. */
struct cuda_known *cuda_known_begin(const struct cuda_nest *ne);
void cuda_known_end(struct cuda_nest *ne, struct cuda_known *before);

struct cuda_lanes cuda_all(const char *text); /* the same for all samples */
struct cuda_lanes cuda_load(struct cuda_nest *ne, const struct nest_place *place,
                            const struct cuda_index *index);
void cuda_store(struct cuda_nest *ne, const struct nest_place *place, const struct cuda_index *index,
                struct cuda_lanes x, bool adds);
/* a * b, named; `a` NULL stands for 1. */
struct cuda_lanes cuda_product(struct cuda_nest *ne, const struct cuda_lanes *a, struct cuda_lanes b);
struct cuda_lanes cuda_value(struct cuda_nest *ne, int value, const struct cuda_index *index);
struct cuda_lanes cuda_operand(struct cuda_nest *ne, const struct nest_operand *operand,
                               const struct cuda_index *label);
/* The operation of an elementwise value, its labels' indices given. */
struct cuda_lanes cuda_expression(struct cuda_nest *ne, const struct nest_value *value,
                                  const struct cuda_index *label);

/* ---- nests: the text of one ---------------------------------------------------------------------------- */

void cuda_map(struct cuda_nest *ne);
void cuda_select(struct cuda_nest *ne);
void cuda_matrix(struct cuda_nest *ne);
/* registers: begins their names; NULL: sums do not stay in any. */
void cuda_total(struct cuda_nest *ne, const char *registers);

/* ---- emit_cuda_nest.c ---------------------------------------------------------------------------------- */

void cuda_nest(struct cuda_kernel *k, const struct plan_region *region, const struct plan_nest *nest);
/* "in3 + 40 + 10 * k0" */
const char *cuda_address(struct cuda_kernel *k, const struct plan_value *value);
/* Opens a loop over items that threads take in turns, and gives the item's name. */
const char *cuda_items_open(struct cuda_kernel *k, long items);
/* The next factor of an item's number: its name or NULL where the size is 1; *rest is what is left. */
struct cuda_index cuda_item_part(struct cuda_kernel *k, const char **rest, int size, int step);
/* A block of the text for a nest. When it is closed, the pointers that are used come before what was written
 * meanwhile. */
void cuda_nest_open(struct cuda_nest *ne, struct cuda_kernel *k, const struct nest *nest,
                    const struct plan_value *const *params);
void cuda_nest_close(struct cuda_nest *ne);

/* ---- emit_cuda_total.c: sums that stay in registers ---------------------------------------------------- */

void cuda_stay_declare(struct cuda_kernel *k, const struct cuda_stay *stay); /* at the kernel's start */
void cuda_stay_flush(struct cuda_kernel *k, const struct cuda_stay *stay);   /* to sums, at its end */

/* ---- emit_cuda_order.c: barriers, where a nest needs what others wrote --------------------------------- */

void cuda_barrier(struct cuda_kernel *k);
/* If anything was read or written since the last one. */
void cuda_barrier_after_any(struct cuda_kernel *k);
/* Before a nest: if it touches what was written since, or writes what was read. stays: it writes nothing. */
void cuda_order(struct cuda_kernel *k, const struct nest *nest, const struct plan_value *const *params,
                bool stays);
/* Something wrote all of the value's memory, or may have. */
void cuda_order_write(struct cuda_kernel *k, const struct plan_value *value);

#endif
