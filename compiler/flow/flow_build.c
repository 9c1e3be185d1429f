/* SPDX-License-Identifier: MIT
 *
 * The kernels of a trainer as graphs, one row each: names and ports are those of kernel_abi.h. Inputs are
 * made in that order, parameters first. */
#include "flow/flow.h"

#include "diff/diff.h"
#include "pass/pass.h"

#include <assert.h>
#include <float.h>

static const struct ir_node *sample_input(struct ir_graph *graph, const char *name, struct ir_shape shape)
{
    return ir_input(graph, name, IR_SAMPLE, IR_VARYING, shape);
}

static const struct ir_node *vector_input(struct ir_graph *graph, const struct model *model, const char *name)
{
    return sample_input(graph, name, ir_shape_of(1, model->d));
}

/* [K,2,d]: z and y of eq. (11) for each step; NULL without penalty */
static const struct ir_node *noise_input(struct ir_graph *graph, const struct model *model)
{
    if (!model->penalised)
        return NULL;
    return ir_input(graph, "noise", IR_NOISE, model->noise_per_sample ? IR_VARYING : IR_UNIFORM,
                    ir_shape_of(3, model->steps, 2, model->d));
}

/* s(y), or its inverse; *walk says what else is wanted, and gets it. */
static const struct ir_node *map(struct ir_graph *graph, const struct model *model, const struct ir_node *y,
                                 struct flow_walk *walk)
{
    const struct flow_network network = flow_network(graph, model);
    walk->start = flow_enter(graph, model, y);
    flow_integrate(graph, model, &network, walk);
    return flow_leave(graph, model, walk->end);
}

static void build_loss(struct ir_graph *graph, const struct model *model)
{
    const struct ir_node *lambda = ir_input(graph, "lambda", IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *x = vector_input(graph, model, "x");
    const struct ir_node *y = vector_input(graph, model, "y");
    const struct ir_node *weight = sample_input(graph, "weight", ir_shape_of(0));
    struct flow_walk walk = {.noise = noise_input(graph, model)};
    const struct ir_node *s = map(graph, model, y, &walk);
    diff_loss_outputs(graph, lambda, weight, flow_cost(graph, model, x, s), walk.penalty);
}

/* An output of each sample, also where it is the same for all of them: then 0 is added that varies with the
 * sample `of` [d], so that it is computed, and written, for each. */
static void output_each(struct ir_graph *graph, const char *name, const struct ir_node *value,
                        const struct ir_node *of)
{
    static const char *const labels[] = {"->", "->i", "->ij"};
    if (value->rate != IR_VARYING) {
        const struct ir_node *one = ir_inside(graph, ir_pick(graph, of, 0, 0), -FLT_MAX, FLT_MAX);
        const struct ir_node *zero = ir_sub(graph, one, ir_fill(graph, 1.0, one->shape));
        value = ir_add2(graph, value, ir_broadcast(graph, zero, labels[value->shape.rank], value->shape));
    }
    ir_output_add(graph, name, value);
}

static void build_measure(struct ir_graph *graph, const struct model *model)
{
    const struct ir_node *x = vector_input(graph, model, "x");
    const struct ir_node *y = vector_input(graph, model, "y");
    struct flow_walk walk = {.noise = noise_input(graph, model), .wants_energy = true};
    const struct ir_node *s = map(graph, model, y, &walk);
    ir_output_add(graph, "s", s);
    ir_output_add(graph, "cost", flow_cost(graph, model, x, s));
    output_each(graph, "energy", walk.energy, y);
    if (walk.penalty)
        output_each(graph, "penalty", walk.penalty, y);
}

static void build_map(struct ir_graph *graph, const struct model *model, bool inverse)
{
    const struct ir_node *from = vector_input(graph, model, inverse ? "s" : "y");
    struct flow_walk walk = {.inverse = inverse};
    ir_output_add(graph, inverse ? "y" : "s", map(graph, model, from, &walk));
}

static void build_apply(struct ir_graph *graph, const struct model *model)
{
    build_map(graph, model, false);
}

static void build_invert(struct ir_graph *graph, const struct model *model)
{
    build_map(graph, model, true);
}

/* The map with its d tangents: jacobian[i][j] is the derivative of result i by argument j. */
static void build_map_jacobian(struct ir_graph *graph, const struct model *model, bool inverse)
{
    const struct ir_node *from = vector_input(graph, model, inverse ? "s" : "y");
    struct flow_walk walk = {.inverse = inverse};
    const struct ir_node *to = map(graph, model, from, &walk);
    const struct ir_node *seed = ir_eye(graph, model->d), *jacobian = NULL, *value = NULL;
    diff_forward(graph, 1, &from, &seed, model->d, 1, &to, &jacobian, &value);
    assert(jacobian && value);
    ir_output_add(graph, inverse ? "y" : "s", value);
    output_each(graph, "jacobian", jacobian, from);
}

static void build_jacobian(struct ir_graph *graph, const struct model *model)
{
    build_map_jacobian(graph, model, false);
}

static void build_inverse_jacobian(struct ir_graph *graph, const struct model *model)
{
    build_map_jacobian(graph, model, true);
}

static void build_velocity(struct ir_graph *graph, const struct model *model)
{
    const struct ir_node *t = ir_input(graph, "t", IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *x = vector_input(graph, model, "x");
    output_each(graph, "v", flow_velocity(graph, model, x, t), x);
}

static void build_trajectory(struct ir_graph *graph, const struct model *model)
{
    const struct ir_node *y = vector_input(graph, model, "y");
    struct flow_walk walk = {.wants_path = true};
    (void)map(graph, model, y, &walk);
    ir_output_add(graph, "path", walk.path);
}

static const struct {
    const char *name;
    void (*build)(struct ir_graph *graph, const struct model *model);
} kernels[FLOW_KERNEL_COUNT] = {
    [FLOW_LOSS] = {"loss", build_loss},
    [FLOW_MEASURE] = {"measure", build_measure},
    [FLOW_APPLY] = {"apply", build_apply},
    [FLOW_INVERT] = {"invert", build_invert},
    [FLOW_JACOBIAN] = {"jacobian", build_jacobian},
    [FLOW_INVERSE_JACOBIAN] = {"inverse_jacobian", build_inverse_jacobian},
    [FLOW_VELOCITY] = {"velocity", build_velocity},
    [FLOW_TRAJECTORY] = {"trajectory", build_trajectory},
};

struct ir_graph *flow_build(struct arena *arena, const struct model *model, enum flow_kernel kernel)
{
    struct ir_graph *graph = ir_graph_new(arena, kernels[kernel].name);
    flow_parameters(graph, model);
    kernels[kernel].build(graph, model);
    return graph;
}

struct ir_graph *flow_train(struct arena *arena, const struct model *model, enum diff_keep keep)
{
    const char *wrt[2 * MODEL_MAX_LAYERS];
    int n = 0;
    for (int k = 0; k < model->n_layers; k++) {
        wrt[n++] = model->layer[k].weight_name;
        wrt[n++] = model->layer[k].bias_name;
    }
    return diff_train(pass_hoist(flow_build(arena, model, FLOW_LOSS)), n, wrt, keep);
}
