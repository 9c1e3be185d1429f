/* SPDX-License-Identifier: MIT
 *
 * Rows in tiles over threads: values against plain loops, tails, orders, and the same bits for any number of
 * threads. */
#include "check.h"
#include "kernels/bundle.h"
#include "kernels/runner_cpu.h"
#include "kernels/settings.h"
#include "numbers/random.h"
#include "numbers/rotation.h"
#include "unit/runtime/kernels/fake_bundle.h"

#include <math.h>

enum { MOST_ROWS = 1000, D = 3 };

static struct fake fake;

struct fixture {
    double theta[D * D + D], x[MOST_ROWS * D], y[MOST_ROWS * D], s[MOST_ROWS * D + 1];
};

static void make_fixture(struct fixture *f)
{
    fake_make(&fake, FAKE_DOUBLE3);
    random_fill_normal(5, 1, 0, MOST_ROWS * D, 8, f->x);
    random_fill_normal(5, 2, 0, MOST_ROWS * D, 8, f->y);
    random_fill_normal(5, 3, 0, D * D + D, 8, f->theta);
    for (int i = 0; i < D * D; i++)
        f->theta[i] *= 0.1;
}

static struct runner *make_run(const char *kernel, int64_t rows, int threads, const double *theta)
{
    struct runner *run;
    struct fault fault = {0};
    const struct device device = device_cpu(threads);
    CU_ASSERT_TRUE_FATAL(runner_new(&run, &device, &fake.bundle, kernel, rows, &fault));
    runner_parameters(run, theta);
    return run;
}

static void bind_rows(struct runner *run, const char *name, const double *rows)
{
    runner_input(run, name, &(struct runner_rows){.rows = rows, .n = MOST_ROWS, .stays = true});
}

static double expected_s(const struct fixture *f, int64_t row, int i)
{
    double s = f->y[row * D + i] + f->theta[D * D + i];
    for (int j = 0; j < D; j++)
        s += f->theta[i * D + j] * f->y[row * D + j];
    return s;
}

static void any_number_of_rows(void)
{
    static struct fixture f;
    make_fixture(&f);
    struct runner *run = make_run("apply", MOST_ROWS, 2, f.theta);
    bind_rows(run, "y", f.y);
    runner_output(run, "s", f.s);
    for (int64_t n = 1; n <= MOST_ROWS; n = n < 20 ? n + 1 : n * 3 - 1) {
        for (int i = 0; i <= MOST_ROWS * D; i++)
            f.s[i] = -77;
        CU_ASSERT_TRUE(runner_go(run, n, NULL));
        for (int64_t row = 0; row < n; row++)
            for (int i = 0; i < D; i++)
                CU_ASSERT_DOUBLE_EQUAL(f.s[row * D + i], expected_s(&f, row, i), 1e-13);
        for (int64_t i = n * D; i <= MOST_ROWS * D; i++)
            CU_ASSERT_EQUAL(f.s[i], -77);
    }
    runner_free(run);
}

static void rows_in_another_order(void)
{
    static struct fixture f;
    make_fixture(&f);
    uint32_t order[MOST_ROWS];
    random_permutation(1, 1, MOST_ROWS, order);
    struct runner *run = make_run("apply", MOST_ROWS, 1, f.theta);
    bind_rows(run, "y", f.y);
    runner_output(run, "s", f.s);
    runner_order(run, order, 10);
    CU_ASSERT_TRUE(runner_go(run, 501, NULL));
    for (int64_t row = 0; row < 501; row++)
        for (int i = 0; i < D; i++)
            CU_ASSERT_DOUBLE_EQUAL(f.s[row * D + i], expected_s(&f, order[row + 10], i), 1e-13);
    runner_free(run);
}

