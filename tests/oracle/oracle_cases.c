/* SPDX-License-Identifier: MIT
 *
 * The cases. Takes oracle files, gives verdicts; how graphs are evaluated is the caller's. */
#include "oracle/oracle_compare.h"

#include "diff/diff.h"
#include "draw.h"
#include "network.h"
#include "numbers/factors.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- evaluation by names ------------------------------------------------------------------------------- */

static const double *array_values(struct oracle_run *run, const char *name)
{
    const struct oracle_array *array = oracle_find(run->file, name);
    assert(array && array->stride == 1);
    return array->values;
}

static struct bindings with_parameters(struct oracle_run *run)
{
    struct bindings bindings = {.n = 0};
    for (int k = 0; k < run->model.n_layers; k++) {
        char name[2][ORACLE_NAME];
        (void)snprintf(name[0], ORACLE_NAME, "W%d", k);
        (void)snprintf(name[1], ORACLE_NAME, "b%d", k);
        bind(&bindings, run->model.layer[k].weight_name, array_values(run, name[0]));
        bind(&bindings, run->model.layer[k].bias_name, array_values(run, name[1]));
    }
    return bindings;
}

/* ---- the model of a file ------------------------------------------------------------------------------- */

static bool is_cube(struct oracle_run *run)
{
    return oracle_find(run->file, "v") != NULL;
}

static struct model model_of(struct oracle_run *run)
{
    const bool cube = is_cube(run);
    struct model model = {
        .name = "oracle",
        .d = oracle_find(run->file, "z")->shape[1],
        .precision = run->precision,
        .epsilon = run->precision == MODEL_DOUBLE ? DBL_EPSILON : FLT_EPSILON,
        .field = cube ? MODEL_CUBE : MODEL_GAUSSIAN,
        .potential = cube ? MODEL_BLOCKS : MODEL_FOLDED,
        .activation = MODEL_TANH,
        .integrator = MODEL_RK4,
        .steps = 15,
        .cost = MODEL_SQUARED,
        .derivative = MODEL_EXACT,
    };
    int hidden[MODEL_MAX_LAYERS], n = 0;
    char name[ORACLE_NAME];
    for (;; n++) {
        (void)snprintf(name, sizeof name, "W%d", n);
        const struct oracle_array *weight = oracle_find(run->file, name);
        if (!weight)
            break;
        hidden[n] = weight->shape[0];
    }
    model_layers(run->arena, &model, n - 1, hidden);
    return model;
}

static struct ir_graph *graph_with_parameters(struct oracle_run *run, const char *name)
{
    struct ir_graph *graph = ir_graph_new(run->arena, name);
    flow_parameters(graph, &run->model);
    return graph;
}

/* ---- the network and its field ------------------------------------------------------------------------- */

static const char *points_name(struct oracle_run *run)
{
    return is_cube(run) ? "x" : "z";
}

/* The graph, with inputs "t" and "x", at the points of the file and each of its times; output `name` is
 * compared with array `want`, [times][...], or, where that is NULL, with 0, against `scale`. */
static void compare_at_times(struct oracle_run *run, const struct ir_graph *graph, const char *name,
                             const char *want, double scale)
{
    const struct oracle_array *times = oracle_find(run->file, "t"),
                              *points = oracle_find(run->file, points_name(run));
    const int batch = points->shape[0];
    for (long k = 0; k < times->elements; k++) {
        struct bindings bindings = with_parameters(run);
        bind(&bindings, "t", &times->values[k]);
        bind(&bindings, "x", points->values);
        double *const *out = oracle_evaluate(run, graph, batch, &bindings);
        if (!out)
            return;
        const long n = batch * ir_elements(ir_output_find(graph, name)->shape);
        const double *zeros = ARENA_ARRAY(run->arena, double, (size_t)n);
        if (want)
            oracle_compare_slice(run, want, output_of(graph, out, name), k * n, n, run->limits.value);
        else
            oracle_compare(run, name, output_of(graph, out, name), zeros, n, 1, run->limits.value, scale);
    }
}

