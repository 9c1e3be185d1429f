/* SPDX-License-Identifier: MIT
 *
 * CP-Flow: the gradients of convex potentials one after another, with ActNorms before, between and, where
 * there are several, after them. Takes the potentials of baseflow_potential.c.
 *
 * With base.tail: linear each block has arms outside the data (baseflow_tail.c). They are made after the
 * training, from where the training rows lie, so that the loss, its gradient and the statistics are those of
 * the map without them. */
#include "baseflow/baseflow.h"
#include "baseflow/icnn.h"
#include "baseflow/tail.h"

#include <assert.h>

static int norm_count(const struct base_model *base)
{
    return base->blocks == 1 ? 1 : base->blocks + 1;
}

static const char *norm_name(struct arena *arena, int m)
{
    return arena_printf(arena, "base.norm%d", m);
}

/* y = (x + b) S, log det S; on what the blocks before have made */
static void pass_norm(struct ir_graph *graph, const struct base_model *base, int m,
                      struct baseflow_result *walk)
{
    const char *name = norm_name(graph->arena, m);
    const struct ir_node *scale = actnorm_scale(graph, base, name);
    const struct ir_node *shift = baseflow_parameter(graph, base, "%s.shift", name);
    const struct ir_node *logdet = ir_ein(graph, 1.0, "i->", ir_unary(graph, IR_LOG, scale));
    walk->y = ir_mul(graph, scale, ir_add2(graph, walk->y, shift));
    walk->logdet = !walk->logdet ? logdet : ir_add2(graph, walk->logdet, logdet);
}

static const char *tail_name(struct arena *arena, int c)
{
    return arena_printf(arena, "base.convex%d.tail", c);
}

/* Block c with its arms, if it has any: y and its Jacobian. */
struct convex_map {
    const struct ir_node *y;       /* [d] */
    const struct ir_node *hessian; /* [d,d] */
};

static struct convex_map convex_at(struct ir_graph *graph, const struct base_model *base, int c,
                                   const struct ir_node *x)
{
    const struct icnn icnn = icnn_of(graph, base, c);
    const struct icnn_point at = icnn_at(graph, &icnn, x);
    const struct convex_map f = {at.gradient, icnn_hessian(graph, &icnn, &at)};
    if (base->tail == BASE_TAIL_BOUNDED)
        return f;
    const struct tail tail = tail_at(graph, base, tail_name(graph->arena, c), x);
    const struct ir_node *slope = ir_ein(graph, 1.0, "i,ij->ij", tail.slope, ir_eye(graph, base->d));
    return (struct convex_map){ir_add2(graph, f.y, tail.y), ir_add2(graph, f.hessian, slope)};
}

static void pass_whole_block(struct ir_graph *graph, const struct base_model *base, int c,
                             struct baseflow_result *walk)
{
    const struct convex_map f = convex_at(graph, base, c, walk->y);
    walk->y = f.y;
    walk->logdet = ir_add2(graph, walk->logdet, ir_logdet(graph, f.hessian));
}

/* Without arms. probe: NULL for the exact log-determinant */
static void pass_block(struct ir_graph *graph, const struct base_model *base, int c,
                       const struct ir_node *probe, struct baseflow_result *walk)
{
    const struct icnn icnn = icnn_of(graph, base, c);
    const struct icnn_point at = icnn_at(graph, &icnn, walk->y);
    const struct ir_node *logdet = !probe ? icnn_logdet(graph, &icnn, &at)
                                          : icnn_logdet_estimate(graph, &icnn, &at, probe, base->cg_steps);
    walk->y = at.gradient;
    walk->logdet = ir_add2(graph, walk->logdet, logdet);
}

