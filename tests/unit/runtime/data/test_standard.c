/* SPDX-License-Identifier: MIT
 *
 * Standardisation: fit, use, undo, and its place in a model's file. */
#include "data/standard.h"
#include "unit/runtime/files/data_fixture.h"

#include <math.h>

enum { N = 1000, D = 3 };

/* Columns with a large mean, with a small deviation, and one that does not vary. */
static void fill(double *x)
{
    for (int i = 0; i < N; i++) {
        x[i * D] = 1e6 + i % 10;
        x[i * D + 1] = 1e-9 * (i % 2 ? 3 : -1);
        x[i * D + 2] = 0.1;
    }
}

static void mean_and_deviation_are_right(void)
{
    static double x[N * D];
    struct fault fault = {.exit_code = 0};
    struct standard s;
    fill(x);
    check_good(standard_fit(&s, x, NULL, N, D, &fault), &fault);
    CU_ASSERT_EQUAL(s.d, D);
    CU_ASSERT_DOUBLE_EQUAL(s.mean[0], 1e6 + 4.5, 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(s.scale[0], sqrt(8.25), 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(s.mean[1], 1e-9, 1e-22);
    CU_ASSERT_DOUBLE_EQUAL(s.scale[1], 2e-9, 1e-22);
    CU_ASSERT_TRUE(s.mean[2] == 0.1 && s.scale[2] == 1);
    CU_ASSERT_DOUBLE_EQUAL(standard_log_scale(&s), log(sqrt(8.25)) + log(2e-9), 1e-12);
    standard_free(&s);
    CU_ASSERT_TRUE(s.d == 0 && s.mean == NULL);
    CU_ASSERT_EQUAL(standard_log_scale(&s), 0);
}

/* One row of a thousand is a stand-in: the others keep their own measure, in the columns where it is one. */
static void outliers_do_not_stretch(void)
{
    static double x[N * D];
    struct fault fault = {.exit_code = 0};
    struct standard s;
    for (int i = 0; i < N; i++) {
        x[i * D] = i == 500 ? -1e6 : i % 101; /* middle half: from 25 to 75 */
        x[i * D + 1] = i == 500 ? 300 : i % 101;
        x[i * D + 2] = i == 500 ? 1e6 : 0; /* nothing but outliers to measure */
    }
    check_good(standard_fit(&s, x, NULL, N, D, &fault), &fault);
    CU_ASSERT_DOUBLE_EQUAL(s.mean[0], 50, 1);
    CU_ASSERT_DOUBLE_EQUAL(s.scale[0], 50 / 1.349, 1);
    CU_ASSERT_DOUBLE_EQUAL(s.scale[1], sqrt(100 * 102 / 12. + 62.5), 1);
    CU_ASSERT_DOUBLE_EQUAL(s.mean[2], 1e3, 1e-9);
    CU_ASSERT_TRUE(s.scale[2] > 1e4);
    standard_free(&s);
}

/* Rows 0 1 2 3 .. of weights 1 2 3 1 .. and these rows so many times: equal, also where the middle half
 * decides. */
static void weights_are_repeated_rows(void)
{
    static double x[N * D], weights[N], repeated[3 * N * D];
    struct fault fault = {.exit_code = 0};
    struct standard by_weight, by_rows;
    int64_t n = 0;
    for (int i = 0; i < N; i++) {
        x[i * D] = 1e6 + i % 17;
        x[i * D + 1] = i == 500 ? -1e6 : i % 101;
        x[i * D + 2] = 1e-9 * (i % 7);
        weights[i] = i % 3 + 1;
        for (int k = 0; k <= i % 3; k++, n++)
            for (int j = 0; j < D; j++)
                repeated[n * D + j] = x[i * D + j];
    }
    check_good(standard_fit(&by_weight, x, weights, N, D, &fault), &fault);
    check_good(standard_fit(&by_rows, repeated, NULL, n, D, &fault), &fault);
    for (int j = 0; j < D; j++) {
        CU_ASSERT_DOUBLE_EQUAL(by_weight.mean[j], by_rows.mean[j], 1e-12 * fabs(by_rows.mean[j]));
        CU_ASSERT_DOUBLE_EQUAL(by_weight.scale[j], by_rows.scale[j], 1e-12 * by_rows.scale[j]);
    }
    CU_ASSERT_TRUE(by_rows.scale[1] < 50);
    standard_free(&by_weight);
    check_good(standard_fit(&by_weight, x, NULL, N, D, &fault), &fault);
    CU_ASSERT_TRUE(fabs(by_weight.mean[0] - by_rows.mean[0]) > 1e-3);
    standard_free(&by_weight);
    standard_free(&by_rows);
}

static void standardisation_is_undone(void)
{
    double mean[2] = {3, -5}, scale[2] = {2, 0.25};
    const struct standard s = {.d = 2, .mean = mean, .scale = scale};
    double twice[4] = {3, -5, 7, -4};
    float single[4] = {3, -5, 7, -4};
    const double expected[4] = {0, 0, 2, 4};
    standard_apply(&s, twice, 2, 8);
    standard_apply(&s, single, 2, 4);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_TRUE(twice[i] == expected[i] && (double)single[i] == expected[i]);
    standard_undo(&s, twice, 2, 8);
    standard_undo(&s, single, 2, 4);
    CU_ASSERT_TRUE(twice[2] == 7 && twice[3] == -4 && single[0] == 3 && single[3] == -4);
}

static void a_copy_is_independent(void)
{
    double mean[2] = {3, -5}, scale[2] = {2, 0.25};
    const struct standard s = {.d = 2, .mean = mean, .scale = scale}, none = {.d = 0};
    struct fault fault = {.exit_code = 0};
    struct standard copy;
    check_good(standard_copy(&copy, &s, &fault), &fault);
    mean[0] = scale[1] = 77;
    CU_ASSERT_TRUE(copy.d == 2 && copy.mean[0] == 3 && copy.mean[1] == -5 && copy.scale[1] == 0.25);
    standard_free(&copy);
    check_good(standard_copy(&copy, &none, &fault), &fault);
    CU_ASSERT_TRUE(copy.d == 0 && copy.mean == NULL);
}

static void numbers_too_large_are_reported(void)
{
    const double x[4] = {1, -1.7e308, 2, 1.7e308};
    struct fault fault = {.exit_code = 0};
    struct standard s;
    check_fault(standard_fit(&s, x, NULL, 2, 2, &fault), &fault, FAULT_INPUT, "column 2 (counted from 1)");
    CU_ASSERT_TRUE(s.d == 0 && s.mean == NULL);
}

static bool through_a_file(struct standard *out, const struct tensor *tensors, size_t n, int64_t d,
                           struct fault *fault)
{
    struct scratch s;
    struct safetensors *file;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    fault->exit_code = 0;
    CU_ASSERT_TRUE_FATAL(safetensors_write(scratch_path(&s, "m"), tensors, n, NULL, 0, fault));
    CU_ASSERT_TRUE_FATAL(safetensors_read(&file, scratch_path(&s, "m"), fault));
    const bool done = standard_from_tensors(out, file, d, fault);
    safetensors_free(file);
    scratch_remove(&s);
    return done;
}

static void a_model_stores_it(void)
{
    double mean[2] = {1.0 / 3, -5e300}, scale[2] = {2, 1e-300};
    const struct standard s = {.d = 2, .mean = mean, .scale = scale};
    struct tensor tensors[STANDARD_TENSORS + 1] = {tensor_of("other", 8, 1, 2, 0, mean)};
    struct fault fault;
    struct standard back;
    standard_tensors(&s, tensors + 1);
    check_good(through_a_file(&back, tensors, 3, 2, &fault), &fault);
    CU_ASSERT_EQUAL(back.d, 2);
    CU_ASSERT_EQUAL(memcmp(back.mean, mean, sizeof mean), 0);
    CU_ASSERT_EQUAL(memcmp(back.scale, scale, sizeof scale), 0);
    standard_free(&back);
    check_good(through_a_file(&back, tensors, 1, 2, &fault), &fault);
    CU_ASSERT_EQUAL(back.d, 0);
}

static void broken_scales_in_a_model_are_reported(void)
{
    double mean[2] = {0, 1}, scale[2] = {2, 1};
    const struct standard s = {.d = 2, .mean = mean, .scale = scale};
    struct tensor tensors[STANDARD_TENSORS];
    struct fault fault;
    struct standard back;
    standard_tensors(&s, tensors);
    check_fault(through_a_file(&back, tensors, 1, 2, &fault), &fault, FAULT_INPUT, "data.scale");
    check_fault(through_a_file(&back, tensors, 2, 3, &fault), &fault, FAULT_INPUT, "data.mean");
    scale[1] = 0;
    check_fault(through_a_file(&back, tensors, 2, 2, &fault), &fault, FAULT_INPUT,
                "data.scale of the model: number 1");
    scale[1] = -1;
    CU_ASSERT_FALSE(through_a_file(&back, tensors, 2, 2, &fault));
    scale[1] = INFINITY;
    CU_ASSERT_FALSE(through_a_file(&back, tensors, 2, 2, &fault));
    scale[1] = 1;
    mean[0] = NAN;
    check_fault(through_a_file(&back, tensors, 2, 2, &fault), &fault, FAULT_INPUT,
                "data.mean of the model: number 0");
    CU_ASSERT_TRUE(back.d == 0 && back.mean == NULL);
}

static const struct check_case cases[] = {
    {"mean and deviation are right", mean_and_deviation_are_right},
    {"outliers do not stretch", outliers_do_not_stretch},
    {"weights are repeated rows", weights_are_repeated_rows},
    {"standardisation is undone", standardisation_is_undone},
    {"a copy is independent", a_copy_is_independent},
    {"numbers too large are reported", numbers_too_large_are_reported},
    {"a model stores it", a_model_stores_it},
    {"broken scales in a model are reported", broken_scales_in_a_model_are_reported},
};

int main(void)
{
    return check_main("standard", cases, CHECK_COUNT(cases));
}
