/* SPDX-License-Identifier: MIT
 *
 * The cases of CP-Flow. Takes oracle files, gives verdicts; how graphs are evaluated is the caller's. */
#include "oracle/cp_flow_cases.h"

#include "baseflow/baseflow.h"
#include "oracle/oracle_compare.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct oracle_array *array_of(struct oracle_run *run, const char *name)
{
    const struct oracle_array *array = oracle_find(run->file, name);
    assert(array && array->stride == 1);
    return array;
}

/* "base.convex0.z1.weight" is "cv0.z1.weight" in the file. */
static const char *file_name(struct oracle_run *run, const char *parameter)
{
    static const char base[] = "base.", convex[] = "convex";
    assert(strncmp(parameter, base, strlen(base)) == 0);
    const char *rest = parameter + strlen(base);
    if (strncmp(rest, convex, strlen(convex)) != 0)
        return rest;
    return arena_printf(run->arena, "cv%s", rest + strlen(convex));
}

/* ---- the model of a file ------------------------------------------------------------------------------- */

static int count_named(struct oracle_run *run, const char *format)
{
    int n = 0;
    while (oracle_find(run->file, arena_printf(run->arena, format, n)))
        n++;
    return n;
}

static struct base_model model_of(struct oracle_run *run, enum base_logdet logdet)
{
    struct base_model base = {
        .kind = BASE_CP_FLOW,
        .tail = BASE_TAIL_BOUNDED,
        .d = array_of(run, "x")->shape[1],
        .blocks = count_named(run, "cv%d.quadratic"),
        .n_hidden = count_named(run, "cv0.z%d.weight") - 1,
        .logdet = logdet,
        .cg_steps = (int)array_of(run, "st_cg_iters")->values[0],
        .probe = BASE_PROBE_RADEMACHER,
    };
    for (int k = 0; k < base.n_hidden; k++)
        base.hidden[k] = array_of(run, "cv0.z0.weight")->shape[0];
    base_model_parameters(run->arena, &base);
    return base;
}

static struct bindings with_parameters(struct oracle_run *run, const struct base_model *base)
{
    struct bindings bindings = {.n = 0};
    for (int i = 0; i < base->n_parameters; i++) {
        const char *name = base->parameters[i].name;
        bind(&bindings, name, array_of(run, file_name(run, name))->values);
    }
    return bindings;
}

/* Kernel `name` at the points `x`; NULL when the evaluation failed. */
static double **at_points(struct oracle_run *run, const struct base_model *base, const char *name,
                          const char *x, const struct ir_graph **graph)
{
    struct bindings bindings = with_parameters(run, base);
    bind(&bindings, "x", array_of(run, x)->values);
    for (int i = 0; i < baseflow_kernel_count(base); i++) {
        *graph = baseflow_build(run->arena, base, i);
        if (strcmp((*graph)->name, name) == 0)
            return oracle_evaluate(run, *graph, array_of(run, x)->shape[0], &bindings);
    }
    assert(!"no such kernel");
    return NULL;
}

/* ---- values -------------------------------------------------------------------------------------------- */

static void case_apply(struct oracle_run *run)
{
    const struct base_model base = model_of(run, BASE_LOGDET_EXACT);
    const struct ir_graph *graph = NULL;
    double *const *out = at_points(run, &base, "apply", "x", &graph);
    if (!out)
        return;
    oracle_compare_all(run, "y", output_of(graph, out, "y"), run->limits.value);
    oracle_compare_all(run, "logdet", output_of(graph, out, "logdet"), run->limits.value);
}

static void case_measure(struct oracle_run *run)
{
    const struct base_model base = model_of(run, BASE_LOGDET_ESTIMATE); /* which measure is not */
    const struct ir_graph *graph = NULL;
    double *const *out = at_points(run, &base, "measure", "x", &graph);
    if (!out)
        return;
    double mean = 0.0;
    const int batch = array_of(run, "x")->shape[0];
    for (int i = 0; i < batch; i++)
        mean += output_of(graph, out, "cost")[i] / batch;
    oracle_compare_all(run, "nll_mean", &mean, run->limits.value);
}