static struct baseflow_result cp_flow_map(struct ir_graph *graph, const struct base_model *base,
                                          const struct ir_node *x, bool exact, const struct ir_node **penalty)
{
    const bool estimate = !exact && base->logdet == BASE_LOGDET_ESTIMATE;
    const struct ir_node *probes = estimate ? baseflow_probes(graph, base) : NULL;
    struct baseflow_result walk = {.y = x, .logdet = NULL};
    for (int c = 0; c < base->blocks; c++) {
        pass_norm(graph, base, c, &walk);
        if (exact && base->tail == BASE_TAIL_LINEAR)
            pass_whole_block(graph, base, c, &walk);
        else
            pass_block(graph, base, c, estimate ? ir_pick(graph, probes, 0, c) : NULL, &walk);
    }
    if (norm_count(base) > base->blocks)
        pass_norm(graph, base, base->blocks, &walk);
    if (penalty)
        *penalty = NULL;
    return walk;
}

/* ---- kernels: one a block, the statistics, the extent -------------------------------------------------- */

static const struct ir_node *position(struct ir_graph *graph, const struct base_model *base)
{
    return ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, base->d));
}

static void build_block(struct ir_graph *graph, const struct base_model *base, int c)
{
    const struct convex_map f = convex_at(graph, base, c, position(graph, base));
    ir_output_add(graph, "y", f.y);
    ir_output_add(graph, "jacobian", f.hessian);
}

static void reach_norm(struct ir_graph *graph, const struct base_model *base, int m,
                       struct baseflow_result *walk)
{
    ir_output_add(graph, norm_name(graph->arena, m), walk->y);
    pass_norm(graph, base, m, walk);
}

/* What reaches each ActNorm, from which it is initialised. */
static void build_statistics(struct ir_graph *graph, const struct base_model *base)
{
    struct baseflow_result walk = {.y = position(graph, base), .logdet = NULL};
    const struct ir_node *reached[MODEL_MAX_LAYERS];
    for (int c = 0; c < base->blocks; c++) {
        reach_norm(graph, base, c, &walk);
        const struct icnn icnn = icnn_of(graph, base, c), unscaled = icnn_unscaled(graph, base, c);
        icnn_reached(graph, &icnn, &unscaled, walk.y, reached);
        for (int k = 0; k < base->n_hidden; k++)
            ir_output_add(graph, arena_printf(graph->arena, "base.convex%d.norm%d", c, k), reached[k]);
        walk.y = icnn_at(graph, &icnn, walk.y).gradient;
    }
    if (norm_count(base) > base->blocks)
        reach_norm(graph, base, base->blocks, &walk);
}

/* What reaches each block, and what it makes of that without arms: these are set from it. */
static void build_extent(struct ir_graph *graph, const struct base_model *base)
{
    struct baseflow_result walk = {.y = position(graph, base), .logdet = NULL};
    for (int c = 0; c < base->blocks; c++) {
        pass_norm(graph, base, c, &walk);
        ir_output_add(graph, tail_name(graph->arena, c), walk.y);
        const struct icnn icnn = icnn_of(graph, base, c);
        walk.y = icnn_at(graph, &icnn, walk.y).gradient;
        ir_output_add(graph, arena_printf(graph->arena, "base.convex%d.gradient", c), walk.y);
    }
}

static int cp_flow_count(const struct base_model *base)
{
    return base->blocks + 1 + (base->tail == BASE_TAIL_LINEAR);
}

static void cp_flow_build(struct ir_graph *graph, const struct base_model *base, int which)
{
    assert(which < cp_flow_count(base));
    if (which < base->blocks)
        build_block(graph, base, which);
    else if (which == base->blocks)
        build_statistics(graph, base);
    else
        build_extent(graph, base);
}

static const char *cp_flow_name(struct arena *arena, const struct base_model *base, int which)
{
    if (which < base->blocks)
        return arena_printf(arena, "block%d", which);
    return which == base->blocks ? "statistics" : "extent";
}

const struct baseflow_kind baseflow_cp_flow = {
    .map = cp_flow_map,
    .count = cp_flow_count,
    .build = cp_flow_build,
    .name = cp_flow_name,
};
