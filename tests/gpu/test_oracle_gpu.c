/* SPDX-License-Identifier: MIT
 *
 * The programs of flows as kernels for GPUs, against numbers of other implementations: relative errors as for
 * the interpreter, in single precision 1e-4. One file; with GPFC_TEST_ALL in the environment all, and the
 * stand-ins look at every access. */
#include "check.h"
#include "gpu/gpu_evaluate.h"
#include "gpu/in_test.h"
#include "oracle/oracle_check.h"

static void check_file(const char *name, enum model_precision precision)
{
    struct gpu_evaluate options = {.real = precision == MODEL_DOUBLE ? REAL_8 : REAL_4, .passes = true};
    const struct oracle_suite suite = {oracle_run_case, &oracle_case_count, false,
                                       precision,       gpu_evaluate,       &options};
    oracle_check_file(&suite, name);
}

static void cube(void)
{
    check_file("gpflow_oracle_d2", MODEL_DOUBLE);
}
static void cube_d3(void)
{
    check_file("gpflow_oracle_d3", MODEL_DOUBLE);
}
static void cube_d10(void)
{
    check_file("gpflow_oracle_d10", MODEL_DOUBLE);
}
static void gaussian(void)
{
    check_file("gaussian_oracle_d3", MODEL_DOUBLE);
}
static void gaussian_single(void)
{
    check_file("gaussian_oracle_d2", MODEL_SINGLE);
}

static const struct check_case first[] = {{"cube, d = 2", cube}};

static const struct check_case all[] = {
    {"cube, d = 2", cube},
    {"cube, d = 3", cube_d3},
    {"cube, d = 10", cube_d10},
    {"gaussian, d = 3", gaussian},
    {"gaussian, d = 2, single precision", gaussian_single},
};

int main(int argc, char **argv)
{
    (void)argc;
    const char *const why = why_no_stand_in(), *const everything = getenv("GPFC_TEST_ALL");
    if (why)
        return check_skip(why), CHECK_SKIP;
    if (!everything) /* accesses are looked at in test_programs */
        (void)setenv("GPFC_STAND_IN_CXXFLAGS", "-O0 -ffp-contract=off", 0);
    gpu_evaluate_begin(argv);
    return everything ? check_main("published numbers on GPUs", all, CHECK_COUNT(all))
                      : check_main("published numbers on GPUs", first, CHECK_COUNT(first));
}