/* Gradient and Hessian of each potential, where the published flow met it. */
static void case_blocks(struct oracle_run *run)
{
    const struct base_model base = model_of(run, BASE_LOGDET_EXACT);
    for (int c = 0; c < base.blocks; c++) {
        const struct ir_graph *graph = NULL;
        double *const *out = at_points(run, &base, arena_printf(run->arena, "block%d", c),
                                       arena_printf(run->arena, "cv%d.in", c), &graph);
        if (!out)
            return;
        oracle_compare_all(run, arena_printf(run->arena, "cv%d.out", c), output_of(graph, out, "y"),
                           run->limits.value);
        oracle_compare_all(run, arena_printf(run->arena, "cv%d.hess", c), output_of(graph, out, "jacobian"),
                           run->limits.value);
    }
}

static double softplus(double z)
{
    return fmax(z, 0.0) + log1p(exp(-fabs(z)));
}

static double one_of(struct oracle_run *run, const char *format, int c, int k)
{
    return array_of(run, arena_printf(run->arena, format, c, k))->values[0];
}

/* The networks u and the potentials, from what reaches the last ActNorm of each. */
static void case_potentials(struct oracle_run *run)
{
    const struct base_model base = model_of(run, BASE_LOGDET_EXACT);
    const struct ir_graph *graph = NULL;
    double *const *out = at_points(run, &base, "statistics", "x", &graph);
    const int batch = array_of(run, "x")->shape[0], last = base.n_hidden - 1;
    for (int c = 0; c < base.blocks && out; c++) {
        const double *reached =
            output_of(graph, out, arena_printf(run->arena, "base.convex%d.norm%d", c, last));
        const double scale = exp(one_of(run, "cv%d.norm%d.log_scale", c, last)) + 0.001;
        const double shift = one_of(run, "cv%d.norm%d.shift", c, last);
        const double amount = softplus(one_of(run, "cv%d.amount", c, 0)),
                     quadratic = softplus(one_of(run, "cv%d.quadratic", c, 0));
        const double *in = array_of(run, arena_printf(run->arena, "cv%d.in", c))->values;
        double *u = ARENA_ARRAY(run->arena, double, (size_t)batch);
        double *F = ARENA_ARRAY(run->arena, double, (size_t)batch);
        for (int b = 0; b < batch; b++) {
            u[b] = (reached[b] + shift) * scale;
            F[b] = amount * u[b];
            for (int i = 0; i < base.d; i++)
                F[b] += quadratic * in[b * base.d + i] * in[b * base.d + i] / 2.0;
        }
        oracle_compare_all(run, arena_printf(run->arena, "cv%d.icnn", c), u, run->limits.value);
        oracle_compare_all(run, arena_printf(run->arena, "cv%d.F", c), F, run->limits.value);
    }
}

/* Shift and log of the scale of an ActNorm of n units, from what reaches it. */
static void initialised(const double *reached, int batch, int n, double *shift, double *log_scale)
{
    for (int i = 0; i < n; i++) {
        double mean = 0.0, variance = 0.0;
        for (int b = 0; b < batch; b++)
            mean += reached[b * n + i] / batch;
        for (int b = 0; b < batch; b++)
            variance += (reached[b * n + i] - mean) * (reached[b * n + i] - mean) / batch;
        shift[i] = -mean;
        log_scale[i] = -log(sqrt(variance) + 1e-6);
    }
}

/* The ActNorm whose parameters are the n-th of their kind: x passes them in this order. */
static const char *norm_of(const struct base_model *base, struct arena *arena, int n)
{
    static const char end[] = ".shift";
    for (int i = 0; i < base->n_parameters; i++) {
        const char *name = base->parameters[i].name;
        const size_t length = strlen(name), tail = strlen(end);
        if (length > tail && strcmp(name + length - tail, end) == 0 && n-- == 0)
            return arena_printf(arena, "%.*s", (int)(length - tail), name);
    }
    return "";
}

