/* SPDX-License-Identifier: MIT
 *
 * The flow's programs, through the interpreter, against numbers of other implementations: relative error
 * 1e-10 of values, 1e-8 of gradients, 1e-6 of finite differences. GPFC_ORACLE_DATA names another folder of
 * .oracle files. */
#include "check.h"
#include "oracle/oracle_cases.h"

static const char *const names[] = {
    "gpflow_oracle_d2",   "gpflow_oracle_d3",   "gpflow_oracle_d5",    "gpflow_oracle_d10",
    "gaussian_oracle_d2", "gaussian_oracle_d3", "gaussian_oracle_d10",
};

static const struct oracle_limits limits = {
    .value = 1e-10, .gradient = 1e-8, .difference = 1e-6, .floor = 1e-3};

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

/* One case on one file; the arena lasts as long as it. */
static struct oracle_run run_case(struct oracle_file *file, int index)
{
    struct oracle_run run = {
        .file = file, .precision = MODEL_DOUBLE, .limits = limits, .evaluate = evaluate_by_interpreter};
    run.arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(run.arena);
    oracle_run_case(&run, index);
    arena_free(run.arena);
    return run;
}

static void check_file(const char *name)
{
    struct oracle_file file;
    char path[4096];
    CU_ASSERT_TRUE_FATAL(open_file(name, &file, path));
    long compared = 0;
    for (int i = 0; i < oracle_case_count; i++) {
        const struct oracle_run run = run_case(&file, i);
        if (run.wrong > 0)
            (void)fprintf(stderr, "%s\n", run.first);
        CU_ASSERT_EQUAL(run.wrong, 0);
        compared += run.compared;
    }
    CU_ASSERT_TRUE(compared > 500);
    oracle_free(&file);
}

static void cube_d2(void)
{
    check_file(names[0]);
}
static void cube_d3(void)
{
    check_file(names[1]);
}
static void cube_d5(void)
{
    check_file(names[2]);
}
static void cube_d10(void)
{
    check_file(names[3]);
}
static void gaussian_d2(void)
{
    check_file(names[4]);
}
static void gaussian_d3(void)
{
    check_file(names[5]);
}
static void gaussian_d10(void)
{
    check_file(names[6]);
}

/* The checker itself: a number that is off by little more than the limit, or is none, is told by name and
 * index. */
static void wrong_numbers_are_told(void)
{
    static const struct {
        const char *array;
        int index;
        double factor;
    } spoilt[] = {{"v", 7, 1 + 3e-10}, {"gW1", 20, 1 + 1e-7}, {"s_z", 3, NAN}, {"start_exact", 0, 1 + 3e-10}};
    for (size_t i = 0; i < CHECK_COUNT(spoilt); i++) {
        struct oracle_file file;
        char path[4096], want[64];
        CU_ASSERT_TRUE_FATAL(open_file(names[0], &file, path));
        struct oracle_array *array = oracle_find(&file, spoilt[i].array);
        CU_ASSERT_PTR_NOT_NULL_FATAL(array);
        array->values[spoilt[i].index] *= spoilt[i].factor;
        long wrong = 0;
        bool told = false;
        (void)snprintf(want, sizeof want, " %s[%d] is ", spoilt[i].array, spoilt[i].index);
        for (int c = 0; c < oracle_case_count; c++) {
            const struct oracle_run run = run_case(&file, c);
            wrong += run.wrong;
            told = told || strstr(run.first, want) != NULL;
        }
        CU_ASSERT_TRUE(wrong > 0);
        CU_ASSERT_TRUE(told);
        oracle_free(&file);
    }
}

static void faulty_files_are_refused(void)
{
    struct oracle_file file;
    const char *why = NULL;
    CU_ASSERT_FALSE(oracle_read(check_path("tests/oracle/data/none.oracle"), &file, &why));
    CU_ASSERT_PTR_NOT_NULL(why);
    CU_ASSERT_FALSE(oracle_read(check_path("tests/oracle/convert.py"), &file, &why));
    CU_ASSERT_EQUAL(file.n, 0);
}

static const struct check_case cases[] = {
    {"cube, d = 2", cube_d2},
    {"cube, d = 3", cube_d3},
    {"cube, d = 5", cube_d5},
    {"cube, d = 10", cube_d10},
    {"gaussian, d = 2", gaussian_d2},
    {"gaussian, d = 3", gaussian_d3},
    {"gaussian, d = 10", gaussian_d10},
    {"wrong numbers are told", wrong_numbers_are_told},
    {"faulty files are refused", faulty_files_are_refused},
};

int main(void)
{
    return check_main("oracle_eval", cases, CHECK_COUNT(cases));
}
