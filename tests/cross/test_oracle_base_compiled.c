/* SPDX-License-Identifier: MIT
 *
 * The base flows' programs, compiled for this machine, against numbers of their public implementation: in
 * double precision relative errors as for the interpreter, in single precision 1e-4. */
#include "check.h"
#include "cross/compiled.h"
#include "oracle/base_cases.h"

static const struct oracle_limits double_limits = {
    .value = 1e-10, .gradient = 1e-8, .difference = 1e-6, .floor = 1e-3};

/* Rounding of single precision is 6e-8; sums over steps and samples lose two to three digits of it. */
static const struct oracle_limits single_limits = {
    .value = 1e-4, .gradient = 1e-4, .difference = 1e30, .floor = 0.1};

static bool evaluate_compiled(void *data, const struct ir_graph *graph, int batch, const double *const *in,
                              double *const *out)
{
    const char *fault = NULL;
    if (compiled_eval(graph->arena, graph, data, batch, in, out, &fault))
        return true;
    (void)fprintf(stderr, "graph %s: %s\n", graph->name, fault);
    return false;
}

static long run_cases(struct oracle_file *file, enum model_precision precision)
{
    struct compiled_options options = {
        .is_double = precision == MODEL_DOUBLE, .passes = true, .poison = true};
    long compared = 0;
    for (int i = 0; i < base_case_count; i++) {
        struct oracle_run run = {
            .file = file, .precision = precision, .evaluate = evaluate_compiled, .data = &options};
        run.limits = precision == MODEL_DOUBLE ? double_limits : single_limits;
        run.arena = arena_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(run.arena);
        base_run_case(&run, i);
        if (run.wrong > 0)
            (void)fprintf(stderr, "%s\n", run.first);
        CU_ASSERT_EQUAL(run.wrong, 0);
        compared += run.compared;
        arena_free(run.arena);
    }
    return compared;
}

static void check_file(const char *name)
{
    char path[128];
    const char *why = "";
    struct oracle_file file;
    (void)snprintf(path, sizeof path, "tests/oracle/data/%s.oracle", name);
    CU_ASSERT_TRUE_FATAL(oracle_read(check_path(path), &file, &why));
    CU_ASSERT_TRUE(run_cases(&file, MODEL_DOUBLE) > 500);
    CU_ASSERT_TRUE(run_cases(&file, MODEL_SINGLE) > 500);
    oracle_free(&file);
}

static void bnaf_d2(void)
{
    check_file("bnaf_moons");
}
static void bnaf_d5(void)
{
    check_file("bnaf_random_d5");
}
static void ffjord_d2(void)
{
    check_file("ffjord_random_d2");
}
static void ffjord_d5(void)
{
    check_file("ffjord_random_d5");
}

int main(void)
{
    static const struct check_case cases[] = {
        {"bnaf, d = 2", bnaf_d2},
        {"bnaf, d = 5, two blocks", bnaf_d5},
        {"ffjord, d = 2", ffjord_d2},
        {"ffjord, d = 5", ffjord_d5},
    };
    return check_main("oracle_base_compiled", cases, CHECK_COUNT(cases));
}
