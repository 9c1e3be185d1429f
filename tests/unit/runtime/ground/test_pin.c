/* SPDX-License-Identifier: MIT
 *
 * Threads on cores: on one each, back where they were, and not pinned if the environment or the machine says
 * so. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "check.h"
#include "ground/parallel.h"
#include "ground/pin.h"

#include <sched.h>
#include <stdlib.h>

enum { MOST_THREADS = 64 };

struct masks {
    cpu_set_t of[MOST_THREADS];
};

static void note_mask(void *data, int thread)
{
    struct masks *masks = data;
    (void)sched_getaffinity(0, sizeof masks->of[thread], &masks->of[thread]);
}

static struct masks masks_of(int threads)
{
    struct masks masks = {0};
    parallel_each(threads, note_mask, &masks);
    return masks;
}

static int cores_of_this_process(cpu_set_t *out)
{
    CPU_ZERO(out);
    return sched_getaffinity(0, sizeof *out, out) == 0 ? CPU_COUNT(out) : 0;
}

/* So many threads as there are units to run on; there may be more of them than the test has room for. */
static int threads_here(void)
{
    cpu_set_t here;
    const int n = cores_of_this_process(&here);
    return n > MOST_THREADS ? 1 : n;
}

static void forget_environment(void)
{
    static const char *const names[] = {"GPFC_PIN", "OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY",
                                        "OMP_DYNAMIC"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++)
        (void)unsetenv(names[i]);
}

static void each_thread_has_its_own_core(void)
{
    const int threads = threads_here();
    cpu_set_t here, all;
    forget_environment();
    (void)cores_of_this_process(&here);
    struct pin *pin = pin_threads(threads);
    if (threads == 1)
        CU_ASSERT_PTR_NULL(pin);
    if (!pin) {
        check_skip("one core, or a system that does not let us");
        return;
    }
    const struct masks pinned = masks_of(threads);
    CPU_ZERO(&all);
    for (int i = 0; i < threads; i++) {
        CU_ASSERT_EQUAL(CPU_COUNT(&pinned.of[i]), 1);
        CPU_OR(&all, &all, &pinned.of[i]);
    }
    CU_ASSERT_TRUE(CPU_EQUAL(&all, &here));
    pin_release(pin);
    const struct masks after = masks_of(threads);
    for (int i = 0; i < threads; i++)
        CU_ASSERT_TRUE(CPU_EQUAL(&after.of[i], &here));
}

static void check_left_alone(int threads)
{
    cpu_set_t before, after;
    (void)cores_of_this_process(&before);
    struct pin *pin = pin_threads(threads);
    (void)cores_of_this_process(&after);
    CU_ASSERT_PTR_NULL(pin);
    CU_ASSERT_TRUE(CPU_EQUAL(&before, &after));
    pin_release(pin);
}

static void the_environment_takes_precedence(void)
{
    static const char *const words[][2] = {
        {"GPFC_PIN", "0"},       {"OMP_PROC_BIND", "false"},   {"OMP_PROC_BIND", "spread"},
        {"OMP_PLACES", "cores"}, {"GOMP_CPU_AFFINITY", "0-1"}, {"OMP_DYNAMIC", "true"}};
    for (size_t i = 0; i < CHECK_COUNT(words); i++) {
        forget_environment();
        CU_ASSERT_EQUAL(setenv(words[i][0], words[i][1], 1), 0);
        check_left_alone(threads_here());
    }
    forget_environment();
}

/* More threads than cores; and fewer, since then others may want the rest, unless they are asked for. */
static void other_numbers_of_threads_are_not_pinned(void)
{
    cpu_set_t here, one;
    const int units = cores_of_this_process(&here);
    forget_environment();
    check_left_alone(1);
    check_left_alone(units + 1);
    check_left_alone(5 * units);
    if (units > 2)
        check_left_alone(units - 1);
    CPU_ZERO(&one);
    for (int i = 0; CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &here))
            CPU_SET(i, &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0) { /* as `taskset` would */
        check_left_alone(1);
        check_left_alone(2);
        CU_ASSERT_EQUAL(setenv("GPFC_PIN", "1", 1), 0); /* does not make more cores */
        check_left_alone(2);
        forget_environment();
        CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof here, &here), 0);
    }
}

static void some_cores_of_many_are_used_on_request(void)
{
    cpu_set_t here;
    if (cores_of_this_process(&here) < 5) { /* cores of two units each, perhaps */
        check_skip("fewer than 5 cores");
        return;
    }
    forget_environment();
    CU_ASSERT_EQUAL(setenv("GPFC_PIN", "1", 1), 0);
    struct pin *pin = pin_threads(2);
    if (!pin)
        check_skip("a system that does not let us");
    else {
        const struct masks pinned = masks_of(2);
        CU_ASSERT_TRUE(CPU_COUNT(&pinned.of[0]) == 1 && CPU_COUNT(&pinned.of[1]) == 1);
        CU_ASSERT_FALSE(CPU_EQUAL(&pinned.of[0], &pinned.of[1]));
    }
    pin_release(pin);
    forget_environment();
}

int main(void)
{
    static const struct check_case cases[] = {
        {"each thread has its own core", each_thread_has_its_own_core},
        {"the environment takes precedence", the_environment_takes_precedence},
        {"other numbers of threads are not pinned", other_numbers_of_threads_are_not_pinned},
        {"some cores of many are used on request", some_cores_of_many_are_used_on_request},
    };
    return check_main("pin", cases, CHECK_COUNT(cases));
}