/* The same bits as of rows that were turned before, in any order, tails too. */
static void rows_are_turned(void)
{
    static struct fixture f;
    static double turned[MOST_ROWS * D], expected[MOST_ROWS * D];
    const double rotation[D * D] = {0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6};
    make_fixture(&f);
    uint32_t order[MOST_ROWS];
    random_permutation(1, 1, MOST_ROWS, order);
    rotation_turn(D, rotation, false, f.y, turned, MOST_ROWS, 8);
    struct runner *run = make_run("apply", MOST_ROWS, 2, f.theta);
    runner_order(run, order, 0);
    bind_rows(run, "y", turned);
    runner_output(run, "s", expected);
    CU_ASSERT_TRUE(runner_go(run, MOST_ROWS - 1, NULL));
    runner_input(run, "y", &(struct runner_rows){.rows = f.y, .n = MOST_ROWS, .rotation = rotation});
    runner_output(run, "s", f.s);
    CU_ASSERT_TRUE(runner_go(run, MOST_ROWS - 1, NULL));
    CU_ASSERT_EQUAL(memcmp(f.s, expected, (MOST_ROWS - 1) * D * sizeof(double)), 0);
    bind_rows(run, "y", f.y); /* bound anew, without */
    CU_ASSERT_TRUE(runner_go(run, MOST_ROWS - 1, NULL));
    CU_ASSERT_DOUBLE_EQUAL(f.s[0], expected_s(&f, order[0], 0), 1e-13);
    runner_free(run);
}

struct totals {
    double cost, penalty, weight[D * D], bias[D], lambda;
};

static void train_once(const struct fixture *f, int64_t n, int threads, struct totals *out)
{
    struct runner *run = make_run("train", n, threads, f->theta);
    out->lambda = 0.5;
    runner_setting(run, "lambda", &out->lambda);
    bind_rows(run, "x", f->x);
    bind_rows(run, "y", f->y);
    runner_total(run, "cost", &out->cost);
    runner_total(run, "penalty", &out->penalty);
    runner_total(run, "grad.flow.layer0.weight", out->weight);
    runner_total(run, "grad.flow.layer0.bias", out->bias);
    runner_noise(run, 9, 4, 0);
    CU_ASSERT_TRUE(runner_go(run, n, NULL));
    runner_free(run);
}

/* Weight 1/n for each row, 0 for what fills the last tile. */
static void totals_are_means_of_rows(void)
{
    static struct fixture f;
    static struct totals totals;
    make_fixture(&f);
    for (int64_t n = 1; n < 200; n = 2 * n + 3) {
        double cost = 0, bias[D] = {0};
        for (int64_t row = 0; row < n; row++)
            for (int i = 0; i < D; i++) {
                double e = expected_s(&f, row, i) - f.x[row * D + i];
                cost += e * e / (double)n;
                bias[i] += 2 * e / (double)n;
            }
        train_once(&f, n, 2, &totals);
        CU_ASSERT_DOUBLE_EQUAL(totals.cost, cost, 1e-12 * cost);
        CU_ASSERT_TRUE(totals.penalty > 0);
        for (int i = 0; i < D; i++)
            CU_ASSERT_DOUBLE_EQUAL(totals.bias[i], bias[i], 1e-11);
    }
}

/* The gradient that the tests' own bundle gives is one: central differences of cost + lambda * penalty. */
static void gradient_is_the_derivative(void)
{
    static struct fixture f;
    static struct totals totals, up, down;
    make_fixture(&f);
    train_once(&f, 37, 1, &totals);
    for (int i = 0; i < D * D + D; i++) {
        const double kept = f.theta[i], h = 1e-5;
        f.theta[i] = kept + h;
        train_once(&f, 37, 1, &up);
        f.theta[i] = kept - h;
        train_once(&f, 37, 1, &down);
        f.theta[i] = kept;
        double slope = (up.cost - down.cost + 0.5 * (up.penalty - down.penalty)) / (2 * h);
        CU_ASSERT_DOUBLE_EQUAL(slope, i < D * D ? totals.weight[i] : totals.bias[i - D * D], 1e-7);
    }
}

static void same_bits_for_any_threads(void)
{
    static struct fixture f;
    static struct totals one, many;
    static const int64_t sizes[] = {1, 3, 64, 257, 1000};
    make_fixture(&f);
    for (size_t k = 0; k < CHECK_COUNT(sizes); k++) {
        train_once(&f, sizes[k], 1, &one);
        for (int threads = 2; threads <= 5; threads++) {
            train_once(&f, sizes[k], threads, &many);
            CU_ASSERT_EQUAL(memcmp(&one, &many, sizeof one), 0);
        }
    }
}

