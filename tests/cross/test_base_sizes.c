/* SPDX-License-Identifier: MIT
 *
 * Base flows in many shapes and kinds, compiled, against the interpreter; and that in single precision
 * they stay finite far away from all data. Memory starts as NaNs before each tile. */
#include "check.h"
#include "cross/compiled.h"
#include "property/base_fixture.h"
#include "property/flow_fixture.h"

#include <math.h>

static double **run_compiled(const struct ir_graph *graph, int batch, const struct bindings *bindings,
                             enum real real)
{
    struct compiled_options options = {.real = real, .passes = true, .poison = true};
    double **out = evaluate_bound(graph, batch, bindings, compiled_evaluate, &options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    return out;
}

static long output_elements(const struct ir_output *output, int batch)
{
    return ir_elements(output->value->shape) * (output->value->rate == IR_VARYING ? batch : 1);
}

/* ---- against the interpreter --------------------------------------------------------------------------- */

/* Of an output's largest difference to its largest number: some hundred operations of the precision. */
static void compare(const struct ir_graph *graph, int batch, const struct bindings *bindings, enum real real)
{
    double *const *want = base_fixture_run(graph, batch, bindings);
    double *const *got = run_compiled(graph, batch, bindings, real);
    for (int o = 0; o < graph->n_outputs; o++) {
        const long n = output_elements(&graph->outputs[o], batch);
        double gap = 0.0;
        for (long i = 0; i < n; i++)
            gap = fmax(gap, isfinite(got[o][i]) ? fabs(got[o][i] - want[o][i]) : INFINITY);
        const double limit = (real == REAL_8 ? 1e-11 : 1e-4) * (largest_of(want[o], n) + 1e-2);
        if (!(gap <= limit))
            printf("%s, %s: off by %.2g\n", graph->name, graph->outputs[o].name, gap);
        CU_ASSERT_TRUE(gap <= limit);
    }
}

/* Whole tiles for what sums over the batch, and any number for what does not. Many dimensions only where
 * programs of that size are compiled in reasonable time. */
static void compare_kernels(struct base_model base, uint64_t seed)
{
    enum { FEW = 3 };
    if (compiled_is_slow() && base.d > FEW)
        return;
    struct base_fixture fixture = base_fixture_new(base, seed);
    const struct bindings whole = base_fixture_inputs(&fixture, 64), some = base_fixture_inputs(&fixture, 13);
    const enum real real = seed % 2 == 0 ? REAL_8 : REAL_4;
    compare(baseflow_train(fixture.arena, &fixture.base, seed % 4 < 2 ? DIFF_KEEP_ALL : DIFF_KEEP_STATE), 64,
            &whole, real);
    for (int k = 1; k < baseflow_kernel_count(&fixture.base); k++)
        compare(baseflow_build(fixture.arena, &fixture.base, k), 13, &some, real);
    base_fixture_free(&fixture);
}

static void bnaf_agrees(void)
{
    struct base_model sizes[] = {
        {.kind = BASE_BNAF, .d = 2, .blocks = 1, .n_hidden = 1, .hidden = {2}},
        {.kind = BASE_BNAF, .d = 3, .blocks = 2, .n_hidden = 2, .hidden = {15, 9}},
        {.kind = BASE_BNAF, .d = 17, .blocks = 2, .n_hidden = 1, .hidden = {51}},
    };
    for (int tail = BASE_TAIL_LINEAR; tail <= BASE_TAIL_BOUNDED; tail++)
        for (uint64_t i = 0; i < 3; i++) {
            sizes[i].tail = (enum base_tail)tail;
            compare_kernels(sizes[i], i);
        }
}

static void ffjord_agrees(void)
{
    struct base_model base = {.kind = BASE_FFJORD,
                              .d = 2,
                              .blocks = 1,
                              .n_hidden = 1,
                              .hidden = {1},
                              .activation = MODEL_TANH,
                              .integrator = MODEL_EULER,
                              .steps = 1};
    compare_kernels(base, 4);
    base.d = 3;
    base.blocks = 2;
    base.n_hidden = 2;
    base.hidden[0] = 33;
    base.hidden[1] = 7;
    base.activation = MODEL_SOFTPLUS;
    base.integrator = MODEL_MIDPOINT;
    base.steps = 3;
    base.kinetic = 0.1;
    base.jacobian = 0.1;
    compare_kernels(base, 5);
    base.integrator = MODEL_RK4;
    base.divergence = BASE_DIVERGENCE_HUTCHINSON;
    compare_kernels(base, 6);
    base.d = 17;
    base.blocks = 1;
    base.probe = BASE_PROBE_RADEMACHER;
    compare_kernels(base, 7);
}

static void cp_flow_agrees(void)
{
    compare_kernels(
        (struct base_model){.kind = BASE_CP_FLOW, .d = 2, .blocks = 1, .n_hidden = 1, .hidden = {2}}, 8);
    compare_kernels(
        (struct base_model){.kind = BASE_CP_FLOW, .d = 3, .blocks = 2, .n_hidden = 2, .hidden = {6, 6}}, 9);
    struct base_model base = {
        .kind = BASE_CP_FLOW, .d = 17, .blocks = 1, .n_hidden = 3, .hidden = {10, 10, 10}};
    compare_kernels(base, 10);
    base.logdet = BASE_LOGDET_ESTIMATE;
    base.cg_steps = 12;
    compare_kernels(base, 11);
    base.blocks = 2;
    base.probe = BASE_PROBE_RADEMACHER;
    compare_kernels(base, 12);
}

/* ---- far out ------------------------------------------------------------------------------------------- */

/* At points at distances 0 .. 63 of the middle, d = 2, with parameters as drawn times a factor. */
static void train_far_out(struct base_model base, double factor)
{
    struct base_fixture fixture = base_fixture_new(base, 20);
    for (long e = 0; e < fixture.base.n_elements; e++)
        fixture.theta[e] *= factor;
    struct bindings bindings = base_fixture_inputs(&fixture, 64);
    double *x = base_fixture_filled(&fixture, 128, 0.0);
    for (int s = 0; s < 64; s++) {
        x[2 * s] = s * cos(2.4 * s);
        x[2 * s + 1] = s * sin(2.4 * s);
    }
    bind(&bindings, "x", x);
    const struct ir_graph *train = baseflow_train(fixture.arena, &fixture.base, DIFF_KEEP_ALL);
    double *const *out = run_compiled(train, 64, &bindings, REAL_4);
    for (int o = 0; o < train->n_outputs; o++) {
        for (long e = 0; e < output_elements(&train->outputs[o], 64); e++)
            CU_ASSERT_TRUE(isfinite(out[o][e]));
    }
    base_fixture_free(&fixture);
}

/* Parameters four times as large saturate the units. */
static void bnaf_stays_finite(void)
{
    struct base_model base = {.kind = BASE_BNAF, .d = 2, .blocks = 2, .n_hidden = 3, .hidden = {32, 32, 32}};
    for (int tail = BASE_TAIL_LINEAR; tail <= BASE_TAIL_BOUNDED; tail++) {
        base.tail = (enum base_tail)tail;
        train_far_out(base, 1.0);
        train_far_out(base, 4.0);
    }
}

/* The product of 16 slopes, all of them as small as they get, does not underflow. */
static void deep_bnaf_stays_finite(void)
{
    struct base_model base = {.kind = BASE_BNAF, .d = 2, .blocks = 1, .n_hidden = 16};
    for (int k = 0; k < base.n_hidden; k++)
        base.hidden[k] = 4;
    train_far_out(base, 1.0);
    train_far_out(base, 4.0);
}

/* Far out, and with many more steps of conjugate gradients than there is something to solve. */
static void cp_flow_stays_finite(void)
{
    struct base_model base = {.kind = BASE_CP_FLOW, .d = 2, .blocks = 2, .n_hidden = 3, .hidden = {8, 8, 8}};
    base.cg_steps = 40;
    for (int estimate = 0; estimate < 2; estimate++) {
        base.logdet = estimate ? BASE_LOGDET_ESTIMATE : BASE_LOGDET_EXACT;
        train_far_out(base, 1.0);
        train_far_out(base, 4.0);
    }
}

int main(void)
{
    static const struct check_case cases[] = {
        {"BNAF agrees with the interpreter", bnaf_agrees},
        {"FFJORD agrees with the interpreter", ffjord_agrees},
        {"CP-Flow agrees with the interpreter", cp_flow_agrees},
        {"BNAF stays finite far out", bnaf_stays_finite},
        {"deep BNAF stays finite far out", deep_bnaf_stays_finite},
        {"CP-Flow stays finite far out", cp_flow_stays_finite},
    };
    return compiled_main("sizes of base flows", cases, CHECK_COUNT(cases));
}
