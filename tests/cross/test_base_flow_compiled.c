/* SPDX-License-Identifier: MIT
 *
 * Base flows with the weights of their public implementation, compiled by every backend, there and back:
 * FFJORD against numbers of an adaptive solver, inverses against the points that were mapped, and reported
 * errors against the true ones. */
#include "base/base_flow.h"
#include "check.h"
#include "cross/compiled_base.h"
#include "numbers/random.h"

#include <math.h>

enum { MOST_ROWS = 2000, MOST_D = 5, MOST = MOST_ROWS * MOST_D };

struct points {
    int64_t n, d;
    double x[MOST], y[MOST], back[MOST], logdet[MOST_ROWS], logdet_back[MOST_ROWS];
    struct base_flow_report there, again;
};

static struct oracle_file file;
static struct compiled_base compiled;

static void load(const char *name, enum real real)
{
    char path[128];
    const char *why = "";
    (void)snprintf(path, sizeof path, "tests/oracle/data/%s.oracle", name);
    CU_ASSERT_TRUE_FATAL(oracle_read(check_path(path), &file, &why));
    CU_ASSERT_TRUE_FATAL(compiled_base_make(&compiled, &file, real));
}

static void unload(void)
{
    compiled_base_free(&compiled);
    oracle_free(&file);
}

static struct base_flow *make(double tolerance)
{
    struct base_flow *base;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(base_flow_compiled(&base, &compiled.bundle, compiled.theta, tolerance, 2, &fault));
    return base;
}

static void take_points(struct points *p, const struct oracle_array *x)
{
    p->n = x->shape[0];
    p->d = x->shape[1];
    memcpy(p->x, x->values, (size_t)x->elements * sizeof(double));
}

static void there_and_back(struct base_flow *base, struct points *p)
{
    struct fault fault = {0};
    p->there = p->again = (struct base_flow_report){0};
    CU_ASSERT_TRUE(base_flow_forward(base, p->x, p->n, p->y, p->logdet, &p->there, &fault));
    CU_ASSERT_TRUE(base_flow_inverse(base, p->y, p->n, p->back, p->logdet_back, &p->again, &fault));
}

static double worst(const double *a, const double *b, int64_t n)
{
    double gap = 0;
    for (int64_t i = 0; i < n; i++)
        gap = isfinite(a[i]) && isfinite(b[i]) ? fmax(gap, fabs(a[i] - b[i])) : INFINITY;
    return gap;
}

/* ---- FFJORD -------------------------------------------------------------------------------------------- */

static void check_ffjord(const char *name, enum real real, double tolerance, double limit)
{
    static struct points p;
    load(name, real);
    struct base_flow *base = make(tolerance);
    take_points(&p, oracle_find(&file, "x"));
    there_and_back(base, &p);
    CU_ASSERT_TRUE(p.there.failed == 0 && p.again.failed == 0);
    CU_ASSERT_TRUE(worst(p.y, oracle_find(&file, "y_tol13")->values, p.n * p.d) <= limit);
    CU_ASSERT_TRUE(worst(p.logdet, oracle_find(&file, "logdet_tol13")->values, p.n) <= limit);
    CU_ASSERT_TRUE(worst(p.x, p.back, p.n * p.d) <= limit);
    CU_ASSERT_TRUE(worst(p.logdet, p.logdet_back, p.n) <= limit);
    base_flow_free(base);
    unload();
}

static void ffjord_in_double(void)
{
    check_ffjord("ffjord_random_d2", REAL_8, 1e-12, 5e-11);
    check_ffjord("ffjord_random_d5", REAL_8, 1e-12, 5e-11);
}

static void ffjord_in_single(void)
{
    check_ffjord("ffjord_random_d2", REAL_4, 0, 1e-5);
}

/* ---- BNAF ---------------------------------------------------------------------------------------------- */

