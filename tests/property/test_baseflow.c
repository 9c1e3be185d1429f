/* SPDX-License-Identifier: MIT
 *
 * BNAF and FFJORD with random parameters: log-determinants against differences of the map, the triangular
 * form, estimates against what they estimate, penalties, and the gradient of every kind of loss against
 * central differences. Through the interpreter. */
#include "check.h"
#include "numbers/factors.h"
#include "property/base_differences.h"
#include "property/flow_fixture.h"

#include <math.h>
#include <string.h>

static const struct base_model bnaf_small = {
    .kind = BASE_BNAF, .d = 2, .blocks = 1, .n_hidden = 2, .hidden = {6, 4}};
static const struct base_model bnaf_large = {
    .kind = BASE_BNAF, .d = 5, .blocks = 3, .n_hidden = 1, .hidden = {15}};
static const struct base_model bnaf_bounded = {
    .kind = BASE_BNAF, .d = 4, .blocks = 2, .n_hidden = 2, .hidden = {8, 12}, .tail = BASE_TAIL_BOUNDED};
static const struct base_model ffjord_small = {.kind = BASE_FFJORD,
                                               .d = 2,
                                               .blocks = 2,
                                               .n_hidden = 2,
                                               .hidden = {5, 3},
                                               .activation = MODEL_TANH,
                                               .integrator = MODEL_RK4,
                                               .steps = 3};
static const struct base_model ffjord_large = {.kind = BASE_FFJORD,
                                               .d = 4,
                                               .blocks = 1,
                                               .n_hidden = 1,
                                               .hidden = {7},
                                               .activation = MODEL_SOFTPLUS,
                                               .integrator = MODEL_MIDPOINT,
                                               .steps = 4};

/* ---- the map's Jacobian -------------------------------------------------------------------------------- */

static void compare_log_determinant(struct base_model base, uint64_t seed, double limit)
{
    struct base_fixture fixture = base_fixture_new(base, seed);
    const struct ir_graph *graph = base_fixture_kernel(&fixture, "apply");
    for (int sample = 0; sample < 4; sample++) {
        struct bindings bindings = base_fixture_inputs(&fixture, 1);
        double *x = base_fixture_normal(&fixture, base.d);
        bind(&bindings, "x", x);
        const double found = *output_of(graph, base_fixture_run(graph, 1, &bindings), "logdet");
        const double want = log_abs_det(base_jacobian(&fixture, graph, x), base.d);
        CU_ASSERT_DOUBLE_EQUAL(found, want, limit);
    }
    base_fixture_free(&fixture);
}

/* A flow in continuous time has the log-determinant of its steps up to the integrator's error. */
static void log_determinant_is_the_jacobians(void)
{
    compare_log_determinant(bnaf_small, 1, 1e-7);
    compare_log_determinant(bnaf_large, 2, 1e-7);
    compare_log_determinant(bnaf_bounded, 18, 1e-6);
    struct base_model fine = ffjord_small;
    fine.steps = 60;
    compare_log_determinant(fine, 3, 1e-6);
    fine = ffjord_large;
    fine.steps = 400;
    compare_log_determinant(fine, 4, 1e-4);
}

static void compare_triangles(struct base_model base, uint64_t seed)
{
    struct base_fixture fixture = base_fixture_new(base, seed);
    const int d = fixture.base.d;
    for (int block = 0; block < fixture.base.blocks; block++) {
        const struct ir_graph *graph =
            base_fixture_kernel(&fixture, arena_printf(fixture.arena, "block%d", block));
        struct bindings bindings = base_fixture_inputs(&fixture, 1);
        double *x = base_fixture_normal(&fixture, d);
        bind(&bindings, "x", x);
        const double *found = output_of(graph, base_fixture_run(graph, 1, &bindings), "log_diagonal");
        const double *jacobian = base_jacobian(&fixture, graph, x);
        for (int i = 0; i < d; i++) {
            CU_ASSERT_DOUBLE_EQUAL(found[i], log(jacobian[i * d + i]), 1e-7);
            for (int j = i + 1; j < d; j++)
                CU_ASSERT_EQUAL(jacobian[i * d + j], 0.0);
        }
    }
    base_fixture_free(&fixture);
}

static void blocks_are_triangular(void)
{
    compare_triangles(bnaf_large, 5);
    compare_triangles(bnaf_bounded, 6);
}

/* y of one point with all coordinates equal */
static const double *at_distance(struct base_fixture *fixture, const struct ir_graph *graph, double x)
{
    struct bindings bindings = base_fixture_inputs(fixture, 1);
    bind(&bindings, "x", base_fixture_filled(fixture, fixture->base.d, x));
    return output_of(graph, base_fixture_run(graph, 1, &bindings), "y");
}

