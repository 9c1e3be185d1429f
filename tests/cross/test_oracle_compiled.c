/* SPDX-License-Identifier: MIT
 *
 * The flow's programs, compiled for this machine, against numbers of other implementations: in double precision relative
 * errors as for the interpreter, in single precision 1e-4. */
#include "check.h"
#include "cross/compiled.h"
#include "oracle/oracle_cases.h"

static const struct oracle_limits double_limits = {
    .value = 1e-10, .gradient = 1e-8, .difference = 1e-6, .floor = 1e-3};

/* Rounding of single precision is 6e-8; velocities near the cube's faces and sums over a trajectory lose two to three
 * digits of it. Differences of nearby velocities are noise in single precision and are not compared. */
static const struct oracle_limits single_limits = {.value = 1e-4, .gradient = 1e-4, .difference = 1e30, .floor = 0.1};

static bool evaluate_compiled(void *data, const struct ir_graph *graph, int batch, const double *const *in,
                              double *const *out)
{
    const char *fault = NULL;
    if (compiled_eval(graph->arena, graph, data, batch, in, out, &fault))
        return true;
    (void)fprintf(stderr, "graph %s: %s\n", graph->name, fault);
    return false;
}

static void check_file(const char *name, enum model_precision precision)
{
    struct compiled_options options = {.is_double = precision == MODEL_DOUBLE, .passes = true, .poison = true};
    char path[128];
    const char *why = "";
    struct oracle_file file;
    (void)snprintf(path, sizeof path, "tests/oracle/data/%s.oracle", name);
    CU_ASSERT_TRUE_FATAL(oracle_read(check_path(path), &file, &why));
    long compared = 0;
    for (int i = 0; i < oracle_case_count; i++) {
        struct oracle_run run = {
            .file = &file, .precision = precision, .evaluate = evaluate_compiled, .data = &options};
        run.limits = precision == MODEL_DOUBLE ? double_limits : single_limits;
        run.arena = arena_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(run.arena);
        oracle_run_case(&run, i);
        if (run.wrong > 0)
            (void)fprintf(stderr, "%s\n", run.first);
        CU_ASSERT_EQUAL(run.wrong, 0);
        compared += run.compared;
        arena_free(run.arena);
    }
    CU_ASSERT_TRUE(compared > 500);
    oracle_free(&file);
}

static void cube_d2(void)
{
    check_file("gpflow_oracle_d2", MODEL_DOUBLE);
}
static void cube_d3(void)
{
    check_file("gpflow_oracle_d3", MODEL_DOUBLE);
}
static void cube_d5(void)
{
    check_file("gpflow_oracle_d5", MODEL_DOUBLE);
}
static void cube_d10(void)
{
    check_file("gpflow_oracle_d10", MODEL_DOUBLE);
}
static void gaussian_d2(void)
{
    check_file("gaussian_oracle_d2", MODEL_DOUBLE);
}
static void gaussian_d3(void)
{
    check_file("gaussian_oracle_d3", MODEL_DOUBLE);
}
static void gaussian_d10(void)
{
    check_file("gaussian_oracle_d10", MODEL_DOUBLE);
}
static void cube_single(void)
{
    check_file("gpflow_oracle_d2", MODEL_SINGLE);
    check_file("gpflow_oracle_d10", MODEL_SINGLE);
}
static void gaussian_single(void)
{
    check_file("gaussian_oracle_d2", MODEL_SINGLE);
    check_file("gaussian_oracle_d10", MODEL_SINGLE);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"cube, d = 2", cube_d2},         {"cube, d = 3", cube_d3},         {"cube, d = 5", cube_d5},
        {"cube, d = 10", cube_d10},       {"gaussian, d = 2", gaussian_d2}, {"gaussian, d = 3", gaussian_d3},
        {"gaussian, d = 10", gaussian_d10}, {"cube, single", cube_single}, {"gaussian, single", gaussian_single},
    };
    return check_main("oracle_compiled", cases, CHECK_COUNT(cases));
}