/* Row by row, so that each has a report of its own. How many fail, all of them from row `inner` on. */
static int count_failed(struct base_flow *base, struct points *p, int64_t inner)
{
    struct fault fault = {0};
    int failed = 0;
    for (int64_t row = 0; row < p->n; row++) {
        struct base_flow_report report = {0};
        double *back = p->back + row * p->d, *y = p->y + row * p->d, image[MOST_D];
        CU_ASSERT_TRUE(base_flow_inverse(base, y, 1, back, &p->logdet_back[row], &report, &fault));
        CU_ASSERT_TRUE(isfinite(worst(back, back, p->d)) && isfinite(p->logdet_back[row]));
        CU_ASSERT_TRUE(base_flow_forward(base, back, 1, image, NULL, NULL, &fault));
        failed += report.failed > 0;
        if (report.failed > 0) {
            CU_ASSERT_TRUE(row >= inner);
        } else {
            CU_ASSERT_EQUAL(worst(y, image, p->d), report.error_max);
        }
    }
    return failed;
}

/* Points 48 to 63 lie at radius 5 to 60, where f is all but flat: other points have the same image. */
static void check_trained(const char *name)
{
    static struct points p;
    load(name, REAL_8);
    struct base_flow *base = make(0);
    take_points(&p, oracle_find(&file, "x"));
    there_and_back(base, &p);
    CU_ASSERT_TRUE(worst(p.y, oracle_find(&file, "y")->values, p.n * p.d) < 1e-12);
    CU_ASSERT_TRUE(worst(p.logdet, oracle_find(&file, "logdet")->values, p.n) < 1e-8);
    CU_ASSERT_EQUAL(p.again.rows, p.n);
    CU_ASSERT_TRUE(p.again.error_max < 1e-8 && p.again.evaluations < 100);
    CU_ASSERT_EQUAL(p.again.failed, 0);
    CU_ASSERT_EQUAL(count_failed(base, &p, p.n), 0);
    CU_ASSERT_TRUE(worst(p.x, p.back, 48 * p.d) < 1e-9 && worst(p.logdet, p.logdet_back, 48) < 1e-9);
    base_flow_free(base);
    unload();
}

static void bnaf_trained(void)
{
    check_trained("bnaf_moons");
    check_trained("bnaf_eight_gaussians");
}

static void bnaf_of_two_blocks(void)
{
    static struct points p;
    load("bnaf_random_d5", REAL_8);
    struct base_flow *base = make(1e-9);
    take_points(&p, oracle_find(&file, "x"));
    there_and_back(base, &p);
    CU_ASSERT_TRUE(worst(p.x, p.back, p.n * p.d) < 1e-9 && worst(p.logdet, p.logdet_back, p.n) < 1e-9);
    CU_ASSERT_EQUAL(count_failed(base, &p, p.n), 0);
    base_flow_free(base);
    unload();
}

static void bnaf_in_single(void)
{
    static struct points p;
    load("bnaf_moons", REAL_4);
    struct base_flow *base = make(1e-5);
    take_points(&p, oracle_find(&file, "x"));
    there_and_back(base, &p);
    CU_ASSERT_TRUE(count_failed(base, &p, 0) <= 20);
    base_flow_free(base);
    base = make(1e-4);
    CU_ASSERT_TRUE(count_failed(base, &p, 48) <= 16);
    base_flow_free(base);
    unload();
}

/* ---- CP-Flow ------------------------------------------------------------------------------------------- */

static void check_cp_flow(const char *name, enum real real, double limit)
{
    static struct points p;
    struct fault fault = {0};
    load(name, real);
    struct base_flow *base = make(0);
    take_points(&p, oracle_find(&file, "x"));
    there_and_back(base, &p);
    CU_ASSERT_EQUAL(p.again.failed, 0);
    CU_ASSERT_TRUE(worst(p.x, p.back, p.n * p.d) <= limit && worst(p.logdet, p.logdet_back, p.n) <= limit);
    CU_ASSERT_EQUAL(count_failed(base, &p, p.n), 0);
    p.n = MOST_ROWS; /* ten deviations out */
    random_fill_normal(1, 2, 0, p.n * p.d, 8, p.y);
    for (int64_t i = 0; i < p.n * p.d; i++)
        p.y[i] *= 10;
    p.again = (struct base_flow_report){0};
    CU_ASSERT_TRUE(base_flow_inverse(base, p.y, p.n, p.x, NULL, &p.again, &fault));
    CU_ASSERT_TRUE(base_flow_forward(base, p.x, p.n, p.back, NULL, NULL, &fault));
    CU_ASSERT_TRUE(p.again.failed == 0 && p.again.evaluations < 50);
    CU_ASSERT_TRUE(worst(p.y, p.back, p.n * p.d) <= 10 * limit);
    base_flow_free(base);
    unload();
}

