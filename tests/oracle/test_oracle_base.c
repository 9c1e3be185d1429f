/* SPDX-License-Identifier: MIT
 *
 * The base flows' programs, through the interpreter, against numbers of their public implementation: relative
 * error 1e-10 of values, 1e-8 of gradients. GPFC_ORACLE_DATA names another folder of .oracle files. */
#include "check.h"
#include "oracle/base_cases.h"

static const struct oracle_limits limits = {
    .value = 1e-10, .gradient = 1e-8, .difference = 1e-6, .floor = 1e-3};

static void run_cases(struct oracle_file *file)
{
    long compared = 0;
    for (int i = 0; i < base_case_count; i++) {
        struct oracle_run run = {
            .file = file, .precision = MODEL_DOUBLE, .limits = limits, .evaluate = evaluate_by_interpreter};
        run.arena = arena_new();
        CU_ASSERT_PTR_NOT_NULL_FATAL(run.arena);
        base_run_case(&run, i);
        if (run.wrong > 0)
            (void)fprintf(stderr, "%s\n", run.first);
        CU_ASSERT_EQUAL(run.wrong, 0);
        compared += run.compared;
        arena_free(run.arena);
    }
    CU_ASSERT_TRUE(compared > 500);
}

static void check_file(const char *name)
{
    const char *folder = getenv("GPFC_ORACLE_DATA"), *why = "";
    char path[4096];
    struct oracle_file file;
    if (folder == NULL)
        folder = check_path("tests/oracle/data");
    (void)snprintf(path, sizeof path, "%s/%s.oracle", folder, name);
    CU_ASSERT_TRUE_FATAL(oracle_read(path, &file, &why));
    run_cases(&file);
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

static const struct check_case cases[] = {
    {"bnaf, d = 2", bnaf_d2},
    {"bnaf, d = 5, two blocks", bnaf_d5},
    {"ffjord, d = 2", ffjord_d2},
    {"ffjord, d = 5", ffjord_d5},
};

int main(void)
{
    return check_main("oracle_base", cases, CHECK_COUNT(cases));
}
