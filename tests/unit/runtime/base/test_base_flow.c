/* SPDX-License-Identifier: MIT
 *
 * Base flows there and back on maps written by hand: accuracy, honest errors, rows that fail, and the same
 * bits for any number of threads. */
#include "base/base_flow.h"
#include "check.h"
#include "model/flow.h"
#include "numbers/normal.h"
#include "numbers/random.h"
#include "unit/runtime/base/fake_base.h"
#include "watched_memory.h"

#include <math.h>

enum { ROWS = 5000, MOST = ROWS * FAKE_BASE_D };

static struct fake_base fake;

static struct base_flow *make(enum fake_base_kind kind, int precision, double tolerance, int threads)
{
    struct base_flow *base;
    struct fault fault = {0};
    fake_base_make(&fake, kind, precision);
    for (int i = 0; i < FAKE_BASE_THETA; i++) {
        fake.theta_double[i] = 0.1 * i - 0.4;
        fake.theta_single[i] = (float)fake.theta_double[i];
    }
    CU_ASSERT_TRUE_FATAL(base_flow_compiled(&base, &fake.bundle, fake.theta, tolerance, threads, &fault));
    CU_ASSERT_PTR_NOT_NULL(base_flow_theta(base));
    CU_ASSERT_PTR_NULL(base_flow_mixture(base));
    return base;
}

struct points {
    double x[MOST], y[MOST], back[MOST], logdet[ROWS], logdet_back[ROWS];
    struct base_flow_report there, again;
};

static void there_and_back(struct base_flow *base, struct points *p, int64_t n)
{
    struct fault fault = {0};
    const long before = memory_allocations;
    p->there = p->again = (struct base_flow_report){0};
    CU_ASSERT_TRUE(base_flow_forward(base, p->x, n, p->y, p->logdet, &p->there, &fault));
    CU_ASSERT_TRUE(base_flow_inverse(base, p->y, n, p->back, p->logdet_back, &p->again, &fault));
    CU_ASSERT_TRUE(p->there.rows == n && p->again.rows == n);
    CU_ASSERT_TRUE(memory_allocations == before || base_flow_mixture(base) != NULL);
}

static double worst(const double *a, const double *b, int64_t n)
{
    double gap = 0;
    for (int64_t i = 0; i < n; i++)
        gap = isfinite(a[i]) && isfinite(b[i]) ? fmax(gap, fabs(a[i] - b[i])) : INFINITY;
    return gap;
}

/* ---- all rows return ----------------------------------------------------------------------------------- */

static void check_return(enum fake_base_kind kind, int precision, double spread, double limit,
                         int64_t evaluations)
{
    static struct points p;
    struct base_flow *base = make(kind, precision, precision == 4 ? 1e-4 : 0, 2);
    const int64_t d = fake.bundle.dimension;
    random_fill_normal(3, (uint64_t)kind, 0, ROWS * d, 8, p.x);
    for (int64_t i = 0; i < ROWS * d; i++)
        p.x[i] = precision == 4 ? (double)(float)(spread * p.x[i]) : spread * p.x[i];
    there_and_back(base, &p, ROWS);
    CU_ASSERT_EQUAL(p.again.failed, 0);
    CU_ASSERT_TRUE(p.again.error_max < limit);
    CU_ASSERT_TRUE(worst(p.x, p.back, ROWS * d) < limit);
    CU_ASSERT_TRUE(worst(p.logdet, p.logdet_back, ROWS) < 100 * limit);
    CU_ASSERT_TRUE(p.again.evaluations > 1 && p.again.evaluations <= evaluations);
    base_flow_free(base);
}

static void bnaf_is_inverted(void)
{
    check_return(FAKE_BNAF_SMOOTH, 8, 1.5, 1e-10, 200);
    check_return(FAKE_BNAF_FLAT, 8, 0.4, 1e-10, 30);
    check_return(FAKE_BNAF_LINEAR, 8, 30, 1e-10, 30);
}

static void cp_flow_is_inverted(void)
{
    check_return(FAKE_CP_FLOW, 8, 1, 1e-10, 100);
    check_return(FAKE_CP_FLOW, 8, 100, 1e-10, 100);
}

static void single_precision_is_inverted(void)
{
    check_return(FAKE_CP_FLOW, 4, 1, 1e-4, 100);
    check_return(FAKE_BNAF_FLAT, 4, 0.4, 1e-4, 30);
}

