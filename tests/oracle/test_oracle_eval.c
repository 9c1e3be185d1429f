/* SPDX-License-Identifier: MIT
 *
 * The flow's programs, through the interpreter, against numbers of other implementations: relative error
 * 1e-10 of values, 1e-8 of gradients, 1e-6 of finite differences. */
#include "check.h"
#include "oracle/oracle_check.h"

static const char *const names[] = {
    "gpflow_oracle_d2",   "gpflow_oracle_d3",   "gpflow_oracle_d5",    "gpflow_oracle_d10",
    "gaussian_oracle_d2", "gaussian_oracle_d3", "gaussian_oracle_d10",
};

static const struct oracle_suite suite = {oracle_run_case, &oracle_case_count,      false,
                                          MODEL_DOUBLE,    evaluate_by_interpreter, NULL};

static void cube_d2(void)
{
    oracle_check_file(&suite, names[0]);
}
static void cube_d3(void)
{
    oracle_check_file(&suite, names[1]);
}
static void cube_d5(void)
{
    oracle_check_file(&suite, names[2]);
}
static void cube_d10(void)
{
    oracle_check_file(&suite, names[3]);
}
static void gaussian_d2(void)
{
    oracle_check_file(&suite, names[4]);
}
static void gaussian_d3(void)
{
    oracle_check_file(&suite, names[5]);
}
static void gaussian_d10(void)
{
    oracle_check_file(&suite, names[6]);
}

/* The checker itself: a number that is off by little more than the limit, or is not one, is reported by name
 * and index. */
static void wrong_numbers_are_reported(void)
{
    static const struct {
        const char *array;
        int index;
        double factor;
    } spoilt[] = {{"v", 7, 1 + 3e-10}, {"gW1", 20, 1 + 1e-7}, {"s_z", 3, NAN}, {"start_exact", 0, 1 + 3e-10}};
    for (size_t i = 0; i < CHECK_COUNT(spoilt); i++) {
        struct oracle_file file;
        char path[4096], want[64];
        CU_ASSERT_TRUE_FATAL(oracle_open(names[0], &file, path));
        struct oracle_array *array = oracle_find(&file, spoilt[i].array);
        CU_ASSERT_PTR_NOT_NULL_FATAL(array);
        array->values[spoilt[i].index] *= spoilt[i].factor;
        long wrong = 0;
        bool told = false;
        (void)snprintf(want, sizeof want, " %s[%d] is ", spoilt[i].array, spoilt[i].index);
        for (int c = 0; c < oracle_case_count; c++) {
            const struct oracle_run run = oracle_run_one(&suite, &file, c);
            wrong += run.wrong;
            told = told || strstr(run.first, want);
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
    {"wrong numbers are reported", wrong_numbers_are_reported},
    {"faulty files are refused", faulty_files_are_refused},
};

int main(void)
{
    return check_main("oracle_eval", cases, CHECK_COUNT(cases));
}
