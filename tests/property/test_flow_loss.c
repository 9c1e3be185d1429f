/* SPDX-License-Identifier: MIT
 *
 * Losses of flows with random weights: what the penalty measures, batches and their parts, and the gradient
 * of every kind of loss against central differences. Through the interpreter. */
#include "check.h"
#include "pass/pass.h"
#include "property/flow_fixture.h"
#include "spec/spec.h"

#include <math.h>

enum { FIELDS = 2, DERIVATIVES = 2 };

/* ---- the penalty --------------------------------------------------------------------------------------- */

/* (y^T J z - z^T J y)^2 of a = A x + q sin(q . x): the second part is a gradient and takes no part. */
static const double *asymmetry_of(struct flow_fixture *fixture, const double *A, const double *pair)
{
    const int d = fixture->model.d;
    struct ir_graph *graph = ir_graph_new(fixture->arena, "asymmetry");
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, d));
    const struct ir_node *given = ir_input(graph, "pair", IR_NOISE, IR_UNIFORM, ir_shape_of(2, 2, d));
    const struct ir_node *matrix = ir_input(graph, "A", IR_SETTING, IR_UNIFORM, ir_shape_of(2, d, d));
    const struct ir_node *q = ir_input(graph, "q", IR_SETTING, IR_UNIFORM, ir_shape_of(1, d));
    const struct ir_node *wave = ir_unary(graph, IR_SIN, ir_ein(graph, 1.0, "i,i->", q, x));
    const struct ir_node *a =
        ir_add2(graph, ir_ein(graph, 1.0, "ij,j->i", matrix, x), ir_ein(graph, 1.0, "i,->i", q, wave));
    ir_output_add(graph, "asymmetry", flow_asymmetry(graph, x, a, given));
    struct bindings bindings = {.n = 0};
    bind(&bindings, "x", fixture_normal(fixture, 3 * d));
    bind(&bindings, "q", fixture_normal(fixture, d));
    bind(&bindings, "A", A);
    bind(&bindings, "pair", pair);
    return output_of(graph, fixture_run(graph, 3, &bindings), "asymmetry");
}

static void penalty_is_zero_for_pure_gradients(void)
{
    enum { D = 4 };
    static const int hidden[] = {3};
    struct flow_fixture fixture = fixture_new(D, MODEL_GAUSSIAN, MODEL_FOLDED, 1, hidden, 1.0, 23);
    double *A = fixture_normal(&fixture, D * D), *symmetric = fixture_filled(&fixture, D * D, 0.0),
           want = 0.0;
    const double *pair = fixture_normal(&fixture, 2 * D); /* z, then y */
    for (int i = 0; i < D * D; i++) {
        symmetric[i] = (A[i] + A[i % D * D + i / D]) / 2.0;
        want += A[i] * (pair[D + i / D] * pair[i % D] - pair[i / D] * pair[D + i % D]);
    }
    const double *none = asymmetry_of(&fixture, symmetric, pair), *some = asymmetry_of(&fixture, A, pair);
    for (int b = 0; b < 3; b++) {
        CU_ASSERT_TRUE(none[b] < 1e-26);
        CU_ASSERT_DOUBLE_EQUAL(some[b], want * want, 1e-12 * want * want);
    }
    fixture_free(&fixture);
}

static struct bindings loss_bindings(struct flow_fixture *fixture, const double *theta, int batch,
                                     const double *noise, const double *lambda)
{
    const int d = fixture->model.d;
    struct bindings bindings = fixture_bindings(fixture, theta);
    fixture->seed = 1234; /* the same pairs each time */
    bind(&bindings, "lambda", lambda);
    bind(&bindings, "x", fixture_normal(fixture, (long)batch * d));
    bind(&bindings, "y", fixture_normal(fixture, (long)batch * d));
    bind(&bindings, "weight", fixture_filled(fixture, batch, 1.0 / batch));
    bind(&bindings, "noise", noise);
    return bindings;
}

static double total_penalty(struct flow_fixture *fixture, const double *noise)
{
    static const double lambda = 1.0;
    const struct ir_graph *graph = flow_build(fixture->arena, &fixture->model, FLOW_LOSS);
    const struct bindings bindings = loss_bindings(fixture, fixture->theta, 3, noise, &lambda);
    return *output_of(graph, fixture_run(graph, 3, &bindings), "penalty");
}

