/* SPDX-License-Identifier: MIT
 *
 * Rows of a trainer's precision through a base flow, which computes in double; and which of them an inverse
 * failed for. */
#ifndef GPFC_BASE_ROWS_H
#define GPFC_BASE_ROWS_H

#include "base_flow.h"

/* n numbers of precision 4 or 8, from or to double. */
void rows_to_double(const void *from, int64_t n, int precision, double *to);
void rows_from_double(const double *from, int64_t n, int precision, void *to);

/* f^-1 as base_flow_inverse; failed [n] is 1 where the tolerance was not reached, else 0. x must not be y. */
bool base_rows_inverse(struct base_flow *base, const double *y, int64_t n, double *x, unsigned char *failed,
                       struct base_flow_report *report, struct fault *fault) MUST_CHECK;

#endif
