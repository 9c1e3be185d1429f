/* SPDX-License-Identifier: MIT
 *
 * CP-Flow's programs, through the interpreter, against numbers of the published implementation: relative
 * error 1e-10 of values, 1e-8 of gradients. */
#include "check.h"
#include "oracle/cp_flow_cases.h"
#include "oracle/oracle_check.h"

static const struct oracle_suite suite = {cp_flow_run_case, &cp_flow_case_count,     true,
                                          MODEL_DOUBLE,     evaluate_by_interpreter, NULL};

static void two_blocks_d2(void)
{
    oracle_check_file(&suite, "cpflow_random_d2");
}

static void one_block_d5(void)
{
    oracle_check_file(&suite, "cpflow_random_d5");
}

/* The checker itself: a number that is off by little more than the limit fails. */
static void wrong_numbers_are_reported(void)
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
        CU_ASSERT_TRUE_FATAL(oracle_open("cpflow_random_d5", &file, path));
        struct oracle_array *array = oracle_find(&file, spoilt[i].array);
        CU_ASSERT_PTR_NOT_NULL_FATAL(array);
        for (long k = 0; k < array->stored; k++)
            array->values[k] *= spoilt[i].factor;
        long wrong = 0;
        for (int c = 0; c < cp_flow_case_count; c++)
            wrong += oracle_run_one(&suite, &file, c).wrong;
        CU_ASSERT_EQUAL(wrong, 1);
        oracle_free(&file);
    }
}

static const struct check_case cases[] = {
    {"two blocks, d = 2", two_blocks_d2},
    {"one block, d = 5", one_block_d5},
    {"wrong numbers are reported", wrong_numbers_are_reported},
};

int main(void)
{
    return check_main("oracle_cp_flow", cases, CHECK_COUNT(cases));
}
