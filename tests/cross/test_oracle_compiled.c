/* SPDX-License-Identifier: MIT
 *
 * The flow's programs, compiled by every backend, against numbers of other implementations: in double
 * precision relative errors as for the interpreter, in single precision 1e-4. */
#include "check.h"
#include "cross/compiled.h"
#include "oracle/oracle_check.h"

/* `lanes` of a tile; 0: chosen */
static void check_tiles(const char *name, enum model_precision precision, int lanes)
{
    struct compiled_options options = {
        .real = precision == MODEL_DOUBLE ? REAL_8 : REAL_4, .lanes = lanes, .passes = true, .poison = true};
    const struct oracle_suite suite = {oracle_run_case, &oracle_case_count, false,
                                       precision,       compiled_evaluate,  &options};
    oracle_check_file(&suite, name);
}

static void check_file(const char *name, enum model_precision precision)
{
    check_tiles(name, precision, 0);
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

static void cube_d2(void)
{
    check_file("gpflow_oracle_d2", MODEL_DOUBLE);
}
static void cube_d3(void)
{
    check_file("gpflow_oracle_d3", MODEL_DOUBLE);
}
static void cube_d5(void)
{
    check_large("gpflow_oracle_d5", MODEL_DOUBLE);
}
static void cube_d10(void)
{
    check_large("gpflow_oracle_d10", MODEL_DOUBLE);
}
static void gaussian_d2(void)
{
    check_file("gaussian_oracle_d2", MODEL_DOUBLE);
}
static void gaussian_d3(void)
{
    check_file("gaussian_oracle_d3", MODEL_DOUBLE);
}
static void gaussian_d10(void)
{
    check_large("gaussian_oracle_d10", MODEL_DOUBLE);
}
static void cube_single(void)
{
    check_file("gpflow_oracle_d2", MODEL_SINGLE);
    check_large("gpflow_oracle_d10", MODEL_SINGLE);
}
static void gaussian_single(void)
{
    check_file("gaussian_oracle_d2", MODEL_SINGLE);
    check_large("gaussian_oracle_d10", MODEL_SINGLE);
}
/* The files have 16 points and 32 pairs. */
static void unfilled_tiles(void)
{
    check_tiles("gpflow_oracle_d2", MODEL_SINGLE, 64);
    check_tiles("gaussian_oracle_d2", MODEL_DOUBLE, 64);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"cube, d = 2", cube_d2},
        {"cube, d = 3", cube_d3},
        {"cube, d = 5", cube_d5},
        {"cube, d = 10", cube_d10},
        {"gaussian, d = 2", gaussian_d2},
        {"gaussian, d = 3", gaussian_d3},
        {"gaussian, d = 10", gaussian_d10},
        {"cube, single", cube_single},
        {"gaussian, single", gaussian_single},
        {"tiles wider than the batch", unfilled_tiles},
    };
    return compiled_main("oracle_compiled", cases, CHECK_COUNT(cases));
}
