/* SPDX-License-Identifier: MIT
 *
 * The base flow: the fit reaches the entropy, y = f(x) is standard normal, f has an inverse however far out,
 * its log-determinant is that of its derivatives, and it survives a model file. */
#include "base/mixture.h"
#include "data/toys.h"
#include "numbers/factors.h"
#include "numbers/normal.h"
#include "numbers/random.h"
#include "unit/runtime/files/data_fixture.h"

#include <float.h>
#include <math.h>

static void fill_normal(uint64_t seed, int64_t n, double *out)
{
    random_fill_normal(seed, 99, 0, n, 8, out);
}

static double *room_for(int64_t n)
{
    double *const room = malloc((size_t)n * sizeof *room);
    CU_ASSERT_PTR_NOT_NULL_FATAL(room);
    return room;
}

static struct mixture *fit(const double *x, int64_t n, int64_t d, int64_t K, uint64_t seed, int threads)
{
    struct fault fault = {.exit_code = 0};
    struct mixture *m;
    struct mixture_report report;
    const struct mixture_options options = {
        .components = K, .ridge = 1e-6, .iterations = 500, .seed = seed, .threads = threads};
    check_good(mixture_fit(&m, x, NULL, n, d, &options, &report, &fault), &fault);
    CU_ASSERT_TRUE(report.iterations > 0 && report.converged);
    return m;
}

static void forward(const struct mixture *m, const double *x, int64_t n, double *y, double *logdet)
{
    struct fault fault = {.exit_code = 0};
    check_good(mixture_forward(m, x, n, y, logdet, 1, &fault), &fault);
}

static void inverse(const struct mixture *m, const double *y, int64_t n, double *x, double *logdet)
{
    struct fault fault = {.exit_code = 0};
    check_good(mixture_inverse(m, y, n, x, logdet, 1, &fault), &fault);
}

static double largest_gap(const double *a, const double *b, int64_t n)
{
    double gap = 0;
    for (int64_t i = 0; i < n; i++)
        gap = fabs(a[i] - b[i]) <= gap ? gap : fabs(a[i] - b[i]); /* NaN is kept */
    return gap;
}

/* ---- mixtures to test with ----------------------------------------------------------------------------- */

enum { TRAIN = 80000, TEST = 20000, EIGHT = 8 };

static struct mixture *eight_gaussians(uint64_t seed, double *x)
{
    toy_samples(toy_find("eight_gaussians"), seed, 0, TRAIN + TEST, x);
    return fit(x, TRAIN, 2, EIGHT, seed, 1);
}

/* Four components of any shape in d dimensions, fitted to samples of such: [n][d] samples in *x. */
static struct mixture *any_mixture(int64_t d, int64_t n, double **x)
{
    double *const numbers = room_for(n * d + 8 * d * d), *const shape = numbers + n * d;
    *x = room_for(n * d);
    fill_normal(17 + (uint64_t)d, n * d + 8 * d * d, numbers);
    for (int64_t i = 0; i < n; i++)
        for (int64_t a = 0; a < d; a++) {
            double value = 1.5 * shape[4 * d * d + i % 4 * d + a];
            for (int64_t b = 0; b < d; b++)
                value += (0.3 * shape[i % 4 * d * d + a * d + b] + (a == b)) * numbers[i * d + b];
            (*x)[i * d + a] = value;
        }
    free(numbers);
    return fit(*x, n, d, 4, 1, 1);
}

/* log p(x) by the weights, means and covariances, as they are written in books. */
static double log_density(const struct mixture *m, const double *x)
{
    double sum = 0;
    for (int64_t k = 0; k < m->components; k++) {
        double L[64], away[8], z[8], exponent = 0;
        CU_ASSERT_TRUE_FATAL(m->d <= 8 && cholesky_factor(m->covariances + k * m->d * m->d, m->d, 0, L));
        for (int64_t i = 0; i < m->d; i++)
            away[i] = z[i] = x[i] - m->means[k * m->d + i];
        cholesky_solve(L, m->d, 0, z);
        for (int64_t i = 0; i < m->d; i++)
            exponent -= 0.5 * away[i] * z[i] + log(L[i * m->d + i]) + NORMAL_HALF_LOG_2PI;
        sum += m->weights[k] * exp(exponent);
    }
    return log(sum);
}

