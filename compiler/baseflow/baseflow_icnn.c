/* SPDX-License-Identifier: MIT
 *
 * The parameters of a convex block as the arrays that a sample meets: takes a base flow, gives its networks.
 * All of it is uniform. What they make of a point is baseflow_potential.c's. */
#include "baseflow/baseflow.h"
#include "baseflow/icnn.h"

const struct ir_node *actnorm_scale(struct ir_graph *graph, const struct base_model *base, const char *name)
{
    const struct ir_node *log_scale = baseflow_parameter(graph, base, "%s.log_scale", name);
    return ir_add2(graph, ir_unary(graph, IR_EXP, log_scale), ir_fill(graph, 0.001, log_scale->shape));
}

static const char *norm_name(struct ir_graph *graph, int c, int k)
{
    return arena_printf(graph->arena, "base.convex%d.norm%d", c, k);
}

/* softplus of a scalar parameter, [1] -> [] */
static const struct ir_node *positive(struct ir_graph *graph, const struct base_model *base, int c,
                                      const char *name)
{
    const struct ir_node *raw = baseflow_parameter(graph, base, "base.convex%d.%s", c, name);
    return ir_unary(graph, IR_SOFTPLUS, ir_ein(graph, 1.0, "a->", raw));
}

static int width_of(const struct base_model *base)
{
    return base->hidden[0];
}

/* softplus(Wz_k) / width, its columns of convex and of even units below */
static struct icnn_units from_below(struct ir_graph *graph, const struct base_model *base, int c, int k)
{
    const int width = width_of(base), convex = k == 1 ? 0 : width / 2;
    const struct ir_node *raw = baseflow_parameter(graph, base, "base.convex%d.z%d.weight", c, k);
    const struct ir_node *weight = ir_scale(graph, 1.0 / width, ir_unary(graph, IR_SOFTPLUS, raw));
    return (struct icnn_units){.convex = convex == 0 ? NULL : ir_slice(graph, weight, 1, 0, convex),
                               .even = ir_slice(graph, weight, 1, convex, width - convex)};
}

/* Level k >= 1 without the ActNorm of its convex units. */
static struct icnn_level upper_level(struct ir_graph *graph, const struct base_model *base, int c, int k)
{
    const struct icnn_units below = from_below(graph, base, c, k);
    const struct ir_node *z_bias = baseflow_parameter(graph, base, "base.convex%d.z%d.bias", c, k);
    const struct ir_node *x_bias = baseflow_parameter(graph, base, "base.convex%d.x%d.bias", c, k - 1);
    return (struct icnn_level){
        .from_convex = below.convex,
        .from_even = below.even,
        .from_x = baseflow_parameter(graph, base, "base.convex%d.x%d.weight", c, k - 1),
        .bias = ir_add2(graph, ir_scale(graph, 1.0 / width_of(base), z_bias), x_bias),
        .even_x = baseflow_parameter(graph, base, "base.convex%d.a%d.weight", c, k - 1),
        .even_bias = baseflow_parameter(graph, base, "base.convex%d.a%d.bias", c, k - 1),
    };
}

static struct icnn_level lowest_level(struct ir_graph *graph, const struct base_model *base, int c)
{
    return (struct icnn_level){
        .even_x = baseflow_parameter(graph, base, "base.convex%d.z0.weight", c),
        .even_bias = baseflow_parameter(graph, base, "base.convex%d.z0.bias", c),
    };
}

/* The only row of a matrix. */
static const struct ir_node *only_row(struct ir_graph *graph, const struct ir_node *matrix)
{
    return matrix ? ir_pick(graph, matrix, 0, 0) : NULL;
}

struct icnn icnn_unscaled(struct ir_graph *graph, const struct base_model *base, int c)
{
    struct icnn icnn = {.n = base->n_hidden, .quadratic = positive(graph, base, c, "quadratic")};
    icnn.level[0] = lowest_level(graph, base, c);
    for (int k = 1; k < icnn.n; k++)
        icnn.level[k] = upper_level(graph, base, c, k);
    const struct icnn_units top = from_below(graph, base, c, icnn.n);
    icnn.top_convex = only_row(graph, top.convex);
    icnn.top_even = only_row(graph, top.even);
    icnn.top_x = only_row(graph, baseflow_parameter(graph, base, "base.convex%d.x%d.weight", c, icnn.n - 1));
    return icnn;
}

/* ---- ActNorms ------------------------------------------------------------------------------------------ */

static const struct ir_node *scale_rows(struct ir_graph *graph, const struct ir_node *scale,
                                        const struct ir_node *matrix)
{
    return matrix ? ir_ein(graph, 1.0, "i,ij->ij", scale, matrix) : NULL;
}

/* The ActNorm of an upper level goes into the rows of its convex units. */
static void scale_level(struct ir_graph *graph, const struct base_model *base, const char *norm,
                        struct icnn_level *level)
{
    const struct ir_node *scale = actnorm_scale(graph, base, norm);
    const struct ir_node *shift = baseflow_parameter(graph, base, "%s.shift", norm);
    level->from_convex = scale_rows(graph, scale, level->from_convex);
    level->from_even = scale_rows(graph, scale, level->from_even);
    level->from_x = scale_rows(graph, scale, level->from_x);
    level->bias = ir_mul(graph, scale, ir_add2(graph, level->bias, shift));
}

static const struct ir_node *scaled(struct ir_graph *graph, const struct ir_node *scale,
                                    const struct ir_node *vector)
{
    return vector ? ir_ein(graph, 1.0, ",j->j", scale, vector) : NULL;
}

struct icnn icnn_of(struct ir_graph *graph, const struct base_model *base, int c)
{
    struct icnn icnn = icnn_unscaled(graph, base, c);
    for (int k = 1; k < icnn.n; k++)
        scale_level(graph, base, norm_name(graph, c, k - 1), &icnn.level[k]);
    const struct ir_node *norm = actnorm_scale(graph, base, norm_name(graph, c, icnn.n - 1));
    const struct ir_node *scale =
        ir_mul(graph, positive(graph, base, c, "amount"), ir_ein(graph, 1.0, "a->", norm));
    icnn.top_convex = scaled(graph, scale, icnn.top_convex);
    icnn.top_even = scaled(graph, scale, icnn.top_even);
    icnn.top_x = scaled(graph, scale, icnn.top_x);
    return icnn;
}
