/* SPDX-License-Identifier: MIT
 *
 * Fields and maps of flows with random weights: what the fields keep exactly, and how fast what the
 * integrators keep comes true. Through the interpreter. */
#include "check.h"
#include "diff/diff.h"
#include "network.h"
#include "property/flow_fixture.h"
#include "spec/spec.h"

#include <float.h>
#include <math.h>

enum {
    ALL_FIELDS = SPEC_field_words,
    ALL_POTENTIALS = SPEC_potential_words,
    ALL_ACTIVATIONS = SPEC_activation_words,
    ALL_INTEGRATORS = SPEC_integrator_words
};

static double activated(enum model_activation activation, double a)
{
    switch (activation) {
    case MODEL_TANH:
        return tanh(a);
    case MODEL_SOFTPLUS:
        return log(1.0 + exp(a));
    case MODEL_SIN:
        return sin(a);
    case MODEL_SILU:
        return a / (1.0 + exp(-a));
    }
    return NAN;
}

/* u of one hidden layer, by hand; time is the last input. */
static void network_is_what_it_says(void)
{
    enum { D = 3, H = 4, OUT = 3 };
    static const int hidden[] = {H};
    for (int i = 0; i < ALL_ACTIVATIONS; i++) {
        struct flow_fixture fixture = fixture_new(D, MODEL_CUBE, MODEL_FOLDED, 1, hidden, 1.0, 3);
        fixture.model.activation = (enum model_activation)i;
        const struct ir_node *x, *t;
        struct ir_graph *graph = fixture_graph(&fixture, &x, &t);
        ir_output_add(graph, "u", network_outputs(graph, &fixture.model, x, t));
        struct bindings bindings = fixture_bindings(&fixture, fixture.theta);
        const double in[D + 1] = {0.3, -0.7, 0.2, 0.6}; /* x, then t */
        bind(&bindings, "x", in);
        bind(&bindings, "t", in + D);
        const double *u = output_of(graph, fixture_run(graph, 1, &bindings), "u");
        for (int o = 0; o < OUT; o++) {
            const struct model_layer *last = &fixture.model.layer[1];
            double want = fixture.theta[last->bias_offset + o];
            for (int k = 0; k < H; k++) {
                double a = fixture.theta[fixture.model.layer[0].bias_offset + k];
                for (int j = 0; j <= D; j++)
                    a += fixture.theta[k * (D + 1) + j] * in[j];
                want +=
                    fixture.theta[last->weight_offset + o * H + k] * activated((enum model_activation)i, a);
            }
            CU_ASSERT_DOUBLE_EQUAL(u[o], want, 1e-14);
        }
        fixture_free(&fixture);
    }
}

/* Points of the flow's own space. */
static double *random_points(struct flow_fixture *fixture, long n)
{
    double *points = fixture_normal(fixture, n);
    for (long i = 0; i < n && fixture->model.field == MODEL_CUBE; i++)
        points[i] = 0.98 * (2.0 * draw_uniform(&fixture->seed) - 1.0);
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
    const double time = draw_uniform(&fixture->seed);
    bind(&bindings, "t", &time);
    bind(&bindings, "x", random_points(fixture, BATCH * d));
    double *const *out = fixture_run(graph, BATCH, &bindings);
    const double scale = largest_of(output_of(graph, out, "jacobian"), BATCH * d * d);
    CU_ASSERT_TRUE(scale > 1e-3);
    return largest_of(output_of(graph, out, "divergence"), BATCH) / scale;
}