/* The image of the map ends at 4: y = 4 + gap is missed by gap, up to which a tolerance forgives. */
static void a_tolerance_decides_what_fails(void)
{
    enum { N = 14 };
    const double tolerances[] = {2e-13, 2e-9, 2e-3}; /* relative to y: times 4 */
    for (int k = 0; k < 3; k++) {
        struct base_flow *base = make(FAKE_BNAF_FLAT, 8, tolerances[k], 1);
        struct fault fault = {0};
        double y[2 * N] = {0}, x[2 * N], error[N];
        unsigned char reason[N];
        struct base_flow_report report = {.reason = reason, .error = error};
        int64_t wrong = 0;
        for (int i = 0; i < N; i++)
            y[2 * i] = 4 + pow(10, -i);
        CU_ASSERT_TRUE(base_flow_inverse(base, y, N, x, NULL, &report, &fault));
        for (int i = 0; i < N; i++) {
            const bool is_wrong = pow(10, -i) > tolerances[k] * y[2 * i];
            wrong += is_wrong;
            CU_ASSERT_EQUAL(reason[i], is_wrong ? ROW_OUT_OF_RANGE : ROW_GOOD);
            CU_ASSERT_DOUBLE_EQUAL(error[i], y[2 * i] - 4, 1e-14);
        }
        CU_ASSERT_EQUAL(report.failed, wrong);
        CU_ASSERT_EQUAL(report.reasons[ROW_OUT_OF_RANGE], wrong);
        CU_ASSERT_EQUAL(report.reasons[ROW_GOOD], N - wrong);
        base_flow_free(base);
    }
}

/* What is reported is |f(x) - y| of the x that was found, to the last digit, row by row; where f is flat, x
 * itself may be anywhere, and no row fails because of that. */
static void errors_are_those_of_y(void)
{
    enum { N = 400 };
    static double x[2 * N], y[2 * N], back[2 * N], image[2 * N], error[N];
    static unsigned char reason[N];
    struct base_flow *base = make(FAKE_BNAF_FLAT, 8, 0, 1);
    struct fault fault = {0};
    struct base_flow_report report = {.reason = reason, .error = error};
    double most = 0;
    for (int i = 0; i < 2 * N; i++)
        x[i] = (i % 2 == 0 ? 1 : -0.5) * (i / 2) * 0.025;
    CU_ASSERT_TRUE(base_flow_forward(base, x, N, y, NULL, NULL, &fault));
    CU_ASSERT_TRUE(base_flow_inverse(base, y, N, back, NULL, &report, &fault));
    CU_ASSERT_TRUE(base_flow_forward(base, back, N, image, NULL, NULL, &fault));
    for (int i = 0; i < N; i++) {
        CU_ASSERT_EQUAL(error[i], worst(image + 2 * i, y + 2 * i, 2));
        CU_ASSERT_EQUAL(reason[i], ROW_GOOD);
        most = fmax(most, error[i]);
    }
    CU_ASSERT_TRUE(report.failed == 0 && report.error_max == most && most < 1e-14);
    CU_ASSERT_TRUE(worst(x, back, 2 * N) > 1e-10);
    base_flow_free(base);
}

/* ---- hard rows ----------------------------------------------------------------------------------------- */

static void values_out_of_reach_fail(void)
{
    struct base_flow *base = make(FAKE_BNAF_FLAT, 8, 0, 1);
    struct fault fault = {0};
    const double y[] = {4.5, 0, 0, -1e300, 3.9999, 1, 4, -4, NAN, 1, 1, INFINITY, 0.5, -0.5};
    const enum row_reason reasons[] = {ROW_OUT_OF_RANGE, ROW_OUT_OF_RANGE, ROW_GOOD, ROW_GOOD,
                                       ROW_NOT_FINITE,   ROW_NOT_FINITE,   ROW_GOOD};
    double x[14], logdet[7];
    for (int i = 0; i < 7; i++) {
        struct base_flow_report report = {0};
        CU_ASSERT_TRUE(base_flow_inverse(base, y + 2 * i, 1, x + 2 * i, logdet + i, &report, &fault));
        CU_ASSERT_EQUAL(report.failed, reasons[i] != ROW_GOOD);
        CU_ASSERT_EQUAL(report.reasons[reasons[i]], 1);
        CU_ASSERT_TRUE(isfinite(x[2 * i]) && isfinite(x[2 * i + 1]) && isfinite(logdet[i]));
        CU_ASSERT_TRUE(fabs(x[2 * i]) < 100 && fabs(x[2 * i + 1]) < 200);
        CU_ASSERT_TRUE(report.evaluations < 150);
    }
    CU_ASSERT_DOUBLE_EQUAL(x[12], atanh(0.125), 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 20, 20); /* the nearest that can be distinguished */
    CU_ASSERT_TRUE(x[0] > 15);
    base_flow_free(base);
}

