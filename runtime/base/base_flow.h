/* SPDX-License-Identifier: MIT
 *
 * A trained base flow f, data -> N(0, I): a mixture, or one that was compiled (BNAF, FFJORD, CP-Flow). Arrays
 * here are double, row-major, [n][d], whatever the precision of the kernels; y may be x. Results do not
 * depend on the number of threads. */
#ifndef GPFC_BASE_FLOW_H
#define GPFC_BASE_FLOW_H

#include "base/mixture.h"
#include "data/samples.h"
#include "gpfc/kernel_abi.h"
#include "ground/fault.h"
#include "kernels/device.h"

struct base_flow;

/* Takes the mixture, also where it fails. */
bool base_flow_of_mixture(struct base_flow **out, struct mixture *mixture, int threads,
                          struct fault *fault) MUST_CHECK;
/* bundle is lent: gpfc_bundle.base of a trainer. theta is copied. tolerance: of ODE solver and inverse, on x
 * and y; 0: base.tolerance of the settings, or, where that is 0 too, 1e-10 in double precision, and in single
 * 1e-7 for an ODE's steps and 1e-5 for an inverse, whose rounding is magnified wherever f is flat. */
bool base_flow_compiled(struct base_flow **out, const struct gpfc_bundle *bundle, const void *theta,
                        double tolerance, int threads, struct fault *fault) MUST_CHECK;
void base_flow_free(struct base_flow *base); /* NULL is allowed */

const struct mixture *base_flow_mixture(const struct base_flow *base); /* NULL: a compiled one */
const void *base_flow_theta(const struct base_flow *base);             /* NULL: a mixture */

/* What a walk or a search did; added up over calls, zero it first. Where `marks` is set, a call writes there
 * for each of its rows whether that failed. */
struct base_flow_report {
    int64_t rows;
    int64_t failed;      /* did not reach the tolerance: far out, where f is flat, or y is out of its range */
    double error_max;    /* estimated, of x (inverse) or y (forward), over the rows that did not fail; FFJORD:
                            its steps' errors added up; 0 where there is nothing to solve */
    int64_t evaluations; /* of a velocity or block, a row, the largest */
    unsigned char *marks; /* [n] of the next call: 1 failed, 0 did not; NULL: not wanted */
};

/* x -> y, logdet [n] of dy/dx; logdet and report may be NULL. Rows are finite also where they failed: the
 * best that was found, or 0; their logdet is -infinity, a density of 0, where there is no number. A tolerance
 * is of |x| where that is above 1. FFJORD: dopri5 with its own steps for each row. */
bool base_flow_forward(struct base_flow *base, const double *x, int64_t n, double *y, double *logdet,
                       struct base_flow_report *report, struct fault *fault) MUST_CHECK;
/* y -> x; logdet [n] is again that of dy/dx, at x. */
bool base_flow_inverse(struct base_flow *base, const double *y, int64_t n, double *x, double *logdet,
                       struct base_flow_report *report, struct fault *fault) MUST_CHECK;

/* CP-Flow: sets shift and scale of every ActNorm in theta, one after another, so that what leaves it has mean
 * 0 and variance 1 over n rows x of the part, as the order begins (Kingma and Dhariwal 2018, section 3.1);
 * NULL:
 * the first ones. Nothing where the bundle has no kernel "statistics". */
bool base_flow_start(const struct gpfc_bundle *bundle, void *theta, const struct part *part,
                     const uint32_t *order, int64_t n, const struct device *device,
                     struct fault *fault) MUST_CHECK;

#endif
