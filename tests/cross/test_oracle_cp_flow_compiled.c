/* SPDX-License-Identifier: MIT
 *
 * CP-Flow's programs, compiled by every backend, against numbers of the published implementation: in double
 * precision relative errors as for the interpreter, in single precision 1e-4. */
#include "check.h"
#include "cross/compiled.h"
#include "oracle/cp_flow_cases.h"
#include "oracle/oracle_check.h"

static void check_file(const char *name, enum model_precision precision)
{
    struct compiled_options options = {
        .real = precision == MODEL_DOUBLE ? REAL_8 : REAL_4, .passes = true, .poison = true};
    const struct oracle_suite suite = {cp_flow_run_case, &cp_flow_case_count, true,
                                       precision,        compiled_evaluate,   &options};
    oracle_check_file(&suite, name);
}

static void two_blocks_d2(void)
{
    check_file("cpflow_random_d2", MODEL_DOUBLE);
    check_file("cpflow_random_d2", MODEL_SINGLE);
}

static void one_block_d5(void)
{
    check_file("cpflow_random_d5", MODEL_DOUBLE);
    check_file("cpflow_random_d5", MODEL_SINGLE);
}

static const struct check_case cases[] = {
    {"two blocks, d = 2", two_blocks_d2},
    {"one block, d = 5", one_block_d5},
};

int main(void)
{
    return compiled_main("oracle_cp_flow_compiled", cases, CHECK_COUNT(cases));
}