/* Minus the mean log density over the rows. */
static double nll_of(const struct mixture *m, const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum -= log_density(m, x + i * m->d);
    return sum / (double)n;
}

/* ---- the fit ------------------------------------------------------------------------------------------- */

/* The entropy of eight separate Gaussians of deviation 0.5/1.414: log 8 + log(2 pi e 0.125). */
static void the_fit_reaches_the_entropy(void)
{
    double *const x = room_for(2 * (TRAIN + TEST));
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct mixture *const m = eight_gaussians(seed, x);
        CU_ASSERT_DOUBLE_EQUAL(nll_of(m, x + 2 * TRAIN, TEST), 2.838, 0.02);
        for (int k = 0; k < EIGHT; k++) {
            CU_ASSERT_DOUBLE_EQUAL(m->weights[k], 0.125, 0.01);
            CU_ASSERT_DOUBLE_EQUAL(hypot(m->means[2 * k], m->means[2 * k + 1]), 4 / 1.414, 0.02);
            CU_ASSERT_DOUBLE_EQUAL(m->covariances[4 * k], 0.125, 0.01);
            CU_ASSERT_DOUBLE_EQUAL(m->covariances[4 * k + 1], 0, 0.01);
        }
        mixture_free(m);
    }
    free(x);
}

/* Neither the data's position nor its scale matters: the likelihood changes only by the scale's logarithm. */
static void position_and_scale_do_not_matter(void)
{
    enum { N = 4000 };
    static const double size[] = {1e-6, 1, 1e5}, place[] = {3, -1e3, 1e8};
    double *const x = room_for(2 * N), *const moved = room_for(2 * N);
    double expected = 0;
    toy_samples(toy_find("moons"), 1, 0, N, x);
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 2 * N; k++)
            moved[k] = i ? size[i - 1] * x[k] + (i == 1 ? 0 : place[i - 1]) : x[k];
        struct mixture *const m = fit(moved, N, 2, 3, 1, 1);
        const double nll = nll_of(m, moved, N);
        if (i == 0)
            expected = nll;
        CU_ASSERT_DOUBLE_EQUAL(nll, expected + (i ? 2 * log(size[i - 1]) : 0), 0.02);
        mixture_free(m);
    }
    free(x);
    free(moved);
}

static bool same_mixture(const struct mixture *a, const struct mixture *b)
{
    const size_t K = (size_t)a->components, d = (size_t)a->d;
    return memcmp(a->weights, b->weights, K * (1 + d + d * d) * sizeof(double)) == 0;
}

static void threads_change_nothing(void)
{
    enum { N = 5000 };
    double *const x = room_for(2 * N), *const y1 = room_for(2 * N), *const y3 = room_for(2 * N);
    struct fault fault = {.exit_code = 0};
    toy_samples(toy_find("pinwheel"), 1, 0, N, x);
    struct mixture *const one = fit(x, N, 2, 5, 1, 1), *const three = fit(x, N, 2, 5, 1, 3);
    CU_ASSERT_TRUE(same_mixture(one, three));
    check_good(mixture_forward(one, x, N, y1, NULL, 1, &fault), &fault);
    check_good(mixture_forward(one, x, N, y3, NULL, 3, &fault), &fault);
    CU_ASSERT_EQUAL(memcmp(y1, y3, 2 * N * sizeof *y1), 0);
    struct mixture *const other = fit(x, N, 2, 5, 2, 1);
    CU_ASSERT_FALSE(same_mixture(one, other));
    mixture_free(one);
    mixture_free(three);
    mixture_free(other);
    free(x);
    free(y1);
    free(y3);
}

/* Rows that give a component nothing to stand on are widened, not a fault. */
static void thin_data_is_fitted(void)
{
    double same[40], line[40], few[4] = {1, 2, 3, 4}, y[40], back[40];
    for (int i = 0; i < 40; i++) {
        same[i] = i % 2 ? 1e3 : -7;
        line[i] = i / 2;
    }
    const double *const data[] = {same, line, few};
    const int64_t rows[] = {20, 20, 2}, components[] = {3, 2, 2};
    for (int i = 0; i < 3; i++) {
        struct mixture *const m = fit(data[i], rows[i], 2, components[i], 1, 1);
        forward(m, data[i], rows[i], y, NULL);
        inverse(m, y, rows[i], back, NULL);
        CU_ASSERT_TRUE(largest_gap(data[i], back, 2 * rows[i]) < 1e-9 * 1e3);
        mixture_free(m);
    }
}

