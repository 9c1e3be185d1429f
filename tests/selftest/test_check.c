/* SPDX-License-Identifier: MIT
 *
 * Tests of the tests' own main: a program that ran nothing, asserted nothing or failed must say so. Each
 * wrong case runs in a process of its own, since CUnit counts for the whole process. */
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static void holds(void)
{
    CU_ASSERT_EQUAL(1 + 1, 2);
}

static void fails(void)
{
    CU_ASSERT_EQUAL(1 + 1, 3);
}

static void fails_with_nan(void)
{
    const double nan = strtod("nan", NULL);
    CU_ASSERT_DOUBLE_EQUAL(nan, 1.0, 1e300);
}

static void asserts_nothing(void)
{
}

static void cannot_run(void)
{
    check_skip("the moon is not full");
}

/* What check_main says of these cases, or -1. */
static int verdict(const struct check_case *cases, size_t n, const char *only)
{
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr) ||
            setenv("GPFC_TEST", only, 1) != 0)
            _exit(99);
        _exit(check_main("inner", cases, n));
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static const struct check_case good_case = {"holds", holds};
static const struct check_case bad_case = {"fails", fails};
static const struct check_case nan_case = {"fails with nan", fails_with_nan};
static const struct check_case empty_case = {"asserts nothing", asserts_nothing};

static const struct check_case skipped_cases[] = {
    {"cannot run", cannot_run}, {"holds", holds}, {"fails", fails}};
static const struct check_case mixed_cases[] = {{"holds", holds}, {"fails", fails}};

/* false, and one line saying what went wrong, where a verdict is not the expected one. */
static bool expect(const char *what, int got, int wanted)
{
    if (got != wanted)
        (void)fprintf(stderr, "%s: check_main gave %d, not %d\n", what, got, wanted);
    return got == wanted;
}

/* Without check_main: it is what is tested. */
int main(void)
{
    bool good = expect("a case that holds", verdict(&good_case, 1, ""), EXIT_SUCCESS);
    good &= expect("a case that fails", verdict(&bad_case, 1, ""), EXIT_FAILURE);
    good &= expect("NaN", verdict(&nan_case, 1, ""), EXIT_FAILURE);
    good &= expect("nothing asserted", verdict(&empty_case, 1, ""), EXIT_FAILURE);
    good &= expect("one that cannot run", verdict(skipped_cases, 1, ""), CHECK_SKIP);
    good &= expect("one that cannot run, one that holds", verdict(skipped_cases, 2, ""), CHECK_SKIP);
    good &= expect("one that cannot run, one that fails", verdict(skipped_cases, 3, ""), EXIT_FAILURE);
    good &= expect("no cases", verdict(&good_case, 0, ""), EXIT_FAILURE);
    good &= expect("one that holds, one that fails", verdict(mixed_cases, 2, ""), EXIT_FAILURE);
    good &= expect("the one that holds, chosen", verdict(mixed_cases, 2, "hold"), EXIT_SUCCESS);
    good &= expect("no case of that name", verdict(mixed_cases, 2, "absent"), EXIT_FAILURE);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
