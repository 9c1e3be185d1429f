/* SPDX-License-Identifier: MIT
 *
 * The flow's programs, compiled in many shapes and kinds, against the interpreter. The list of cases covers
 * every pair of choices; a test sees to that. In all of them memory starts as NaNs before each tile, and
 * batches end inside a tile: the lanes past them repeat the last sample, with weight 0 in training, and must
 * change nothing.
 *
 *   test_flow_sizes CASE   runs only that case and says how far every output is off */
#include "check.h"
#include "cross/compiled.h"
#include "property/flow_fixture.h"

#include <float.h>
#include <math.h>

enum choice {
    DIMENSION,
    WIDTHS,
    FIELD,
    POTENTIAL,
    ACTIVATION,
    INTEGRATOR,
    COST,
    PENALTY,
    NOISE,
    KEEP,
    PRECISION,
    LANES,
    CPU,
    CHOICES
};
static const int levels[CHOICES] = {5, 5, 2, 2, 4, 3, 2, 3, 2, 2, 2, 4, 3};

static const int dimensions[] = {2, 3, 4, 7, 17};
static const struct {
    int n, width[3];
} widths[] = {{1, {1}}, {2, {3, 5}}, {1, {16}}, {2, {15, 15}}, {3, {33, 7, 12}}};
enum { NO_PENALTY, EXACT, DIFFERENCE };
static const int lanes[] = {0, 8, 32, 64};
static const char *const cpus[] = {NULL, "x86-64", "haswell"};

static const unsigned char cases[][CHOICES] = {
    {3, 2, 0, 0, 2, 2, 0, 2, 0, 0, 0, 2, 1}, {0, 3, 1, 0, 3, 0, 1, 0, 1, 1, 1, 0, 0},
    {1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 1, 3, 2}, {4, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 2},
    {2, 4, 0, 1, 3, 1, 0, 0, 1, 0, 0, 3, 0}, {2, 4, 1, 0, 0, 2, 1, 2, 0, 1, 1, 1, 1},
    {1, 3, 0, 1, 1, 2, 1, 2, 1, 0, 0, 0, 1}, {3, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 0},
    {4, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}, {0, 1, 0, 0, 3, 2, 1, 2, 0, 1, 0, 3, 2},
    {0, 1, 1, 1, 2, 0, 0, 0, 1, 0, 1, 1, 1}, {2, 3, 1, 0, 1, 0, 0, 0, 0, 1, 0, 2, 2},
    {3, 4, 0, 0, 2, 0, 1, 1, 0, 0, 1, 0, 2}, {1, 0, 0, 0, 3, 2, 0, 1, 0, 1, 0, 2, 1},
    {1, 2, 1, 1, 1, 2, 1, 0, 0, 1, 1, 1, 0}, {4, 0, 0, 1, 2, 0, 1, 2, 0, 0, 0, 3, 0},
    {0, 2, 1, 1, 0, 1, 0, 2, 0, 1, 0, 3, 1}, {3, 3, 0, 1, 3, 1, 1, 0, 0, 0, 1, 1, 1},
    {2, 2, 0, 1, 3, 0, 0, 1, 1, 0, 1, 0, 2}, {4, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 1},
    {0, 4, 1, 0, 1, 0, 0, 1, 1, 0, 0, 2, 2}, {1, 3, 1, 1, 0, 0, 0, 1, 0, 1, 0, 2, 0},
    {2, 1, 0, 1, 2, 2, 0, 2, 1, 1, 0, 0, 0}, {3, 0, 1, 1, 1, 0, 0, 2, 0, 1, 0, 3, 0},
    {1, 3, 1, 1, 2, 2, 1, 2, 1, 0, 0, 3, 2}, {4, 2, 1, 0, 3, 1, 0, 2, 0, 1, 0, 0, 1},
    {3, 1, 0, 0, 0, 2, 1, 2, 0, 0, 1, 2, 0}, {4, 3, 1, 1, 1, 2, 0, 0, 0, 0, 1, 0, 2},
    {2, 0, 1, 1, 3, 0, 0, 0, 1, 1, 0, 3, 1}, {1, 4, 0, 1, 2, 2, 0, 2, 1, 0, 1, 2, 0},
    {4, 4, 1, 0, 0, 2, 0, 2, 1, 1, 0, 0, 1}, {0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1},
};
enum { CASES = sizeof cases / sizeof *cases };

