/* SPDX-License-Identifier: MIT
 *
 * The interface between base_flow.c, which cuts rows into chunks and hands them to threads, and the files
 * that know one kind of compiled base flow. */
#ifndef GPFC_BASE_FLOW_PARTS_H
#define GPFC_BASE_FLOW_PARTS_H

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
    double epsilon; /* of REAL: 2^-23 or 2^-52 */
    int blocks;
    struct kernel_rows *apply, **block; /* [blocks] */
};

struct base_row { /* of one row */
    double logdet;
    double error; /* estimated, of what x has become; infinite: no idea */
    int64_t evaluations;
    bool failed;
};

struct base_chunk { /* a thread's rows, n of them; all finite before and after */
    int thread;
    int64_t n;
    double *x; /* [n][d] what is given; then what has become of it */
    struct base_row *row;
    uint32_t *order; /* [n] work space */
    void *state;     /* [n] of kind->state_bytes */
    double *room;    /* [n * kind->room(d)] */
};

struct base_kind {
    enum setting_word word; /* of base.kind */
    const char *kernel;     /* of its blocks, without the number */
    struct kernel_rows_names names;
    int64_t (*room)(int64_t d);
    size_t state_bytes;
    double single_tolerance; /* the default in single precision */
    void (*forward)(const struct base_compiled *flow, struct base_chunk *chunk); /* x -> y */
    void (*inverse)(const struct base_compiled *flow, struct base_chunk *chunk); /* y -> x */
};
extern const struct base_kind base_kind_bnaf, base_kind_ffjord, base_kind_cp_flow;

/* By the kernel "apply": forward of the kinds whose map needs no solver. Takes d + 1 doubles a row of
 * room. */
void base_apply(const struct base_compiled *flow, struct base_chunk *chunk);

/* A row found by a search has this error in x [d]: it failed where that is more than the tolerance times the
 * larger of 1 and |x|. */
void base_judge(const struct base_compiled *flow, struct base_row *row, const double *x, const double *error);

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