static void wrong_fits_are_reported(void)
{
    struct fault fault = {.exit_code = 0};
    struct mixture *m;
    const double x[4] = {1, 2, 3, 4}, huge[4] = {1e300, 2e300, -1e300, 4};
    struct mixture_options options = {.components = 3, .ridge = 1e-6, .iterations = 10};
    check_fault(mixture_fit(&m, x, NULL, 2, 2, &options, NULL, &fault), &fault, FAULT_INPUT,
                "2 rows for a base flow of 3 components");
    CU_ASSERT_PTR_NULL(m);
    options.components = 1;
    check_fault(mixture_fit(&m, huge, NULL, 2, 2, &options, NULL, &fault), &fault, FAULT_INPUT,
                "no covariance");
    CU_ASSERT_PTR_NULL(m);
    mixture_free(NULL);
}

/* ---- y = f(x) is standard normal ----------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov on the projection to a direction; sqrt(n) times the gap. z: room for n numbers. */
static double projection_gap(const double *y, int64_t n, int64_t d, const double *direction, double *z)
{
    double length = 0, gap = 0;
    for (int64_t i = 0; i < d; i++)
        length += direction[i] * direction[i];
    for (int64_t row = 0; row < n; row++) {
        z[row] = 0;
        for (int64_t i = 0; i < d; i++)
            z[row] += y[row * d + i] * direction[i] / sqrt(length);
    }
    qsort(z, (size_t)n, sizeof *z, by_value);
    for (int64_t row = 0; row < n; row++)
        gap = fmax(gap, fabs(exp(normal_log_probabilities(z[row]).below) - ((double)row + 0.5) / (double)n));
    return gap * sqrt((double)n);
}

/* Rows that the fit has not seen: means and covariance within 5 standard errors (the fit's own included),
 * projections with a gap that comes up once in a hundred thousand. */
static void check_gaussian(const double *y, int64_t n, int64_t d)
{
    double *const z = room_for(n), directions[20 * 8];
    const double error = sqrt(2.0 / (double)n);
    fill_normal(5, 20 * d, directions);
    for (int64_t i = 0; i < d; i++) {
        double mean = 0;
        for (int64_t row = 0; row < n; row++)
            mean += y[row * d + i] / (double)n;
        CU_ASSERT_DOUBLE_EQUAL(mean, 0, 5 * error);
        for (int64_t j = 0; j <= i; j++) {
            double product = 0;
            for (int64_t row = 0; row < n; row++)
                product += y[row * d + i] * y[row * d + j] / (double)n;
            CU_ASSERT_DOUBLE_EQUAL(product, i == j, 7 * error);
        }
    }
    for (int64_t k = 0; k < 20; k++)
        CU_ASSERT_TRUE(projection_gap(y, n, d, directions + k * d, z) < 2.5);
    free(z);
}

static void images_are_gaussian(void)
{
    double *const x = room_for(2 * (TRAIN + TEST)), *const y = room_for(2 * TEST);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct mixture *const m = eight_gaussians(seed, x);
        forward(m, x + 2 * TRAIN, TEST, y, NULL);
        check_gaussian(y, TEST, 2);
        mixture_free(m);
    }
    free(x);
    free(y);
}

/* The other way round, without a fit between: f^-1 of normal numbers has the mixture's means and
 * covariance. */
static void inverse_images_follow_the_mixture(void)
{
    enum { N = 40000 };
    for (int64_t d = 3; d <= 5; d += 2) {
        double *data, *const y = room_for(N * d), *const x = room_for(N * d);
        struct mixture *const m = any_mixture(d, 4000, &data);
        fill_normal(8, N * d, y);
        inverse(m, y, N, x, NULL);
        for (int64_t i = 0; i < d; i++) {
            double mean = 0, expected = 0, variance = 0;
            for (int64_t row = 0; row < N; row++)
                mean += x[row * d + i] / N;
            for (int64_t k = 0; k < m->components; k++)
                expected += m->weights[k] * m->means[k * d + i];
            for (int64_t k = 0; k < m->components; k++)
                variance += m->weights[k] *
                            (m->covariances[k * d * d + i * d + i] + pow(m->means[k * d + i] - expected, 2));
            CU_ASSERT_DOUBLE_EQUAL(mean, expected, 5 * sqrt(variance / N));
        }
        struct mixture *const again = fit(x, N, d, 4, 2, 1);
        forward(again, x, N, y, NULL);
        check_gaussian(y, N, d);
        mixture_free(again);
        mixture_free(m);
        free(data);
        free(x);
        free(y);
    }
}

