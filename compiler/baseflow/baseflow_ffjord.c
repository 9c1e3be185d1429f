/* SPDX-License-Identifier: MIT
 *
 * FFJORD (Grathwohl et al. 2019): continuous normalizing flows one after another, each the solution over
 * 0 <= t <= 1 of
 *
 *   dx/dt = v(x, t),   d logdet/dt = div v,   logdet(0) = 0
 *
 * with a network v of concatsquash layers, h' = (W h + b) * sg(u t + c) + p t, and an activation between
 * them. The divergence is exact, by d tangents, or Hutchinson's e^T (dv/dx) e with one probe e a sample and
 * flow. Penalties of Finlay et al. (2020): the integrals of |v|^2 and of |(dv/dx) e|^2, or, with the exact
 * divergence, of the Jacobian's squared Frobenius norm, which is the mean of that over e. */
#include "baseflow/baseflow.h"

#include "diff/diff.h"
#include "ode/ode.h"

#include <assert.h>

/* ---- the network --------------------------------------------------------------------------------------- */

static const char *const parts[] = {"weight", "bias", "gate_weight", "gate_bias", "time_weight"};
enum { PARTS = sizeof parts / sizeof parts[0], MAX_ARRAYS = PARTS * MODEL_MAX_LAYERS + 1 };

/* What integration needs to know of the network, beside its arrays. */
struct cnf {
    const struct base_model *base;
    bool exact;             /* the divergence; else the array after the network's is the probe e */
    bool kinetic, jacobian; /* which penalties are integrated, in this order, after the divergence */
};

static int network_arrays(const struct base_model *base)
{
    return PARTS * (base->n_hidden + 1);
}

/* The arrays of flow c, layer by layer, as in `parts`. */
static void collect(struct ir_graph *graph, const struct base_model *base, int c, const char **names,
                    const struct ir_node **arrays)
{
    for (int i = 0; i < network_arrays(base); i++) {
        const int layer = i / PARTS;
        names[i] = arena_printf(graph->arena, "layer%d.%s", layer, parts[i % PARTS]);
        arrays[i] = baseflow_parameter(graph, base, "base.cnf%d.%s", c, names[i]);
    }
}

/* s x for a scalar s and an array x, [n] */
static const struct ir_node *times(struct ir_graph *graph, const struct ir_node *s, const struct ir_node *x)
{
    return ir_ein(graph, 1.0, ",i->i", s, x);
}

/* (W h + b) * sg(u t + c) + p t: the gate and p t are uniform where t is. */
static const struct ir_node *concatsquash(struct ir_graph *graph, const struct ir_node *const *array,
                                          const struct ir_node *h, const struct ir_node *t)
{
    const struct ir_node *gate =
        ir_unary(graph, IR_SIGMOID, ir_add2(graph, times(graph, t, array[2]), array[3]));
    const struct ir_node *linear = ir_add2(graph, ir_ein(graph, 1.0, "oi,i->o", array[0], h), array[1]);
    return ir_add2(graph, ir_mul(graph, linear, gate), times(graph, t, array[4]));
}

static const struct ir_node *velocity(struct ir_graph *graph, const struct base_model *base,
                                      const struct ir_node *const *array, const struct ir_node *x,
                                      const struct ir_node *t)
{
    const enum ir_op activation = base->activation == MODEL_TANH ? IR_TANH : IR_SOFTPLUS;
    assert(base->activation == MODEL_TANH || base->activation == MODEL_SOFTPLUS);
    const struct ir_node *h = concatsquash(graph, array, x, t);
    for (int k = 1; k <= base->n_hidden; k++)
        h = concatsquash(graph, array + PARTS * k, ir_unary(graph, activation, h), t);
    return h;
}

/* ---- what is integrated -------------------------------------------------------------------------------- */

static const struct ir_node *square(struct ir_graph *graph, const struct ir_node *x)
{
    return ir_ein(graph, 1.0, x->shape.rank == 1 ? "i,i->" : "ij,ij->", x, x);
}

/* dv/dx [d,d]: [i][j] is the derivative of v_i by x_j */
static const struct ir_node *jacobian_of(struct ir_graph *graph, const struct ir_node *v,
                                         const struct ir_node *x)
{
    const int d = x->shape.size[0];
    const struct ir_node *seed = ir_eye(graph, d), *J = NULL;
    diff_forward(graph, 1, &x, &seed, d, 1, &v, &J, NULL);
    assert(J); /* the weights are inputs: never structurally zero */
    return J;
}

/* (dv/dx) e [d] */
static const struct ir_node *tangent_of(struct ir_graph *graph, const struct ir_node *v,
                                        const struct ir_node *x, const struct ir_node *e)
{
    const struct ir_node *Je = NULL;
    diff_forward(graph, 1, &x, &e, DIFF_SINGLE, 1, &v, &Je, NULL);
    assert(Je);
    return Je;
}

