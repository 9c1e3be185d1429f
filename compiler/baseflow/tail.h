/* SPDX-License-Identifier: MIT
 *
 * Arms: what BNAF's last block and CP-Flow's convex blocks add to their map outside the data. */
#ifndef GPFC_TAIL_H
#define GPFC_TAIL_H

#include "baseflow/baseflow.h"

/* What the arms of the parameters NAME.edge and NAME.log_scale, [2d] each, add at x [d]. */
struct tail {
    const struct ir_node *y;     /* [d] */
    const struct ir_node *slope; /* [d] dy_i/dx_i; y_i depends on x_i only */
};
struct tail tail_at(struct ir_graph *graph, const struct base_model *base, const char *name,
                    const struct ir_node *x);

/* A map with a lower triangular Jacobian. */
struct triangular {
    const struct ir_node *y;        /* [d] */
    const struct ir_node *diagonal; /* [d] dy_i/dx_i, or its logarithm */
};

/* f with the arms of the last block added, diagonal not as logarithms. x [d] is what f was taken of. */
struct triangular tail_added(struct ir_graph *graph, const struct base_model *base, const struct ir_node *x,
                             const struct triangular *f);

#endif
