/* SPDX-License-Identifier: MIT
 *
 * CP-Flow with random parameters: Jacobians against differences, symmetry and positive definiteness,
 * log-determinants and gradients against differences, and the estimate, its value and its gradient, against
 * what it estimates. Through the interpreter. */
#include "check.h"
#include "property/base_differences.h"
#include "property/flow_fixture.h"

#include <math.h>

static const struct base_model small = {
    .kind = BASE_CP_FLOW, .d = 2, .blocks = 2, .n_hidden = 2, .hidden = {4, 4}};
static const struct base_model shallow = {
    .kind = BASE_CP_FLOW, .d = 3, .blocks = 1, .n_hidden = 1, .hidden = {6}};
static const struct base_model deep = {
    .kind = BASE_CP_FLOW, .d = 4, .blocks = 3, .n_hidden = 4, .hidden = {8, 8, 8, 8}};

/* ---- derivatives of the map ---------------------------------------------------------------------------- */

/* Cholesky's factor in the lower triangle of a [d,d]; log det of it, NaN where it is not positive
 * definite. */
static double log_det(double *a, int d)
{
    double sum = 0.0;
    for (int j = 0; j < d; j++) {
        for (int i = j; i < d; i++) {
            for (int k = 0; k < j; k++)
                a[i * d + j] -= a[i * d + k] * a[j * d + k];
            a[i * d + j] /= i == j ? sqrt(a[j * d + j]) : a[j * d + j];
        }
        sum += 2.0 * log(a[j * d + j]);
    }
    return sum;
}

static void check_block(struct base_fixture *fixture, const struct ir_graph *graph)
{
    const int d = fixture->base.d;
    struct bindings bindings = base_fixture_inputs(fixture, 1);
    double *x = base_fixture_normal(fixture, d);
    bind(&bindings, "x", x);
    double *found = output_of(graph, base_fixture_run(graph, 1, &bindings), "jacobian");
    const double *want = base_jacobian(fixture, graph, x);
    for (int i = 0; i < d * d; i++) {
        CU_ASSERT_DOUBLE_EQUAL(found[i], want[i], 1e-7);
        CU_ASSERT_DOUBLE_EQUAL(found[i], found[i % d * d + i / d], 1e-14);
    }
    CU_ASSERT_TRUE(isfinite(log_det(found, d)));
}

/* The Jacobian of a gradient: symmetric, and positive definite since the potential is convex. */
static void blocks_are_gradients(void)
{
    const struct base_model models[] = {small, shallow, deep};
    for (uint64_t m = 0; m < 3; m++) {
        struct base_fixture fixture = base_fixture_new(models[m], 1 + m);
        for (int c = 0; c < fixture.base.blocks; c++) {
            const struct ir_graph *graph =
                base_fixture_kernel(&fixture, arena_printf(fixture.arena, "block%d", c));
            for (int sample = 0; sample < 4; sample++)
                check_block(&fixture, graph);
        }
        base_fixture_free(&fixture);
    }
}

static double log_abs_det2(const double *a) /* d = 2 */
{
    return log(fabs(a[0] * a[3] - a[1] * a[2]));
}

static void log_determinant_is_the_jacobians(void)
{
    struct base_fixture fixture = base_fixture_new(small, 5);
    const struct ir_graph *graph = base_fixture_kernel(&fixture, "apply");
    for (int sample = 0; sample < 8; sample++) {
        struct bindings bindings = base_fixture_inputs(&fixture, 1);
        double *x = base_fixture_normal(&fixture, 2);
        bind(&bindings, "x", x);
        const double found = *output_of(graph, base_fixture_run(graph, 1, &bindings), "logdet");
        CU_ASSERT_DOUBLE_EQUAL(found, log_abs_det2(base_jacobian(&fixture, graph, x)), 1e-7);
    }
    base_fixture_free(&fixture);
}

/* Without arms, which the loss does not have: the mean over samples of the cost is the measured one, and with
 * the exact log-determinant so is the loss. */
static void loss_is_the_mean_of_measures(void)
{
    struct base_model base = deep;
    base.tail = BASE_TAIL_BOUNDED;
    struct base_fixture fixture = base_fixture_new(base, 6);
    const int batch = 5;
    const struct bindings bindings = base_fixture_inputs(&fixture, batch);
    const struct ir_graph *loss = base_fixture_kernel(&fixture, "loss"),
                          *measure = base_fixture_kernel(&fixture, "measure");
    const double *each = output_of(measure, base_fixture_run(measure, batch, &bindings), "cost");
    const double found = *output_of(loss, base_fixture_run(loss, batch, &bindings), "cost");
    double mean = 0.0;
    for (int b = 0; b < batch; b++)
        mean += each[b] / batch;
    CU_ASSERT_DOUBLE_EQUAL(found, mean, 1e-12);
    base_fixture_free(&fixture);
}