/* The range has no end on either side, unlike that of a bounded block: the arms have slopes of order 1. */
static void linear_tails_reach_everything(void)
{
    for (int tail = BASE_TAIL_LINEAR; tail <= BASE_TAIL_BOUNDED; tail++) {
        struct base_model base = bnaf_bounded;
        base.tail = (enum base_tail)tail;
        struct base_fixture fixture = base_fixture_new(base, 20);
        const struct ir_graph *graph = base_fixture_kernel(&fixture, "block1");
        for (int side = -1; side <= 1; side += 2) {
            const double *near = at_distance(&fixture, graph, side * 1e3),
                         *far = at_distance(&fixture, graph, side * 2e3);
            for (int i = 0; i < base.d; i++) {
                const double grown = side * (far[i] - near[i]);
                CU_ASSERT_TRUE(tail == BASE_TAIL_LINEAR ? grown > 100 : grown < 1e-6);
            }
        }
        base_fixture_free(&fixture);
    }
}

/* An arm's edge far out leaves the block as it is: what it does near the data is the networks' alone. */
static void tails_leave_the_middle_alone(void)
{
    struct base_fixture fixture = base_fixture_new(bnaf_small, 21);
    const struct base_parameter *edge = base_parameter_find(&fixture.base, "base.block0.tail.edge");
    const struct base_parameter *scale = base_parameter_find(&fixture.base, "base.block0.tail.log_scale");
    const struct ir_graph *graph = base_fixture_kernel(&fixture, "block0");
    double y[2][2];
    for (int i = 0; i < 4; i++)
        fixture.theta[edge->offset + i] = 3;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 4; i++)
            fixture.theta[scale->offset + i] = k;
        memcpy(y[k], at_distance(&fixture, graph, 2.9), sizeof y[k]);
    }
    CU_ASSERT_TRUE(y[0][0] == y[1][0] && y[0][1] == y[1][1]);
    const double u = 2 * exp(1) * 0.5, *beyond = at_distance(&fixture, graph, 3.5);
    fixture.theta[edge->offset + 2] = 4;
    CU_ASSERT_DOUBLE_EQUAL(beyond[0] - at_distance(&fixture, graph, 3.5)[0], u * u / (1 + u) / 2, 1e-12);
    base_fixture_free(&fixture);
}

/* Entries above the diagonal blocks may be anything: the same bits come out, and their gradient is 0. */
static void masked_weights_take_no_part(void)
{
    struct base_fixture fixture = base_fixture_new(bnaf_small, 6);
    const struct ir_graph *graph = baseflow_train(fixture.arena, &fixture.base, DIFF_KEEP_ALL);
    const struct bindings plain = base_fixture_inputs(&fixture, 3);
    double *const *want = base_fixture_run(graph, 3, &plain);
    const struct base_parameter *weight = base_parameter_find(&fixture.base, "base.block0.layer1.weight");
    const int out = weight->shape[0], in = weight->shape[1];
    for (int i = 0; i < out / 2; i++) {
        for (int j = in / 2; j < in; j++)
            fixture.theta[weight->offset + i * in + j] = 1e3 * (j - 4);
    }
    double *const *got = base_fixture_run(graph, 3, &plain);
    CU_ASSERT_EQUAL(*output_of(graph, got, "cost"), *output_of(graph, want, "cost"));
    const double *gradient = output_of(graph, got, "grad.base.block0.layer1.weight");
    for (int i = 0; i < out * in; i++)
        CU_ASSERT_TRUE((i / in < out / 2 && i % in >= in / 2) == (gradient[i] == 0.0));
    base_fixture_free(&fixture);
}

/* ---- estimates and penalties --------------------------------------------------------------------------- */

static void compare_estimate(struct base_model base, uint64_t seed)
{
    base.blocks = 1;
    base.kinetic = 0.3;
    base.jacobian = 0.2;
    base.probe = BASE_PROBE_RADEMACHER;
    struct base_fixture fixture = base_fixture_new(base, seed);
    const char *const names[] = {"cost", "penalty"};
    double value[2][2];
    for (int estimate = 0; estimate < 2; estimate++) {
        fixture.base.divergence = estimate ? BASE_DIVERGENCE_HUTCHINSON : BASE_DIVERGENCE_EXACT;
        fixture.seed = seed;
        /* the path does not depend on the probe */
        const struct bindings bindings = base_fixture_all_signs(&fixture);
        const struct ir_graph *graph = base_fixture_kernel(&fixture, "loss");
        double *const *out = base_fixture_run(graph, 1 << base.d, &bindings);
        for (int i = 0; i < 2; i++)
            value[estimate][i] = *output_of(graph, out, names[i]);
    }
    for (int i = 0; i < 2; i++)
        CU_ASSERT_DOUBLE_EQUAL(value[0][i], value[1][i], 1e-13 * fabs(value[0][i]));
    base_fixture_free(&fixture);
}

