/* SPDX-License-Identifier: MIT
 *
 * Multiply-adds a sample of whole flows after all passes, as golden numbers: whoever changes a pass, a
 * derivative or a flow sees here what it costs or saves. d = 10 with 50,50,50 folded and d = 2 with 15,15;
 * what formulas by hand need for just the contractions of one velocity, forward, is 60,000 at d = 10, and at
 * d = 2 735 with two tangents or 510 with the gradient of the potential. */
#include "check.h"
#include "diff/diff.h"
#include "pass/pass.h"
#include "property/flow_fixture.h"

enum { KINDS = 8 };
static const char *const kind_names[KINDS] = {
    "velocity",
    "its pullback",
    "penalty",
    "its gradient",
    "training, state kept",
    "training, all kept",
    "with penalty, state kept",
    "with penalty, all kept",
};

static struct flow_fixture flow_of(int i) /* bit 0: cube, bit 1: d = 2 */
{
    static const int wide[] = {50, 50, 50}, narrow[] = {15, 15};
    const bool small = i & 2;
    struct flow_fixture fixture = fixture_new(small ? 2 : 10, i & 1 ? MODEL_CUBE : MODEL_GAUSSIAN,
                                              MODEL_FOLDED, small ? 2 : 3, small ? narrow : wide, 1.0, 1);
    fixture.model.steps = 15;
    return fixture;
}

static int inputs_of(const struct model *model, const char **names)
{
    int n = 0;
    for (int k = 0; k < model->n_layers; k++) {
        names[n++] = model->layer[k].weight_name;
        names[n++] = model->layer[k].bias_name;
    }
    names[n++] = "x";
    return n;
}

static struct ir_graph *penalty_graph(const struct flow_fixture *fixture)
{
    const struct ir_node *x, *t;
    struct ir_graph *g = fixture_graph(fixture, &x, &t);
    const struct ir_node *pair =
        ir_input(g, "pair", IR_NOISE, IR_VARYING, ir_shape_of(2, 2, fixture->model.d));
    const struct flow_network network = flow_network(g, &fixture->model);
    ir_output_add(g, "penalty", flow_penalty(g, &fixture->model, &network, x, t, pair));
    return g;
}

static struct ir_graph *graph_of(struct flow_fixture *fixture, int kind)
{
    const char *wrt[2 * MODEL_MAX_LAYERS + 1], *const v = "v";
    const int n = inputs_of(&fixture->model, wrt);
    if (kind < 2) {
        const struct ir_graph *g = pass_hoist(flow_build(fixture->arena, &fixture->model, FLOW_VELOCITY));
        return kind ? diff_pullback(g, "back", 1, &v, n, wrt, DIFF_KEEP_STATE) : pass_hoist(g);
    }
    if (kind < 4) {
        const struct ir_graph *g = pass_hoist(penalty_graph(fixture));
        return kind == 2 ? pass_hoist(g) : diff_reverse(g, "back", "penalty", n, wrt, DIFF_KEEP_STATE);
    }
    fixture->model.penalised = kind >= 6; /* sample by sample; its first stage is the step's */
    fixture->model.noise_per_sample = true;
    return flow_train(fixture->arena, &fixture->model, kind % 2 ? DIFF_KEEP_ALL : DIFF_KEEP_STATE);
}

static void check_counts(int which, const double *expected)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct flow_fixture fixture = flow_of(which);
        const char *fault;
        const struct ir_graph *g = pass_run(graph_of(&fixture, kind), false, &fault, NULL, NULL);
        CU_ASSERT_PTR_NULL_FATAL(fault);
        const double found = ir_count(g).multiplies;
        CU_ASSERT_EQUAL(found, expected[kind]);
        if (found != expected[kind])
            printf("%s, d = %d, %s: %.0f multiply-adds were %.0f\n", which & 1 ? "cube" : "gaussian",
                   fixture.model.d, kind_names[kind], found, expected[kind]);
        fixture_free(&fixture);
    }
}

static void wide_gaussian(void)
{
    check_counts(0, (const double[]){62750, 188250, 384271, 1149591, 14756421, 11366421, 29252453, 25800953});
}

static void wide_cube(void)
{
    check_counts(1, (const double[]){63270, 189800, 399081, 1193971, 15186051, 11490051, 30248183, 26567183});
}

static void narrow_gaussian(void)
{
    check_counts(2, (const double[]){587, 1761, 3886, 11584, 138545, 107945, 286267, 255412});
}

static void narrow_cube(void)
{
    check_counts(3, (const double[]){593, 1777, 4022, 11982, 141671, 109271, 294673, 262498});
}

static const struct check_case cases[] = {
    {"gaussian, d = 10", wide_gaussian},
    {"cube, d = 10", wide_cube},
    {"gaussian, d = 2", narrow_gaussian},
    {"cube, d = 2", narrow_cube},
};

int main(void)
{
    return check_main("counts", cases, CHECK_COUNT(cases));
}
