/* SPDX-License-Identifier: MIT
 *
 * Properties of flows with random weights: what the fields keep exactly, how fast what the integrators keep
 * comes true, and the gradient of every kind of loss against central differences. Through the interpreter. */
#include "check.h"
#include "diff/diff.h"
#include "property/flow_fixture.h"

#include <float.h>
#include <math.h>

enum { ALL_FIELDS = 2, ALL_POTENTIALS = 2, ALL_ACTIVATIONS = 4, ALL_INTEGRATORS = 3, ALL_COSTS = 2 };

static double **run_graph(const struct ir_graph *graph, int batch, const struct bindings *bindings)
{
    double **out = evaluate_bound(graph, batch, bindings, evaluate_by_interpreter, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    return out;
}

static double largest(const double *values, long n)
{
    double most = 0.0;
    for (long i = 0; i < n; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

/* Points of the flow's own space. */
static double *random_points(struct flow_fixture *fixture, long n)
{
    double *points = fixture_normal(fixture, n);
    for (long i = 0; i < n && fixture->model.field == MODEL_CUBE; i++)
        points[i] = 0.98 * (2.0 * random_uniform(&fixture->seed) - 1.0);
    return points;
}

/* ---- fields -------------------------------------------------------------------------------------------- */

/* |div v| for the cube, |div w - z.w| for the gaussian field, as a share of the largest derivative */
static double divergence_of(struct flow_fixture *fixture)
{
    enum { BATCH = 5 };
    const int d = fixture->model.d;
    const struct ir_node *x, *t, *jacobian = NULL, *seed;
    struct ir_graph *graph = fixture_graph(fixture, &x, &t);
    const struct ir_node *v = flow_velocity(graph, &fixture->model, x, t);
    seed = ir_eye(graph, d);
    diff_forward(graph, 1, &x, &seed, d, 1, &v, &jacobian, NULL);
    const struct ir_node *divergence = ir_ein(graph, 1.0, "ii->", jacobian);
    if (fixture->model.field == MODEL_GAUSSIAN)
        divergence = ir_add2(graph, divergence, ir_ein(graph, -1.0, "i,i->", x, v));
    ir_output_add(graph, "jacobian", jacobian);
    ir_output_add(graph, "divergence", divergence);
    struct bindings bindings = fixture_bindings(fixture, fixture->theta);
    const double time = random_uniform(&fixture->seed);
    bind(&bindings, "t", &time);
    bind(&bindings, "x", random_points(fixture, BATCH * d));
    double *const *out = run_graph(graph, BATCH, &bindings);
    const double scale = largest(output_of(graph, out, "jacobian"), BATCH * d * d);
    CU_ASSERT_TRUE(scale > 1e-3);
    return largest(output_of(graph, out, "divergence"), BATCH) / scale;
}

static void fields_have_no_divergence(void)
{
    static const int dimensions[] = {2, 3, 4, 7}, hidden[] = {6, 5};
    for (size_t k = 0; k < CHECK_COUNT(dimensions); k++) {
        for (int i = 0; i < ALL_FIELDS * ALL_POTENTIALS * ALL_ACTIVATIONS; i++) {
            struct flow_fixture fixture =
                fixture_new(dimensions[k], (enum model_field)(i % 2), (enum model_potential)(i / 2 % 2), 2,
                            hidden, 1.0, 7u + (unsigned)i);
            fixture.model.activation = (enum model_activation)(i / 4);
            CU_ASSERT_TRUE(divergence_of(&fixture) < 1e-13 * dimensions[k]);
            fixture_free(&fixture);
        }
    }
}

/* On the face x_i = +-1, p_i is machine epsilon instead of 0, so that v_i is too, measured by v inside. */
static void cube_has_no_flow_through_faces(void)
{
    static const int hidden[] = {6};
    for (int d = 2; d <= 5; d++) {
        struct flow_fixture fixture =
            fixture_new(d, MODEL_CUBE, (enum model_potential)(d % 2), 1, hidden, 1.0, 3);
        const struct ir_graph *graph = flow_build(fixture.arena, &fixture.model, FLOW_VELOCITY);
        const int batch = 2 * d;
        double *x = random_points(&fixture, (long)batch * d), time = 0.3;
        for (int b = 0; b < batch; b++)
            x[b * d + b / 2] = b % 2 ? 1.0 : -1.0;
        struct bindings bindings = fixture_bindings(&fixture, fixture.theta);
        bind(&bindings, "t", &time);
        bind(&bindings, "x", x);
        const double *v = output_of(graph, run_graph(graph, batch, &bindings), "v");
        const double scale = largest(v, (long)batch * d);
        CU_ASSERT_TRUE(scale > 1e-3);
        for (int b = 0; b < batch; b++)
            CU_ASSERT_TRUE(fabs(v[b * d + b / 2]) < 64.0 * DBL_EPSILON * fmax(scale, 1.0));
        fixture_free(&fixture);
    }
}

/* The blocks' last layer, folded by hand as (14) says, in a folded model gives the same velocity. */
static void potentials_agree(void)
{
    enum { D = 4, H = 5, BATCH = 3, PAIRS = D * (D - 1) / 2 };
    static const int hidden[] = {H};
    for (int field = 0; field < ALL_FIELDS; field++) {
        struct flow_fixture blocks = fixture_new(D, (enum model_field)field, MODEL_BLOCKS, 1, hidden, 1.0, 5);
        struct flow_fixture folded = fixture_new(D, (enum model_field)field, MODEL_FOLDED, 1, hidden, 1.0, 5);
        const struct model_layer *from = &blocks.model.layer[1], *to = &folded.model.layer[1];
        CU_ASSERT_EQUAL_FATAL(from->weight_offset, to->weight_offset);
        memcpy(folded.theta, blocks.theta, (size_t)from->weight_offset * sizeof *folded.theta);
        memset(folded.theta + to->weight_offset, 0, (PAIRS * H + PAIRS) * sizeof *folded.theta);
        for (int i = 0, p = 0; i < D; i++) {
            for (int j = i + 1; j < D; j++, p++) {
                for (int n = 0; n <= i; n++) {
                    const int plus = i * (D - 1) + n, minus = j * (D - 1) + n;
                    for (int k = 0; k < H; k++)
                        folded.theta[to->weight_offset + p * H + k] +=
                            blocks.theta[from->weight_offset + plus * H + k] -
                            blocks.theta[from->weight_offset + minus * H + k];
                    folded.theta[to->bias_offset + p] +=
                        blocks.theta[from->bias_offset + plus] - blocks.theta[from->bias_offset + minus];
                }
            }
        }
        const struct flow_fixture *both[2] = {&blocks, &folded};
        const double time = 0.4, *x = random_points(&blocks, BATCH * D), *v[2];
        for (int i = 0; i < 2; i++) {
            const struct ir_graph *graph = flow_build(both[i]->arena, &both[i]->model, FLOW_VELOCITY);
            struct bindings bindings = fixture_bindings(both[i], both[i]->theta);
            bind(&bindings, "t", &time);
            bind(&bindings, "x", x);
            v[i] = output_of(graph, run_graph(graph, BATCH, &bindings), "v");
        }
        for (int i = 0; i < BATCH * D; i++)
            CU_ASSERT_DOUBLE_EQUAL(v[0][i], v[1][i], 1e-13 * largest(v[0], BATCH * D));
        fixture_free(&blocks);
        fixture_free(&folded);
    }
}

/* ---- the map ------------------------------------------------------------------------------------------- */

enum { MAP_BATCH = 6 };

static const double *map_of(const struct flow_fixture *fixture, enum flow_kernel kernel, const double *from,
                            const char *wanted)
{
    const struct ir_graph *graph = flow_build(fixture->arena, &fixture->model, kernel);
    struct bindings bindings = fixture_bindings(fixture, fixture->theta);
    bind(&bindings, "y", from);
    bind(&bindings, "s", from);
    return output_of(graph, run_graph(graph, MAP_BATCH, &bindings), wanted);
}

static double determinant_2(const double *a)
{
    return a[0] * a[3] - a[1] * a[2];
}

/* mean of |log|det ds/dy| - (|s|^2 - |y|^2)/2|, d = 2 */
static double density_error(const struct flow_fixture *fixture, const double *y)
{
    const double *jacobian = map_of(fixture, FLOW_JACOBIAN, y, "jacobian"),
                 *s = map_of(fixture, FLOW_APPLY, y, "s");
    double sum = 0.0;
    for (int b = 0; b < MAP_BATCH; b++) {
        const double *p = s + 2 * b, *q = y + 2 * b;
        const double kept = (p[0] * p[0] + p[1] * p[1] - q[0] * q[0] - q[1] * q[1]) / 2.0;
        sum += fabs(log(fabs(determinant_2(jacobian + 4 * b))) - kept);
    }
    return sum / MAP_BATCH;
}

/* largest distance of the way there and back */
static double return_error(const struct flow_fixture *fixture, const double *y)
{
    const double *back = map_of(fixture, FLOW_INVERT, map_of(fixture, FLOW_APPLY, y, "s"), "y");
    double most = 0.0;
    for (int i = 0; i < MAP_BATCH * 2; i++)
        most = fmax(most, fabs(back[i] - y[i]));
    return most;
}

static void check_order(double error(const struct flow_fixture *fixture, const double *y))
{
    static const int hidden[] = {6, 5}, order[] = {1, 2, 4}, steps[] = {32, 16, 8};
    for (int i = 0; i < ALL_FIELDS * ALL_INTEGRATORS; i++) {
        struct flow_fixture fixture =
            fixture_new(2, (enum model_field)(i % 2), MODEL_FOLDED, 2, hidden, 0.7, 11);
        double found[2], *y = fixture_normal(&fixture, MAP_BATCH * 2);
        fixture.model.integrator = (enum model_integrator)(i / 2);
        for (int k = 0; k < 2; k++) {
            fixture.model.steps = steps[i / 2] << k;
            found[k] = error(&fixture, y);
        }
        CU_ASSERT_TRUE(found[0] > 1e-12 && found[0] < 0.2);
        CU_ASSERT_TRUE(log2(found[0] / found[1]) > order[i / 2] - 0.3);
        fixture_free(&fixture);
    }
}

static void density_error_falls_with_the_order(void)
{
    check_order(density_error);
}
static void inverse_returns_with_the_order(void)
{
    check_order(return_error);
}

/* Both jacobians against central differences of both maps, d = 3. */
static void jacobians_are_derivatives(void)
{
    enum { D = 3 };
    static const int hidden[] = {5};
    static const struct {
        enum flow_kernel map, jacobian;
        const char *out;
    } ways[] = {{FLOW_APPLY, FLOW_JACOBIAN, "s"}, {FLOW_INVERT, FLOW_INVERSE_JACOBIAN, "y"}};
    for (int i = 0; i < ALL_FIELDS * 2; i++) {
        struct flow_fixture fixture =
            fixture_new(D, (enum model_field)(i % 2), MODEL_BLOCKS, 1, hidden, 0.5, 13);
        double *y = fixture_normal(&fixture, MAP_BATCH * D), h = 1e-5;
        const char *out = ways[i / 2].out;
        const double *jacobian = map_of(&fixture, ways[i / 2].jacobian, y, "jacobian");
        const double *direct = map_of(&fixture, ways[i / 2].map, y, out);
        const double *beside = map_of(&fixture, ways[i / 2].jacobian, y, out);
        CU_ASSERT_TRUE(memcmp(direct, beside, sizeof(double) * MAP_BATCH * D) == 0 ||
                       fabs(direct[0] - beside[0]) < 1e-13);
        for (int j = 0; j < D; j++) {
            const double *side[2];
            for (int k = 0; k < 2; k++) {
                double *moved = fixture_filled(&fixture, MAP_BATCH * D, 0.0);
                for (int b = 0; b < MAP_BATCH * D; b++)
                    moved[b] = y[b] + (b % D == j ? (k ? -h : h) : 0.0);
                side[k] = map_of(&fixture, ways[i / 2].map, moved, out);
            }
            for (int b = 0; b < MAP_BATCH * D; b++)
                CU_ASSERT_DOUBLE_EQUAL(jacobian[b * D + j], (side[0][b] - side[1][b]) / (2.0 * h), 1e-7);
        }
        fixture_free(&fixture);
    }
}

static void trajectory_joins_both_ends(void)
{
    static const int hidden[] = {5};
    for (int field = 0; field < ALL_FIELDS; field++) {
        struct flow_fixture fixture =
            fixture_new(2, (enum model_field)field, MODEL_FOLDED, 1, hidden, 1.0, 17);
        fixture.model.steps = 3;
        const double *y = fixture_normal(&fixture, MAP_BATCH * 2);
        const double *path = map_of(&fixture, FLOW_TRAJECTORY, y, "path"),
                     *s = map_of(&fixture, FLOW_APPLY, y, "s");
        for (int i = 0; i < MAP_BATCH * 2; i++) {
            const double *own = path + i / 2 * 8 + i % 2; /* [4,2] a sample */
            CU_ASSERT_DOUBLE_EQUAL(own[0], field == MODEL_CUBE ? erf(y[i] * M_SQRT1_2) : y[i], 1e-14);
            CU_ASSERT_DOUBLE_EQUAL(own[6], field == MODEL_CUBE ? erf(s[i] * M_SQRT1_2) : s[i], 1e-13);
            CU_ASSERT_TRUE(own[2] != own[0] && own[4] != own[2]);
        }
        fixture_free(&fixture);
    }
}

/* Far out, where erf is 1, the cube's map stays finite, at the latent of 1 - epsilon. */
static void cube_stays_finite_far_out(void)
{
    static const int hidden[] = {5};
    struct flow_fixture fixture = fixture_new(2, MODEL_CUBE, MODEL_FOLDED, 1, hidden, 1.0, 19);
    static const double y[MAP_BATCH * 2] = {40, -40, 9, 0, 0, -9, 8.3, 8.3, -8.3, 1, 1e9, -1e9};
    const double *s = map_of(&fixture, FLOW_APPLY, y, "s");
    for (int i = 0; i < MAP_BATCH * 2; i++)
        CU_ASSERT_TRUE(fabs(s[i]) < 8.5);
    fixture_free(&fixture);
}

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
    return output_of(graph, run_graph(graph, 3, &bindings), "asymmetry");
}

static void penalty_is_zero_for_gradients_alone(void)
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
    return *output_of(graph, run_graph(graph, 3, &bindings), "penalty");
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
    for (int i = 0; i < ALL_FIELDS * 2; i++) {
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

/* Gradients and totals of a batch are the sums of those of its parts; a sample of weight 0 takes no part. */
static void loss_is_blind_to_splitting(void)
{
    enum { D = 2, BATCH = 5, PART = 2, STEPS = 2 };
    static const int hidden[] = {4};
    static const double lambda = 0.3;
    struct flow_fixture fixture = fixture_new(D, MODEL_GAUSSIAN, MODEL_BLOCKS, 1, hidden, 1.0, 37);
    fixture.model.penalised = fixture.model.noise_per_sample = true;
    const struct ir_graph *graph = flow_train(fixture.arena, &fixture.model, false);
    const double *noise = fixture_normal(&fixture, BATCH * STEPS * 2 * D);
    struct bindings bindings = loss_bindings(&fixture, fixture.theta, BATCH, noise, &lambda);
    const double *x = fixture_normal(&fixture, BATCH * D), *y = fixture_normal(&fixture, BATCH * D);
    bind(&bindings, "x", x);
    bind(&bindings, "y", y);
    double *const *whole = run_graph(graph, BATCH, &bindings), *const * part[2];
    bind(&bindings, "weight", fixture_filled(&fixture, BATCH, 1.0 / BATCH));
    part[0] = run_graph(graph, PART, &bindings);
    bind(&bindings, "x", x + PART * D);
    bind(&bindings, "y", y + PART * D);
    bind(&bindings, "noise", noise + PART * STEPS * 2 * D);
    part[1] = run_graph(graph, BATCH - PART, &bindings);
    double *padding = fixture_filled(&fixture, BATCH, 1.0 / BATCH);
    padding[PART] = padding[PART + 1] = padding[PART + 2] = 0.0;
    bind(&bindings, "x", x);
    bind(&bindings, "y", y);
    bind(&bindings, "noise", noise);
    bind(&bindings, "weight", padding);
    double *const *padded = run_graph(graph, BATCH, &bindings);
    for (int i = 0; i < graph->n_outputs; i++) {
        const long n = ir_elements(graph->outputs[i].value->shape);
        const double scale = largest(whole[i], n);
        CU_ASSERT_TRUE(scale > 0.0);
        for (long k = 0; k < n; k++) {
            CU_ASSERT_DOUBLE_EQUAL(part[0][i][k] + part[1][i][k], whole[i][k], 1e-13 * scale);
            CU_ASSERT_DOUBLE_EQUAL(padded[i][k], part[0][i][k], 1e-13 * scale);
        }
    }
    fixture_free(&fixture);
}

/* Every combination: 2 fields, 2 potentials, 4 activations, 3 integrators, 2 costs, and no, exact or
 * difference penalty. */
enum { COMBINATIONS = 2 * 2 * 4 * 3 * 2 * 3 };

static struct flow_fixture combination(int i)
{
    static const int hidden[] = {4, 3};
    struct flow_fixture fixture =
        fixture_new(2 + i / 3 % 2, (enum model_field)(i % 2), (enum model_potential)(i / 2 % 2), 2, hidden,
                    i / 2 % 2 ? 0.2 : 0.4, 41u + (unsigned)i);
    struct model *model = &fixture.model;
    const int penalty = i / 96;
    model->activation = (enum model_activation)(i / 4 % 4);
    model->integrator = (enum model_integrator)(i / 16 % 3);
    model->cost = (enum model_cost)(i / 48 % 2);
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
            side[s] = *output_of(graph, run_graph(graph, batch, &bindings), "loss");
        }
        slope[k] = (side[0] - side[1]) / (2.0 * h);
    }
    return (4.0 * slope[1] - slope[0]) / 3.0;
}

/* Gradient . direction; *size gets the sum of its terms' sizes. */
static double given_slope(struct flow_fixture *fixture, const double *direction, const double *noise,
                          const double *lambda, int batch, bool keep_all, double *size)
{
    const struct ir_graph *graph = flow_train(fixture->arena, &fixture->model, keep_all);
    CU_ASSERT_PTR_NULL(ir_verify(graph));
    const struct bindings bindings = loss_bindings(fixture, fixture->theta, batch, noise, lambda);
    double *const *out = run_graph(graph, batch, &bindings), slope = 0.0;
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
    const double given = given_slope(&fixture, direction, noise, &lambda, BATCH, i % 7 < 3, &size);
    /* Round-off of (12) is some 1e-8 of the penalty; that of a difference of it is 1/h times as large. */
    const bool rough = fixture.model.penalised && fixture.model.derivative == MODEL_DIFFERENCE;
    const double measured = measured_slope(&fixture, direction, noise, &lambda, BATCH, rough ? 1e-2 : 2e-3);
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

/* A gradient element by element: the direction test above cannot tell errors apart. */
static void gradient_elements_are_derivatives(void)
{
    enum { BATCH = 2 };
    static const double lambda = 0.2;
    static const int chosen[] = {97, 98, 3};
    for (size_t k = 0; k < CHECK_COUNT(chosen); k++) {
        struct flow_fixture fixture = combination(chosen[k]);
        const double *noise =
            fixture_normal(&fixture, (long)BATCH * fixture.model.steps * 2 * fixture.model.d);
        for (long i = 0; i < fixture.model.n_parameters; i++) {
            double *direction = fixture_filled(&fixture, fixture.model.n_parameters, 0.0), size = 0.0;
            direction[i] = 1.0;
            const double given = given_slope(&fixture, direction, noise, &lambda, BATCH, false, &size);
            const double measured = measured_slope(&fixture, direction, noise, &lambda, BATCH, 1e-3);
            CU_ASSERT_DOUBLE_EQUAL(given, measured, 1e-8 + 1e-7 * size);
        }
        fixture_free(&fixture);
    }
}

/* ---- ports --------------------------------------------------------------------------------------------- */

static void check_ports(const struct ir_graph *graph, const char *inputs, const char *outputs)
{
    char in[512] = "", out[512] = "";
    for (int i = 0; i < graph->n_inputs; i++) {
        if (graph->inputs[i]->input.role != IR_PARAMETER)
            (void)snprintf(in + strlen(in), sizeof in - strlen(in), "%s ", graph->inputs[i]->input.name);
    }
    for (int i = 0; i < graph->n_outputs; i++) {
        if (strncmp(graph->outputs[i].name, "grad.", 5) != 0)
            (void)snprintf(out + strlen(out), sizeof out - strlen(out), "%s ", graph->outputs[i].name);
    }
    CU_ASSERT_STRING_EQUAL(in, inputs);
    CU_ASSERT_STRING_EQUAL(out, outputs);
    CU_ASSERT_PTR_NULL(ir_verify(graph));
}

static void kernels_have_their_ports(void)
{
    static const int hidden[] = {4};
    static const char *const ports[FLOW_KERNEL_COUNT][2] = {
        {"lambda x y weight noise ", "cost penalty loss "},
        {"x y noise ", "s cost energy penalty "},
        {"y ", "s "},
        {"s ", "y "},
        {"y ", "s jacobian "},
        {"s ", "y jacobian "},
        {"t x ", "v "},
        {"y ", "path "},
    };
    struct flow_fixture fixture = fixture_new(2, MODEL_CUBE, MODEL_FOLDED, 1, hidden, 1.0, 43);
    fixture.model.penalised = true;
    for (int k = 0; k < FLOW_KERNEL_COUNT; k++) {
        const struct ir_graph *graph = flow_build(fixture.arena, &fixture.model, (enum flow_kernel)k);
        check_ports(graph, ports[k][0], ports[k][1]);
        CU_ASSERT_STRING_EQUAL(graph->name, flow_kernel_name((enum flow_kernel)k));
        CU_ASSERT_STRING_EQUAL(graph->inputs[0]->input.name, "flow.layer0.weight");
    }
    const struct ir_graph *train = flow_train(fixture.arena, &fixture.model, true);
    check_ports(train, "lambda x y weight noise ", "cost penalty ");
    CU_ASSERT_STRING_EQUAL(train->name, "train");
    CU_ASSERT_EQUAL(train->n_outputs, 2 + 2 * fixture.model.n_layers);
    fixture.model.penalised = false;
    check_ports(flow_train(fixture.arena, &fixture.model, false), "lambda x y weight ", "cost penalty ");
    check_ports(flow_build(fixture.arena, &fixture.model, FLOW_MEASURE), "x y ", "s cost energy ");
    fixture_free(&fixture);
}

static const struct check_case cases[] = {
    {"fields have no divergence", fields_have_no_divergence},
    {"the cube has no flow through its faces", cube_has_no_flow_through_faces},
    {"both potentials agree", potentials_agree},
    {"the density error falls with the order", density_error_falls_with_the_order},
    {"the inverse returns with the order", inverse_returns_with_the_order},
    {"jacobians are derivatives", jacobians_are_derivatives},
    {"a trajectory joins both ends", trajectory_joins_both_ends},
    {"the cube stays finite far out", cube_stays_finite_far_out},
    {"the penalty is zero for gradients alone", penalty_is_zero_for_gradients_alone},
    {"a rotation has no penalty", rotation_has_no_penalty},
    {"the penalty is blind to swapping", penalty_is_blind_to_swapping},
    {"the loss is blind to splitting", loss_is_blind_to_splitting},
    {"gradients are derivatives", gradients_are_derivatives},
    {"gradient elements are derivatives", gradient_elements_are_derivatives},
    {"kernels have their ports", kernels_have_their_ports},
};

int main(void)
{
    return check_main("flow", cases, CHECK_COUNT(cases));
}