/* Of a normal distribution, by more components than it needs: fewer than one in a thousand sets of 200,000
 * such numbers have one beyond 6 deviations. */
static void samples_stay_with_the_data(void)
{
    enum { ROWS = 10000, N = 100000 };
    double *const data = room_for(2 * ROWS), *const x = room_for(2 * N);
    int64_t beyond = 0;
    fill_normal(4, 2 * ROWS, data);
    struct mixture *const m = fit(data, ROWS, 2, 8, 1, 1);
    fill_normal(5, 2 * N, x);
    inverse(m, x, N, x, NULL);
    for (int64_t i = 0; i < 2 * N; i++)
        beyond += fabs(x[i]) > 6;
    CU_ASSERT_EQUAL(beyond, 0);
    mixture_free(m);
    free(data);
    free(x);
}

/* ---- there and back ------------------------------------------------------------------------------------ */

/* Also across the gaps between components: all of a grid over ten deviations, of the toys that leave most. */
static void points_in_gaps_are_recovered(void)
{
    enum { SIDE = 101, N = SIDE * SIDE };
    static const char *const names[] = {"eight_gaussians", "pinwheel", "rings", "checkerboard"};
    double *const data = room_for(2 * 8000), *const x = room_for(2 * N);
    double *const y = room_for(2 * N), *const back = room_for(2 * N);
    for (size_t t = 0; t < CHECK_COUNT(names); t++) {
        toy_samples(toy_find(names[t]), 3, 0, 8000, data);
        struct mixture *const m = fit(data, 8000, 2, 8, 3, 1);
        for (int i = 0; i < N; i++) {
            x[2 * i] = (i / SIDE - SIDE / 2) * 0.4;
            x[2 * i + 1] = (i % SIDE - SIDE / 2) * 0.4;
        }
        forward(m, x, N, y, NULL);
        inverse(m, y, N, back, NULL);
        CU_ASSERT_TRUE(largest_gap(x, back, 2 * N) <= 1e-7);
        mixture_free(m);
    }
    free(data);
    free(x);
    free(y);
    free(back);
}

static void samples_are_recovered(void)
{
    double *const x = room_for(2 * (TRAIN + TEST)), *const y = room_for(2 * TEST),
                  *const back = room_for(2 * TEST);
    double *const logdet = room_for(2 * TEST);
    struct mixture *const m = eight_gaussians(1, x);
    forward(m, x, TEST, y, logdet);
    inverse(m, y, TEST, back, logdet + TEST);
    CU_ASSERT_TRUE(largest_gap(x, back, 2 * TEST) <= 1e-9);
    CU_ASSERT_TRUE(largest_gap(logdet, logdet + TEST, TEST) <= 1e-8);
    mixture_free(m);
    free(x);
    free(y);
    free(back);
    free(logdet);
}

/* Points at `far` deviations from the data's centre in random directions, in x and in y. */
static void check_far(const struct mixture *m, double far, double deviation)
{
    enum { N = 400 };
    const int64_t d = m->d;
    double *const from = room_for(N * d), *const to = room_for(N * d), *const back = room_for(N * d),
                  logdet[N];
    fill_normal(6, N * d, from);
    for (int64_t row = 0; row < N; row++) {
        double length = 0;
        for (int64_t i = 0; i < d; i++)
            length += from[row * d + i] * from[row * d + i];
        for (int64_t i = 0; i < d; i++)
            from[row * d + i] *= far / sqrt(length);
    }
    inverse(m, from, N, to, logdet);
    forward(m, to, N, back, logdet);
    CU_ASSERT_TRUE(largest_gap(from, back, N * d) <= 1e-9);
    for (int64_t i = 0; i < N * d; i++)
        from[i] *= deviation;
    forward(m, from, N, to, logdet);
    inverse(m, to, N, back, logdet);
    CU_ASSERT_TRUE(largest_gap(from, back, N * d) <= 1e-9);
    for (int64_t row = 0; row < N; row++)
        CU_ASSERT_TRUE(isfinite(logdet[row]));
    free(from);
    free(to);
    free(back);
}