/* Divergence, and the square of the Jacobian's Frobenius norm where it is wanted, of v at x. */
static void add_exact(struct ir_graph *graph, const struct cnf *cnf, const struct ir_node *x,
                      struct ode_rates *rates, const struct ir_node **norm)
{
    const struct ir_node *J = jacobian_of(graph, rates->v, x);
    rates->integrand[rates->n++] = ir_ein(graph, 1.0, "ii->", J);
    *norm = cnf->jacobian ? square(graph, J) : NULL;
}

/* Their estimates by the probe e. */
static void add_estimate(struct ir_graph *graph, const struct cnf *cnf, const struct ir_node *x,
                         const struct ir_node *e, struct ode_rates *rates, const struct ir_node **norm)
{
    const struct ir_node *Je = tangent_of(graph, rates->v, x, e);
    rates->integrand[rates->n++] = ir_ein(graph, 1.0, "i,i->", e, Je);
    *norm = cnf->jacobian ? square(graph, Je) : NULL;
}

static struct ode_rates evaluate(struct ir_graph *graph, const struct ode_field *field,
                                 const struct ir_node *x, const struct ir_node *t)
{
    const struct cnf *cnf = field->data;
    const struct ir_node *norm = NULL;
    struct ode_rates rates = {.v = velocity(graph, cnf->base, field->array, x, t)};
    if (cnf->exact)
        add_exact(graph, cnf, x, &rates, &norm);
    else
        add_estimate(graph, cnf, x, field->array[field->n - 1], &rates, &norm);
    if (cnf->kinetic)
        rates.integrand[rates.n++] = square(graph, rates.v);
    if (cnf->jacobian)
        rates.integrand[rates.n++] = norm;
    return rates;
}

/* ---- the map ------------------------------------------------------------------------------------------- */

/* Flow c from x: its end, and the integrals of `evaluate`. probes [blocks,d]; NULL: nothing is estimated. */
static struct ode_rates solve(struct ir_graph *graph, const struct cnf *cnf, int c,
                              const struct ir_node *probes, const struct ir_node *x)
{
    const struct ir_node *arrays[MAX_ARRAYS];
    const char *names[MAX_ARRAYS];
    int n = network_arrays(cnf->base);
    collect(graph, cnf->base, c, names, arrays);
    if (probes) {
        names[n] = "probe";
        arrays[n++] = ir_pick(graph, probes, 0, c);
    }
    const struct ode_field field = {
        .evaluate = evaluate, .data = cnf, .n = n, .array = arrays, .name = names};
    return ode_solve(graph, cnf->base->integrator, cnf->base->steps, &field, x);
}

/* weight * value added to *sum, which may be NULL for nothing yet */
static void add_weighted(struct ir_graph *graph, double weight, const struct ir_node *value,
                         const struct ir_node **sum)
{
    const struct ir_node *term = ir_scale(graph, weight, value);
    *sum = *sum == NULL ? term : ir_add2(graph, *sum, term);
}

static struct baseflow_result map(struct ir_graph *graph, const struct base_model *base,
                                  const struct ir_node *x, bool exact, const struct ir_node **penalty)
{
    struct baseflow_result result = {.y = x, .logdet = ir_fill(graph, 0.0, ir_shape_of(0))};
    const struct cnf cnf = {
        .base = base,
        .exact = exact || base->divergence == BASE_DIVERGENCE_EXACT,
        .kinetic = penalty && base->kinetic > 0.0,
        .jacobian = penalty && base->jacobian > 0.0,
    };
    const struct ir_node *probes = cnf.exact ? NULL : baseflow_probes(graph, base);
    for (int c = 0; c < base->blocks; c++) {
        const struct ode_rates end = solve(graph, &cnf, c, probes, result.y);
        int next = 0;
        result.y = end.v;
        result.logdet = ir_add2(graph, result.logdet, end.integrand[next++]);
        if (cnf.kinetic)
            add_weighted(graph, base->kinetic, end.integrand[next++], penalty);
        if (cnf.jacobian)
            add_weighted(graph, base->jacobian, end.integrand[next++], penalty);
    }
    return result;
}

/* ---- kernels velocity0 ... ----------------------------------------------------------------------------- */

static int count(const struct base_model *base)
{
    return base->blocks;
}

/* Each sample at a time of its own: a solver that adapts its steps has each go its own way. */
static void build(struct ir_graph *graph, const struct base_model *base, int which)
{
    const struct ir_node *t = ir_input(graph, "t", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, base->d));
    const struct ir_node *arrays[MAX_ARRAYS];
    const char *names[MAX_ARRAYS];
    collect(graph, base, which, names, arrays);
    const struct ir_node *v = velocity(graph, base, arrays, x, t);
    ir_output_add(graph, "v", v);
    ir_output_add(graph, "divergence", ir_ein(graph, 1.0, "ii->", jacobian_of(graph, v, x)));
}

static const char *name(struct arena *arena, const struct base_model *base, int which)
{
    (void)base;
    return arena_printf(arena, "velocity%d", which);
}

const struct baseflow_kind baseflow_ffjord = {.map = map, .count = count, .build = build, .name = name};
