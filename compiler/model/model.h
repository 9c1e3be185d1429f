/* SPDX-License-Identifier: MIT
 *
 * A legal model: what the spec's values make together. It is valid, or it is not made. Knows what a legal
 * model is, and the names, shapes and offsets of its parameters; no IR. */
#ifndef GPFC_MODEL_H
#define GPFC_MODEL_H

#include "base/base.h"

struct spec;
struct base_model;

enum model_precision { MODEL_SINGLE, MODEL_DOUBLE };
enum model_field { MODEL_GAUSSIAN, MODEL_CUBE };
enum model_potential { MODEL_FOLDED, MODEL_BLOCKS };
enum model_activation { MODEL_TANH, MODEL_SOFTPLUS, MODEL_SIN, MODEL_SILU };
enum model_integrator { MODEL_EULER, MODEL_MIDPOINT, MODEL_RK4 };
enum model_cost { MODEL_SQUARED, MODEL_L1 };
enum model_derivative { MODEL_EXACT, MODEL_DIFFERENCE };

enum {
    MODEL_MAX_LAYERS = 17, /* hidden layers and the last */
    MODEL_MAX_SIZE = 4096, /* of one axis: outputs, widths, steps + 1 */
    MODEL_MAX_PARAMETERS = 100000000
};

struct model_layer {
    int in, out; /* weight [out, in], bias [out]; inputs of the first layer: x_1 .. x_d, t */
    const char *weight_name, *bias_name; /* flow.layerK.weight, flow.layerK.bias */
    long weight_offset, bias_offset;     /* elements, into theta: layer by layer, weight before bias */
};

struct model {
    const char *name;
    int d;
    enum model_precision precision;
    double epsilon; /* machine epsilon of the precision */
    enum model_field field;
    enum model_potential potential;
    enum model_activation activation;
    enum model_integrator integrator;
    int steps;            /* the most where automatic */
    bool automatic_steps; /* how many are run is an input of the programs, IR_LIMIT */
    int n_layers;         /* 0: s is the identity, see model_is_identity */
    struct model_layer layer[MODEL_MAX_LAYERS];
    long n_parameters;  /* elements of theta */
    int training_steps; /* enough of them, where the spec does not say how many */
    enum model_cost cost;
    double smoothing;
    bool penalised;
    enum model_derivative derivative;
    bool noise_per_sample;
    const struct base_model *base; /* base_model.h; never NULL */
};

/* Reports all conflicts between values (data without base, pairs and source at once, penalty keys without a
 * penalty, a source with another dimension than 2, ...). False: *out is not made. May also be called on a
 * spec in which spec_read found errors, so that all are reported in one run: then it returns false, and
 * reports what else is wrong. */
bool model_from_spec(struct arena *arena, const struct spec *spec, struct diag *diag,
                     struct model *out) MUST_CHECK;

/* Dimension 1: a map of R that keeps N(0, 1) and is reached by a path from the identity is the identity.
 * There are no parameters; what is trained is the base flow. */
bool model_is_identity(const struct model *model);

/* Outputs of the last layer: folded d(d-1)/2, the pairs (i,j), i < j, in row order; blocks d(d-1), output
 * i(d-1)+n being component i of block n. */
int model_outputs(int d, enum model_potential potential);

/* Fills layers, names, offsets and n_parameters from d, potential, hidden widths. */
void model_layers(struct arena *arena, struct model *model, int n_hidden, const int *hidden);

#endif