/* ---- gradients of the exact loss ----------------------------------------------------------------------- */

static void gradients_are_differences(void)
{
    base_compare_gradients(small, 11);
    base_compare_gradients(shallow, 12);
    base_compare_gradients(deep, 13);
}

/* ---- the estimate -------------------------------------------------------------------------------------- */

/* Conjugate gradients of d steps are exact, so that the mean over all signs is: of gradients up to the guard
 * in the step's length, of values up to the quadrature's error. */
static void compare_estimate(struct base_model base, uint64_t seed)
{
    base.tail = BASE_TAIL_BOUNDED; /* of which the loss knows nothing */
    base.probe = BASE_PROBE_RADEMACHER;
    base.cg_steps = base.d + 1; /* one more than is needed: nothing is left to divide by */
    struct base_fixture fixture = base_fixture_new(base, seed);
    const struct bindings bindings = base_fixture_all_signs(&fixture);
    double *const *out[2];
    const struct ir_graph *train[2];
    for (int estimate = 0; estimate < 2; estimate++) {
        fixture.base.logdet = estimate ? BASE_LOGDET_ESTIMATE : BASE_LOGDET_EXACT;
        train[estimate] = baseflow_train(fixture.arena, &fixture.base, DIFF_KEEP_ALL);
        out[estimate] = base_fixture_run(train[estimate], 1 << base.d, &bindings);
    }
    for (int o = 0; o < train[0]->n_outputs; o++) {
        const char *name = train[0]->outputs[o].name;
        const double *want = out[0][o], *found = output_of(train[1], out[1], name);
        const double limit = strcmp(name, "cost") == 0 ? 1e-4 : 1e-6;
        for (long i = 0; i < ir_elements(train[0]->outputs[o].value->shape); i++)
            CU_ASSERT_DOUBLE_EQUAL(found[i], want[i], limit * (1.0 + fabs(want[i])));
    }
    base_fixture_free(&fixture);
}

static void estimate_is_right_in_the_mean(void)
{
    struct base_model base = deep;
    base.blocks = 1;
    compare_estimate(shallow, 21);
    compare_estimate(base, 22);
    base.n_hidden = 2;
    compare_estimate(base, 23);
}

/* Where the Hessian is a multiple of the unit matrix, any probe gives its log-determinant, and any number of
 * steps: after the first there is nothing left to do. */
static void estimate_of_a_multiple_is_exact(void)
{
    struct base_model base = shallow;
    base.probe = BASE_PROBE_GAUSSIAN;
    base.cg_steps = 30;
    struct base_fixture fixture = base_fixture_new(base, 24);
    *(fixture.theta + base_parameter_find(&fixture.base, "base.convex0.amount")->offset) = -800.0;
    const struct bindings bindings = base_fixture_inputs(&fixture, 7);
    double cost[2];
    for (int estimate = 0; estimate < 2; estimate++) {
        fixture.base.logdet = estimate ? BASE_LOGDET_ESTIMATE : BASE_LOGDET_EXACT;
        const struct ir_graph *loss = base_fixture_kernel(&fixture, "loss");
        cost[estimate] = *output_of(loss, base_fixture_run(loss, 7, &bindings), "cost");
    }
    CU_ASSERT_DOUBLE_EQUAL(cost[0], cost[1], 1e-7); /* the guard in the step's length is 1e-8 */
    base_fixture_free(&fixture);
}

/* Measured likelihoods are exact whatever the training does. */
static void measures_do_not_estimate(void)
{
    struct base_fixture fixture = base_fixture_new(deep, 25);
    const struct bindings bindings = base_fixture_inputs(&fixture, 3);
    const double *cost[2];
    for (int estimate = 0; estimate < 2; estimate++) {
        fixture.base.logdet = estimate ? BASE_LOGDET_ESTIMATE : BASE_LOGDET_EXACT;
        fixture.base.cg_steps = 1;
        const struct ir_graph *measure = base_fixture_kernel(&fixture, "measure");
        CU_ASSERT_PTR_NULL(ir_input_find(measure, "noise"));
        cost[estimate] = output_of(measure, base_fixture_run(measure, 3, &bindings), "cost");
    }
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(cost[0][i], cost[1][i]);
    base_fixture_free(&fixture);
}

static const struct check_case cases[] = {
    {"blocks are gradients", blocks_are_gradients},
    {"log-determinant is the Jacobian's", log_determinant_is_the_jacobians},
    {"loss is the mean of measures", loss_is_the_mean_of_measures},
    {"gradients are differences", gradients_are_differences},
    {"estimate is right in the mean", estimate_is_right_in_the_mean},
    {"estimate of a multiple is exact", estimate_of_a_multiple_is_exact},
    {"measures do not estimate", measures_do_not_estimate},
};

int main(void)
{
    return check_main("CP-Flow", cases, CHECK_COUNT(cases));
}
