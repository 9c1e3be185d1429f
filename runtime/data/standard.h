/* SPDX-License-Identifier: MIT
 *
 * Standardisation of data: z_i = (x_i - mean_i) / scale_i. It is part of a model: a flow was trained on z. A
 * density of x is that of z over the product of the scales. */
#ifndef GPFC_STANDARD_H
#define GPFC_STANDARD_H

#include "files/safetensors.h"
#include "ground/fault.h"

#include <stdint.h>

struct standard {
    int64_t d;            /* 0: none, the identity */
    double *mean, *scale; /* [d], owned; scale > 0 */
};

/* Of n rows, double [n][d], by weights [n] above 0, or NULL: mean and deviation; a coordinate that does not
 * vary gets scale 1, and one whose deviation is that of a few rows far out the median and the middle half's
 * deviation. */
bool standard_fit(struct standard *out, const double *x, const double *weights, int64_t n, int64_t d,
                  struct fault *fault) MUST_CHECK;
bool standard_copy(struct standard *out, const struct standard *from, struct fault *fault) MUST_CHECK;
void standard_free(struct standard *standard); /* a zeroed one is allowed */

/* In place, REAL (precision 4 or 8) [n][d]. */
void standard_apply(const struct standard *standard, void *rows, int64_t n, int64_t precision);
void standard_undo(const struct standard *standard, void *rows, int64_t n, int64_t precision);
double
standard_log_scale(const struct standard *standard); /* sum of log scale_i: log p(x) = log p(z) - this */

/* As tensors data.mean, data.scale [d], F64, lent; and back: *out has d = 0 where the file has none. */
enum { STANDARD_TENSORS = 2 };
void standard_tensors(const struct standard *standard, struct tensor out[STANDARD_TENSORS]);
bool standard_from_tensors(struct standard *out, const struct safetensors *file, int64_t d,
                           struct fault *fault) MUST_CHECK;

#endif