static void steep_steps_are_inverted(void)
{
    static struct points p;
    struct base_flow *base = make(FAKE_BNAF_STEPS, 8, 1e-8, 1);
    random_fill_normal(3, 5, 0, ROWS * 2, 8, p.x);
    there_and_back(base, &p, ROWS);
    CU_ASSERT_EQUAL(p.again.failed, 0);
    CU_ASSERT_TRUE(worst(p.x, p.back, ROWS * 2) < 1e-6);
    CU_ASSERT_TRUE(p.again.evaluations < 150);
    base_flow_free(base);
}

static void broken_kernels_fail_rows(void)
{
    struct base_flow *base = make(FAKE_BNAF_BROKEN, 8, 0, 1);
    struct fault fault = {0};
    const double x[] = {0.25, 1, 0.75, 1};
    double y[4], back[4], logdet[2];
    struct base_flow_report report = {0};
    CU_ASSERT_TRUE(base_flow_forward(base, x, 2, y, logdet, &report, &fault));
    CU_ASSERT_TRUE(report.rows == 2 && report.failed == 1 && report.reasons[ROW_OVERFLOW] == 1);
    CU_ASSERT_TRUE(y[0] == 0.25 && y[1] == 1 && y[2] == 0 && isfinite(logdet[0]));
    CU_ASSERT_EQUAL(logdet[1], -INFINITY); /* no density, rather than that of y = 0 */
    report = (struct base_flow_report){0};
    CU_ASSERT_TRUE(base_flow_inverse(base, x, 2, back, logdet, &report, &fault));
    CU_ASSERT_TRUE(report.rows == 2 && report.failed == 1);
    CU_ASSERT_DOUBLE_EQUAL(back[0], 0.25, 1e-14);
    CU_ASSERT_TRUE(isfinite(back[2]) && isfinite(back[3]) && logdet[1] < INFINITY);
    base_flow_free(base);
}

/* -infinity is one: no density. */
static bool are_logdets(const double *logdet, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(logdet[i] < INFINITY))
            return false;
    return true;
}

/* Far beyond what a number of either precision can resolve. */
static void absurd_rows_terminate(void)
{
    for (int kind = 0; kind < FAKE_BASES; kind++)
        for (int precision = 4; precision <= 8; precision += 4) {
            struct base_flow *base = make((enum fake_base_kind)kind, precision, 0, 1);
            struct fault fault = {0};
            const double y[6] = {1e300, -1e300, 1e30, 1e-300, -1e8, 1};
            double x[6], logdet[3];
            unsigned char reason[3] = {77, 77, 77};
            struct base_flow_report report = {.reason = reason};
            const int64_t d = fake.bundle.dimension, n = 6 / d;
            CU_ASSERT_TRUE(base_flow_inverse(base, y, n, x, logdet, &report, &fault));
            CU_ASSERT_TRUE(isfinite(worst(x, x, 6)) && are_logdets(logdet, n));
            int64_t counts[ROW_REASONS] = {0};
            for (int64_t i = 0; i < n; i++)
                counts[reason[i] < ROW_REASONS ? reason[i] : ROW_GOOD]++;
            CU_ASSERT_EQUAL(memcmp(counts, report.reasons, sizeof counts), 0);
            CU_ASSERT_EQUAL(report.failed, n - counts[ROW_GOOD]);
            CU_ASSERT_TRUE(base_flow_forward(base, y, n, x, logdet, NULL, &fault));
            CU_ASSERT_TRUE(isfinite(worst(x, x, 6)) && are_logdets(logdet, n));
            base_flow_free(base);
        }
}

