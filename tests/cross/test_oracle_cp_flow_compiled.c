/* SPDX-License-Identifier: MIT
 *
 * CP-Flow's programs, compiled for this machine, against numbers of the published implementation: in double
 * precision relative errors as for the interpreter, in single precision 1e-4. */
#include "check.h"
#include "cross/compiled.h"
#include "oracle/cp_flow_cases.h"

static const struct oracle_limits double_limits = {.value = 1e-10, .gradient = 1e-8, .floor = 1e-3};

/* Rounding of single precision is 6e-8; log-determinants and sums over samples lose two to three digits. */
static const struct oracle_limits single_limits = {.value = 1e-4, .gradient = 1e-4, .floor = 0.1};

static bool evaluate_compiled(void *data, const struct ir_graph *graph, int batch, const double *const *in,
                              double *const *out)
{
    const char *fault = NULL;
    if (compiled_eval(graph->arena, graph, data, batch, in, out, &fault))
        return true;
    (void)fprintf(stderr, "graph %s: %s\n", graph->name, fault);
    return false;
}

static void run_cases(struct oracle_file *file, enum model_precision precision)
{
    struct compiled_options options = {
        .is_double = precision == MODEL_DOUBLE, .passes = true, .poison = true};
    for (int i = 0; i < cp_flow_case_count; i++) {
        struct oracle_run run = {
            .file = file, .precision = precision, .evaluate = evaluate_compiled, .data = &options};
        run.limits = precision == MODEL_DOUBLE ? double_limits : single_limits;
        run.arena = arena_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(run.arena);
        cp_flow_run_case(&run, i);
        if (run.wrong > 0)
            (void)fprintf(stderr, "%ld wrong, the worst %.3g times its limit: %s\n", run.wrong, run.worst,
                          run.first);
        CU_ASSERT_EQUAL(run.wrong, 0);
        CU_ASSERT_TRUE(run.compared > 0);
        arena_free(run.arena);
    }
}

static void check_file(const char *name)
{
    char path[128];
    const char *why = "";
    struct oracle_file file;
    (void)snprintf(path, sizeof path, "tests/oracle/data/%s.oracle", name);
    CU_ASSERT_TRUE_FATAL(oracle_read(check_path(path), &file, &why));
    run_cases(&file, MODEL_DOUBLE);
    run_cases(&file, MODEL_SINGLE);
    oracle_free(&file);
}

static void two_blocks_d2(void)
{
    check_file("cpflow_random_d2");
}

static void one_block_d5(void)
{
    check_file("cpflow_random_d5");
}

static const struct check_case cases[] = {
    {"two blocks, d = 2", two_blocks_d2},
    {"one block, d = 5", one_block_d5},
};

int main(void)
{
    return check_main("oracle_cp_flow_compiled", cases, CHECK_COUNT(cases));
}
