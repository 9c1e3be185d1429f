/* SPDX-License-Identifier: MIT
 *
 * A trained base flow f, data -> N(0, I): a mixture, or one that was compiled (BNAF, FFJORD, CP-Flow). Arrays
 * here are double, row-major, [n][d], whatever the precision of the kernels; y may be x. Results do not
 * depend on the number of threads. */
#ifndef GPFC_BASE_FLOW_H
#define GPFC_BASE_FLOW_H

#include "base/mixture.h"
#include "base/row_reason.h"
#include "data/samples.h"
#include "gpfc/kernel_abi.h"
#include "ground/fault.h"
#include "kernels/device.h"

struct base_flow;

/* Takes the mixture, also where it fails. */
bool base_flow_of_mixture(struct base_flow **out, struct mixture *mixture, int threads,
                          struct fault *fault) MUST_CHECK;
/* bundle is lent: gpfc_bundle.base of a trainer. theta is copied. tolerance: of an inverse, |f(x) - y|; of a
 * step of an ODE, whose whole path back may miss by 100 times that. 0: base.tolerance of the settings, or,
 * where that is 0 too, 1e-10 in double precision, and in single 1e-5, of an ODE's step 1e-7. */
bool base_flow_compiled(struct base_flow **out, const struct gpfc_bundle *bundle, const void *theta,
                        double tolerance, int threads, struct fault *fault) MUST_CHECK;
void base_flow_free(struct base_flow *base); /* NULL is allowed */

const struct mixture *base_flow_mixture(const struct base_flow *base); /* NULL: a compiled one */
const void *base_flow_theta(const struct base_flow *base);             /* NULL: a mixture */

/* What a walk or a search did; added up over calls, zero it first. */
struct base_flow_report {
    int64_t rows;
    int64_t failed;               /* missed the tolerance */
    int64_t reasons[ROW_REASONS]; /* rows by reason; those that did not fail are the first */
    double error_max;             /* over the rows that did not fail, as `error` */
    int64_t evaluations;          /* of a velocity or block, a row, the largest */
    /* [n] of the next call, or NULL: not wanted. */
    unsigned char *reason; /* enum row_reason */
    double
        *error; /* of y, the largest coordinate's. Inverse: |f(x) - y|, measured, infinite where there is no
                      f(x). Forward: an ODE's step errors added up, an estimate; 0 of maps without a solver */
};

/* x -> y, logdet [n] of dy/dx; logdet and report may be NULL. Rows are finite also where they failed: the
 * best that was found, or 0; their logdet is -infinity, a density of 0, where there is no number. FFJORD:
 * dopri5 with its own steps for each row. */
bool base_flow_forward(struct base_flow *base, const double *x, int64_t n, double *y, double *logdet,
                       struct base_flow_report *report, struct fault *fault) MUST_CHECK;
/* y -> x; logdet [n] is again that of dy/dx, at x. What counts is y: a row failed where f(x), computed again
 * from the x that was found, is further from y than the tolerance, times |y| where that is above 1. Where f
 * is flat, many x have the same y, and any of them will do. */
bool base_flow_inverse(struct base_flow *base, const double *y, int64_t n, double *x, double *logdet,
                       struct base_flow_report *report, struct fault *fault) MUST_CHECK;

/* CP-Flow: sets shift and scale of every ActNorm in theta, one after another, so that what leaves it has mean
 * 0 and variance 1 over n rows x of the part, as the order begins (Kingma and Dhariwal 2018, section 3.1);
 * NULL:
 * the first ones. Nothing where the bundle has no kernel "statistics". */
bool base_flow_start(const struct gpfc_bundle *bundle, void *theta, const struct part *part,
                     const uint32_t *order, int64_t n, const struct device *device,
                     struct fault *fault) MUST_CHECK;

/* BNAF: sets the arms of the last block in theta from n rows x of the part, or as many of them as suffice.
 * Nothing where the bundle has no kernel "tail". */
bool base_tail_start(const struct gpfc_bundle *bundle, void *theta, const struct part *part,
                     const uint32_t *order, int64_t n, const struct device *device,
                     struct fault *fault) MUST_CHECK;

/* CP-Flow, after its training: sets the arms of every block in theta from all rows x of the part, where f
 * stays as it is. Nothing where the bundle has no kernel "extent". */
bool base_flow_end(const struct gpfc_bundle *bundle, void *theta, const struct part *part,
                   const struct device *device, struct fault *fault) MUST_CHECK;

#endif
