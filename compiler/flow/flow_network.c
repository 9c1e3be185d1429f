/* SPDX-License-Identifier: MIT
 *
 * The multilayer perceptron of (x, t). Takes a model, gives its parameters as inputs of a graph, the arrays
 * that one evaluation reads, and the last hidden layer (eq. 18). Tangents are diff/'s, the last layer's
 * folding is flow_potential.c's. */
#include "flow/flow.h"

#include <assert.h>

static const struct ir_node *parameter(struct ir_graph *graph, const char *name, struct ir_shape shape)
{
    const struct ir_node *found = ir_input_find(graph, name);
    return found ? found : ir_input(graph, name, IR_PARAMETER, IR_UNIFORM, shape);
}

static const struct ir_node *weight_of(struct ir_graph *graph, const struct model *model, int k)
{
    const struct model_layer *layer = &model->layer[k];
    return parameter(graph, layer->weight_name, ir_shape_of(2, layer->out, layer->in));
}

static const struct ir_node *bias_of(struct ir_graph *graph, const struct model *model, int k)
{
    const struct model_layer *layer = &model->layer[k];
    return parameter(graph, layer->bias_name, ir_shape_of(1, layer->out));
}

void flow_parameters(struct ir_graph *graph, const struct model *model)
{
    for (int k = 0; k < model->n_layers; k++) {
        (void)weight_of(graph, model, k);
        (void)bias_of(graph, model, k);
    }
}

struct flow_network flow_network(struct ir_graph *graph, const struct model *model)
{
    struct flow_network network = {.n = 0};
    const int last = model->n_layers - 1, d = model->d;
    if (model_is_identity(model))
        return network;
    assert(last >= 1 && model->layer[0].in == d + 1);
    flow_parameters(graph, model);
    const struct ir_node *first = weight_of(graph, model, 0); /* columns x_1 .. x_d, t */
    network.array[network.n++] = ir_slice(graph, first, 1, 0, d);
    network.array[network.n++] = ir_pick(graph, first, 1, d);
    network.array[network.n++] = bias_of(graph, model, 0);
    for (int k = 1; k < last; k++) {
        network.array[network.n++] = weight_of(graph, model, k);
        network.array[network.n++] = bias_of(graph, model, k);
    }
    flow_fold(graph, model, weight_of(graph, model, last), bias_of(graph, model, last),
              &network.array[network.n], &network.array[network.n + 1]);
    network.n += 2;
    return network;
}

const char *flow_array_name(struct arena *arena, const struct flow_network *network, int i)
{
    if (i < 2)
        return i == 0 ? "weight0.x" : "weight0.t";
    if (i >= network->n - 2)
        return i == network->n - 2 ? "weight" : "bias";
    return arena_printf(arena, i % 2 == 0 ? "bias%d" : "weight%d", (i - 1) / 2);
}

static const struct ir_node *activate(struct ir_graph *graph, enum model_activation activation,
                                      const struct ir_node *a)
{
    switch (activation) {
    case MODEL_TANH:
        return ir_unary(graph, IR_TANH, a);
    case MODEL_SOFTPLUS:
        return ir_unary(graph, IR_SOFTPLUS, a);
    case MODEL_SIN:
        return ir_unary(graph, IR_SIN, a);
    case MODEL_SILU:
        return ir_mul(graph, a, ir_unary(graph, IR_SIGMOID, a));
    }
    assert(!"flow: no such activation");
    return a;
}

const struct ir_node *flow_hidden(struct ir_graph *graph, const struct model *model,
                                  const struct flow_network *network, const struct ir_node *x,
                                  const struct ir_node *t)
{
    const struct ir_node *const *array = network->array;
    /* What depends only on t is one uniform node, [H_0]: a table over time once it is hoisted. */
    const struct ir_node *shift = ir_add2(graph, ir_ein(graph, 1.0, "h,->h", array[1], t), array[2]);
    const struct ir_node *a = ir_add2(graph, ir_ein(graph, 1.0, "hi,i->h", array[0], x), shift);
    const struct ir_node *h = activate(graph, model->activation, a);
    for (int i = 3; i < network->n - 2; i += 2) {
        a = ir_add2(graph, ir_ein(graph, 1.0, "oh,h->o", array[i], h), array[i + 1]);
        h = activate(graph, model->activation, a);
    }
    return h;
}