/* y that has an x, but one too large for a double in units of the data. */
static void overflow_is_reported(void)
{
    double numbers[4], x[4], mean[] = {0, 0}, scale[] = {1e200, 1};
    const double y[] = {1e200, 1, 1, 1};
    struct fault fault = {0};
    unsigned char reason[2];
    double error[2], flow_logdet[2];
    struct gpfc_flow flow = {.bundle = &fake.bundle,
                             .block = 2,
                             .doubles = numbers,
                             .outcome = {.reason = reason, .error = error, .logdet = flow_logdet}};
    flow.weights.base = make(FAKE_CP_FLOW, 8, 0, 1);
    flow.weights.standard = (struct standard){.d = 2, .mean = mean, .scale = scale};
    CU_ASSERT_TRUE(
        flow_backward(&flow, FLOW_PART_BASE, &(struct flow_rows){.from = y, .to = x, .n = 2}, &fault));
    CU_ASSERT_TRUE(flow.report.rows == 2 && flow.report.failed == 1 && reason[0] == ROW_OVERFLOW);
    CU_ASSERT_TRUE(x[0] == 0 && x[1] == 0 && fabs(x[2]) > 1e199 && isfinite(x[2]));
    base_flow_free(flow.weights.base);
}

/* ---- FFJORD -------------------------------------------------------------------------------------------- */

static void ffjord_is_exact(void)
{
    static struct points p;
    const double grow = exp(1.5), c = grow * cos(2), s = grow * sin(2);
    for (int precision = 4; precision <= 8; precision += 4) {
        struct base_flow *base = make(FAKE_FFJORD_PLAIN, precision, 0, 2);
        const double limit = precision == 4 ? 2e-5 : 1e-8;
        random_fill_normal(3, 9, 0, ROWS * 2, 8, p.x);
        there_and_back(base, &p, ROWS);
        CU_ASSERT_TRUE(p.there.failed == 0 && p.again.failed == 0 && p.there.evaluations > 14);
        CU_ASSERT_TRUE(worst(p.x, p.back, ROWS * 2) < limit);
        for (int i = 0; i < ROWS; i++) {
            CU_ASSERT_DOUBLE_EQUAL(p.y[2 * i], c * p.x[2 * i] - s * p.x[2 * i + 1], 5 * limit);
            CU_ASSERT_DOUBLE_EQUAL(p.y[2 * i + 1], s * p.x[2 * i] + c * p.x[2 * i + 1], 5 * limit);
            CU_ASSERT_DOUBLE_EQUAL(p.logdet[i], 3, limit);
            CU_ASSERT_DOUBLE_EQUAL(p.logdet_back[i], 3, limit);
        }
        base_flow_free(base);
    }
}