static void cp_flow_in_double(void)
{
    check_cp_flow("cpflow_random_d2", REAL_8, 1e-12);
    check_cp_flow("cpflow_random_d5", REAL_8, 1e-12);
}

static void cp_flow_in_single(void)
{
    check_cp_flow("cpflow_random_d2", REAL_4, 1e-5);
}

/* ActNorms as the public implementation starts them, on the points it did. */
static void norms_start(void)
{
    struct fault fault = {0};
    load("cpflow_random_d2", REAL_8);
    const struct gpfc_bundle *bundle = &compiled.bundle;
    const size_t bytes = (size_t)bundle->theta_elements * sizeof(double);
    double *theta = malloc(bytes);
    memcpy(theta, compiled.theta, bytes);
    int norms = 0;
    for (int64_t i = 0; i < bundle->n_parameters; i++)
        if (strstr(bundle->parameters[i].name, "norm")) {
            memset(theta + bundle->parameters[i].offset, 0,
                   (size_t)bundle->parameters[i].shape[0] * sizeof *theta);
            norms++;
        }
    CU_ASSERT_EQUAL(norms, 2 * (3 + 2 * 3));
    const struct oracle_array *x = oracle_find(&file, "init_x");
    const struct device device = device_cpu(2);
    const struct part part = {.x = x->values, .n = x->shape[0]};
    CU_ASSERT_TRUE(base_flow_start(bundle, theta, &part, NULL, part.n, &device, &fault));
    CU_ASSERT_TRUE(worst(theta, compiled.theta, bundle->theta_elements) < 1e-10);
    free(theta);
    unload();
}

/* ---- weights that are too large ------------------------------------------------------------------------ */

/* Each parameter in turn so large that exponentials, squares or products of it overflow: every search ends,
 * and its rows have failed or are right. */
static void check_overflow(const char *name)
{
    enum { ROWS = 4 };
    load(name, REAL_4);
    const struct gpfc_bundle *bundle = &compiled.bundle;
    float *const theta = compiled.theta;
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        struct fault fault = {0};
        struct base_flow_report report = {0};
        double y[ROWS * MOST_D], x[ROWS * MOST_D], logdet[ROWS];
        const float kept = theta[bundle->parameters[i].offset];
        theta[bundle->parameters[i].offset] = 89; /* exp(89) is no float */
        struct base_flow *base = make(0);
        random_fill_normal(1, 4, 0, ROWS * bundle->dimension, 8, y);
        CU_ASSERT_TRUE(base_flow_inverse(base, y, ROWS, x, logdet, &report, &fault));
        CU_ASSERT_TRUE(report.rows == ROWS && isfinite(worst(x, x, ROWS * bundle->dimension)));
        base_flow_free(base);
        theta[bundle->parameters[i].offset] = kept;
    }
    unload();
}

static void searches_end_whatever_the_weights(void)
{
    const char *const names[] = {"bnaf_moons", "cpflow_random_d2", "ffjord_random_d2"};
    for (size_t i = 0; i < CHECK_COUNT(names); i++)
        check_overflow(names[i]);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"FFJORD, double", ffjord_in_double},
        {"FFJORD, single", ffjord_in_single},
        {"BNAF, trained", bnaf_trained},
        {"BNAF, two blocks", bnaf_of_two_blocks},
        {"BNAF, single", bnaf_in_single},
        {"CP-Flow, double", cp_flow_in_double},
        {"CP-Flow, single", cp_flow_in_single},
        {"CP-Flow's ActNorms start", norms_start},
        {"searches end whatever the weights", searches_end_whatever_the_weights},
    };
    return compiled_main("base flow compiled", cases, CHECK_COUNT(cases));
}
