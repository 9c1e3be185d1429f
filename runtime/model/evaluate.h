/* SPDX-License-Identifier: MIT
 *
 * How good a flow is, measured on pairs: the transport cost before and after, and how well s keeps N(0,
 * I). */
#ifndef GPFC_EVALUATE_H
#define GPFC_EVALUATE_H

#include "data/samples.h"
#include "gpfc/runtime.h"
#include "ground/fault.h"
#include "kernels/device.h"

/* time_steps: of at most bundle->steps, where that is to choose. part: x and y of at least one row. nll:
 * of the base flow on these samples, or NaN. */
bool evaluate(struct gpfc_evaluation *out, const struct gpfc_bundle *bundle, const void *theta,
              int64_t time_steps, const struct part *part, double nll, const struct device *device,
              struct fault *fault) MUST_CHECK;

struct evaluation_block { /* what was measured of rows first .. first + n - 1, in order; lent */
    int64_t first, n;
    const void *y, *s;                    /* REAL [n][d] */
    const void *cost_before, *cost_after; /* REAL [n] */
    const void *energy;                   /* REAL [n] */
    const double *delta;                  /* [n] */
};
typedef bool evaluation_take(void *data, const struct evaluation_block *block, struct fault *fault);

/* As evaluate, with what it measures of each row. The first block is the largest. */
bool evaluate_rows(struct gpfc_evaluation *out, const struct gpfc_bundle *bundle, const void *theta,
                   int64_t time_steps, const struct part *part, double nll, const struct device *device,
                   evaluation_take *take_block, void *data, struct fault *fault) MUST_CHECK;

struct evaluated_rows { /* REAL [n][d], [n][d], [n][d][d] */
    int64_t d;
    int64_t precision;
    const void *y, *s, *jacobian;
};
/* delta of gpfc_evaluation, of one row; work: [d][d] */
double evaluate_delta(const struct evaluated_rows *rows, int64_t row, double *work);

/* The larger one; a NaN stays, where fmax would pass over it. */
double evaluate_larger(double a, double b);

#endif
