/* SPDX-License-Identifier: MIT
 *
 * The raw outputs of a flow's network, before they are folded into the field, as published numbers have
 * them. */
#ifndef GPFC_TESTS_NETWORK_H
#define GPFC_TESTS_NETWORK_H

#include "flow/flow.h"

/* u [outputs] at x [d], varying, and t [], uniform. */
static inline const struct ir_node *network_outputs(struct ir_graph *graph, const struct model *model,
                                                    const struct ir_node *x, const struct ir_node *t)
{
    const struct flow_network network = flow_network(graph, model);
    const struct model_layer *last = &model->layer[model->n_layers - 1];
    const struct ir_node *h = flow_hidden(graph, model, &network, x, t),
                         *weight = ir_input_find(graph, last->weight_name),
                         *bias = ir_input_find(graph, last->bias_name);
    return ir_add2(graph, ir_ein(graph, 1.0, "oh,h->o", weight, h), bias);
}

#endif