/* All ActNorms as the published flow initialised them. */
static void case_statistics(struct oracle_run *run)
{
    const struct base_model base = model_of(run, BASE_LOGDET_EXACT);
    const struct ir_graph *graph = NULL;
    double *const *out = at_points(run, &base, "statistics", "init_x", &graph);
    const int batch = array_of(run, "init_x")->shape[0];
    for (int i = 0; out && i < graph->n_outputs; i++) {
        const char *name = graph->outputs[i].name;
        const int n = (int)ir_elements(graph->outputs[i].value->shape);
        double *shift = ARENA_ARRAY(run->arena, double, (size_t)n);
        double *log_scale = ARENA_ARRAY(run->arena, double, (size_t)n);
        if (strcmp(name, norm_of(&base, run->arena, i)) != 0)
            oracle_note(run, "an ActNorm is out of its turn");
        initialised(out[i], batch, n, shift, log_scale);
        name = file_name(run, name);
        oracle_compare_all(run, arena_printf(run->arena, "%s.shift", name), shift, run->limits.value);
        oracle_compare_all(run, arena_printf(run->arena, "%s.log_scale", name), log_scale, run->limits.value);
    }
}

/* ---- training ------------------------------------------------------------------------------------------ */

/* [blocks][batch][d] -> [batch][blocks][d] */
static const double *probes_of(struct oracle_run *run)
{
    const struct oracle_array *array = array_of(run, "st_v");
    const int blocks = array->shape[0], batch = array->shape[1], d = array->shape[2];
    double *turned = ARENA_ARRAY(run->arena, double, (size_t)array->elements);
    for (int c = 0; c < blocks; c++) {
        for (int b = 0; b < batch; b++)
            memcpy(turned + ((long)b * blocks + c) * d, array->values + ((long)c * batch + b) * d,
                   (size_t)d * sizeof *turned);
    }
    return turned;
}

static void compare_gradients(struct oracle_run *run, const struct base_model *base, const char *prefix,
                              const struct ir_graph *graph, double *const *out)
{
    for (int i = 0; i < base->n_parameters; i++) {
        const char *name = base->parameters[i].name;
        oracle_compare_all(run, arena_printf(run->arena, "%s.%s", prefix, file_name(run, name)),
                           output_of(graph, out, arena_printf(run->arena, "grad.%s", name)),
                           run->limits.gradient);
    }
}

/* cost: the array that has its mean, NULL: not compared */
static void compare_training(struct oracle_run *run, const struct base_model *base, const char *prefix,
                             const char *cost)
{
    const struct ir_graph *graph = baseflow_train(run->arena, base, DIFF_KEEP_ALL);
    const int batch = array_of(run, "x")->shape[0];
    double *weight = ARENA_ARRAY(run->arena, double, (size_t)batch);
    const double lambda = 0.0;
    for (int b = 0; b < batch; b++)
        weight[b] = 1.0 / batch;
    struct bindings bindings = with_parameters(run, base);
    bind(&bindings, "lambda", &lambda);
    bind(&bindings, "x", array_of(run, "x")->values);
    bind(&bindings, "weight", weight);
    bind(&bindings, "noise", probes_of(run));
    double *const *out = oracle_evaluate(run, graph, batch, &bindings);
    if (!out)
        return;
    if (cost)
        oracle_compare_all(run, cost, output_of(graph, out, "cost"), run->limits.value);
    compare_gradients(run, base, prefix, graph, out);
}

static void case_exact(struct oracle_run *run)
{
    const struct base_model base = model_of(run, BASE_LOGDET_EXACT);
    compare_training(run, &base, "g", "nll_mean");
}

static void case_estimate(struct oracle_run *run)
{
    const struct base_model base = model_of(run, BASE_LOGDET_ESTIMATE);
    compare_training(run, &base, "gst", NULL);
}

/* ---- the list ------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    void (*run)(struct oracle_run *run);
} cases[] = {
    {"apply", case_apply},           {"measure", case_measure},       {"blocks", case_blocks},
    {"potentials", case_potentials}, {"statistics", case_statistics}, {"exact", case_exact},
    {"estimate", case_estimate},
};

const int cp_flow_case_count = (int)(sizeof cases / sizeof cases[0]);

const char *cp_flow_case_name(int index)
{
    return cases[index].name;
}

void cp_flow_run_case(struct oracle_run *run, int index)
{
    run->name = cases[index].name;
    cases[index].run(run);
}
