/* SPDX-License-Identifier: MIT
 *
 * How good a flow is, measured on pairs: the transport cost before and after, and how well s keeps N(0,
 * I). */
#ifndef GPFC_EVALUATE_H
#define GPFC_EVALUATE_H

#include "data/samples.h"
#include "gpfc/kernel_abi.h"
#include "ground/fault.h"
#include "kernels/device.h"

/* delta(y) = log|det ds/dy| - (|s|^2 - |y|^2)/2 is 0 where s keeps N(0, I) exactly. */
struct evaluation {
    int64_t samples, time_steps;
    double cost_before, cost_after; /* mean cost of (x, y) and of (x, s(y)) */
    double energy, penalty;         /* means */
    double density_error_mean;      /* of |delta| */
    double density_error_max;       /* of |delta| */
    double density_shift;           /* mean of delta itself: what s takes off the likelihood */
    double roundtrip_max;           /* of |s^-1(s(y)) - y|, over coordinates */
    double mean_before_max, covariance_error_before_max; /* of y: largest |mean|, largest |covariance - I| */
    double mean_max, covariance_error_max;               /* of s(y) */
    double nll_before, nll_after; /* of the data under the base flow, and under s after it; NaN: not known */
};

/* time_steps: of at most bundle->steps, where that is to choose. part: x and y of at least one row. nll: of the base
 * flow on these samples, or NaN. */
bool evaluate(struct evaluation *out, const struct gpfc_bundle *bundle, const void *theta, int64_t time_steps,
              const struct part *part, double nll, const struct device *device,
              struct fault *fault) MUST_CHECK;

struct evaluated_rows { /* REAL [n][d], [n][d], [n][d][d] */
    int64_t d;
    int64_t precision;
    const void *y, *s, *jacobian;
};
/* delta of one row; work: [d][d] */
double evaluate_delta(const struct evaluated_rows *rows, int64_t row, double *work);

/* The larger one; a NaN stays, where fmax would pass over it. */
double evaluate_larger(double a, double b);

#endif