static void noise_belongs_to_the_sample(void)
{
    static struct fixture f;
    static double all[MOST_ROWS], part[MOST_ROWS];
    make_fixture(&f);
    struct runner *run = make_run("measure", MOST_ROWS, 1, f.theta);
    bind_rows(run, "x", f.x);
    bind_rows(run, "y", f.y);
    runner_output(run, "penalty", all);
    runner_noise(run, 3, 3, 0);
    CU_ASSERT_TRUE(runner_go(run, 100, NULL));
    runner_output(run, "penalty", part);
    runner_noise(run, 3, 3, 30);
    CU_ASSERT_TRUE(runner_go(run, 50, NULL));
    for (int i = 0; i < 50; i++)
        CU_ASSERT_EQUAL(part[i], all[30 + i]);
    CU_ASSERT_NOT_EQUAL(all[0], all[1]);
    runner_free(run);
}

static void leaves_are_a_power_of_two(void)
{
    static struct fixture f;
    make_fixture(&f);
    struct runner *run = make_run("train", MOST_ROWS, 3, f.theta);
    static const int64_t rows[] = {1, 4, 5, 8, 9, 16, 17, 1000}, leaves[] = {1, 1, 2, 2, 2, 4, 4, 64};
    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        CU_ASSERT_EQUAL(runner_cpu_leaves(run, rows[i]), leaves[i]);
    CU_ASSERT_EQUAL(runner_flop(run), 1e6);
    runner_free(run);
}

/* Where sums are large beside a tile's work, leaves have several tiles, but there are some for threads to
 * share; how many depends only on the rows and the kernel. */
static void leaves_are_large_enough_for_their_sums(void)
{
    static struct fixture f;
    make_fixture(&f);
    struct gpfc_kernel kernels[16];
    CU_ASSERT_FATAL(fake.bundle.n_kernels <= (int64_t)CHECK_COUNT(kernels));
    memcpy(kernels, fake.bundle.kernels, (size_t)fake.bundle.n_kernels * sizeof kernels[0]);
    fake.bundle.kernels = kernels;
    struct gpfc_kernel *train = NULL;
    for (int64_t i = 0; i < fake.bundle.n_kernels; i++)
        if (strcmp(kernels[i].name, "train") == 0)
            train = &kernels[i];
    CU_ASSERT_PTR_NOT_NULL_FATAL(train);
    static const struct {
        int64_t elements, rows, leaves;
        double flop;
    } cases[] = {{14, 1000, 64, 1e6},    {14, 1000, 16, 1},      {100000, 1000, 16, 1e6},
                 {50000, 1000, 32, 1e6}, {5000, 1000, 64, 1e6},  {10000, 100, 16, 1e6},
                 {10000, 20, 4, 1},      {10000, 4000, 64, 1e6}, {1 << 20, 1000, 8, 1e6}};
    for (size_t i = 0; i < CHECK_COUNT(cases); i++) {
        train->sum_elements = cases[i].elements;
        train->flop_per_sample = cases[i].flop;
        for (int threads = 1; threads <= 3; threads += 2) {
            struct runner *run = make_run("train", cases[i].rows, threads, f.theta);
            CU_ASSERT_EQUAL(runner_cpu_leaves(run, cases[i].rows), cases[i].leaves);
            runner_free(run);
        }
    }
}

/* Without an order, a call begins at any row, and ends before the last. */
static void rows_from_any_row_on(void)
{
    static struct fixture f;
    make_fixture(&f);
    struct runner *run = make_run("apply", MOST_ROWS, 2, f.theta);
    bind_rows(run, "y", f.y);
    runner_output(run, "s", f.s);
    runner_order(run, NULL, 333);
    CU_ASSERT_TRUE(runner_go(run, 50, NULL));
    for (int64_t row = 0; row < 50; row++)
        for (int i = 0; i < D; i++)
            CU_ASSERT_DOUBLE_EQUAL(f.s[row * D + i], expected_s(&f, 333 + row, i), 1e-13);
    runner_free(run);
}

