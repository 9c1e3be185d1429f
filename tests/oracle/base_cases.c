/* SPDX-License-Identifier: MIT
 *
 * The base flows' cases. Takes oracle files, gives verdicts; how graphs are evaluated is the caller's. */
#include "oracle/base_cases.h"

#include "baseflow/baseflow.h"
#include "oracle/oracle_compare.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- the base flow of a file --------------------------------------------------------------------------- */

static const struct oracle_array *array_of(struct oracle_run *run, const char *format, ...) PRINTF_LIKE(2, 3);
static const struct oracle_array *array_of(struct oracle_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *name = arena_vprintf(run->arena, format, args);
    va_end(args);
    return oracle_find(run->file, name);
}

static const struct oracle_array *needed(struct oracle_run *run, const char *name)
{
    const struct oracle_array *array = oracle_find(run->file, name);
    assert(array && array->stride == 1);
    return array;
}

/* How many of "PREFIX0SUFFIX", "PREFIX1SUFFIX", ... there are. */
static int count_of(struct oracle_run *run, const char *prefix, const char *suffix)
{
    int n = 0;
    while (array_of(run, "%s%d%s", prefix, n, suffix))
        n++;
    return n;
}

static void read_widths(struct oracle_run *run, const char *prefix, const char *suffix)
{
    struct base_model *base = &run->base;
    base->n_hidden = count_of(run, prefix, suffix) - 1;
    for (int k = 0; k < base->n_hidden; k++)
        base->hidden[k] = array_of(run, "%s%d%s", prefix, k, suffix)->shape[0];
}

void base_read(struct oracle_run *run)
{
    struct base_model *base = &run->base;
    *base = (struct base_model){
        .d = needed(run, "x")->shape[1],
        .tail = BASE_TAIL_BOUNDED,
        .activation = MODEL_TANH,
        .integrator = MODEL_RK4,
        .steps = 20,
        .probe = BASE_PROBE_GAUSSIAN,
    };
    if (array_of(run, "block0.0.weight")) {
        base->kind = BASE_BNAF;
        base->blocks = count_of(run, "block", ".0.weight");
        read_widths(run, "block0.", ".weight");
    } else if (array_of(run, "cnf0.0.weight")) {
        base->kind = BASE_FFJORD;
        base->blocks = count_of(run, "cnf", ".0.weight");
        read_widths(run, "cnf0.", ".weight");
    } else {
        base->kind = BASE_CP_FLOW;
        base->blocks = count_of(run, "cv", ".amount");
        read_widths(run, "cv0.z", ".weight");
        for (int k = 0; k < base->n_hidden; k++)
            base->hidden[k] = base->hidden[0];
    }
    base_model_parameters(run->arena, base);
}

/* "base.cnf0.layer1.bias" is "cnf0.1.bias", "base.convex0.amount" is "cv0.amount". */
const char *base_array_name(struct oracle_run *run, const char *name)
{
    static const struct {
        const char *from, *to;
    } cuts[] = {{"base.", ""}, {".layer", "."}, {"convex", "cv"}};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        const char *at = strstr(name, cuts[i].from);
        if (at)
            name = arena_printf(run->arena, "%.*s%s%s", (int)(at - name), name, cuts[i].to,
                                at + strlen(cuts[i].from));
    }
    return name;
}

/* ---- evaluation ---------------------------------------------------------------------------------------- */

static struct bindings with_parameters(struct oracle_run *run)
{
    struct bindings bindings = {.n = 0};
    for (int i = 0; i < run->base.n_parameters; i++) {
        const char *name = run->base.parameters[i].name;
        bind(&bindings, name, needed(run, base_array_name(run, name))->values);
    }
    return bindings;
}

static double *filled(struct oracle_run *run, long n, double value)
{
    double *array = ARENA_ARRAY(run->arena, double, (size_t)n);
    for (long i = 0; i < n; i++)
        array[i] = value;
    return array;
}

static struct ir_graph *kernel_named(struct oracle_run *run, const char *name)
{
    for (int k = 0; k < baseflow_kernel_count(&run->base); k++) {
        struct ir_graph *graph = baseflow_build(run->arena, &run->base, k);
        if (strcmp(graph->name, name) == 0)
            return graph;
    }
    assert(!"no such kernel");
    return NULL;
}

/* ---- the map, its likelihood and gradients ------------------------------------------------------------- */

/* FFJORD's map is that of 20 steps; its other numbers are those of an adaptive solver. */
static const char *mapped(struct oracle_run *run, const char *name)
{
    return run->base.kind == BASE_FFJORD ? arena_printf(run->arena, "rk4_%s", name) : name;
}

static void case_apply(struct oracle_run *run)
{
    struct bindings bindings = with_parameters(run);
    const struct oracle_array *x = needed(run, "x");
    bind(&bindings, "x", x->values);
    const struct ir_graph *graph = kernel_named(run, "apply");
    double *const *out = oracle_evaluate(run, graph, x->shape[0], &bindings);
    if (!out)
        return;
    oracle_compare_all(run, mapped(run, "y"), output_of(graph, out, "y"), run->limits.value);
    oracle_compare_all(run, mapped(run, "logdet"), output_of(graph, out, "logdet"), run->limits.value);
}