/* A constant potential rotates: a = b^2 z, with a symmetric b^2, solves Euler's equations. */
static void rotation_has_no_penalty(void)
{
    static const int hidden[] = {4};
    struct flow_fixture fixture = fixture_new(3, MODEL_GAUSSIAN, MODEL_FOLDED, 1, hidden, 1.0, 29);
    const double *noise = fixture_normal(&fixture, (long)fixture.model.steps * 2 * 3);
    fixture.model.penalised = true;
    CU_ASSERT_TRUE(total_penalty(&fixture, noise) > 1e-6);
    for (long i = fixture.model.layer[1].weight_offset; i < fixture.model.layer[1].bias_offset; i++)
        fixture.theta[i] = 0.0;
    CU_ASSERT_TRUE(total_penalty(&fixture, noise) < 1e-25);
    fixture_free(&fixture);
}

static void penalty_is_blind_to_swapping(void)
{
    enum { D = 3, STEPS = 2 };
    static const int hidden[] = {4};
    for (int i = 0; i < FIELDS * DERIVATIVES; i++) {
        struct flow_fixture fixture =
            fixture_new(D, (enum model_field)(i % 2), MODEL_FOLDED, 1, hidden, 1.0, 31);
        double *noise = fixture_normal(&fixture, STEPS * 2 * D),
               *swapped = fixture_filled(&fixture, STEPS * 2 * D, 0.0);
        for (int k = 0; k < STEPS * 2 * D; k++)
            swapped[k] = noise[k % (2 * D) < D ? k + D : k - D];
        fixture.model.penalised = true;
        fixture.model.derivative = (enum model_derivative)(i / 2);
        const double one = total_penalty(&fixture, noise), other = total_penalty(&fixture, swapped);
        CU_ASSERT_TRUE(one > 1e-8);
        CU_ASSERT_DOUBLE_EQUAL(one, other, 1e-12 * one);
        fixture_free(&fixture);
    }
}

/* ---- the loss ------------------------------------------------------------------------------------------ */

/* One coordinate's part. */
static double cost_by_hand(enum model_cost cost, double e, double smoothing)
{
    switch (cost) {
    case MODEL_SQUARED:
        return e * e;
    case MODEL_L1:
        return hypot(e, smoothing) - smoothing;
    }
    return NAN;
}

static void costs_are_what_they_say(void)
{
    enum { D = 3 };
    static const int hidden[] = {2};
    static const double x[D] = {0.4, -1.0, 2.0}, s[D] = {0.4, 1.5, 1.75}, smoothing = 0.5;
    for (int cost = 0; cost < SPEC_cost_words; cost++) {
        struct flow_fixture fixture = fixture_new(D, MODEL_GAUSSIAN, MODEL_FOLDED, 1, hidden, 1.0, 3);
        fixture.model.cost = (enum model_cost)cost;
        fixture.model.smoothing = smoothing;
        struct ir_graph *graph = ir_graph_new(fixture.arena, "cost");
        const struct ir_node *from = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, D));
        const struct ir_node *to = ir_input(graph, "s", IR_SAMPLE, IR_VARYING, ir_shape_of(1, D));
        ir_output_add(graph, "cost", flow_cost(graph, &fixture.model, from, to));
        struct bindings bindings = {.n = 0};
        bind(&bindings, "x", x);
        bind(&bindings, "s", s);
        double expected = 0;
        for (int i = 0; i < D; i++)
            expected += cost_by_hand((enum model_cost)cost, x[i] - s[i], smoothing);
        CU_ASSERT_DOUBLE_EQUAL(*output_of(graph, fixture_run(graph, 1, &bindings), "cost"), expected, 1e-14);
        fixture_free(&fixture);
    }
}

