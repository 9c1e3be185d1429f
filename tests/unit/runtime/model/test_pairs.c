/* SPDX-License-Identifier: MIT
 *
 * What a flow is trained on: pairs as they were given, samples through a base flow, noise through its
 * inverse; and the likelihoods reported with them. */
#include "base/mixture_base.h"
#include "model/pairs.h"
#include "numbers/normal.h"
#include "numbers/random.h"
#include "unit/runtime/base/fake_base.h"
#include "unit/runtime/files/data_fixture.h"

#include <math.h>

enum { N = 300, M = 60, D = 2 };

static double x_train[N * D], x_test[M * D], y_train[N * D], y_test[M * D], logdet[N];
static double means[D] = {1, -2}, scales[D] = {2, 0.5};

/* y = 2 x */
static struct samples make_samples(bool standardised)
{
    for (int i = 0; i < N * D; i++) {
        x_train[i] = random_normal(5, 1, (uint64_t)i);
        y_train[i] = 2 * x_train[i];
        logdet[i / D] = D * log(2);
    }
    for (int i = 0; i < M * D; i++) {
        x_test[i] = random_normal(5, 2, (uint64_t)i);
        y_test[i] = 2 * x_test[i];
    }
    return (struct samples){.d = D,
                            .precision = 8,
                            .train.n = N,
                            .test.n = M,
                            .train.x = x_train,
                            .test.x = x_test,
                            .standard = {.d = standardised ? D : 0, .mean = means, .scale = scales}};
}

static double nll_of(const double *y, int64_t n, double log_determinant)
{
    double sum = 0;
    for (int64_t i = 0; i < n * D; i++)
        sum += 0.5 * y[i] * y[i] + NORMAL_HALF_LOG_2PI;
    return sum / (double)n - log_determinant;
}

static void given_pairs_are_borrowed(void)
{
    struct samples samples = make_samples(false);
    struct pairs p;
    samples.train.y = y_train;
    samples.test.y = y_test;
    samples.train.logdet = logdet;
    pairs_of_samples(&p, &samples);
    CU_ASSERT_TRUE(p.train.x == x_train && p.train.y == y_train && p.test.y == y_test);
    CU_ASSERT_TRUE(p.train.n == N && p.test.n == M && p.d == D && p.precision == 8);
    CU_ASSERT_DOUBLE_EQUAL(p.nll_train, nll_of(y_train, N, D * log(2)), 1e-12);
    CU_ASSERT_TRUE(isnan(p.nll_test));
    pairs_free(&p);
    samples.train.y = samples.test.y = NULL;
    pairs_of_samples(&p, &samples);
    CU_ASSERT_TRUE(p.train.y == NULL && isnan(p.nll_train));
    pairs_free(&p);
}

static struct base_flow *make_base(struct fake_base *fake, enum fake_base_kind kind)
{
    struct base_flow *base;
    struct fault fault = {0};
    fake_base_make(fake, kind, 8);
    check_good(base_flow_compiled(&base, &fake->bundle, fake->theta, 0, 1, &fault), &fault);
    return base;
}

/* A row of weight 2 counts as two; through a base flow, too. */
static void likelihoods_are_weighted(void)
{
    static struct fake_base fake;
    static double weights[N];
    double sum = 0, total = 0;
    struct fault fault = {0};
    struct samples samples = make_samples(false);
    struct pairs p;
    for (int i = 0; i < N; i++) {
        weights[i] = i % 3 + 1;
        sum += weights[i];
        total += weights[i] * nll_of(y_train + i * D, 1, D * log(2));
    }
    samples.train.y = y_train;
    samples.test.y = y_test;
    samples.train.logdet = logdet;
    samples.train.weights = weights;
    pairs_of_samples(&p, &samples);
    CU_ASSERT_DOUBLE_EQUAL(p.nll_train, total / sum, 1e-12);
    pairs_free(&p);
    struct base_flow *base = make_base(&fake, FAKE_BNAF_LINEAR);
    samples = make_samples(true);
    check_good(pairs_through(&p, &samples, base, &fault), &fault);
    const double without = p.nll_train;
    pairs_free(&p);
    for (int i = 0; i < N; i++)
        weights[i] = 2;
    samples.train.weights = weights;
    check_good(pairs_through(&p, &samples, base, &fault), &fault);
    CU_ASSERT_DOUBLE_EQUAL(p.nll_train, without, 1e-12);
    pairs_free(&p);
    weights[7] = 1e9;
    struct samples one = samples;
    one.train = (struct part){.n = 1, .x = x_train + 7 * D};
    one.test.n = 0;
    check_good(pairs_through(&p, &one, base, &fault), &fault);
    const double of_one = p.nll_train;
    pairs_free(&p);
    check_good(pairs_through(&p, &samples, base, &fault), &fault);
    CU_ASSERT_DOUBLE_EQUAL(p.nll_train, of_one, 1e-4);
    CU_ASSERT_TRUE(fabs(of_one - without) > 0.01);
    pairs_free(&p);
    base_flow_free(base);
}