static void estimates_are_right_in_the_mean(void)
{
    compare_estimate(ffjord_small, 7);
    compare_estimate(ffjord_large, 8);
}

/* One step of Euler's method: the penalty is |v|^2 and the Jacobian's norm at the start. */
static void penalties_are_those_of_the_velocity(void)
{
    struct base_model base = ffjord_small;
    base.blocks = 1;
    base.steps = 1;
    base.integrator = MODEL_EULER;
    base.kinetic = 0.3;
    base.jacobian = 0.2;
    struct base_fixture fixture = base_fixture_new(base, 9);
    struct bindings bindings = base_fixture_inputs(&fixture, 1);
    double *x = base_fixture_normal(&fixture, base.d);
    bind(&bindings, "x", x);
    bind(&bindings, "t", base_fixture_filled(&fixture, 1, 0.0));
    const struct ir_graph *velocity = base_fixture_kernel(&fixture, "velocity0"),
                          *loss = base_fixture_kernel(&fixture, "loss"),
                          *apply = base_fixture_kernel(&fixture, "apply");
    const double *v = output_of(velocity, base_fixture_run(velocity, 1, &bindings), "v");
    const double penalty = *output_of(loss, base_fixture_run(loss, 1, &bindings), "penalty");
    const double *jacobian = base_jacobian(&fixture, apply, x); /* of x + v(x, 0) */
    double want = 0.3 * (v[0] * v[0] + v[1] * v[1]);
    for (int i = 0; i < 4; i++)
        want += 0.2 * (jacobian[i] - (i % 3 == 0)) * (jacobian[i] - (i % 3 == 0));
    CU_ASSERT_DOUBLE_EQUAL(penalty, want, 1e-7);
    base_fixture_free(&fixture);
}

static void divergence_is_the_velocitys(void)
{
    struct base_fixture fixture = base_fixture_new(ffjord_large, 10);
    const int d = fixture.base.d;
    struct ir_graph *graph = base_fixture_kernel(&fixture, "velocity0");
    struct bindings bindings = base_fixture_inputs(&fixture, 1);
    double *x = base_fixture_normal(&fixture, d);
    bind(&bindings, "x", x);
    const double found = *output_of(graph, base_fixture_run(graph, 1, &bindings), "divergence");
    ir_output_add(graph, "y", ir_output_find(graph, "v"));
    const double *jacobian = base_jacobian(&fixture, graph, x);
    double trace = 0.0;
    for (int i = 0; i < d; i++)
        trace += jacobian[i * d + i];
    CU_ASSERT_DOUBLE_EQUAL(found, trace, 1e-8);
    base_fixture_free(&fixture);
}

/* ---- gradients ----------------------------------------------------------------------------------------- */

static void gradients_are_differences(void)
{
    base_compare_gradients(bnaf_small, 11);
    base_compare_gradients(bnaf_large, 12);
    base_compare_gradients(bnaf_bounded, 19);
    struct base_model base = ffjord_small;
    for (int kind = 0; kind < 4; kind++) {
        base.divergence = kind % 2 ? BASE_DIVERGENCE_HUTCHINSON : BASE_DIVERGENCE_EXACT;
        base.probe = kind == 1 ? BASE_PROBE_RADEMACHER : BASE_PROBE_GAUSSIAN;
        base.kinetic = kind >= 2 ? 0.3 : 0.0;
        base.jacobian = kind >= 2 ? 0.2 : 0.0;
        base_compare_gradients(base, 13 + (uint64_t)kind);
    }
    base_compare_gradients(ffjord_large, 17);
}

static const struct check_case cases[] = {
    {"log-determinant is the Jacobian's", log_determinant_is_the_jacobians},
    {"blocks of BNAF are triangular", blocks_are_triangular},
    {"linear tails reach everything", linear_tails_reach_everything},
    {"tails leave the middle alone", tails_leave_the_middle_alone},
    {"masked weights take no part", masked_weights_take_no_part},
    {"estimates are right in the mean", estimates_are_right_in_the_mean},
    {"penalties are those of the velocity", penalties_are_those_of_the_velocity},
    {"divergence is the velocity's", divergence_is_the_velocitys},
    {"gradients are differences", gradients_are_differences},
};

int main(void)
{
    return check_main("base flows", cases, CHECK_COUNT(cases));
}
