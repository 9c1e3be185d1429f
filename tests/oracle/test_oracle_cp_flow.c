/* SPDX-License-Identifier: MIT
 *
 * CP-Flow's programs, through the interpreter, against numbers of the published implementation: relative
 * error 1e-10 of values, 1e-8 of gradients. GPFC_ORACLE_DATA names another folder of .oracle files. */
#include "check.h"
#include "oracle/cp_flow_cases.h"

static const struct oracle_limits limits = {.value = 1e-10, .gradient = 1e-8, .floor = 1e-3};

static bool open_file(const char *name, struct oracle_file *file, char path[4096])
{
    const char *folder = getenv("GPFC_ORACLE_DATA"), *why = "";
    if (folder == NULL)
        folder = check_path("tests/oracle/data");
    (void)snprintf(path, 4096, "%s/%s.oracle", folder, name);
    const bool good = oracle_read(path, file, &why);
    if (!good)
        (void)fprintf(stderr, "%s %s\n", path, why);
    return good;
}

static struct oracle_run run_case(struct oracle_file *file, int index)
{
    struct oracle_run run = {
        .file = file, .precision = MODEL_DOUBLE, .limits = limits, .evaluate = evaluate_by_interpreter};
    run.arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(run.arena);
    cp_flow_run_case(&run, index);
    arena_free(run.arena);
    return run;
}

static void check_file(const char *name)
{
    struct oracle_file file;
    char path[4096];
    CU_ASSERT_TRUE_FATAL(open_file(name, &file, path));
    for (int i = 0; i < cp_flow_case_count; i++) {
        const struct oracle_run run = run_case(&file, i);
        if (run.wrong > 0)
            (void)fprintf(stderr, "%ld wrong, the worst %.3g times its limit: %s\n", run.wrong, run.worst,
                          run.first);
        CU_ASSERT_EQUAL(run.wrong, 0);
        CU_ASSERT_TRUE(run.compared > 0);
    }
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

/* The checker itself: a number that is off by little more than the limit fails. */
static void wrong_numbers_are_told(void)
{
    static const struct {
        const char *array;
        double factor;
    } spoilt[] = {{"y", 1 + 3e-10},
                  {"cv0.hess", 1 + 3e-10},
                  {"cv0.F", NAN},
                  {"g.cv0.z1.weight", 1 + 3e-8},
                  {"gst.norm0.shift", 1 + 3e-8}};
    for (size_t i = 0; i < CHECK_COUNT(spoilt); i++) {
        struct oracle_file file;
        char path[4096];
        CU_ASSERT_TRUE_FATAL(open_file("cpflow_random_d5", &file, path));
        struct oracle_array *array = oracle_find(&file, spoilt[i].array);
        CU_ASSERT_PTR_NOT_NULL_FATAL(array);
        for (long k = 0; k < array->stored; k++)
            array->values[k] *= spoilt[i].factor;
        long wrong = 0;
        for (int c = 0; c < cp_flow_case_count; c++)
            wrong += run_case(&file, c).wrong;
        CU_ASSERT_EQUAL(wrong, 1);
        oracle_free(&file);
    }
}

static const struct check_case cases[] = {
    {"two blocks, d = 2", two_blocks_d2},
    {"one block, d = 5", one_block_d5},
    {"wrong numbers are told", wrong_numbers_are_told},
};

int main(void)
{
    return check_main("oracle_cp_flow", cases, CHECK_COUNT(cases));
}