static void far_points_are_recovered(void)
{
    double *const x = room_for(2 * (TRAIN + TEST));
    struct mixture *const eight = eight_gaussians(2, x);
    for (double far = 10; far <= 30; far += 10)
        check_far(eight, far, 2.03);
    mixture_free(eight);
    free(x);
    for (int64_t d = 2; d <= 5; d++) {
        double *data;
        struct mixture *const m = any_mixture(d, 3000, &data);
        for (double far = 10; far <= 30; far += 10)
            check_far(m, far, 2);
        mixture_free(m);
        free(data);
    }
}

/* ---- log-determinant ----------------------------------------------------------------------------------- */

/* Sum of log dy_i/dx_i by central differences; also that y_i does not move with x_j, j > i. */
static double numeric_logdet(const struct mixture *m, const double *x)
{
    const int64_t d = m->d;
    double at[8], plus[8], minus[8], sum = 0;
    for (int64_t i = 0; i < d; i++) {
        const double h = 1e-5 * (1 + fabs(x[i]));
        memcpy(at, x, (size_t)d * sizeof *x);
        at[i] = x[i] + h;
        const double up = at[i];
        forward(m, at, 1, plus, NULL);
        at[i] = x[i] - h;
        forward(m, at, 1, minus, NULL);
        sum += log((plus[i] - minus[i]) / (up - at[i]));
        for (int64_t j = 0; j < i; j++)
            CU_ASSERT_EQUAL(plus[j], minus[j]);
    }
    return sum;
}

static void logdet_matches_the_derivatives(void)
{
    for (int64_t d = 2; d <= 5; d++) {
        double *x, y[8], logdet = 0;
        struct mixture *const m = any_mixture(d, 2000, &x);
        for (int64_t row = 0; row < 100; row++) {
            const double *const at = x + row * d;
            forward(m, at, 1, y, &logdet);
            CU_ASSERT_DOUBLE_EQUAL(logdet, numeric_logdet(m, at), 1e-6);
            double expected = logdet; /* log p = log N(y) + log|det| */
            for (int64_t i = 0; i < d; i++)
                expected -= 0.5 * y[i] * y[i] + NORMAL_HALF_LOG_2PI;
            CU_ASSERT_DOUBLE_EQUAL(log_density(m, at), expected, 1e-11);
        }
        mixture_free(m);
        free(x);
    }
}

/* One component: y = L^-1 (x - mean), whatever the distance. */
static void one_component_is_linear(void)
{
    double x[200], y[200], logdet[100];
    fill_normal(3, 200, x);
    struct mixture *const m = fit(x, 100, 2, 1, 1, 1);
    for (int i = 0; i < 200; i++)
        x[i] *= i;
    forward(m, x, 100, y, logdet);
    for (int row = 0; row < 100; row++) {
        const double *const L = m->factors;
        const double z0 = (x[2 * row] - m->means[0]) / L[0],
                     z1 = (x[2 * row + 1] - m->means[1] - L[2] * z0) / L[3];
        CU_ASSERT_DOUBLE_EQUAL(y[2 * row], z0, 1e-12 * (1 + fabs(z0)));
        CU_ASSERT_DOUBLE_EQUAL(y[2 * row + 1], z1, 1e-12 * (1 + fabs(z1)));
        CU_ASSERT_DOUBLE_EQUAL(logdet[row], -log(L[0] * L[3]), 1e-9);
    }
    mixture_free(m);
}

/* ---- the normal distribution --------------------------------------------------------------------------- */

/* Values by arbitrary-precision arithmetic. */
static void tails_are_accurate(void)
{
    static const struct {
        double a, log_cdf;
    } known[] = {
        {-1e4, -50000010.12927891518},     {-300, -45006.62273211866336},     {-40, -804.6084420137537882},
        {-30.0000001, -454.3212469596692}, {-29.9999999, -454.3212409530172}, {-10, -53.23128515051247058},
        {-5, -15.06499839398872574},       {-1, -1.841021645009263506},       {0, -0.6931471805599453094},
        {1, -0.1727537790234498895},       {5, -2.866516129637635934e-7},     {10, -7.619853024160526066e-24},
    };
    for (size_t i = 0; i < CHECK_COUNT(known); i++) {
        const double a = known[i].a, log_cdf = normal_log_probabilities(a).below;
        CU_ASSERT_DOUBLE_EQUAL(log_cdf, known[i].log_cdf, 1e-14 * fabs(known[i].log_cdf));
        CU_ASSERT_EQUAL(normal_log_probabilities(-a).above, log_cdf);
        if (a <= 0)
            CU_ASSERT_DOUBLE_EQUAL(normal_lower_quantile(log_cdf), a, 4e-15 * (1 + fabs(a)));
    }
    CU_ASSERT_EQUAL(normal_lower_quantile(-INFINITY), -INFINITY);
}