/* Gradients and totals of a batch are the sums of those of its parts; a sample of weight 0 takes no part. */
static void loss_is_blind_to_splitting(void)
{
    enum { D = 2, BATCH = 5, PART = 2, STEPS = 2 };
    static const int hidden[] = {4};
    static const double lambda = 0.3;
    struct flow_fixture fixture = fixture_new(D, MODEL_GAUSSIAN, MODEL_BLOCKS, 1, hidden, 1.0, 37);
    fixture.model.penalised = fixture.model.noise_per_sample = true;
    const struct ir_graph *graph = flow_train(fixture.arena, &fixture.model, DIFF_KEEP_STATE);
    const double *noise = fixture_normal(&fixture, BATCH * STEPS * 2 * D);
    struct bindings bindings = loss_bindings(&fixture, fixture.theta, BATCH, noise, &lambda);
    const double *x = fixture_normal(&fixture, BATCH * D), *y = fixture_normal(&fixture, BATCH * D);
    bind(&bindings, "x", x);
    bind(&bindings, "y", y);
    double *const *whole = fixture_run(graph, BATCH, &bindings), *const * part[2];
    bind(&bindings, "weight", fixture_filled(&fixture, BATCH, 1.0 / BATCH));
    part[0] = fixture_run(graph, PART, &bindings);
    bind(&bindings, "x", x + PART * D);
    bind(&bindings, "y", y + PART * D);
    bind(&bindings, "noise", noise + PART * STEPS * 2 * D);
    part[1] = fixture_run(graph, BATCH - PART, &bindings);
    double *padding = fixture_filled(&fixture, BATCH, 1.0 / BATCH);
    padding[PART] = padding[PART + 1] = padding[PART + 2] = 0.0;
    bind(&bindings, "x", x);
    bind(&bindings, "y", y);
    bind(&bindings, "noise", noise);
    bind(&bindings, "weight", padding);
    double *const *padded = fixture_run(graph, BATCH, &bindings);
    for (int i = 0; i < graph->n_outputs; i++) {
        const long n = ir_elements(graph->outputs[i].value->shape);
        const double scale = largest_of(whole[i], n);
        CU_ASSERT_TRUE(scale > 0.0);
        for (long k = 0; k < n; k++) {
            CU_ASSERT_DOUBLE_EQUAL(part[0][i][k] + part[1][i][k], whole[i][k], 1e-13 * scale);
            CU_ASSERT_DOUBLE_EQUAL(padded[i][k], part[0][i][k], 1e-13 * scale);
        }
    }
    fixture_free(&fixture);
}

/* Every combination of the spec's words, and no, exact or difference penalty. */
enum {
    PENALTIES = 3,
    COMBINATIONS = SPEC_field_words * SPEC_potential_words * SPEC_activation_words * SPEC_integrator_words *
                   SPEC_cost_words * PENALTIES
};

/* The next digit of *rest, of n values. */
static int digit(int *rest, int n)
{
    const int value = *rest % n;
    *rest /= n;
    return value;
}

static struct flow_fixture combination(int i)
{
    static const int hidden[] = {4, 3};
    int rest = i;
    const enum model_field field = (enum model_field)digit(&rest, SPEC_field_words);
    const enum model_potential potential = (enum model_potential)digit(&rest, SPEC_potential_words);
    struct flow_fixture fixture = fixture_new(2 + i / 3 % 2, field, potential, 2, hidden,
                                              potential == MODEL_BLOCKS ? 0.2 : 0.4, 41u + (unsigned)i);
    struct model *model = &fixture.model;
    model->activation = (enum model_activation)digit(&rest, SPEC_activation_words);
    model->integrator = (enum model_integrator)digit(&rest, SPEC_integrator_words);
    model->cost = (enum model_cost)digit(&rest, SPEC_cost_words);
    const int penalty = digit(&rest, PENALTIES);
    model->penalised = penalty > 0;
    model->derivative = penalty == 2 ? MODEL_DIFFERENCE : MODEL_EXACT;
    model->noise_per_sample = i / 5 % 2;
    return fixture;
}

/* Slope of the loss along `direction`: central differences of h and h/2, extrapolated; error h^4. */
static double measured_slope(struct flow_fixture *fixture, const double *direction, const double *noise,
                             const double *lambda, int batch, double h)
{
    const struct ir_graph *graph = flow_build(fixture->arena, &fixture->model, FLOW_LOSS);
    const long n = fixture->model.n_parameters;
    double slope[2];
    for (int k = 0; k < 2; k++, h /= 2.0) {
        double side[2];
        for (int s = 0; s < 2; s++) {
            double *theta = fixture_filled(fixture, n, 0.0);
            for (long i = 0; i < n; i++)
                theta[i] = fixture->theta[i] + (s ? -h : h) * direction[i];
            const struct bindings bindings = loss_bindings(fixture, theta, batch, noise, lambda);
            side[s] = *output_of(graph, fixture_run(graph, batch, &bindings), "loss");
        }
        slope[k] = (side[0] - side[1]) / (2.0 * h);
    }
    return (4.0 * slope[1] - slope[0]) / 3.0;
}

/* "train", as it is or after all passes, which may not change its value. */
static const struct ir_graph *train_graph(struct flow_fixture *fixture, enum diff_keep keep, bool passes)
{
    const struct ir_graph *graph = flow_train(fixture->arena, &fixture->model, keep);
    const char *fault = ir_verify(graph);
    if (!fault && passes)
        graph = pass_run(graph, false, &fault, NULL, NULL);
    if (fault)
        (void)fprintf(stderr, "%s\n", fault);
    CU_ASSERT_PTR_NULL_FATAL(fault);
    return graph;
}

