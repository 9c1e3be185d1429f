/* SPDX-License-Identifier: MIT */
#include "oracle/oracle_check.h"

#include "check.h"

/* Rounding of single precision is 6e-8; velocities near the cube's faces, log-determinants and sums over
 * steps and samples lose two to three digits of it. Differences of nearby velocities are noise there and are
 * not compared. */
static const struct oracle_limits limits_of[] = {
    [MODEL_SINGLE] = {.value = 1e-4, .gradient = 1e-4, .difference = 1e30, .floor = 0.1},
    [MODEL_DOUBLE] = {.value = 1e-10, .gradient = 1e-8, .difference = 1e-6, .floor = 1e-3},
};

bool oracle_open(const char *name, struct oracle_file *file, char path[4096])
{
    const char *folder = getenv("GPFC_ORACLE_DATA"), *why = "";
    if (!folder)
        folder = check_path("tests/oracle/data");
    (void)snprintf(path, 4096, "%s/%s.oracle", folder, name);
    const bool good = oracle_read(path, file, &why);
    if (!good)
        (void)fprintf(stderr, "%s %s\n", path, why);
    CU_ASSERT_TRUE(good);
    return good;
}

struct oracle_run oracle_run_one(const struct oracle_suite *suite, struct oracle_file *file, int index)
{
    struct oracle_run run = {.file = file,
                             .precision = suite->precision,
                             .limits = limits_of[suite->precision],
                             .evaluate = suite->evaluate,
                             .data = suite->data};
    run.arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(run.arena);
    suite->run_case(&run, index);
    arena_free(run.arena);
    return run;
}

void oracle_check_file(const struct oracle_suite *suite, const char *name)
{
    struct oracle_file file;
    char path[4096];
    long compared = 0;
    if (!oracle_open(name, &file, path))
        return;
    for (int i = 0; i < *suite->case_count; i++) {
        const struct oracle_run run = oracle_run_one(suite, &file, i);
        if (run.wrong > 0)
            (void)fprintf(stderr, "%ld wrong, the worst %.3g times its limit: %s\n", run.wrong, run.worst,
                          run.first);
        CU_ASSERT_EQUAL(run.wrong, 0);
        CU_ASSERT_TRUE(run.compared > 0 || !suite->every);
        compared += run.compared;
    }
    CU_ASSERT_TRUE(compared > 500);
    oracle_free(&file);
}