/* ---- model files --------------------------------------------------------------------------------------- */

static bool save_and_load(const struct tensor *tensors, size_t n, struct mixture **out, struct fault *fault)
{
    struct scratch s;
    struct safetensors *file;
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    fault->exit_code = 0;
    check_good(safetensors_write(scratch_path(&s, "m"), tensors, n, NULL, 0, fault), fault);
    check_good(safetensors_read(&file, scratch_path(&s, "m"), fault), fault);
    const bool done = mixture_from_tensors(out, file, fault);
    safetensors_free(file);
    scratch_remove(&s);
    return done;
}

static void models_are_written_and_read(void)
{
    double *x, y[20 * 3], again[20 * 3];
    struct fault fault;
    struct tensor tensors[MIXTURE_TENSORS];
    struct mixture *const m = any_mixture(3, 1000, &x), *loaded;
    mixture_tensors(m, tensors);
    CU_ASSERT_STRING_EQUAL(tensors[0].name, "base.weights");
    check_good(save_and_load(tensors, MIXTURE_TENSORS, &loaded, &fault), &fault);
    CU_ASSERT_TRUE(same_mixture(m, loaded));
    forward(m, x, 20, y, NULL);
    forward(loaded, x, 20, again, NULL);
    CU_ASSERT_EQUAL(memcmp(y, again, sizeof y), 0);
    mixture_free(loaded);
    mixture_free(m);
    free(x);
    check_good(save_and_load(NULL, 0, &loaded, &fault), &fault);
    CU_ASSERT_PTR_NULL(loaded);
}

static void wrong_models_are_reported(void)
{
    static const double weights[2] = {0.5, 0.5}, off[2] = {0.5, 0.6}, means[4] = {0, 1, 2, 3},
                        bad[4] = {0, 1, NAN, 3};
    static const double good[8] = {1, 0, 0, 1, 1, 0, 0, 1}, flat[8] = {1, 0, 0, 1, 1, 2, 2, 1};
    static const struct {
        const double *weights, *means, *covariances;
        int64_t K, d;
        const char *said;
    } wrong[] = {
        {off, means, good, 2, 2, "sum to 1"},
        {weights, bad, good, 2, 2, "not finite"},
        {weights, means, flat, 2, 2, "matrix 1 is not positive definite"},
        {weights, means, good, 1, 2, "do not fit"},
        {weights, means, good, 2, 1, "do not fit"},
    };
    struct fault fault;
    struct mixture *m;
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        const struct tensor tensors[MIXTURE_TENSORS] = {
            tensor_of("base.weights", 8, 1, 2, 0, wrong[i].weights),
            tensor_of("base.means", 8, 2, wrong[i].K, wrong[i].d, wrong[i].means),
            {.name = "base.covariances",
             .dtype = "F64",
             .rank = 3,
             .shape = {2, 2, 2},
             .data = wrong[i].covariances}};
        check_fault(save_and_load(tensors, MIXTURE_TENSORS, &m, &fault), &fault, FAULT_INPUT, wrong[i].said);
        CU_ASSERT_PTR_NULL(m);
        check_fault(save_and_load(tensors, 2, &m, &fault), &fault, FAULT_INPUT, "do not fit");
    }
}

/* ---- weights ------------------------------------------------------------------------------------------- */

enum { WEIGHED = 600 };

static struct mixture *fit_weighted(const double *x, const double *weights, int64_t n, int64_t K)
{
    struct fault fault = {.exit_code = 0};
    struct mixture *m;
    const struct mixture_options options = {
        .components = K, .ridge = 1e-6, .iterations = 40, .seed = 3, .threads = 1};
    check_good(mixture_fit(&m, x, weights, n, 2, &options, NULL, &fault), &fault);
    return m;
}

