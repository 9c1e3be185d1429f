/* SPDX-License-Identifier: MIT
 *
 * What reads and standardises samples when memory ends: the n-th allocation fails, for every n until none
 * does. One sentence comes back, nothing is leaked (a sanitizer's part), and the next call works. */
#include "data/samples.h"
#include "unit/runtime/files/npz_fixture.h"
#include "watched_memory.h"

static bool load(const char *file, bool standardise, struct fault *fault)
{
    struct samples samples;
    const struct samples_request request = {.d = 2,
                                            .precision = 4,
                                            .file = file,
                                            .generator = "moons",
                                            .rows = 300,
                                            .test = 0.2,
                                            .standardise = standardise};
    if (!samples_load(&samples, &request, fault))
        return false;
    samples_free(&samples);
    return true;
}

/* At least `least` allocations have failed, one by one, before the file was read. A smaller piece of memory
 * that was not to be had may also go unnoticed. */
static void fail_each(const char *file, bool standardise, int least)
{
    int told = 0;
    for (int n = 0;; n++) {
        struct fault fault = {.exit_code = 0};
        memory_left = n;
        const bool done = load(file, standardise, &fault);
        const bool failed = memory_left < 0;
        memory_left = -1;
        if (!failed) {
            check_good(done, &fault);
            CU_ASSERT_TRUE(told >= least);
            return;
        }
        if (!done)
            check_fault(done, &fault, FAULT_SYSTEM, "memory");
        told += !done;
    }
}

static void no_memory_for_samples(void)
{
    static const double x[40] = {1, 2, 3};
    char text[4096] = "x,y,label\n", both[2048];
    struct scratch s;
    const struct member members[] = {{"x.npy", 10, 2, x, ZIP_CM_STORE},
                                     {"y.npy", 10, 2, x, ZIP_CM_STORE},
                                     {"labels.npy", 10, 0, x, ZIP_CM_STORE},
                                     {"logdet.npy", 10, 0, x, ZIP_CM_STORE}};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, 4));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "x.npz"), members, 1));
    for (int i = 0; i < 200; i++) /* more than the table has room for at first */
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,%d\n", i, -i, i % 3);
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "a.csv"), text, strlen(text)));
    fail_each(NULL, false, 2);
    fail_each(NULL, true, 3);
    fail_each(scratch_path(&s, "a.npz"), true, 30);
    fail_each(scratch_path(&s, "x.npz"), true, 12);
    fail_each(scratch_path(&s, "a.csv"), true, 12);
    (void)snprintf(both, sizeof both, "%s,%s", scratch_path(&s, "none.npy"), scratch_path(&s, "none.npy"));
    struct fault fault = {.exit_code = 0};
    check_fault(load(both, false, &fault), &fault, FAULT_INPUT, "none.npy");
    scratch_remove(&s);
}

static const struct check_case cases[] = {
    {"no memory for samples", no_memory_for_samples},
};

int main(void)
{
    return check_main("samples_memory", cases, CHECK_COUNT(cases));
}
