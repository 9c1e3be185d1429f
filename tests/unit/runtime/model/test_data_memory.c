/* SPDX-License-Identifier: MIT
 *
 * What reads and makes data when memory ends: the n-th allocation fails, for every n until none does. One
 * sentence comes back, nothing is leaked (a sanitizer's part), nothing half-made is left, and the next call
 * works. */
#include "base/mixture_base.h"
#include "files/npy.h"
#include "model/pairs.h"
#include "unit/runtime/files/npz_fixture.h"
#include "unit/runtime/kernels/fake_settings.h"
#include "watched_memory.h"

typedef bool action(const struct scratch *s, struct fault *fault);

/* At least `least` allocations have failed, one by one, before the action went through. */
static void fail_each(action *run, const struct scratch *s, int least)
{
    for (int n = 0;; n++) {
        struct fault fault = {.exit_code = 0};
        memory_left = n;
        const bool done = run(s, &fault);
        const bool failed = memory_left < 0;
        memory_left = -1;
        if (!failed) {
            check_good(done, &fault);
            CU_ASSERT_TRUE(n >= least);
            return;
        }
        check_fault(done, &fault, FAULT_SYSTEM, "memory");
    }
}

static bool load_samples(struct samples *out, const char *file, struct fault *fault)
{
    const struct samples_request request = {
        .d = 2, .precision = 4, .file = file, .generator = "moons", .rows = 300, .test = 0.2};
    return samples_load(out, &request, fault);
}

/* Samples, a mixture, and pairs of both kinds. */
static bool generate(const struct scratch *s, struct fault *fault)
{
    static struct fake_settings settings;
    struct gpfc_bundle bundle = {.dimension = 2, .precision = 4};
    struct samples samples = {.d = 0};
    struct pairs pairs = {.d = 0}, drawn = {.d = 0};
    struct base_flow *base = NULL;
    struct mixture_fitted fitted;
    (void)s;
    fake_settings_make(&settings, &bundle);
    const bool done = load_samples(&samples, NULL, fault) &&
                      mixture_base_fit(&base, &bundle, &samples, 1, 1, &fitted, fault) &&
                      pairs_through(&pairs, &samples, base, fault) &&
                      pairs_from_noise(&drawn, &samples, base, 1, fault);
    pairs_free(&drawn);
    pairs_free(&pairs);
    base_flow_free(base);
    samples_free(&samples);
    return done;
}

static bool load_file(const char *file, struct fault *fault)
{
    struct samples samples;
    if (!load_samples(&samples, file, fault))
        return false;
    samples_free(&samples);
    return true;
}

static bool read_npz(const struct scratch *s, struct fault *fault)
{
    return load_file(scratch_path(s, "a.npz"), fault);
}

static bool read_npy_files(const struct scratch *s, struct fault *fault)
{
    char both[2048];
    (void)snprintf(both, sizeof both, "%s,%s", scratch_path(s, "x.npy"), scratch_path(s, "x.npy"));
    return load_file(both, fault);
}

static bool write_npy(const struct scratch *s, struct fault *fault)
{
    static const double x[20];
    struct npy_writer *writer;
    if (!npy_create(&writer, scratch_path(s, "x.npy"), 8, 10, 2, fault))
        return false;
    if (npy_write_rows(writer, x, 10, fault))
        return npy_writer_commit(writer, fault);
    npy_writer_abandon(writer);
    return false;
}

static bool write_and_read_model(const struct scratch *s, struct fault *fault)
{
    static const double one[1] = {1}, zero[1] = {0};
    const struct tensor tensors[] = {
        tensor_of("base.weights", 8, 1, 1, 0, one),
        tensor_of("base.means", 8, 2, 1, 1, zero),
        {.name = "base.covariances", .dtype = "F64", .rank = 3, .shape = {1, 1, 1}, .data = one}};
    struct safetensors *file;
    struct mixture *base = NULL;
    if (!safetensors_write(scratch_path(s, "m"), tensors, 3, NULL, 0, fault) ||
        !safetensors_read(&file, scratch_path(s, "m"), fault))
        return false;
    const bool done = mixture_from_tensors(&base, file, fault);
    mixture_free(base);
    safetensors_free(file);
    return done;
}

static void no_memory_for_the_data(void)
{
    static const double x[40];
    const struct member members[] = {{"x.npy", 10, 2, x, ZIP_CM_STORE},
                                     {"y.npy", 10, 2, x, ZIP_CM_STORE},
                                     {"logdet.npy", 10, 0, x, ZIP_CM_STORE}};
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, 3));
    fail_each(write_npy, &s, 4);
    CU_ASSERT_EQUAL(files_in(&s), 2); /* no .x.npy.*.part */
    fail_each(read_npz, &s, 15);
    fail_each(read_npy_files, &s, 10);
    scratch_remove(&s);
}

static void no_memory_for_a_base_flow(void)
{
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    fail_each(generate, &s, 20);
    scratch_remove(&s);
}

static void no_memory_for_models(void)
{
    struct scratch s;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    fail_each(write_and_read_model, &s, 8);
    CU_ASSERT_EQUAL(files_in(&s), 1);
    scratch_remove(&s);
}

static const struct check_case cases[] = {
    {"no memory for the data", no_memory_for_the_data},
    {"no memory for a base flow", no_memory_for_a_base_flow},
    {"no memory for models", no_memory_for_models},
};

int main(void)
{
    return check_main("data_memory", cases, CHECK_COUNT(cases));
}
