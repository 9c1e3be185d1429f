/* SPDX-License-Identifier: MIT
 *
 * Small flows with random weights. */
#include "property/flow_fixture.h"

#include <assert.h>
#include <float.h>
#include <math.h>

double *drawn_array(struct arena *arena, uint64_t *seed, long n)
{
    double *array = ARENA_ARRAY(arena, double, (size_t)n);
    for (long i = 0; i < n; i++)
        array[i] = draw_normal(seed);
    return array;
}

double *filled_array(struct arena *arena, long n, double value)
{
    double *array = ARENA_ARRAY(arena, double, (size_t)n);
    for (long i = 0; i < n; i++)
        array[i] = value;
    return array;
}

static void draw_parameters(struct flow_fixture *fixture, double scale)
{
    const struct model *model = &fixture->model;
    fixture->theta = ARENA_ARRAY(fixture->arena, double, (size_t)model->n_parameters);
    for (int k = 0; k < model->n_layers; k++) {
        const struct model_layer *layer = &model->layer[k];
        const double factor = k == model->n_layers - 1 ? scale : 1.0;
        for (long i = 0; i < (long)layer->out * layer->in; i++)
            fixture->theta[layer->weight_offset + i] = factor * draw_normal(&fixture->seed) / sqrt(layer->in);
        for (long i = 0; i < layer->out; i++)
            fixture->theta[layer->bias_offset + i] = factor * 0.5 * draw_normal(&fixture->seed);
    }
}

struct flow_fixture fixture_new(int d, enum model_field field, enum model_potential potential, int n_hidden,
                                const int *hidden, double scale, uint64_t seed)
{
    struct flow_fixture fixture = {.arena = arena_new(), .seed = seed};
    assert(fixture.arena);
    fixture.model = (struct model){
        .name = "fixture",
        .d = d,
        .precision = MODEL_DOUBLE,
        .epsilon = DBL_EPSILON,
        .field = field,
        .potential = potential,
        .activation = MODEL_TANH,
        .integrator = MODEL_RK4,
        .steps = 2,
        .cost = MODEL_SQUARED,
        .smoothing = 0.5,
        .derivative = MODEL_EXACT,
    };
    model_layers(fixture.arena, &fixture.model, n_hidden, hidden);
    draw_parameters(&fixture, scale);
    return fixture;
}

void fixture_free(struct flow_fixture *fixture)
{
    arena_free(fixture->arena);
}

double *fixture_normal(struct flow_fixture *fixture, long n)
{
    return drawn_array(fixture->arena, &fixture->seed, n);
}

double *fixture_filled(struct flow_fixture *fixture, long n, double value)
{
    return filled_array(fixture->arena, n, value);
}

struct bindings fixture_bindings(const struct flow_fixture *fixture, const double *theta)
{
    struct bindings bindings = {.n = 0};
    for (int k = 0; k < fixture->model.n_layers; k++) {
        const struct model_layer *layer = &fixture->model.layer[k];
        bind(&bindings, layer->weight_name, theta + layer->weight_offset);
        bind(&bindings, layer->bias_name, theta + layer->bias_offset);
    }
    return bindings;
}

struct ir_graph *fixture_graph(const struct flow_fixture *fixture, const struct ir_node **x,
                               const struct ir_node **t)
{
    struct ir_graph *graph = ir_graph_new(fixture->arena, "fixture");
    flow_parameters(graph, &fixture->model);
    *t = ir_input(graph, "t", IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, fixture->model.d));
    return graph;
}

double **fixture_run(const struct ir_graph *graph, int batch, const struct bindings *bindings)
{
    double **out = evaluate_bound(graph, batch, bindings, evaluate_by_interpreter, NULL);
    assert(out);
    return out;
}