static void case_measure(struct oracle_run *run)
{
    struct bindings bindings = with_parameters(run);
    const struct oracle_array *x = needed(run, "x");
    bind(&bindings, "x", x->values);
    const struct ir_graph *graph = kernel_named(run, "measure");
    double *const *out = oracle_evaluate(run, graph, x->shape[0], &bindings);
    if (!out)
        return;
    double mean = 0.0;
    for (int i = 0; i < x->shape[0]; i++)
        mean += output_of(graph, out, "cost")[i] / x->shape[0];
    oracle_compare_all(run, mapped(run, "nll_mean"), &mean, run->limits.value);
}

/* "train" against the mean `nll` and the gradients prefix + NAME; noise [batch][blocks][d] may be NULL. */
static void compare_train(struct oracle_run *run, const double *noise, const char *nll, const char *prefix,
                          enum diff_keep keep)
{
    struct bindings bindings = with_parameters(run);
    const struct oracle_array *x = needed(run, "x");
    const double lambda = 0.5;
    bind(&bindings, "x", x->values);
    bind(&bindings, "lambda", &lambda);
    bind(&bindings, "weight", filled(run, x->shape[0], 1.0 / x->shape[0]));
    if (noise)
        bind(&bindings, "noise", noise);
    const struct ir_graph *graph = baseflow_train(run->arena, &run->base, keep);
    double *const *out = oracle_evaluate(run, graph, x->shape[0], &bindings);
    if (!out)
        return;
    oracle_compare_all(run, nll, output_of(graph, out, "cost"), run->limits.value);
    for (int i = 0; i < run->base.n_parameters; i++) {
        const char *name = run->base.parameters[i].name;
        const char *want = arena_printf(run->arena, "%s%s", prefix, base_array_name(run, name));
        const double *got = output_of(graph, out, arena_printf(run->arena, "grad.%s", name));
        oracle_compare_all(run, want, got, run->limits.gradient);
    }
}

static void case_train(struct oracle_run *run)
{
    for (int keep = DIFF_KEEP_STATE; keep <= DIFF_KEEP_ALL; keep++)
        compare_train(run, NULL, mapped(run, "nll_mean"), "g.", (enum diff_keep)keep);
}

/* ---- FFJORD -------------------------------------------------------------------------------------------- */

/* The same probes in every flow. */
static void case_hutchinson(struct oracle_run *run)
{
    if (run->base.kind != BASE_FFJORD)
        return;
    const struct oracle_array *e = needed(run, "e");
    const int batch = e->shape[0], d = e->shape[1], blocks = run->base.blocks;
    double *noise = filled(run, (long)batch * blocks * d, 0.0);
    for (int i = 0; i < batch * blocks * d; i++)
        noise[i] = e->values[i / (blocks * d) * d + i % d];
    run->base.divergence = BASE_DIVERGENCE_HUTCHINSON;
    compare_train(run, noise, "rk4h_nll_mean", "gh.", true);
}

/* The points at each of the times, [times][batch][d], and the times, [times][batch] */
static struct bindings with_times(struct oracle_run *run, const struct oracle_array *x,
                                  const struct oracle_array *t)
{
    struct bindings bindings = with_parameters(run);
    const int batch = x->shape[0];
    double *points = filled(run, t->elements * x->elements, 0.0);
    double *times = filled(run, t->elements * batch, 0.0);
    for (long i = 0; i < t->elements * x->elements; i++)
        points[i] = x->values[i % x->elements];
    for (long i = 0; i < t->elements * batch; i++)
        times[i] = t->values[i / batch];
    bind(&bindings, "x", points);
    bind(&bindings, "t", times);
    return bindings;
}

/* Every flow's velocity and divergence. */
static void case_velocity(struct oracle_run *run)
{
    if (run->base.kind != BASE_FFJORD)
        return;
    const struct oracle_array *x = needed(run, "x"), *t = needed(run, "t");
    const struct bindings bindings = with_times(run, x, t);
    for (int c = 0; c < run->base.blocks; c++) {
        const struct ir_graph *graph = kernel_named(run, arena_printf(run->arena, "velocity%d", c));
        double *const *out = oracle_evaluate(run, graph, (int)t->elements * x->shape[0], &bindings);
        if (!out)
            return;
        const double *v = output_of(graph, out, "v"), *divergence = output_of(graph, out, "divergence");
        oracle_compare_all(run, arena_printf(run->arena, "v%d", c), v, run->limits.value);
        oracle_compare_all(run, arena_printf(run->arena, "div%d", c), divergence, run->limits.value);
    }
}

/* ---- the list ------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    void (*run)(struct oracle_run *run);
} cases[] = {
    {"apply", case_apply},           {"measure", case_measure},   {"train", case_train},
    {"hutchinson", case_hutchinson}, {"velocity", case_velocity},
};

const int base_case_count = sizeof cases / sizeof cases[0];

void base_run_case(struct oracle_run *run, int index)
{
    run->name = cases[index].name;
    base_read(run);
    cases[index].run(run);
}