static void unknown_kernel_is_reported(void)
{
    struct runner *run;
    struct fault fault = {0};
    fake_make(&fake, FAKE_SINGLE2);
    const struct device device = device_cpu(1);
    CU_ASSERT_FALSE(runner_new(&run, &device, &fake.bundle, "fly", 1, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "'fly'"));
    CU_ASSERT_PTR_NULL(run);
}

/* ---- bundles ------------------------------------------------------------------------------------------- */

static void bundles_are_checked(void)
{
    struct fault fault = {0};
    fake_make(&fake, FAKE_SINGLE2);
    CU_ASSERT_TRUE(bundle_check(&fake.bundle, &fault));
    fake.bundle.abi_version = 99;
    CU_ASSERT_FALSE(bundle_check(&fake.bundle, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "interface 99"));
    fake_make(&fake, FAKE_SINGLE2);
    fake.bundle.n_kernels = 3;
    CU_ASSERT_FALSE(bundle_check(&fake.bundle, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "'invert'"));
    fake_make(&fake, FAKE_SINGLE2);
    fake.bundle.precision = 2;
    CU_ASSERT_FALSE(bundle_check(&fake.bundle, &fault));
}

/* Look-ups know no default, so no key may be missing, not in the base flow's bundle either. */
static void missing_settings_are_reported(void)
{
    for (int of_base = 0; of_base < 2; of_base++) {
        struct fault fault = {0};
        fake_make(&fake, FAKE_SINGLE2);
        fake_set(&fake, "base.kind", "bnaf");
        CU_ASSERT_TRUE(bundle_whole(&fake.bundle, &fault));
        struct fake_settings *settings = of_base ? &fake.base_settings : &fake.settings;
        settings->row[fake_settings_place("train.rate")].key = "train.ratio";
        CU_ASSERT_FALSE(bundle_whole(&fake.bundle, &fault));
        CU_ASSERT_STRING_EQUAL(fault.text, "broken bundle: no setting 'train.rate'");
    }
}

static void settings_have_types(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.rate", "0.25");
    fake_set(&fake, "train.seed", "9007199254740991");
    fake_set(&fake, "data.source", "2spirals");
    CU_ASSERT_EQUAL(setting_number(&fake.bundle, SETTING_train_rate), 0.25);
    CU_ASSERT_STRING_EQUAL(setting_text(&fake.bundle, SETTING_train_rate), "0.25");
    CU_ASSERT_EQUAL(setting_integer(&fake.bundle, SETTING_train_seed), 9007199254740991);
    CU_ASSERT_TRUE(setting_is(&fake.bundle, SETTING_data_source, WORD_source__2spirals));
    CU_ASSERT_FALSE(setting_is(&fake.bundle, SETTING_data_source, WORD_source_moons));
}

static void processor_is_checked(void)
{
    struct fault fault = {0};
    CU_ASSERT_TRUE(bundle_cpu_fits("", "generic", &fault));
    CU_ASSERT_TRUE(bundle_cpu_fits("+64bit,-avx512f,+nothing-we-know", "generic", &fault));
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx512vbmi")) {
        CU_ASSERT_FALSE(bundle_cpu_fits("+sse3,+avx512vbmi", "icelake-server", &fault));
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "icelake-server"));
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "lacks avx512vbmi;"));
    }
#endif
}

int main(void)
{
    static const struct check_case cases[] = {
        {"any number of rows", any_number_of_rows},
        {"rows in another order", rows_in_another_order},
        {"rows are turned", rows_are_turned},
        {"rows from any row on", rows_from_any_row_on},
        {"totals are means of rows", totals_are_means_of_rows},
        {"gradient is the derivative", gradient_is_the_derivative},
        {"same bits for any threads", same_bits_for_any_threads},
        {"noise belongs to the sample", noise_belongs_to_the_sample},
        {"leaves are a power of two", leaves_are_a_power_of_two},
        {"leaves are large enough for their sums", leaves_are_large_enough_for_their_sums},
        {"unknown kernel is reported", unknown_kernel_is_reported},
        {"bundles are checked", bundles_are_checked},
        {"missing settings are reported", missing_settings_are_reported},
        {"settings have types", settings_have_types},
        {"processor is checked", processor_is_checked},
    };
    return check_main("runner_cpu", cases, CHECK_COUNT(cases));
}