static void case_network(struct oracle_run *run)
{
    if (!is_cube(run))
        return; /* the gaussian files have only the field */
    struct ir_graph *graph = graph_with_parameters(run, "network");
    const struct ir_node *t = ir_input(graph, "t", IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, run->model.d));
    ir_output_add(graph, "u", network_outputs(graph, &run->model, x, t));
    compare_at_times(run, graph, "u", "u", 0.0);
}

static void case_velocity(struct oracle_run *run)
{
    compare_at_times(run, flow_build(run->arena, &run->model, FLOW_VELOCITY), "v", is_cube(run) ? "v" : "w",
                     0.0);
}

/* div v, or div w - z.w, by the d tangents of the velocity: 0 */
static void case_divergence(struct oracle_run *run)
{
    const int d = run->model.d;
    struct ir_graph *graph = graph_with_parameters(run, "divergence");
    const struct ir_node *t = ir_input(graph, "t", IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, d));
    const struct ir_node *v = flow_velocity(graph, &run->model, x, t);
    const struct ir_node *seed = ir_eye(graph, d), *jacobian = NULL;
    diff_forward(graph, 1, &x, &seed, d, 1, &v, &jacobian, NULL);
    const struct ir_node *divergence = ir_ein(graph, 1.0, "ii->", jacobian);
    if (!is_cube(run))
        divergence = ir_add2(graph, divergence, ir_ein(graph, -1.0, "i,i->", x, v));
    ir_output_add(graph, "divergence", divergence);
    const struct oracle_array *field = oracle_find(run->file, is_cube(run) ? "v" : "w");
    compare_at_times(run, graph, "divergence", NULL, largest_of(field->values, field->elements));
}

/* ---- the ODE and the map ------------------------------------------------------------------------------- */

/* A walk from the flow's own space: input "start", output "path" [K+1,d]. */
static const struct ir_graph *walk_graph(struct oracle_run *run, bool inverse)
{
    struct ir_graph *graph = graph_with_parameters(run, inverse ? "walk_back" : "walk");
    const struct ir_node *start =
        ir_input(graph, "start", IR_SAMPLE, IR_VARYING, ir_shape_of(1, run->model.d));
    struct flow_walk walk = {.start = start, .inverse = inverse, .wants_path = true};
    const struct flow_network network = flow_network(graph, &run->model);
    flow_integrate(graph, &run->model, &network, &walk);
    ir_output_add(graph, "path", walk.path);
    return graph;
}

/* path [batch][K+1][d] against an array [K+1][batch][d] */
static void compare_path(struct oracle_run *run, const char *name, const double *path)
{
    const struct oracle_array *array = oracle_find(run->file, name);
    const int times = array->shape[0], batch = array->shape[1], d = array->shape[2];
    double *turned = ARENA_ARRAY(run->arena, double, (size_t)array->elements);
    for (int k = 0; k < times; k++) {
        for (int s = 0; s < batch; s++)
            memcpy(turned + ((long)k * batch + s) * d, path + ((long)s * times + k) * d,
                   (size_t)d * sizeof *turned);
    }
    oracle_compare_all(run, name, turned, run->limits.value);
}

static void case_trajectory(struct oracle_run *run)
{
    const struct oracle_array *forth = oracle_find(run->file, "traj");
    if (!forth)
        return;
    const long end = forth->elements - forth->elements / forth->shape[0];
    for (int inverse = 0; inverse < 2; inverse++) {
        const struct ir_graph *graph = walk_graph(run, inverse);
        struct bindings bindings = with_parameters(run);
        bind(&bindings, "start", forth->values + (inverse ? end : 0));
        double *const *out = oracle_evaluate(run, graph, forth->shape[1], &bindings);
        if (out)
            compare_path(run, inverse ? "traj_inv" : "traj", output_of(graph, out, "path"));
    }
}

