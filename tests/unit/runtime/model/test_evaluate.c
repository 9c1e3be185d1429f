/* SPDX-License-Identifier: MIT
 *
 * What evaluate reports of a flow whose numbers are known, and the flow as a C library. */
#include "check.h"
#include "gpfc/runtime.h"
#include "model/evaluate.h"
#include "model/evaluate_base.h"
#include "model/flow.h"
#include "model/flow_rotation.h"
#include "model/weights.h"
#include "numbers/factors.h"
#include "scratch.h"
#include "unit/runtime/kernels/fake_bundle.h"
#include "unit/runtime/model/fake_pairs.h"

#include <math.h>

static struct fake fake;

/* ---- log-determinants ---------------------------------------------------------------------------------- */

static void log_determinants(void)
{
    double pivoted[] = {0, 2, 3, 0}, general[] = {2, -1, 0, 1, 3, 5, -4, 0.5, 7}, singular[] = {1, 2, 2, 4};
    double tiny[] = {1e-200, 0, 0, 1e-200};
    CU_ASSERT_DOUBLE_EQUAL(log_abs_det(pivoted, 2), log(6), 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(log_abs_det(general, 3), log(64), 1e-14); /* 2 (21 - 2.5) + (7 + 20) */
    CU_ASSERT_EQUAL(log_abs_det(singular, 2), -INFINITY);
    CU_ASSERT_DOUBLE_EQUAL(log_abs_det(tiny, 2), 2 * log(1e-200), 1e-10);
}

/* ---- evaluation ---------------------------------------------------------------------------------------- */

static struct gpfc_evaluation run(const void *theta, const struct pairs *pairs, double nll, int threads)
{
    struct gpfc_evaluation out;
    struct fault fault = {0};
    const struct device device = device_cpu(threads);
    CU_ASSERT_TRUE_FATAL(
        evaluate(&out, &fake.bundle, theta, FAKE_STEPS, &pairs->train, nll, &device, &fault));
    return out;
}

static void identity_changes_nothing(void)
{
    const double theta[12] = {0};
    fake_make(&fake, FAKE_DOUBLE3);
    struct pairs pairs = fake_pairs(3, 8, 5000, 0);
    const struct gpfc_evaluation e = run(theta, &pairs, 2.5, 2);
    CU_ASSERT_EQUAL(e.samples, 5000);
    CU_ASSERT_DOUBLE_EQUAL(e.cost_after, e.cost_before, 1e-12);
    CU_ASSERT_EQUAL(e.energy, 0);
    CU_ASSERT_EQUAL(e.penalty, 0);
    CU_ASSERT_EQUAL(e.density_error_max, 0);
    CU_ASSERT_DOUBLE_EQUAL(e.roundtrip_max, 0, 1e-15);
    CU_ASSERT_EQUAL(e.mean_max, e.mean_before_max);
    CU_ASSERT_TRUE(e.mean_max < 0.1 && e.covariance_error_max < 0.1);
    CU_ASSERT_EQUAL(e.nll_after, 2.5);
    fake_pairs_free(&pairs);
}

/* s(y) = y + W y + b against sums by hand. */
static void known_map_gives_known_numbers(void)
{
    double theta[6], before = 0, cost = 0, energy = 0, delta = 0, largest = 0, mean[2] = {0}, square = 0;
    fake_make(&fake, FAKE_DOUBLE2);
    struct pairs pairs = fake_pairs(2, 8, 300, 0);
    for (int i = 0; i < 6; i++)
        theta[i] = fake_optimum(5 - i) / 2;
    const double *x = pairs.train.x, *y = pairs.train.y, n = 300;
    double determinant = log((1 + theta[0]) * (1 + theta[3]) - theta[1] * theta[2]);
    for (int k = 0; k < 300; k++) {
        double s[2], one = determinant;
        for (int i = 0; i < 2; i++) {
            double v = theta[2 * i] * y[2 * k] + theta[2 * i + 1] * y[2 * k + 1] + theta[4 + i];
            s[i] = y[2 * k + i] + v;
            before += pow(x[2 * k + i] - y[2 * k + i], 2) / n;
            cost += pow(x[2 * k + i] - s[i], 2) / n;
            energy += v * v / 2 / n;
            one -= (s[i] * s[i] - y[2 * k + i] * y[2 * k + i]) / 2;
            mean[i] += s[i] / n;
        }
        square += s[0] * s[1] / n;
        delta += fabs(one) / n;
        largest = fmax(largest, fabs(one));
    }
    const struct gpfc_evaluation e = run(theta, &pairs, NAN, 3);
    CU_ASSERT_DOUBLE_EQUAL(e.cost_before, before, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(e.cost_after, cost, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(e.energy, energy, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(e.density_error_mean, delta, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(e.density_error_max, largest, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(e.mean_max, fmax(fabs(mean[0]), fabs(mean[1])), 1e-12);
    CU_ASSERT_TRUE(e.covariance_error_max >= fabs(square - mean[0] * mean[1]) - 1e-12);
    CU_ASSERT_TRUE(e.roundtrip_max < 1e-13 && e.penalty > 0 && isnan(e.nll_after));
    const struct gpfc_evaluation one = run(theta, &pairs, NAN, 1);
    CU_ASSERT_EQUAL(memcmp(&one, &e, offsetof(struct gpfc_evaluation, nll_before)), 0);
    fake_pairs_free(&pairs);
}

static void check_near(double a, double b)
{
    CU_ASSERT_DOUBLE_EQUAL(a, b, 1e-12 * (1 + fabs(b)));
}

/* A row of weight 3 is three rows: means are equal, and the largest numbers. */
static void weights_are_repeated_rows(void)
{
    double theta[6], weights[300];
    fake_make(&fake, FAKE_DOUBLE2);
    struct pairs pairs = fake_pairs(2, 8, 300, 0), repeated = fake_pairs(2, 8, 600, 0);
    int64_t n = 0;
    for (int i = 0; i < 6; i++)
        theta[i] = fake_optimum(5 - i) / 2;
    for (int i = 0; i < 300; i++) {
        weights[i] = i % 3 + 1;
        for (int k = 0; k <= i % 3; k++, n++) {
            memcpy((double *)repeated.train.x + 2 * n, (double *)pairs.train.x + 2 * i, 2 * sizeof(double));
            memcpy((double *)repeated.train.y + 2 * n, (double *)pairs.train.y + 2 * i, 2 * sizeof(double));
        }
    }
    CU_ASSERT_EQUAL_FATAL(n, 600);
    const struct gpfc_evaluation without = run(theta, &pairs, 1, 1), b = run(theta, &repeated, 1, 1);
    pairs.train.weights = weights;
    const struct gpfc_evaluation a = run(theta, &pairs, 1, 2);
    CU_ASSERT_TRUE(a.weighted && !b.weighted && a.samples == 300);
    CU_ASSERT_DOUBLE_EQUAL(a.effective, 600. * 600 / 1400, 1e-9);
    check_near(a.cost_before, b.cost_before);
    check_near(a.cost_after, b.cost_after);
    check_near(a.energy, b.energy);
    check_near(a.nll_after, b.nll_after);
    check_near(a.density_error_mean, b.density_error_mean);
    check_near(a.mean_max, b.mean_max);
    check_near(a.covariance_error_max, b.covariance_error_max);
    check_near(a.covariance_error_before_max, b.covariance_error_before_max);
    CU_ASSERT_EQUAL(a.roundtrip_max, b.roundtrip_max);
    CU_ASSERT_EQUAL(a.density_error_max, b.density_error_max);
    CU_ASSERT_TRUE(fabs(without.cost_after - b.cost_after) > 1e-3);
    fake_pairs_free(&pairs);
    fake_pairs_free(&repeated);
}

/* A row of weight 2 turns the flow's start as two rows do. */
static void the_start_is_weighted(void)
{
    double x[] = {1, 0, 1, 0, 0, 2, -1, 1}, y[] = {0, 1, 0, 1, -3, -1, 2, 0}, weights[] = {2, 1, 1};
    double *of_rows, *of_weights;
    struct fault fault = {0};
    fake_make(&fake, FAKE_DOUBLE2);
    struct pairs pairs = {.d = 2, .precision = 8, .train = {.n = 4, .x = x, .y = y}};
    CU_ASSERT_TRUE_FATAL(flow_rotation_best(&of_rows, &fake.bundle, &pairs, &fault));
    pairs.train = (struct part){.n = 3, .x = x + 2, .y = y + 2, .weights = weights};
    CU_ASSERT_TRUE_FATAL(flow_rotation_best(&of_weights, &fake.bundle, &pairs, &fault));
    for (int i = 0; i < 4; i++)
        CU_ASSERT_DOUBLE_EQUAL(of_weights[i], of_rows[i], 1e-14);
    CU_ASSERT_TRUE(fabs(of_rows[1]) > 0.1);
    free(of_rows);
    free(of_weights);
}

static void non_finite_numbers_show(void)
{
    float theta[6] = {0};
    fake_make(&fake, FAKE_SINGLE2);
    struct pairs pairs = fake_pairs(2, 4, 9, 0);
    theta[4] = 3e38F;
    ((float *)pairs.train.y)[6] = 3e38F;
    const struct gpfc_evaluation e = run(theta, &pairs, NAN, 1);
    CU_ASSERT_FALSE(isfinite(e.cost_after));
    CU_ASSERT_FALSE(isfinite(e.roundtrip_max));
    CU_ASSERT_FALSE(isfinite(e.density_error_max));
    fake_pairs_free(&pairs);
}

/* ---- the base flow ------------------------------------------------------------------------------------- */

static struct base_flow *make_base(const double log_scale[2])
{
    const float theta[4] = {(float)log_scale[0], (float)log_scale[1], 0.5F, -0.25F};
    struct base_flow *base;
    struct fault fault = {0};
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "base.kind", "bnaf");
    CU_ASSERT_TRUE_FATAL(base_flow_compiled(&base, fake.bundle.base, theta, 1e-5, 2, &fault));
    return base;
}

/* Both densities are normal ones, of deviations exp(-l), so that the box of the samples holds them. */
static void densities_integrate_to_one(void)
{
    static const double log_scale[2] = {-0.3, 0.7};
    const float theta[6] = {0, 0.2F, 0, 0, 0.125F, 0}; /* W of trace 0 that keeps areas */
    static float x[2 * 3000];
    struct base_evaluation e;
    struct fault fault = {0};
    struct base_flow *base = make_base(log_scale);
    random_fill_normal(1, 1, 0, 6000, 4, x);
    for (int i = 0; i < 6000; i++)
        x[i] = (x[i] - (i % 2 == 0 ? 0.5F : -0.25F)) * (float)exp(-log_scale[i % 2]);
    const struct part part = {.n = 3000, .x = x};
    const struct device one = device_cpu(1), two = device_cpu(2);
    CU_ASSERT_TRUE_FATAL(evaluate_base(&e, &fake.bundle, theta, NULL, FAKE_STEPS, base, &part, &two, &fault));
    CU_ASSERT_DOUBLE_EQUAL(e.integral_before, 1, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(e.integral_after, 1, 1e-5);
    CU_ASSERT_TRUE(e.near.samples == 3000 && e.near.not_converged == 0);
    CU_ASSERT_TRUE(e.near.roundtrip_max > 0 && e.near.roundtrip_max < 1e-5);
    CU_ASSERT_TRUE(e.far.samples == 1000 && e.far.not_converged == 0);
    CU_ASSERT_TRUE(e.far.roundtrip_max > 0 && e.far.roundtrip_max < 2e-5);
    const float shrunk[6] = {-0.875F, 0, 0, 0, 0, 0}; /* the box is too small for what s makes of it */
    CU_ASSERT_TRUE_FATAL(
        evaluate_base(&e, &fake.bundle, shrunk, NULL, FAKE_STEPS, base, &part, &one, &fault));
    CU_ASSERT_DOUBLE_EQUAL(e.integral_before, 1, 1e-5);
    CU_ASSERT_TRUE(e.integral_after < 0.9);
    base_flow_free(base);
}

/* ---- the library --------------------------------------------------------------------------------------- */

static void the_flow_maps_there_and_back(void)
{
    enum { N = 5001 };
    static float y[2 * N], s[2 * N], back[2 * N];
    const float theta[6] = {0.1F, 0.2F, -0.3F, 0.05F, 1, -2};
    const struct weights_note note = {.seed = 1};
    struct scratch scratch;
    struct fault fault = {0};
    char message[256] = "";
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, FAKE_SINGLE2);
    const char *model = scratch_path(&scratch, "m.safetensors");
    const struct weights_beside alone = {.bundle = &fake.bundle};
    CU_ASSERT_TRUE_FATAL(weights_write(model, &alone, &fake.bundle, theta, &note, &fault));
    struct gpfc_flow *flow = gpfc_flow_open(&fake.bundle, model, 2, message, sizeof message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(flow);
    random_fill_normal(1, 1, 0, 2 * N, 4, y);
    gpfc_flow_apply(flow, y, s, N);
    gpfc_flow_invert(flow, s, back, N);
    for (int i = 0; i < 2 * N; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)back[i], (double)y[i], 1e-5);
    CU_ASSERT_DOUBLE_EQUAL((double)s[2 * N - 2], 1 + 1.1 * (double)y[2 * N - 2] + 0.2 * (double)y[2 * N - 1],
                           1e-6);
    gpfc_flow_apply(flow, y, y, N); /* in place */
    CU_ASSERT_EQUAL(memcmp(y, s, sizeof y), 0);
    gpfc_flow_apply(flow, y, y, 0);
    gpfc_flow_close(flow);
    CU_ASSERT_PTR_NULL(gpfc_flow_open(&fake.bundle, "/no/such/model", 0, message, sizeof message));
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "/no/such/model"));
    gpfc_flow_close(NULL);
    scratch_remove(&scratch);
}

/* The kernels "invert" and "jacobian" of the fake, less exact: y and ds/dy are so much of what they should
 * be. */
static float share, share_of_slopes;
typedef void tile(const void *const *in, void *const *out, const void *uniform, void *scratch, void *sums);
static tile *exact, *exact_slopes;

static void inexact(const void *const *in, void *const *out, const void *uniform, void *scratch, void *sums)
{
    float *const y = out[0];
    exact(in, out, uniform, scratch, sums);
    for (int i = 0; i < 2 * FAKE_LANES; i++)
        y[i] *= share;
}

static void inexact_slopes(const void *const *in, void *const *out, const void *uniform, void *scratch,
                           void *sums)
{
    float *const jacobian = out[1];
    exact_slopes(in, out, uniform, scratch, sums);
    for (int i = 0; i < 4 * FAKE_LANES; i++)
        jacobian[i] *= share_of_slopes;
}

static void make_inexact(struct gpfc_kernel *kernels)
{
    for (int64_t k = 0; k < fake.bundle.n_kernels; k++) {
        kernels[k] = fake.bundle.kernels[k];
        if (strcmp(kernels[k].name, "invert") == 0) {
            exact = kernels[k].tile;
            kernels[k].tile = inexact;
        } else if (strcmp(kernels[k].name, "jacobian") == 0) {
            exact_slopes = kernels[k].tile;
            kernels[k].tile = inexact_slopes;
        }
    }
    fake.bundle.kernels = kernels;
}

/* Largest |s(y) - s| of a row, over the larger of 1 and |s|. */
static double row_error(const float *s, const float *image)
{
    const double size = fmax(1, fmax(fabs((double)s[0]), fabs((double)s[1])));
    return fmax(fabs((double)image[0] - (double)s[0]), fabs((double)image[1] - (double)s[1])) / size;
}

/* Inverses that are off are corrected, in rows of any size: by a tenth, with no Jacobian; by more, with one
 * that need not be exact, so that steps may have to be halved. Where no try comes nearer, exactly the rows
 * that are off count as failed. */
static void inverses_are_corrected(void)
{
    enum { N = 5001 };
    static float s[2 * N], y[2 * N], image[2 * N];
    static struct gpfc_kernel kernels[32];
    const float theta[6] = {0.1F, 0.2F, -0.3F, 0.05F, 1, -2};
    struct scratch scratch;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, FAKE_SINGLE2);
    const char *model = scratch_path(&scratch, "m.safetensors");
    const struct weights_beside alone = {.bundle = &fake.bundle};
    CU_ASSERT_TRUE_FATAL(
        weights_write(model, &alone, &fake.bundle, theta, &(struct weights_note){.seed = 1}, &fault));
    CU_ASSERT_TRUE_FATAL(fake.bundle.n_kernels <= 32);
    make_inexact(kernels);
    struct gpfc_flow *flow = gpfc_flow_open(&fake.bundle, model, 2, NULL, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(flow);
    random_fill_normal(1, 1, 0, 2 * N, 4, s);
    for (int i = 0; i < 2 * N; i++)
        s[i] *= (float)(1 + i % 50);
    for (int k = 0; k < 5; k++) {
        static const float shares[5][2] = {{0.9F, 0}, {3, 1}, {-2, 1}, {3, 0.3F}, {3, -1}};
        const bool hopeless = k == 4;
        int64_t wrong = 0;
        share = shares[k][0];
        share_of_slopes = shares[k][1];
        const int64_t failed = gpfc_flow_invert(flow, s, y, N);
        gpfc_flow_apply(flow, y, image, N);
        for (int i = 0; i < N; i++)
            wrong += row_error(s + 2 * i, image + 2 * i) > 1e-3;
        CU_ASSERT_EQUAL(failed, wrong);
        CU_ASSERT_TRUE(hopeless ? wrong > N / 2 : wrong == 0);
    }
    gpfc_flow_close(flow);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"log-determinants", log_determinants},
        {"identity changes nothing", identity_changes_nothing},
        {"known map gives known numbers", known_map_gives_known_numbers},
        {"weights are repeated rows", weights_are_repeated_rows},
        {"the start is weighted", the_start_is_weighted},
        {"non-finite numbers show", non_finite_numbers_show},
        {"densities integrate to one", densities_integrate_to_one},
        {"the flow maps there and back", the_flow_maps_there_and_back},
        {"inverses are corrected", inverses_are_corrected},
    };
    return check_main("evaluate", cases, CHECK_COUNT(cases));
}