enum { STEPS = 2 };

static int only = -1; /* case to run; -1: all */

/* ---- one case ------------------------------------------------------------------------------------------ */

struct run {
    const unsigned char *choice;
    struct flow_fixture fixture;
    struct bindings bindings;
    struct compiled_options options;
    int samples; /* not a multiple of the lanes */
};

/* Of the largest difference to the largest number of an output. Double: some hundred operations deep, and
 * penalties are third derivatives. Single: the same, in the other epsilon; near the faces of the cube, 1e-3
 * away, where a normal number of 3.3 is taken, two to three digits more are lost. Differences of velocities
 * lose half of all digits and then vary with the order of operations, so in single precision only what they
 * do not enter is compared. */
static double limit_of(const struct run *run, const char *output)
{
    bool noisy = run->choice[PENALTY] == DIFFERENCE;
    bool enters = strcmp(output, "penalty") == 0 || strncmp(output, "grad.", 5) == 0;
    if (run->choice[PRECISION] == MODEL_DOUBLE)
        return noisy && enters ? 1e-5 : 1e-10;
    if (noisy && enters)
        return INFINITY;
    return run->choice[FIELD] == MODEL_CUBE ? 1e-2 : 1e-3;
}

static struct ir_graph *build(struct run *run, enum flow_kernel kernel)
{
    struct arena *arena = run->fixture.arena;
    const struct model *model = &run->fixture.model;
    return kernel == FLOW_LOSS
               ? flow_train(arena, model, run->choice[KEEP] == 1 ? DIFF_KEEP_ALL : DIFF_KEEP_STATE)
               : flow_build(arena, model, kernel);
}

static bool agrees(const struct run *run, const char *program, const struct ir_output *output,
                   const double *expected, const double *found)
{
    long n = ir_elements(output->value->shape) * (output->value->rate == IR_VARYING ? run->samples : 1);
    double gap = 0, size = largest_of(expected, n);
    for (long i = 0; i < n; i++)
        gap = fmax(gap, isfinite(found[i]) ? fabs(found[i] - expected[i]) : INFINITY);
    double limit = limit_of(run, output->name) * (size + 1e-2);
    int number = (int)((run->choice - cases[0]) / CHOICES);
    bool good = isinf(limit) ? isfinite(gap) : gap <= limit;
    if (!good || only >= 0)
        printf("case %d, %s, %s: off by %.2g of %.2g; repeat: tests/cross/test_flow_sizes %d\n", number,
               program, output->name, gap, size, number);
    return good;
}

static void compare(struct run *run, enum flow_kernel kernel)
{
    const struct ir_graph *graph = build(run, kernel);
    double **expected = fixture_run(graph, run->samples, &run->bindings);
    double **found = evaluate_bound(graph, run->samples, &run->bindings, compiled_evaluate, &run->options);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    for (int o = 0; o < graph->n_outputs; o++)
        CU_ASSERT_TRUE(agrees(run, graph->name, &graph->outputs[o], expected[o], found[o]));
}

/* ---- what goes in -------------------------------------------------------------------------------------- */

static double *draw(struct run *run, long n)
{
    return fixture_normal(&run->fixture, run->samples * n);
}

static void bind_inputs(struct run *run)
{
    struct flow_fixture *fixture = &run->fixture;
    long d = fixture->model.d;
    run->bindings = fixture_bindings(fixture, fixture->theta);
    bind(&run->bindings, "x", draw(run, d));
    bind(&run->bindings, "y", draw(run, d));
    bind(&run->bindings, "s", draw(run, d));
    bind(&run->bindings, "noise", draw(run, fixture->model.steps * 2 * d));
    bind(&run->bindings, "lambda", fixture_filled(fixture, 1, 0.01));
    bind(&run->bindings, "weight", fixture_filled(fixture, run->samples, 1.0 / run->samples));
    bind(&run->bindings, "steps", fixture_filled(fixture, 1, STEPS)); /* where they are an input */
}