/* The kernel "trajectory" ends where the map does. */
static void case_path(struct oracle_run *run)
{
    const struct ir_graph *graph = flow_build(run->arena, &run->model, FLOW_TRAJECTORY);
    const int d = run->model.d, K = run->model.steps, batch = oracle_find(run->file, "z")->shape[0];
    struct bindings bindings = with_parameters(run);
    bind(&bindings, "y", array_values(run, "z"));
    double *const *out = oracle_evaluate(run, graph, batch, &bindings);
    if (!out)
        return;
    const double *path = output_of(graph, out, "path"), *s = array_values(run, "s_z");
    for (int i = 0; i < batch * d; i++) {
        const double want = is_cube(run) ? erf(s[i] * M_SQRT1_2) : s[i];
        oracle_compare(run, "the end of path", &path[((long)(i / d) * (K + 1) + K) * d + i % d], &want, 1, 1,
                       run->limits.value, run->limits.floor);
    }
}

static void case_map(struct oracle_run *run)
{
    static const struct {
        enum flow_kernel kernel;
        const char *in, *from, *out, *want;
    } ways[] = {{FLOW_APPLY, "y", "z", "s", "s_z"}, {FLOW_INVERT, "s", "s_z", "y", "s_inv"}};
    for (int i = 0; i < 2; i++) {
        const struct ir_graph *graph = flow_build(run->arena, &run->model, ways[i].kernel);
        struct bindings bindings = with_parameters(run);
        bind(&bindings, ways[i].in, array_values(run, ways[i].from));
        double *const *out = oracle_evaluate(run, graph, oracle_find(run->file, "z")->shape[0], &bindings);
        if (out)
            oracle_compare_all(run, ways[i].want, output_of(graph, out, ways[i].out), run->limits.value);
    }
}

/* The gaussian files hold log|det| of the discrete map; the cube's the formula (|s|^2 - |z|^2)/2. */
static void case_log_determinant(struct oracle_run *run)
{
    const struct ir_graph *graph = flow_build(run->arena, &run->model, FLOW_JACOBIAN);
    const int d = run->model.d, batch = oracle_find(run->file, "z")->shape[0];
    const double *z = array_values(run, "z");
    struct bindings bindings = with_parameters(run);
    bind(&bindings, "y", z);
    double *const *out = oracle_evaluate(run, graph, batch, &bindings);
    if (!out)
        return;
    double *found = ARENA_ARRAY(run->arena, double, (size_t)batch),
           *jacobian = output_of(graph, out, "jacobian");
    const double *s = output_of(graph, out, "s");
    oracle_compare_all(run, "s_z", s, run->limits.value);
    for (int b = 0; b < batch; b++) {
        if (!is_cube(run)) {
            found[b] = log_abs_det(jacobian + (long)b * d * d, d);
            continue;
        }
        for (int i = 0; i < d; i++)
            found[b] += (s[b * d + i] * s[b * d + i] - z[b * d + i] * z[b * d + i]) / 2.0;
    }
    oracle_compare_all(run, "s_logdet", found, run->limits.value);
}

/* ---- loss, penalty, energy and their gradients --------------------------------------------------------- */

/* "grad.*" against arrays prefix + "W0", prefix + "b0", ... */
static void compare_gradients(struct oracle_run *run, const struct ir_graph *graph, double *const *out,
                              const char *prefix)
{
    for (int k = 0; k < run->model.n_layers; k++) {
        for (int bias = 0; bias < 2; bias++) {
            const struct model_layer *layer = &run->model.layer[k];
            const char *of =
                arena_printf(run->arena, "grad.%s", bias ? layer->bias_name : layer->weight_name);
            const char *want = arena_printf(run->arena, "%s%c%d", prefix, bias ? 'b' : 'W', k);
            oracle_compare_all(run, want, output_of(graph, out, of), run->limits.gradient);
        }
    }
}

