/* SPDX-License-Identifier: MIT
 *
 * The interface between base_flow.c, which cuts rows into chunks and hands them to threads, and the files
 * that know one kind of compiled base flow. */
#ifndef GPFC_BASE_FLOW_PARTS_H
#define GPFC_BASE_FLOW_PARTS_H

#include "base/row_reason.h"
#include "gpfc/kernel_abi.h"
#include "ground/fault.h"
#include "kernels/kernel_rows.h"
#include "kernels/settings.h"
#include "numbers/rows.h"

struct base_kind;

struct base_compiled { /* read-only once made; shared by all threads */
    const struct gpfc_bundle *bundle;
    const struct base_kind *kind;
    int64_t d;
    void *theta; /* REAL, our own copy */
    double tolerance;
    double epsilon;  /* of REAL: 2^-23 or 2^-52 */
    double farthest; /* no coordinate is looked for beyond it */
    int blocks;
    struct kernel_rows *apply, **block; /* [blocks] */
};

struct base_row { /* of one row */
    double logdet;
    double error; /* of y: base_flow_report.error */
    int64_t evaluations;
    /* Of an inverse until f(x) is measured: what its search ended with, should that not be good enough. */
    enum row_reason reason;
};

struct base_chunk { /* a thread's rows, n of them; all finite before and after */
    int thread;
    int64_t n;
    double *x; /* [n][d] what is given; then what has become of it */
    struct base_row *row;
    double *asked;           /* [n][d] of an inverse: y, */
    double *image;           /* [n][d] and f(x) */
    struct base_row *mapped; /* of x -> f(x) */
    uint32_t *order;         /* [n] work space */
    void *state;             /* [n] of kind->state_bytes */
    double *room;            /* [n * kind->room(d)] */
};

struct base_kind {
    enum setting_word word; /* of base.kind */
    const char *kernel;     /* of its blocks, without the number */
    struct kernel_rows_names names;
    int64_t (*room)(int64_t d);
    size_t state_bytes;
    double single_tolerance; /* the default in single precision */
    double leeway;           /* f(x) may be this many tolerances from y */
    void (*forward)(const struct base_compiled *flow, struct base_chunk *chunk); /* x -> y */
    void (*inverse)(const struct base_compiled *flow,
                    struct base_chunk *chunk); /* y -> x; error is not its */
};
extern const struct base_kind base_kind_bnaf, base_kind_ffjord, base_kind_cp_flow;

/* The parameter that a kernel's output is named after, with this last part; NULL: none. */
const struct gpfc_parameter *base_parameter_at(const struct gpfc_bundle *bundle, const struct gpfc_port *port,
                                               const char *part);

/* By the kernel "apply": forward of the kinds whose map needs no solver. Takes d + 1 doubles a row of
 * room. */
void base_apply(const struct base_compiled *flow, struct base_chunk *chunk);

/* Lets chunk->order be all rows. */
void base_all_rows(struct base_chunk *chunk);

/* A block's kernel at the first n rows of chunk->order; `out` is one place for each of kind->names.out. */
void base_evaluate(const struct base_compiled *flow, struct base_chunk *chunk, int block, int64_t n,
                   const struct kernel_rows_out *out);

struct base_search { /* for the x of all rows that a block maps to what is asked for */
    int block;
    struct kernel_rows_out out[KERNEL_ROWS_PORTS]; /* as for base_evaluate */
    bool (*advance)(void *data, int64_t row);      /* from `out` to the next x; true: the row has ended */
    void *data;
};
void base_search(const struct base_compiled *flow, struct base_chunk *chunk,
                 const struct base_search *search);

/* Why a row failed, if it did: the first reason is that of all that follows. */
static inline void base_note(struct base_row *row, enum row_reason reason)
{
    if (row->reason == ROW_GOOD)
        row->reason = reason;
}

/* x as REAL holds it. */
static inline double base_round(const struct base_compiled *flow, double x)
{
    return rounded_to(x, flow->bundle->precision);
}

/* What a kernel's value near y may be off by: it comes from sums of numbers of y's size and of size 1. */
static inline double base_noise(const struct base_compiled *flow, double y)
{
    return 4 * flow->epsilon * (1 + (y < 0 ? -y : y));
}

#endif
