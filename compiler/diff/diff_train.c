/* SPDX-License-Identifier: MIT
 *
 * What every training program begins and ends with, whatever is trained: its loss over the batch, and the
 * derivative. */
#include "diff/diff.h"

static const struct ir_node *mean(struct ir_graph *graph, const struct ir_node *weight,
                                  const struct ir_node *each)
{
    return ir_bsum(graph, ir_mul(graph, weight, each));
}

void diff_loss_outputs(struct ir_graph *graph, const struct ir_node *lambda, const struct ir_node *weight,
                       const struct ir_node *cost, const struct ir_node *penalty)
{
    const struct ir_node *costs = mean(graph, weight, cost);
    const struct ir_node *penalties =
        !penalty ? ir_fill(graph, 0.0, ir_shape_of(0)) : mean(graph, weight, penalty);
    ir_output_add(graph, "cost", costs);
    ir_output_add(graph, "penalty", penalties);
    ir_output_add(graph, "loss", ir_add2(graph, costs, ir_mul(graph, lambda, penalties)));
}

struct ir_graph *diff_train(const struct ir_graph *loss, int n_wrt, const char *const *wrt,
                            enum diff_keep keep)
{
    struct ir_graph *train = diff_reverse(loss, "train", "loss", n_wrt, wrt, keep);
    ir_output_drop(train, "loss"); /* who trains wants cost and penalty apart */
    return train;
}
