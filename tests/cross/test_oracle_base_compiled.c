/* SPDX-License-Identifier: MIT
 *
 * The base flows' programs, compiled by every backend, against numbers of their public implementation: in
 * double precision relative errors as for the interpreter, in single precision 1e-4. */
#include "check.h"
#include "cross/compiled.h"
#include "oracle/base_cases.h"
#include "oracle/oracle_check.h"

static void check_file(const char *name, enum model_precision precision)
{
    struct compiled_options options = {
        .real = precision == MODEL_DOUBLE ? REAL_8 : REAL_4, .passes = true, .poison = true};
    const struct oracle_suite suite = {base_run_case, &base_case_count,  false,
                                       precision,     compiled_evaluate, &options};
    oracle_check_file(&suite, name);
}

/* Of many dimensions: where programs of that size are compiled in reasonable time. */
static void check_large(const char *name, enum model_precision precision)
{
    if (compiled_is_slow()) {
        CU_PASS("the files of fewer dimensions hold the same programs");
    } else {
        check_file(name, precision);
    }
}

static void bnaf_d2(void)
{
    check_file("bnaf_moons", MODEL_DOUBLE);
    check_file("bnaf_moons", MODEL_SINGLE);
}
static void bnaf_d5(void)
{
    check_file("bnaf_random_d5", MODEL_DOUBLE);
    check_large("bnaf_random_d5", MODEL_SINGLE);
}
static void ffjord_d2(void)
{
    check_file("ffjord_random_d2", MODEL_DOUBLE);
    check_file("ffjord_random_d2", MODEL_SINGLE);
}
static void ffjord_d5(void)
{
    check_file("ffjord_random_d5", MODEL_DOUBLE);
    check_large("ffjord_random_d5", MODEL_SINGLE);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"bnaf, d = 2", bnaf_d2},
        {"bnaf, d = 5, two blocks", bnaf_d5},
        {"ffjord, d = 2", ffjord_d2},
        {"ffjord, d = 5", ffjord_d5},
    };
    return compiled_main("oracle_base_compiled", cases, CHECK_COUNT(cases));
}