static void check_same(const struct mixture *a, const struct mixture *b, double tolerance)
{
    CU_ASSERT_TRUE(largest_gap(a->weights, b->weights, a->components) < tolerance);
    CU_ASSERT_TRUE(largest_gap(a->means, b->means, 2 * a->components) < tolerance);
    CU_ASSERT_TRUE(largest_gap(a->covariances, b->covariances, 4 * a->components) < tolerance);
}

/* A row of weight 3 is three rows, in k-means and in EM. */
static void weights_are_repeated_rows(void)
{
    static double x[2 * WEIGHED], weights[WEIGHED], repeated[6 * WEIGHED];
    int64_t n = 0;
    toy_samples(toy_find("moons"), 5, 0, WEIGHED, x);
    for (int i = 0; i < WEIGHED; i++) {
        weights[i] = i % 3 + 1;
        for (int k = 0; k <= i % 3; k++, n++)
            memcpy(repeated + 2 * n, x + 2 * i, 2 * sizeof *x);
    }
    struct mixture *const by_weight = fit_weighted(x, weights, WEIGHED, 3);
    struct mixture *const by_rows = fit_weighted(repeated, NULL, n, 3);
    struct mixture *const without = fit_weighted(x, NULL, WEIGHED, 3);
    check_same(by_weight, by_rows, 1e-12);
    CU_ASSERT_TRUE(largest_gap(without->means, by_rows->means, 6) > 1e-3);
    mixture_free(by_weight);
    mixture_free(by_rows);
    mixture_free(without);
}

/* One component is the weighted mean and covariance, its prior and ridge apart; so is it where the start is
 * made from a part of the rows. */
static void a_weighted_normal_is_found(void)
{
    double *const x = room_for(3 * 20000), *const weights = x + 2 * 20000;
    double sum = 0, mean[2] = {0}, square = 0;
    fill_normal(7, 2 * 20000, x);
    for (int i = 0; i < 20000; i++) {
        weights[i] = exp(x[2 * i]); /* N((1, 0), I) */
        sum += weights[i];
        for (int j = 0; j < 2; j++)
            mean[j] += weights[i] * x[2 * i + j];
    }
    for (int i = 0; i < 20000; i++)
        square += weights[i] * pow(x[2 * i] - mean[0] / sum, 2) / sum;
    struct mixture *const one = fit_weighted(x, weights, 20000, 1);
    CU_ASSERT_DOUBLE_EQUAL(one->means[0], mean[0] / sum, 1e-10);
    CU_ASSERT_DOUBLE_EQUAL(one->means[1], mean[1] / sum, 1e-10);
    CU_ASSERT_DOUBLE_EQUAL(one->covariances[0], square, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(one->means[0], 1, 0.1);
    mixture_free(one);
    struct mixture *const two = fit_weighted(x, weights, 20000, 2);
    double both = 0;
    for (int k = 0; k < 3; k++)
        both += two->weights[k] * two->means[2 * k];
    CU_ASSERT_DOUBLE_EQUAL(both, mean[0] / sum, 1e-3);
    mixture_free(two);
    free(x);
}

static const struct check_case cases[] = {
    {"the fit reaches the entropy", the_fit_reaches_the_entropy},
    {"position and scale do not matter", position_and_scale_do_not_matter},
    {"weights are repeated rows", weights_are_repeated_rows},
    {"a weighted normal is found", a_weighted_normal_is_found},
    {"threads change nothing", threads_change_nothing},
    {"thin data is fitted", thin_data_is_fitted},
    {"wrong fits are reported", wrong_fits_are_reported},
    {"images are Gaussian", images_are_gaussian},
    {"inverse images follow the mixture", inverse_images_follow_the_mixture},
    {"samples stay with the data", samples_stay_with_the_data},
    {"samples are recovered", samples_are_recovered},
    {"points in gaps are recovered", points_in_gaps_are_recovered},
    {"far points are recovered", far_points_are_recovered},
    {"logdet matches the derivatives", logdet_matches_the_derivatives},
    {"one component is linear", one_component_is_linear},
    {"tails are accurate", tails_are_accurate},
    {"models are written and read", models_are_written_and_read},
    {"wrong models are reported", wrong_models_are_reported},
};

int main(void)
{
    return check_main("mixture", cases, CHECK_COUNT(cases));
}
