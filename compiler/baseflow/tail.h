/* SPDX-License-Identifier: MIT
 *
 * The interface between BNAF's networks and the arms of its last block. */
#ifndef GPFC_TAIL_H
#define GPFC_TAIL_H

#include "baseflow/baseflow.h"

/* A map with a lower triangular Jacobian. */
struct triangular {
    const struct ir_node *y;        /* [d] */
    const struct ir_node *diagonal; /* [d] dy_i/dx_i, or its logarithm */
};

/* f with the arms of the last block added, diagonal not as logarithms. x [d] is what f was taken of. */
struct triangular tail_added(struct ir_graph *graph, const struct base_model *base, const struct ir_node *x,
                             const struct triangular *f);

#endif