static double *filled(struct oracle_run *run, long n, double value)
{
    double *array = ARENA_ARRAY(run->arena, double, (size_t)n);
    for (long i = 0; i < n; i++)
        array[i] = value;
    return array;
}

/* The pairs with weights 1/B, the pairs' noise, once for all samples or, the same, for each. */
static struct bindings with_pairs(struct oracle_run *run, double *weight_kept)
{
    struct bindings bindings = with_parameters(run);
    const int batch = oracle_find(run->file, "pair_x")->shape[0];
    const struct oracle_array *noise = oracle_find(run->file, "tot_zw");
    double *repeated = ARENA_ARRAY(run->arena, double, (size_t)(batch * noise->elements));
    for (long i = 0; i < batch * noise->elements; i++)
        repeated[i] = noise->values[i % noise->elements];
    *weight_kept = 1.0 / batch;
    bind(&bindings, "lambda", array_values(run, "tot_lambda"));
    bind(&bindings, "x", array_values(run, "pair_x"));
    bind(&bindings, "y", array_values(run, "pair_y"));
    bind(&bindings, "weight", filled(run, batch, 1.0 / batch));
    bind(&bindings, "noise", run->model.noise_per_sample ? repeated : noise->values);
    return bindings;
}

static void compare_train(struct oracle_run *run, enum diff_keep keep, const char *total,
                          const char *gradients)
{
    const struct ir_graph *graph = flow_train(run->arena, &run->model, keep);
    double weight = 0.0;
    const struct bindings bindings = with_pairs(run, &weight);
    double *const *out = oracle_evaluate(run, graph, oracle_find(run->file, "pair_x")->shape[0], &bindings);
    if (!out)
        return;
    const double lambda = *array_values(run, "tot_lambda"), cost = *output_of(graph, out, "cost");
    const double sum = cost + lambda * *output_of(graph, out, "penalty");
    oracle_compare_all(run, "loss", &cost, run->limits.value);
    oracle_compare_all(run, total, &sum, run->limits.value);
    compare_gradients(run, graph, out, gradients);
}

static void case_loss(struct oracle_run *run)
{
    for (int keep = DIFF_KEEP_STATE; keep <= DIFF_KEEP_ALL; keep++)
        compare_train(run, (enum diff_keep)keep, "loss", "g");
}

static void case_total(struct oracle_run *run)
{
    run->model.penalised = true;
    for (int per_sample = 0; per_sample < 2; per_sample++) {
        run->model.noise_per_sample = per_sample;
        compare_train(run, per_sample, is_cube(run) ? "start_exact" : "tot", is_cube(run) ? "sg" : "tg");
    }
}

/* Means over the pairs of what "measure" gives for each. */
static void case_measure(struct oracle_run *run)
{
    run->model.penalised = true;
    const struct ir_graph *graph = flow_build(run->arena, &run->model, FLOW_MEASURE);
    const int batch = oracle_find(run->file, "pair_x")->shape[0];
    double weight = 0.0, cost = 0.0, energy = 0.0, penalty = 0.0;
    const struct bindings bindings = with_pairs(run, &weight);
    double *const *out = oracle_evaluate(run, graph, batch, &bindings);
    if (!out)
        return;
    for (int i = 0; i < batch; i++) {
        cost += weight * output_of(graph, out, "cost")[i];
        energy += weight * output_of(graph, out, "energy")[i];
        penalty += weight * output_of(graph, out, "penalty")[i] * *array_values(run, "tot_lambda");
    }
    oracle_compare_all(run, "loss", &cost, run->limits.value);
    oracle_compare_all(run, is_cube(run) ? "energy_start" : "energy", &energy, run->limits.value);
    oracle_compare_all(run, is_cube(run) ? "start_reg_exact" : "reg", &penalty, run->limits.value);
}

