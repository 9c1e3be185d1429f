/* SPDX-License-Identifier: MIT
 *
 * What every test program of gpfc begins with: a table of cases, run by CUnit. Gives check_main, check_suites
 * (several tables), and the paths of files that tests read. Assertions are CUnit's (CU_ASSERT_...).
 *
 *     static void sums_are_right(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *     static const struct check_case cases[] = {{"sums are right", sums_are_right}};
 *     int main(void) { return check_main("arithmetic", cases, CHECK_COUNT(cases)); }
 *
 * GPFC_TEST=TEXT in the environment runs only the cases whose names contain TEXT. */
#ifndef GPFC_CHECK_H
#define GPFC_CHECK_H

#include <CUnit/Basic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_case {
    const char *name;
    void (*run)(void);
};

struct check_suite {
    const char *name;
    int (*begin)(void); /* before its first case; 0: good. NULL: nothing to do */
    const struct check_case *cases;
    size_t n;
};

#define CHECK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Path of a file of the source tree, given from its root ("tests/oracle/data/d2.npz"): tests are run from
 * the build tree, with the source tree's place in the environment. Valid until four more calls. */
static inline const char *check_path(const char *relative)
{
    static char paths[4][4096];
    static unsigned next;
    char *path = paths[next++ % 4];
    const char *root = getenv("srcdir");
    (void)snprintf(path, sizeof paths[0], "%s/%s", root && root[0] != '\0' ? root : ".", relative);
    return path;
}

static inline bool check_wanted(const char *name)
{
    const char *only = getenv("GPFC_TEST");
    return !only || only[0] == '\0' || strstr(name, only);
}

static inline int check_register(const struct check_suite *suite)
{
    CU_pSuite made = CU_add_suite(suite->name, suite->begin, NULL);
    if (!made)
        return 0;
    int registered = 0;
    for (size_t i = 0; i < suite->n; i++) {
        if (!check_wanted(suite->cases[i].name))
            continue;
        if (!CU_add_test(made, suite->cases[i].name, suite->cases[i].run))
            return 0;
        registered++;
    }
    return registered;
}

enum { CHECK_SKIP = 77 }; /* automake's */

static inline int *check_skips(void)
{
    static int skips;
    return &skips;
}

/* What this machine cannot test is reported, not passed over: the program then ends as a skip, unless
 * something fails. */
static inline void check_skip(const char *why)
{
    printf("skipped: %s ... ", why);
    ++*check_skips();
}

/* 0 only if at least one case ran, every one that was registered ran, something was asserted, nothing failed
 * and nothing was skipped. */
static inline int check_suites(const struct check_suite *suites, size_t n)
{
    /* A shell that runs tests in the background has them ignored, and so would every child. */
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    int registered = 0;
    for (size_t i = 0; i < n; i++)
        registered += check_register(&suites[i]);
    bool good = registered > 0;
    if (good) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        good = CU_basic_run_tests() == CUE_SUCCESS;
        good = good && CU_get_number_of_tests_run() == (unsigned)registered;
        good = good && CU_get_number_of_failures() == 0;
        good = good && (CU_get_number_of_asserts() > 0 || *check_skips() > 0);
    } else {
        (void)fprintf(stderr, "%s: no case to run\n", suites[0].name);
    }
    CU_cleanup_registry();
    return !good ? EXIT_FAILURE : *check_skips() > 0 ? CHECK_SKIP : EXIT_SUCCESS;
}

static inline int check_main(const char *name, const struct check_case *cases, size_t n)
{
    return check_suites(&(const struct check_suite){.name = name, .cases = cases, .n = n}, 1);
}

#endif
