/* SPDX-License-Identifier: MIT
 *
 * The kernels of a base flow as graphs: names and ports are those of kernel_abi.h. Inputs are made in that
 * order, parameters first. What is specific to a kind is in its file. */
#include "baseflow/baseflow.h"

#include "diff/diff.h"
#include "pass/pass.h"

#include <assert.h>
#include <math.h>

/* ---- inputs -------------------------------------------------------------------------------------------- */

static const struct ir_node *parameter_input(struct ir_graph *graph, const struct base_parameter *parameter)
{
    const struct ir_node *found = ir_input_find(graph, parameter->name);
    const struct ir_shape shape = parameter->rank == 2
                                      ? ir_shape_of(2, parameter->shape[0], parameter->shape[1])
                                      : ir_shape_of(1, parameter->shape[0]);
    return found ? found : ir_input(graph, parameter->name, IR_PARAMETER, IR_UNIFORM, shape);
}

const struct ir_node *baseflow_parameter(struct ir_graph *graph, const struct base_model *base,
                                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *name = arena_vprintf(graph->arena, format, args);
    va_end(args);
    const struct base_parameter *parameter = base_parameter_find(base, name);
    assert(parameter);
    return parameter_input(graph, parameter);
}

void baseflow_parameters(struct ir_graph *graph, const struct base_model *base)
{
    for (int i = 0; i < base->n_parameters; i++)
        (void)parameter_input(graph, &base->parameters[i]);
}

/* Signs of normal numbers are as likely -1 as 1. */
const struct ir_node *baseflow_probes(struct ir_graph *graph, const struct base_model *base)
{
    const struct ir_shape shape = ir_shape_of(2, base->blocks, base->d);
    const struct ir_node *noise = ir_input_find(graph, "noise");
    if (!noise)
        noise = ir_input(graph, "noise", IR_NOISE, IR_VARYING, shape);
    if (base->probe == BASE_PROBE_GAUSSIAN)
        return noise;
    const struct ir_node *positive = ir_inside(graph, noise, 0.0, 1e30);
    return ir_add2(graph, ir_scale(graph, 2.0, positive), ir_fill(graph, -1.0, shape));
}

static const struct ir_node *sample_input(struct ir_graph *graph, const char *name, struct ir_shape shape)
{
    return ir_input(graph, name, IR_SAMPLE, IR_VARYING, shape);
}

/* ---- the kernels of every kind ------------------------------------------------------------------------- */

static const struct baseflow_kind *kind_of(const struct base_model *base)
{
    switch (base->kind) {
    case BASE_BNAF:
        return &baseflow_bnaf;
    case BASE_FFJORD:
        return &baseflow_ffjord;
    case BASE_CP_FLOW:
        return &baseflow_cp_flow;
    case BASE_NONE:
    case BASE_MIXTURE:
        break;
    }
    assert(!"baseflow: nothing to compile");
    return NULL;
}

/* -log p(x) [] = |y|^2/2 + d/2 log 2 pi - log|det dy/dx| */
static const struct ir_node *negative_log_likelihood(struct ir_graph *graph,
                                                     const struct baseflow_result *result)
{
    const struct ir_node *square = ir_ein(graph, 0.5, "i,i->", result->y, result->y);
    const double constant = 0.5 * result->y->shape.size[0] * log(2.0 * M_PI);
    return ir_add2(graph, ir_sub(graph, square, result->logdet), ir_fill(graph, constant, square->shape));
}

static void build_loss(struct ir_graph *graph, const struct base_model *base)
{
    const struct ir_node *lambda = ir_input(graph, "lambda", IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *x = sample_input(graph, "x", ir_shape_of(1, base->d));
    const struct ir_node *weight = sample_input(graph, "weight", ir_shape_of(0)), *extra = NULL;
    const struct baseflow_result result = kind_of(base)->map(graph, base, x, false, &extra);
    diff_loss_outputs(graph, lambda, weight, negative_log_likelihood(graph, &result), extra);
}

static struct baseflow_result exact_map(struct ir_graph *graph, const struct base_model *base)
{
    const struct ir_node *x = sample_input(graph, "x", ir_shape_of(1, base->d));
    return kind_of(base)->map(graph, base, x, true, NULL);
}

static void build_measure(struct ir_graph *graph, const struct base_model *base)
{
    const struct baseflow_result result = exact_map(graph, base);
    ir_output_add(graph, "cost", negative_log_likelihood(graph, &result));
}

static void build_apply(struct ir_graph *graph, const struct base_model *base)
{
    const struct baseflow_result result = exact_map(graph, base);
    ir_output_add(graph, "y", result.y);
    ir_output_add(graph, "logdet", result.logdet);
}

static const struct {
    const char *name;
    void (*build)(struct ir_graph *graph, const struct base_model *base);
} common[] = {{"loss", build_loss}, {"measure", build_measure}, {"apply", build_apply}};

enum { COMMON = sizeof common / sizeof common[0] };

int baseflow_kernel_count(const struct base_model *base)
{
    return COMMON + kind_of(base)->count(base);
}

struct ir_graph *baseflow_build(struct arena *arena, const struct base_model *base, int kernel)
{
    const struct baseflow_kind *kind = kind_of(base);
    assert(kernel >= 0 && kernel < baseflow_kernel_count(base));
    const bool own = kernel >= COMMON;
    const char *name = own ? kind->name(arena, base, kernel - COMMON) : common[kernel].name;
    struct ir_graph *graph = ir_graph_new(arena, name);
    baseflow_parameters(graph, base);
    if (own)
        kind->build(graph, base, kernel - COMMON);
    else
        common[kernel].build(graph, base);
    return graph;
}

struct ir_graph *baseflow_train(struct arena *arena, const struct base_model *base, enum diff_keep keep)
{
    const char **wrt = ARENA_ARRAY(arena, const char *, (size_t)base->n_parameters);
    for (int i = 0; i < base->n_parameters; i++)
        wrt[i] = base->parameters[i].name;
    return diff_train(pass_hoist(baseflow_build(arena, base, 0)), base->n_parameters, wrt, keep);
}
