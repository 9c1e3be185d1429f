/* SPDX-License-Identifier: MIT
 *
 * The built-in base flow: a Gaussian mixture p(x) = sum_k w_k N(x; m_k, C_k) fitted by EM, and its
 * Knothe-Rosenblatt map y_i = Phi^-1( F(x_i | x_1 .. x_(i-1)) ),   i = 1 .. d, closed form through the
 * conditional mixtures, triangular and increasing, so that y is standard normal where x follows p, and
 * log|det dy/dx| = sum_i ( log p(x_i | x_<i) + y_i^2/2 + log(2 pi)/2 ).
 *
 * All in double and on logarithms, so points tens of standard deviations away keep finite values and an
 * inverse. Under two or more fitted components lies a wide one of weight 1e-4, the last, which keeps the
 * density between components and far out high enough for y to distinguish points.
 *
 * Results do not depend on the number of threads (0: as many as OpenMP gives). A mixture is read-only once
 * made. */
#ifndef GPFC_MIXTURE_H
#define GPFC_MIXTURE_H

#include "files/safetensors.h"
#include "ground/fault.h"

#include <stdint.h>

struct mixture {
    int64_t d, components;
    double *weights;     /* [components]        sum 1               */
    double *means;       /* [components][d]                         */
    double *covariances; /* [components][d][d]  symmetric           */
    double *factors;     /* [components][d][d]  lower Cholesky      */
    double *log_weights; /* [components]                            */
    double *log_scales;  /* [components][d]     log of its diagonal */
};

struct mixture_options {
    int64_t components; /* 1 .. 65536; of 2 or more, the fitted mixture has the background besides */
    double ridge;       /* added to the diagonal of each covariance, times the data's mean variance */
    int64_t iterations; /* of EM on all rows, at most */
    uint64_t seed;
    int threads;
};

struct mixture_report {
    double nll;         /* mean over the rows fitted to, nats, before the background was laid under */
    int64_t iterations; /* done on all rows */
    bool converged;
};

/* Fits to x [n][d], in which row i stands for weights[i] > 0 rows; weights NULL: for one. report may be
 * NULL. Faults: fewer rows than components, memory. Rows that are all the same, or lie in a subspace, are
 * widened by the ridge (at least 1e-9 of the scale). */
bool mixture_fit(struct mixture **out, const double *x, const double *weights, int64_t n, int64_t d,
                 const struct mixture_options *options, struct mixture_report *report,
                 struct fault *fault) MUST_CHECK;
void mixture_free(struct mixture *mixture); /* NULL is allowed */

/* x [n][d] -> y [n][d], logdet [n] of dy/dx; logdet may be NULL, y may be x. False: no memory. */
bool mixture_forward(const struct mixture *mixture, const double *x, int64_t n, double *y, double *logdet,
                     int threads, struct fault *fault) MUST_CHECK;
/* y [n][d] -> x [n][d]; logdet [n] is again that of dy/dx, at x. */
bool mixture_inverse(const struct mixture *mixture, const double *y, int64_t n, double *x, double *logdet,
                     int threads, struct fault *fault) MUST_CHECK;

/* As tensors base.weights [components], base.means [components, d], base.covariances [components, d, d], F64,
 * lent. */
enum { MIXTURE_TENSORS = 3 };
void mixture_tensors(const struct mixture *mixture, struct tensor out[MIXTURE_TENSORS]);

/* Back from a model file. *out is NULL and the result true where the file has no tensor "base.weights". */
bool mixture_from_tensors(struct mixture **out, const struct safetensors *file,
                          struct fault *fault) MUST_CHECK;

#endif