static void set_model(struct run *run)
{
    struct model *model = &run->fixture.model;
    const unsigned char *choice = run->choice;
    model->activation = (enum model_activation)choice[ACTIVATION];
    model->integrator = (enum model_integrator)choice[INTEGRATOR];
    model->cost = (enum model_cost)choice[COST];
    model->automatic_steps = (choice - cases[0]) / CHOICES % 3 == 1;
    model->steps = STEPS + model->automatic_steps;
    model->penalised = choice[PENALTY] != NO_PENALTY;
    model->derivative = choice[PENALTY] == DIFFERENCE ? MODEL_DIFFERENCE : MODEL_EXACT;
    model->noise_per_sample = choice[NOISE] == 0;
    model->precision = (enum model_precision)choice[PRECISION];
    if (model->precision == MODEL_SINGLE)
        model->epsilon = FLT_EPSILON;
}

static struct run run_new(const unsigned char *choice)
{
    int shape = choice[WIDTHS];
    struct run run = {.choice = choice};
    /* A pass of one vector: sums over the batch count as too large for a first cache. */
    run.options = (struct compiled_options){.real = choice[PRECISION] == MODEL_DOUBLE ? REAL_8 : REAL_4,
                                            .cpu = cpus[choice[CPU]],
                                            .lanes = lanes[choice[LANES]],
                                            .passes = true,
                                            .poison = true,
                                            .schedule = choice[NOISE] ? "window=1" : NULL};
    int d = dimensions[choice[DIMENSION]];
    /* slow enough for the steps: paths that diverge compare nothing */
    run.fixture =
        fixture_new(d, (enum model_field)choice[FIELD], (enum model_potential)choice[POTENTIAL],
                    widths[shape].n, widths[shape].width, 0.5 / d, (uint64_t)(choice - cases[0]) + 1);
    set_model(&run);
    run.samples = lanes[choice[LANES]] == 64 ? 59 : 27;
    bind_inputs(&run);
    return run;
}

/* ---- all of them --------------------------------------------------------------------------------------- */

/* Even cases with one list of programs, odd ones with the other. */
static void compare_all(int n, const enum flow_kernel kernels[2][2])
{
    bool runs[3];
    for (int i = 0; i < 3; i++)
        runs[i] = compiled_runs_here(cpus[i]);
    CU_ASSERT_TRUE(runs[0]);
    const int step = compiled_is_slow() ? 11 : 1;
    for (int i = 0; i < CASES; i++) {
        if (!runs[cases[i][CPU]] || (only >= 0 ? only != i : i % step != 0))
            continue;
        struct run run = run_new(cases[i]);
        for (int k = 0; k < n; k++)
            compare(&run, kernels[i % 2][k]);
        fixture_free(&run.fixture);
    }
}

static void training_agrees(void)
{
    static const enum flow_kernel kernels[2][2] = {{FLOW_LOSS}, {FLOW_LOSS}};
    compare_all(1, kernels);
}

/* What is measured holds the map, what an inverse is made of the map has, too: half of the cases suffice for
 * each. */
static void maps_agree(void)
{
    static const enum flow_kernel kernels[2][2] = {{FLOW_MEASURE, FLOW_INVERT}, {FLOW_APPLY, FLOW_JACOBIAN}};
    compare_all(2, kernels);
}

static bool has_pair(int a, int level_a, int b, int level_b)
{
    for (int i = 0; i < CASES; i++)
        if (cases[i][a] == level_a && cases[i][b] == level_b)
            return true;
    return false;
}

static void cases_cover_all_pairs(void)
{
    for (int a = 0; a < CHOICES; a++)
        for (int b = 0; b < a; b++)
            for (int pair = 0; pair < levels[a] * levels[b]; pair++)
                CU_ASSERT_TRUE(has_pair(a, pair % levels[a], b, pair / levels[a]));
}

int main(int argc, char **argv)
{
    static const struct check_case tests[] = {
        {"cases cover all pairs of choices", cases_cover_all_pairs},
        {"training agrees with the interpreter", training_agrees},
        {"maps and measures agree with the interpreter", maps_agree},
    };
    if (argc > 1)
        only = atoi(argv[1]);
    return compiled_main("sizes of flows", tests, CHECK_COUNT(tests));
}
