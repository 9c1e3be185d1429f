/* SPDX-License-Identifier: MIT
 *
 * Proposition 1: s = sqrt(2) erfinv o phi o erf(. / sqrt(2)) for the cube, which takes N(0, I) to the uniform
 * measure and back; the gaussian field moves in R^d itself. A position that round-off or a long step carried
 * to a face or beyond is drawn back to 1 - epsilon, where erfinv is finite. */
#include "flow/flow.h"

#include <math.h>

const struct ir_node *flow_enter(struct ir_graph *graph, const struct model *model, const struct ir_node *y)
{
    if (model->field == MODEL_GAUSSIAN || model_is_identity(model))
        return y;
    return ir_unary(graph, IR_ERF, ir_scale(graph, M_SQRT1_2, y));
}

const struct ir_node *flow_leave(struct ir_graph *graph, const struct model *model, const struct ir_node *X)
{
    if (model->field == MODEL_GAUSSIAN || model_is_identity(model))
        return X;
    const double most = 1.0 - model->epsilon;
    return ir_scale(graph, M_SQRT2, ir_unary(graph, IR_ERFINV, ir_clamp(graph, X, -most, most)));
}