/* Gradient . direction; *size gets the sum of its terms' sizes. */
static double given_slope(struct flow_fixture *fixture, const struct ir_graph *graph, const double *direction,
                          const double *noise, const double *lambda, int batch, double *size)
{
    const struct bindings bindings = loss_bindings(fixture, fixture->theta, batch, noise, lambda);
    double *const *out = fixture_run(graph, batch, &bindings), slope = 0.0;
    *size = 0.0;
    for (int k = 0; k < 2 * fixture->model.n_layers; k++) {
        const struct model_layer *layer = &fixture->model.layer[k / 2];
        const char *name = k % 2 ? layer->bias_name : layer->weight_name;
        const long offset = k % 2 ? layer->bias_offset : layer->weight_offset,
                   n = k % 2 ? layer->out : layer->out * layer->in;
        const double *gradient = output_of(graph, out, arena_printf(fixture->arena, "grad.%s", name));
        for (long i = 0; i < n; i++) {
            slope += gradient[i] * direction[offset + i];
            *size += fabs(gradient[i] * direction[offset + i]);
        }
    }
    return slope;
}

static void check_gradient(int i)
{
    enum { BATCH = 3 };
    static const double lambda = 0.1;
    struct flow_fixture fixture = combination(i);
    const long n_noise = (long)fixture.model.steps * 2 * fixture.model.d;
    const double *noise =
        fixture_normal(&fixture, fixture.model.noise_per_sample ? BATCH * n_noise : n_noise);
    double *direction = fixture_normal(&fixture, fixture.model.n_parameters), size = 0.0, square = 0.0;
    for (long k = 0; k < fixture.model.n_parameters; k++)
        square += direction[k] * direction[k];
    for (long k = 0; k < fixture.model.n_parameters; k++)
        direction[k] /= sqrt(square);
    const struct ir_graph *graph =
        train_graph(&fixture, i % 7 < 3 ? DIFF_KEEP_ALL : DIFF_KEEP_STATE, i % 5 < 3);
    const double given = given_slope(&fixture, graph, direction, noise, &lambda, BATCH, &size);
    /* Round-off of (12) is some 1e-8 of the penalty; that of a difference of it is 1/h times as large. */
    const bool rough = fixture.model.penalised && fixture.model.derivative == MODEL_DIFFERENCE;
    const double measured = measured_slope(&fixture, direction, noise, &lambda, BATCH, rough ? 1e-2 : 5e-4);
    if (!(fabs(given - measured) < (rough ? 2e-5 : 1e-7) * size)) {
        (void)fprintf(stderr, "combination %d: slope %.12g, by differences %.12g, terms %.3g\n", i, given,
                      measured, size);
        CU_FAIL("a gradient is wrong");
    }
    CU_ASSERT_TRUE(size > 1e-6);
    fixture_free(&fixture);
}

static void gradients_are_derivatives(void)
{
    for (int i = 0; i < COMBINATIONS; i++)
        check_gradient(i);
}

/* A gradient element by element: the direction test above cannot locate errors. */
static void gradient_elements_are_derivatives(void)
{
    enum { BATCH = 2 };
    static const double lambda = 0.2;
    static const int chosen[] = {97, 98, 3};
    for (size_t k = 0; k < CHECK_COUNT(chosen); k++) {
        struct flow_fixture fixture = combination(chosen[k]);
        const double *noise =
            fixture_normal(&fixture, (long)BATCH * fixture.model.steps * 2 * fixture.model.d);
        const struct ir_graph *graph = train_graph(&fixture, DIFF_KEEP_STATE, false);
        for (long i = 0; i < fixture.model.n_parameters; i++) {
            double *direction = fixture_filled(&fixture, fixture.model.n_parameters, 0.0), size = 0.0;
            direction[i] = 1.0;
            const double given = given_slope(&fixture, graph, direction, noise, &lambda, BATCH, &size);
            const double measured = measured_slope(&fixture, direction, noise, &lambda, BATCH, 1e-3);
            CU_ASSERT_DOUBLE_EQUAL(given, measured, 1e-8 + 1e-7 * size);
        }
        fixture_free(&fixture);
    }
}

static const struct check_case cases[] = {
    {"the penalty is zero for pure gradients", penalty_is_zero_for_pure_gradients},
    {"a rotation has no penalty", rotation_has_no_penalty},
    {"the penalty is blind to swapping", penalty_is_blind_to_swapping},
    {"costs are what they say", costs_are_what_they_say},
    {"the loss is blind to splitting", loss_is_blind_to_splitting},
    {"gradients are derivatives", gradients_are_derivatives},
    {"gradient elements are derivatives", gradient_elements_are_derivatives},
};

int main(void)
{
    return check_main("flow_loss", cases, CHECK_COUNT(cases));
}