static void position_and_scale_are_those_of_x(void)
{
    double x[3 * 2] = {3, 10, 5, 10, 4, 16}; /* mean (4, 12); squares about it 2 and 24 */
    const struct pairs p = {.d = 2, .precision = 8, .train.n = 3, .train.x = x};
    const struct pairs_place place = pairs_place(&p, p.train.x);
    CU_ASSERT_DOUBLE_EQUAL(place.offset, sqrt(160), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(place.spread, sqrt(26. / 6), 1e-12);
}

/* The likelihood is of the data before they were standardised. */
static void samples_go_through_the_base_flow(void)
{
    static struct fake_base fake;
    struct fault fault = {0};
    struct base_flow *base = make_base(&fake, FAKE_BNAF_LINEAR);
    const double l = fake.theta_double[0] + fake.theta_double[1];
    for (int standardised = 0; standardised < 2; standardised++) {
        const struct samples samples = make_samples(standardised);
        struct pairs p;
        double y[N * D];
        check_good(pairs_through(&p, &samples, base, &fault), &fault);
        CU_ASSERT_TRUE(p.train.x == x_train && p.train.y != NULL && p.left_out == 0 &&
                       p.report.rows == N + M);
        check_good(base_flow_forward(base, x_train, N, y, NULL, NULL, &fault), &fault);
        CU_ASSERT_EQUAL(memcmp(y, p.train.y, sizeof y), 0);
        const double log_scale = standardised ? log(2 * 0.5) : 0;
        CU_ASSERT_DOUBLE_EQUAL(p.nll_train, nll_of(y, N, l) + log_scale, 1e-10);
        CU_ASSERT_TRUE(isfinite(p.nll_test));
        pairs_free(&p);
    }
    scales[0] = 8;
    const struct samples samples = make_samples(true);
    struct pairs p;
    check_good(pairs_through(&p, &samples, base, &fault), &fault);
    CU_ASSERT_DOUBLE_EQUAL(p.nll_train, nll_of(p.train.y, N, l) + log(4), 1e-10);
    pairs_free(&p);
    scales[0] = 2;
    base_flow_free(base);
}

static void noise_is_mapped_back(void)
{
    static struct fake_base fake;
    struct fault fault = {0};
    struct base_flow *base = make_base(&fake, FAKE_BNAF_LINEAR);
    const struct samples samples = make_samples(false);
    struct pairs p, other;
    double y[N * D], mean = 0, square = 0;
    check_good(pairs_from_noise(&p, &samples, base, 7, &fault), &fault);
    CU_ASSERT_TRUE(p.train.n == N && p.test.n == M && p.left_out == 0);
    CU_ASSERT_TRUE(p.of_noise && isnan(p.nll_train) && isnan(p.nll_test));
    check_good(base_flow_forward(base, p.train.x, N, y, NULL, NULL, &fault), &fault);
    for (int i = 0; i < N * D; i++) {
        CU_ASSERT_DOUBLE_EQUAL(y[i], ((double *)p.train.y)[i], 1e-12);
        mean += y[i] / (N * D);
        square += y[i] * y[i] / (N * D);
    }
    CU_ASSERT_TRUE(fabs(mean) < 0.15 && fabs(square - 1) < 0.2);
    CU_ASSERT_NOT_EQUAL(memcmp(p.train.y, p.test.y, sizeof(double)), 0);
    check_good(pairs_from_noise(&other, &samples, base, 8, &fault), &fault);
    CU_ASSERT_NOT_EQUAL(memcmp(p.train.y, other.train.y, sizeof y), 0);
    pairs_free(&other);
    check_good(pairs_from_noise(&other, &samples, base, 7, &fault), &fault);
    CU_ASSERT_EQUAL(memcmp(p.train.x, other.train.x, sizeof y), 0);
    pairs_free(&other);
    pairs_free(&p);
    base_flow_free(base);
}

/* A sample without an image is not as likely as one in the middle of all. */
static void a_row_without_an_image_has_no_likelihood(void)
{
    static struct fake_base fake;
    struct fault fault = {0};
    struct base_flow *base = make_base(&fake, FAKE_BNAF_BROKEN);
    const struct samples samples = make_samples(false);
    struct pairs p;
    check_good(pairs_through(&p, &samples, base, &fault), &fault);
    CU_ASSERT_TRUE(p.report.failed > 0 && p.report.failed < N + M);
    CU_ASSERT_EQUAL(p.nll_train, INFINITY);
    pairs_free(&p);
    base_flow_free(base);
}

/* Where x_1 > 0.5 that map gives no number, so z_1 > 0.5 has no x. */
static void noise_out_of_range_is_left_out(void)
{
    static struct fake_base fake;
    struct fault fault = {0};
    struct base_flow *base = make_base(&fake, FAKE_BNAF_BROKEN);
    const struct samples samples = make_samples(false);
    struct pairs p;
    check_good(pairs_from_noise(&p, &samples, base, 7, &fault), &fault);
    CU_ASSERT_TRUE(p.left_out > 60 && p.left_out < 180);
    CU_ASSERT_EQUAL(p.train.n + p.test.n + p.left_out, N + M);
    for (int64_t i = 0; i < p.train.n; i++) {
        CU_ASSERT_TRUE(((double *)p.train.y)[i * D] <= 0.51);
        CU_ASSERT_DOUBLE_EQUAL(((double *)p.train.y)[i * D], ((double *)p.train.x)[i * D], 1e-9);
    }
    pairs_free(&p);
    base_flow_free(base);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"given pairs are borrowed", given_pairs_are_borrowed},
        {"likelihoods are weighted", likelihoods_are_weighted},
        {"position and scale are those of x", position_and_scale_are_those_of_x},
        {"samples go through the base flow", samples_go_through_the_base_flow},
        {"a row without an image has no likelihood", a_row_without_an_image_has_no_likelihood},
        {"noise is mapped back", noise_is_mapped_back},
        {"noise out of range is left out", noise_out_of_range_is_left_out},
    };
    return check_main("pairs", cases, CHECK_COUNT(cases));
}