static void fields_have_no_divergence(void)
{
    static const int dimensions[] = {2, 3, 4, 7}, hidden[] = {6, 5};
    for (size_t k = 0; k < CHECK_COUNT(dimensions); k++) {
        for (int i = 0; i < ALL_FIELDS * ALL_POTENTIALS * ALL_ACTIVATIONS; i++) {
            struct flow_fixture fixture = fixture_new(dimensions[k], (enum model_field)(i % ALL_FIELDS),
                                                      (enum model_potential)(i / ALL_FIELDS % ALL_POTENTIALS),
                                                      2, hidden, 1.0, 7u + (unsigned)i);
            fixture.model.activation = (enum model_activation)(i / (ALL_FIELDS * ALL_POTENTIALS));
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
        const double *v = output_of(graph, fixture_run(graph, batch, &bindings), "v");
        const double scale = largest_of(v, (long)batch * d);
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
            v[i] = output_of(graph, fixture_run(graph, BATCH, &bindings), "v");
        }
        for (int i = 0; i < BATCH * D; i++)
            CU_ASSERT_DOUBLE_EQUAL(v[0][i], v[1][i], 1e-13 * largest_of(v[0], BATCH * D));
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
    return output_of(graph, fixture_run(graph, MAP_BATCH, &bindings), wanted);
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
    static const int hidden[] = {6, 5};
    static const int order[] = {[MODEL_EULER] = 1, [MODEL_MIDPOINT] = 2, [MODEL_RK4] = 4},
                     steps[] = {[MODEL_EULER] = 32, [MODEL_MIDPOINT] = 16, [MODEL_RK4] = 8};
    _Static_assert(sizeof order / sizeof order[0] == ALL_INTEGRATORS, "an order for each integrator");
    _Static_assert(sizeof steps / sizeof steps[0] == ALL_INTEGRATORS, "steps for each integrator");
    for (int i = 0; i < ALL_FIELDS * ALL_INTEGRATORS; i++) {
        struct flow_fixture fixture =
            fixture_new(2, (enum model_field)(i % ALL_FIELDS), MODEL_FOLDED, 2, hidden, 0.7, 11);
        double found[2], *y = fixture_normal(&fixture, MAP_BATCH * 2);
        fixture.model.integrator = (enum model_integrator)(i / ALL_FIELDS);
        for (int k = 0; k < 2; k++) {
            fixture.model.steps = steps[i / ALL_FIELDS] << k;
            found[k] = error(&fixture, y);
        }
        CU_ASSERT_TRUE(found[0] > 1e-12 && found[0] < 0.2);
        CU_ASSERT_TRUE(log2(found[0] / found[1]) > order[i / ALL_FIELDS] - 0.3);
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
    static const char *const kernels[FLOW_KERNEL_COUNT][3] = {
        {"loss", "lambda x y weight noise ", "cost penalty loss "},
        {"measure", "x y noise ", "s cost energy penalty "},
        {"apply", "y ", "s "},
        {"invert", "s ", "y "},
        {"jacobian", "y ", "s jacobian "},
        {"inverse_jacobian", "s ", "y jacobian "},
        {"velocity", "t x ", "v "},
        {"trajectory", "y ", "path "},
    };
    struct flow_fixture fixture = fixture_new(2, MODEL_CUBE, MODEL_FOLDED, 1, hidden, 1.0, 43);
    fixture.model.penalised = true;
    for (int k = 0; k < FLOW_KERNEL_COUNT; k++) {
        const struct ir_graph *graph = flow_build(fixture.arena, &fixture.model, (enum flow_kernel)k);
        check_ports(graph, kernels[k][1], kernels[k][2]);
        CU_ASSERT_STRING_EQUAL(graph->name, kernels[k][0]);
        CU_ASSERT_STRING_EQUAL(graph->inputs[0]->input.name, "flow.layer0.weight");
    }
    const struct ir_graph *train = flow_train(fixture.arena, &fixture.model, DIFF_KEEP_ALL);
    check_ports(train, "lambda x y weight noise ", "cost penalty ");
    CU_ASSERT_STRING_EQUAL(train->name, "train");
    CU_ASSERT_EQUAL(train->n_outputs, 2 + 2 * fixture.model.n_layers);
    fixture.model.penalised = false;
    check_ports(flow_train(fixture.arena, &fixture.model, DIFF_KEEP_STATE), "lambda x y weight ",
                "cost penalty ");
    check_ports(flow_build(fixture.arena, &fixture.model, FLOW_MEASURE), "x y ", "s cost energy ");
    fixture_free(&fixture);
}

static const struct check_case cases[] = {
    {"the network is what it says", network_is_what_it_says},
    {"fields have no divergence", fields_have_no_divergence},
    {"the cube has no flow through its faces", cube_has_no_flow_through_faces},
    {"both potentials agree", potentials_agree},
    {"the density error falls with the order", density_error_falls_with_the_order},
    {"the inverse returns with the order", inverse_returns_with_the_order},
    {"jacobians are derivatives", jacobians_are_derivatives},
    {"a trajectory joins both ends", trajectory_joins_both_ends},
    {"the cube stays finite far out", cube_stays_finite_far_out},
    {"kernels have their ports", kernels_have_their_ports},
};

int main(void)
{
    return check_main("flow", cases, CHECK_COUNT(cases));
}
