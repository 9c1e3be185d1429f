/* SPDX-License-Identifier: MIT
 *
 * The parameters of a model: names, shapes and offsets in theta. */
#include "model/model.h"

#include <assert.h>

int model_outputs(int d, enum model_potential potential)
{
    const int pairs = d * (d - 1);
    return potential == MODEL_FOLDED ? pairs / 2 : pairs;
}

bool model_is_identity(const struct model *model)
{
    return model->d == 1;
}

static long add_layer(struct arena *arena, struct model_layer *layer, int k, int in, int out, long offset)
{
    *layer = (struct model_layer){
        .in = in,
        .out = out,
        .weight_name = arena_printf(arena, "flow.layer%d.weight", k),
        .bias_name = arena_printf(arena, "flow.layer%d.bias", k),
        .weight_offset = offset,
        .bias_offset = offset + (long)in * out,
    };
    return layer->bias_offset + out;
}

void model_layers(struct arena *arena, struct model *model, int n_hidden, const int *hidden)
{
    if (model_is_identity(model)) {
        model->n_layers = 0;
        model->n_parameters = 0;
        return;
    }
    assert(n_hidden >= 1 && n_hidden < MODEL_MAX_LAYERS && "model: number of hidden layers");
    int in = model->d + 1; /* x_1 .. x_d, t */
    long offset = 0;
    for (int k = 0; k < n_hidden; k++) {
        offset = add_layer(arena, &model->layer[k], k, in, hidden[k], offset);
        in = hidden[k];
    }
    const int outputs = model_outputs(model->d, model->potential);
    model->n_parameters = add_layer(arena, &model->layer[n_hidden], n_hidden, in, outputs, offset);
    model->n_layers = n_hidden + 1;
}