/* Inputs "t", "x", "pair" [2,d], "weight"; outputs "acceleration" per sample and the total "penalty". */
static const struct ir_graph *penalty_graph(struct oracle_run *run)
{
    struct ir_graph *graph = graph_with_parameters(run, "penalty");
    const struct ir_node *t = ir_input(graph, "t", IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, run->model.d));
    const struct ir_node *weight = ir_input(graph, "weight", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    const struct ir_node *pair =
        ir_input(graph, "pair", IR_NOISE, IR_UNIFORM, ir_shape_of(2, 2, run->model.d));
    const struct flow_network network = flow_network(graph, &run->model);
    const struct ir_node *penalty = flow_penalty(graph, &run->model, &network, x, t, pair);
    ir_output_add(graph, "acceleration", flow_acceleration(graph, &run->model, &network, x, t));
    ir_output_add(graph, "penalty", ir_bsum(graph, ir_mul(graph, weight, penalty)));
    const char *wrt[2 * MODEL_MAX_LAYERS];
    for (int k = 0; k < run->model.n_layers; k++) {
        wrt[2 * k] = run->model.layer[k].weight_name;
        wrt[2 * k + 1] = run->model.layer[k].bias_name;
    }
    return diff_reverse(graph, "penalty_gradient", "penalty", 2 * run->model.n_layers, wrt, DIFF_KEEP_ALL);
}

static void compare_penalty(struct oracle_run *run, enum model_derivative derivative)
{
    const bool exact = derivative == MODEL_EXACT;
    const int d = run->model.d, batch = oracle_find(run->file, "x")->shape[0];
    run->model.derivative = derivative;
    const struct ir_graph *graph = penalty_graph(run);
    double *pair = ARENA_ARRAY(run->arena, double, 2 * (size_t)d);
    memcpy(pair, array_values(run, "pen_z"), (size_t)d * sizeof *pair);
    memcpy(pair + d, array_values(run, "pen_w"), (size_t)d * sizeof *pair);
    struct bindings bindings = with_parameters(run);
    bind(&bindings, "t", array_values(run, "pen_t"));
    bind(&bindings, "x", array_values(run, "x"));
    bind(&bindings, "weight", filled(run, batch, 1.0 / batch));
    bind(&bindings, "pair", pair);
    double *const *out = oracle_evaluate(run, graph, batch, &bindings);
    if (!out)
        return;
    const double limit = exact ? run->limits.value : run->limits.difference;
    oracle_compare_all(run, exact ? "acc_exact" : "acc_fd", output_of(graph, out, "acceleration"), limit);
    oracle_compare_all(run, exact ? "pen_exact" : "pen_fd", output_of(graph, out, "penalty"), limit);
    if (exact)
        compare_gradients(run, graph, out, "pg");
}

static void case_penalty_exact(struct oracle_run *run)
{
    if (is_cube(run))
        compare_penalty(run, MODEL_EXACT);
}

/* In single precision the step of (12) is another one than the file's. */
static void case_penalty_difference(struct oracle_run *run)
{
    if (is_cube(run) && run->precision == MODEL_DOUBLE)
        compare_penalty(run, MODEL_DIFFERENCE);
}

/* ---- the list ------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    void (*run)(struct oracle_run *run);
} list[] = {
    {"network", case_network},
    {"velocity", case_velocity},
    {"divergence", case_divergence},
    {"trajectory", case_trajectory},
    {"path", case_path},
    {"map", case_map},
    {"log-determinant", case_log_determinant},
    {"loss and gradient", case_loss},
    {"measure", case_measure},
    {"penalty, exact", case_penalty_exact},
    {"penalty, difference", case_penalty_difference},
    {"whole loss and gradient", case_total},
};

const int oracle_case_count = sizeof list / sizeof list[0];

const char *oracle_case_name(int index)
{
    return list[index].name;
}

void oracle_run_case(struct oracle_run *run, int index)
{
    run->name = list[index].name;
    run->model = model_of(run);
    list[index].run(run);
}