static void ffjord_fails_on_unbounded_paths(void)
{
    struct base_flow *base = make(FAKE_FFJORD_BLOWS_UP, 8, 0, 1);
    struct fault fault = {0};
    const double x[] = {0.5, -1, 2, 0};
    double y[4], logdet[2];
    struct base_flow_report report = {0};
    CU_ASSERT_TRUE(base_flow_forward(base, x, 2, y, logdet, &report, &fault));
    CU_ASSERT_TRUE(report.rows == 2 && report.failed == 1 && report.reasons[ROW_NOT_CONVERGED] == 1);
    CU_ASSERT_DOUBLE_EQUAL(y[0], 1, 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(y[1], -0.5, 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(logdet[0], 2 * log(2) - 2 * log(2), 1e-8);
    CU_ASSERT_TRUE(isfinite(y[2]) && isfinite(y[3]) && logdet[1] == -INFINITY);
    base_flow_free(base);
}

/* ---- whatever the threads, blocks and arguments -------------------------------------------------------- */

static void threads_make_no_difference(void)
{
    static struct points one, four;
    const enum fake_base_kind kinds[] = {FAKE_BNAF_SMOOTH, FAKE_BNAF_FLAT, FAKE_FFJORD_PLAIN, FAKE_CP_FLOW};
    for (size_t k = 0; k < CHECK_COUNT(kinds); k++) {
        for (int threads = 1; threads <= 4; threads += 3) {
            struct points *p = threads == 1 ? &one : &four;
            struct base_flow *base = make(kinds[k], 8, 0, threads);
            random_fill_normal(3, k, 0, MOST, 8, p->x);
            there_and_back(base, p, ROWS - 7);
            base_flow_free(base);
        }
        CU_ASSERT_EQUAL(memcmp(one.y, four.y, sizeof one.y), 0);
        CU_ASSERT_EQUAL(memcmp(one.back, four.back, sizeof one.back), 0);
        CU_ASSERT_EQUAL(memcmp(one.logdet_back, four.logdet_back, sizeof one.logdet_back), 0);
        CU_ASSERT_EQUAL(memcmp(&one.again, &four.again, sizeof one.again), 0);
    }
}

static void results_may_overwrite_the_input(void)
{
    static struct points p;
    struct base_flow *base = make(FAKE_BNAF_SMOOTH, 8, 0, 2);
    struct fault fault = {0};
    random_fill_normal(3, 1, 0, MOST, 8, p.x);
    there_and_back(base, &p, 100);
    CU_ASSERT_TRUE(base_flow_forward(base, p.x, 100, p.x, NULL, NULL, &fault));
    CU_ASSERT_EQUAL(memcmp(p.x, p.y, 300 * sizeof *p.x), 0);
    CU_ASSERT_TRUE(base_flow_inverse(base, p.x, 100, p.x, NULL, NULL, &fault));
    CU_ASSERT_EQUAL(memcmp(p.x, p.back, 300 * sizeof *p.x), 0);
    CU_ASSERT_TRUE(base_flow_forward(base, p.x, 0, p.x, NULL, NULL, &fault));
    base_flow_free(base);
}

static void tolerance_is_the_specs(void)
{
    struct fault fault = {0};
    int64_t evaluations[3];
    const double given[3] = {0, 1e-3, 0};
    for (int k = 0; k < 3; k++) {
        struct base_flow *base;
        struct base_flow_report report = {0};
        double x[2] = {1, 2};
        fake_base_make(&fake, FAKE_FFJORD_PLAIN, 8);
        fake_settings_put(&fake.settings, "base.tolerance", k == 2 ? "0" : "1e-6");
        CU_ASSERT_TRUE_FATAL(base_flow_compiled(&base, &fake.bundle, fake.theta, given[k], 1, &fault));
        CU_ASSERT_TRUE(base_flow_forward(base, x, 1, x, NULL, &report, &fault));
        evaluations[k] = report.evaluations;
        base_flow_free(base);
    }
    CU_ASSERT_TRUE(evaluations[1] < evaluations[0] && evaluations[0] < evaluations[2]);
}

static void wrong_bundles_are_refused(void)
{
    struct base_flow *base;
    struct fault fault = {0};
    fake_base_make(&fake, FAKE_CP_FLOW, 8);
    fake.out[0][1].name = "other";
    CU_ASSERT_FALSE(base_flow_compiled(&base, &fake.bundle, fake.theta, 0, 1, &fault));
    CU_ASSERT_STRING_EQUAL(fault.text, "kernel 'block0' of this trainer has no output 'jacobian'");
    fake_base_make(&fake, FAKE_CP_FLOW, 8);
    fake.in[0][6].name = "noise";
    CU_ASSERT_FALSE(base_flow_compiled(&base, &fake.bundle, fake.theta, 0, 1, &fault));
    CU_ASSERT_STRING_EQUAL(fault.text, "kernel 'block0' of this trainer has no input 'x'");
    fake_base_make(&fake, FAKE_CP_FLOW, 8);
    fake.in[1][0].name = "base.other";
    CU_ASSERT_FALSE(base_flow_compiled(&base, &fake.bundle, fake.theta, 0, 1, &fault));
    CU_ASSERT_STRING_EQUAL(fault.text,
                           "kernel 'block1' of this trainer has an unexpected input 'base.other'");
    fake_base_make(&fake, FAKE_CP_FLOW, 8);
    fake.kernels[2].name = "other";
    CU_ASSERT_FALSE(base_flow_compiled(&base, &fake.bundle, fake.theta, 0, 1, &fault));
    CU_ASSERT_STRING_EQUAL(fault.text, "this trainer has no kernel 'apply'");
    fake_base_make(&fake, FAKE_CP_FLOW, 8);
    fake.kernels[0].name = "other";
    CU_ASSERT_FALSE(base_flow_compiled(&base, &fake.bundle, fake.theta, 0, 1, &fault));
    CU_ASSERT_STRING_EQUAL(fault.text, "this trainer has no kernel 'block0'");
    CU_ASSERT_PTR_NULL(base);
    fake_base_make(&fake, FAKE_CP_FLOW, 8);
    fake_settings_put(&fake.settings, "base.kind", "none");
    CU_ASSERT_FALSE(base_flow_compiled(&base, &fake.bundle, fake.theta, 0, 1, &fault));
    CU_ASSERT_STRING_EQUAL(fault.text, "the base flow of this trainer is of an unknown kind");
    base_flow_free(NULL);
}

static void out_of_memory_is_reported(void)
{
    static double x[200];
    const struct device device = device_cpu(1);
    for (int kind = 0; kind < FAKE_BASES; kind++) {
        struct base_flow *base = NULL;
        int n = 0;
        fake_base_make(&fake, (enum fake_base_kind)kind, 8);
        for (bool good = false; !good; n++) {
            struct fault fault = {0};
            memory_left = n;
            good = base_flow_compiled(&base, &fake.bundle, fake.theta, 0, 2, &fault);
            memory_left = -1;
            CU_ASSERT_TRUE(good ? base != NULL : base == NULL && fault.exit_code == FAULT_SYSTEM);
            base_flow_free(base);
        }
        CU_ASSERT_TRUE(n > 20);
    }
    for (bool good = false, first = true; !good; first = false) {
        static int n;
        struct fault fault = {0};
        fake_base_make(&fake, FAKE_CP_FLOW, 8);
        memory_left = n++;
        good = base_flow_start(&fake.bundle, fake.theta, &(struct part){.x = x, .n = 100}, NULL, 100, &device,
                               &fault);
        memory_left = -1;
        CU_ASSERT_TRUE(good || fault.exit_code == FAULT_SYSTEM);
        CU_ASSERT_FALSE(good && first);
    }
    struct base_flow *base;
    struct fault fault = {0};
    struct mixture *mixture = calloc(1, sizeof *mixture);
    memory_left = 0;
    CU_ASSERT_FALSE(base_flow_of_mixture(&base, mixture, 1, &fault));
    memory_left = -1;
    CU_ASSERT_TRUE(base == NULL && fault.exit_code == FAULT_SYSTEM);
}

/* ---- mixtures, ActNorm --------------------------------------------------------------------------------- */

static void mixtures_are_base_flows(void)
{
    static struct points p;
    struct base_flow *base;
    struct mixture *mixture;
    struct fault fault = {0};
    const struct mixture_options options = {.components = 2, .ridge = 1e-6, .iterations = 20, .threads = 1};
    random_fill_normal(3, 1, 0, MOST, 8, p.x);
    CU_ASSERT_TRUE_FATAL(mixture_fit(&mixture, p.x, NULL, 500, 2, &options, NULL, &fault));
    CU_ASSERT_TRUE_FATAL(base_flow_of_mixture(&base, mixture, 1, &fault));
    CU_ASSERT_TRUE(base_flow_mixture(base) == mixture && base_flow_theta(base) == NULL);
    there_and_back(base, &p, 500);
    CU_ASSERT_TRUE(p.there.failed == 0 && p.again.failed == 0);
    CU_ASSERT_TRUE(worst(p.x, p.back, 1000) < 1e-9);
    p.x[7] = NAN;
    unsigned char reason[10];
    struct base_flow_report report = {.reason = reason};
    CU_ASSERT_TRUE(base_flow_forward(base, p.x, 10, p.y, p.logdet, &report, &fault));
    CU_ASSERT_TRUE(report.failed == 1 && reason[3] == ROW_NOT_FINITE && reason[4] == ROW_GOOD);
    CU_ASSERT_TRUE(worst(p.y, p.y, 20) == 0 && p.logdet[3] == -INFINITY && isfinite(p.logdet[4]));
    base_flow_free(base);
}

static void check_norm(const double *shift, const double *log_scale, const double *values, int64_t n,
                       double limit)
{
    for (int i = 0; i < 2; i++) {
        double mean = 0, variance = 0;
        for (int64_t row = 0; row < n; row++)
            mean += values[2 * row + i] / (double)n;
        for (int64_t row = 0; row < n; row++)
            variance += (values[2 * row + i] - mean) * (values[2 * row + i] - mean) / (double)n;
        CU_ASSERT_DOUBLE_EQUAL(shift[i], -mean, limit);
        CU_ASSERT_DOUBLE_EQUAL(log_scale[i], log(1 / (sqrt(variance) + 1e-6)), limit);
    }
}

/* grad F of the first block, as fake_base.c has it. */
static void first_block(const double *x, double *y)
{
    const double w[3][2] = {{1, 0.5}, {-0.3, 1}, {1, 0.9}};
    for (int i = 0; i < 2; i++) {
        y[i] = x[i];
        for (int k = 0; k < 3; k++)
            y[i] += 3 / (1 + exp(-(w[k][0] * x[0] + w[k][1] * x[1]))) * w[k][i];
    }
}

static void norms_start_one_after_another(void)
{
    const struct device two = device_cpu(2);
    static double x[ROWS * 2], z[ROWS * 2];
    struct fault fault = {0};
    fake_base_make(&fake, FAKE_CP_FLOW, 8);
    random_fill_normal(3, 1, 0, ROWS * 2, 8, x);
    for (int i = 0; i < ROWS * 2; i++)
        x[i] = 1000 + 3 * x[i];
    CU_ASSERT_TRUE(base_flow_start(&fake.bundle, fake.theta, &(struct part){.x = x, .n = ROWS}, NULL, ROWS,
                                   &two, &fault));
    const double *theta = fake.theta_double;
    check_norm(theta, theta + 2, x, ROWS, 1e-9);
    for (int row = 0; row < ROWS; row++) {
        double in[2];
        for (int i = 0; i < 2; i++)
            in[i] = (x[2 * row + i] + theta[i]) * (exp(theta[2 + i]) + 0.001);
        first_block(in, z + 2 * row);
    }
    check_norm(theta + 4, theta + 6, z, ROWS, 1e-9);
    CU_ASSERT_TRUE(theta[8] == 0 && theta[11] == 0);
    x[4444] = INFINITY;
    CU_ASSERT_FALSE(base_flow_start(&fake.bundle, fake.theta, &(struct part){.x = x, .n = ROWS}, NULL, ROWS,
                                    &two, &fault));
    CU_ASSERT_EQUAL(fault.exit_code, FAULT_DIVERGED);
    fake_base_make(&fake, FAKE_BNAF_FLAT, 8);
    CU_ASSERT_TRUE(base_flow_start(&fake.bundle, fake.theta, &(struct part){.x = x, .n = ROWS}, NULL, ROWS,
                                   &two, &fault));
    CU_ASSERT_EQUAL(fake.theta_double[0], 0);
}

/* ---- BNAF's arms --------------------------------------------------------------------------------------- */

enum { ARM_ROWS = 20001 };

static bool start_arms(double *x, struct fault *fault)
{
    const struct device two = device_cpu(2);
    fake_base_make(&fake, FAKE_BNAF_TAIL, 8);
    return base_tail_start(&fake.bundle, fake.theta, &(struct part){.x = x, .n = ARM_ROWS}, NULL, ARM_ROWS,
                           &two, fault);
}

static double normal_quantile(double share)
{
    return share < 0.5 ? normal_lower_quantile(log(share)) : -normal_lower_quantile(log(1 - share));
}

/* Where rows are normal, an arm has the slope that makes N(0, 1) of them, from their thousandth on. */
static void arms_continue_the_rows(void)
{
    static double x[2 * ARM_ROWS];
    struct fault fault = {0};
    for (int row = 0; row < ARM_ROWS; row++) {
        x[2 * row] = 10 + 2 * normal_quantile((row + 0.5) / ARM_ROWS);
        x[2 * row + 1] = normal_quantile((row * 7 % ARM_ROWS + 0.5) / ARM_ROWS);
    }
    CU_ASSERT_TRUE_FATAL(start_arms(x, &fault));
    const double *edge = fake.theta_double, *log_scale = fake.theta_double + 4, outer = 3.0902323;
    const double expected[] = {-(10 - 2 * outer), -(3 - 5 * outer), 10 + 2 * outer, 3 + 5 * outer};
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_DOUBLE_EQUAL(edge[i], expected[i], 0.05);
        CU_ASSERT_DOUBLE_EQUAL(log_scale[i], -log(i % 2 ? 5 : 2), 0.01);
    }
}

/* Rows that end in a wall get an arm 20 times as steep as a normal distribution of their width would, and
 * equal rows one of slope 1. */
static void arms_of_walls(void)
{
    static double x[2 * ARM_ROWS];
    struct fault fault = {0};
    for (int row = 0; row < ARM_ROWS; row++) {
        x[2 * row] = row % 2;
        x[2 * row + 1] = 7;
    }
    CU_ASSERT_TRUE_FATAL(start_arms(x, &fault));
    const double *edge = fake.theta_double, *log_scale = fake.theta_double + 4;
    CU_ASSERT_TRUE(edge[0] == 0 && edge[2] == 1 && edge[1] == 32 && edge[3] == -32);
    CU_ASSERT_DOUBLE_EQUAL(exp(log_scale[0]), 20 * 2 * 2.3263479, 1e-6);
    CU_ASSERT_EQUAL(log_scale[0], log_scale[2]);
    CU_ASSERT_TRUE(log_scale[1] == 0 && log_scale[3] == 0);
    x[3333] = NAN;
    CU_ASSERT_FALSE(start_arms(x, &fault));
    CU_ASSERT_EQUAL(fault.exit_code, FAULT_DIVERGED);
}

/* ---- CP-Flow's arms ------------------------------------------------------------------------------------ */

enum { EXTENT_ROWS = 2500 };

/* From the farthest rows on the block has the slope of its widths, or its own where that is steeper. */
static void arms_end_where_the_rows_do(void)
{
    static double x[2 * EXTENT_ROWS];
    const struct device two = device_cpu(2);
    const struct part part = {.x = x, .n = EXTENT_ROWS};
    struct fault fault = {0};
    for (int row = 0; row < EXTENT_ROWS; row++) {
        x[2 * row] = 100 + row * 3 % EXTENT_ROWS;
        x[2 * row + 1] = row == 2400 ? 5 : row == 1300 ? -7 : row % 2;
    }
    fake_base_make(&fake, FAKE_CP_FLOW_EXTENT, 8);
    fake.theta_double[8] = log(expm1(0.75));
    CU_ASSERT_TRUE_FATAL(base_flow_end(&fake.bundle, fake.theta, &part, &two, &fault));
    const double edge[] = {-100, 14, 99 + EXTENT_ROWS, 10};
    for (int i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(fake.theta_double[i], edge[i]);
        CU_ASSERT_DOUBLE_EQUAL(exp(fake.theta_double[4 + i]), i % 2 ? 1.25 * 0.0005 : 1.25 * 3 - 0.75, 1e-9);
    }
    x[4001] = NAN;
    CU_ASSERT_FALSE(base_flow_end(&fake.bundle, fake.theta, &part, &two, &fault));
    CU_ASSERT_EQUAL(fault.exit_code, FAULT_DIVERGED);
    fake_base_make(&fake, FAKE_BNAF_FLAT, 8);
    CU_ASSERT_TRUE(base_flow_end(&fake.bundle, fake.theta, &part, &two, &fault));
    CU_ASSERT_EQUAL(fake.theta_double[0], 0);
}

static void norms_start_in_single(void)
{
    const struct device one = device_cpu(1);
    static double x[ROWS * 2];
    static float single[ROWS * 2];
    struct fault fault = {0};
    fake_base_make(&fake, FAKE_CP_FLOW, 4);
    random_fill_normal(3, 1, 0, ROWS * 2, 8, x);
    for (int i = 0; i < ROWS * 2; i++) {
        single[i] = (float)(100 + x[i]);
        x[i] = (double)single[i];
    }
    CU_ASSERT_TRUE(base_flow_start(&fake.bundle, fake.theta, &(struct part){.x = single, .n = ROWS}, NULL,
                                   ROWS, &one, &fault));
    const double shift[] = {(double)fake.theta_single[0], (double)fake.theta_single[1]};
    const double log_scale[] = {(double)fake.theta_single[2], (double)fake.theta_single[3]};
    check_norm(shift, log_scale, x, ROWS, 1e-5);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"BNAF is inverted", bnaf_is_inverted},
        {"CP-Flow is inverted", cp_flow_is_inverted},
        {"single precision is inverted", single_precision_is_inverted},
        {"a tolerance decides what fails", a_tolerance_decides_what_fails},
        {"errors are those of y", errors_are_those_of_y},
        {"values out of reach fail", values_out_of_reach_fail},
        {"steep steps are inverted", steep_steps_are_inverted},
        {"broken kernels fail rows", broken_kernels_fail_rows},
        {"absurd rows terminate", absurd_rows_terminate},
        {"overflow is reported", overflow_is_reported},
        {"FFJORD is exact", ffjord_is_exact},
        {"FFJORD fails on unbounded paths", ffjord_fails_on_unbounded_paths},
        {"threads make no difference", threads_make_no_difference},
        {"results may overwrite the input", results_may_overwrite_the_input},
        {"the tolerance is the spec's, or given", tolerance_is_the_specs},
        {"wrong bundles are refused", wrong_bundles_are_refused},
        {"out of memory is reported", out_of_memory_is_reported},
        {"mixtures are base flows", mixtures_are_base_flows},
        {"ActNorms start one after another", norms_start_one_after_another},
        {"BNAF's arms continue the rows", arms_continue_the_rows},
        {"BNAF's arms of rows that end in a wall", arms_of_walls},
        {"arms end where the rows do", arms_end_where_the_rows_do},
        {"ActNorms start in single precision", norms_start_in_single},
    };
    return check_main("base flow", cases, CHECK_COUNT(cases));
}
