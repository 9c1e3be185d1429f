/* SPDX-License-Identifier: MIT
 *
 * What the files flow*.c share: one block of a flow's rows, at most flow->block of them. */
#ifndef GPFC_FLOW_PARTS_H
#define GPFC_FLOW_PARTS_H

#include "model/flow.h"

#include <stdlib.h>

static inline void flow_note(struct gpfc_flow *flow, int64_t row, enum row_reason reason)
{
    if (flow->outcome.reason[row] == ROW_GOOD)
        flow->outcome.reason[row] = (unsigned char)reason;
}

/* ---- the derivative of s ------------------------------------------------------------------------------- */

bool flow_jacobian_open(struct gpfc_flow *flow, struct fault *fault) MUST_CHECK;
void flow_jacobian_close(struct gpfc_flow *flow);

/* At most flow->jacobian.rows rows: s (NULL: not wanted) and the matrices. */
bool flow_jacobian_go(struct gpfc_flow *flow, const void *y, void *s, int64_t n,
                      struct fault *fault) MUST_CHECK;
/* The matrix of a row of that call, [d][d], until the next call of this. */
double *flow_jacobian_of(const struct gpfc_flow *flow, int64_t row);

/* Adds log |det ds/dy| at y to the outcome. */
bool flow_add_logdet(struct gpfc_flow *flow, const void *y, int64_t n, struct fault *fault) MUST_CHECK;

/* ---- the inverse of s ---------------------------------------------------------------------------------- */

/* y with s(y) = s, and what became of each row; `y` may be `s`. */
bool flow_invert_block(struct gpfc_flow *flow, const void *s, void *y, int64_t n,
                       struct fault *fault) MUST_CHECK;

/* Largest |s(y) - s| of row `row`, whose image is row `at` of room.image; infinite where it is not a
 * number. */
double flow_inverse_error(const struct gpfc_flow *flow, int64_t row, int64_t at);
/* What it may be. */
double flow_inverse_bound(const struct gpfc_flow *flow, int64_t row);

/* Goes on from y for the first `rows` rows of room.order, which are not there yet. */
bool flow_newton(struct gpfc_flow *flow, void *y, int64_t rows, struct fault *fault) MUST_CHECK;

#endif
