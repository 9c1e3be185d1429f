/* SPDX-License-Identifier: MIT
 *
 * The base flows' programs, through the interpreter, against numbers of their public implementation: relative
 * error 1e-10 of values, 1e-8 of gradients. */
#include "check.h"
#include "oracle/base_cases.h"
#include "oracle/oracle_check.h"

static const struct oracle_suite suite = {base_run_case, &base_case_count,        false,
                                          MODEL_DOUBLE,  evaluate_by_interpreter, NULL};

static void bnaf_d2(void)
{
    oracle_check_file(&suite, "bnaf_moons");
}
static void bnaf_d5(void)
{
    oracle_check_file(&suite, "bnaf_random_d5");
}
static void ffjord_d2(void)
{
    oracle_check_file(&suite, "ffjord_random_d2");
}
static void ffjord_d5(void)
{
    oracle_check_file(&suite, "ffjord_random_d5");
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
