/* SPDX-License-Identifier: MIT
 *
 * The data of a trainer: from files with and without a split, from x alone and a base flow, from a generator.
 */
#include "normal.h"
#include "npy.h"
#include "pairs.h"
#include "unit/npz_fixture.h"

#include <math.h>

enum { ROWS = 50, D = 3 };

static double x[ROWS * D], y[ROWS * D], logdet[ROWS]; /* y = 2 x */

static void fill_arrays(void)
{
    for (int i = 0; i < ROWS * D; i++) {
        x[i] = 0.25 * ((i * 37) % 101) - 12 + i / D * 1e-4; /* every row is another one */
        y[i] = 2 * x[i];
        logdet[i / D] = D * log(2);
    }
}

static bool load(struct pairs *p, const char *file, int precision, struct fault *fault)
{
    fault->exit_code = 0;
    return pairs_load(p, &(struct pairs_request){.d = D, .precision = precision, .file = file, .test = 0.2},
                      fault);
}

static double value(const struct pairs *p, const void *array, int64_t i)
{
    return p->precision == 4 ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static bool is_pair(const struct pairs *p, const void *xs, const void *ys, int64_t row)
{
    bool good = true;
    for (int64_t i = row * D; i < (row + 1) * D; i++)
        good = good && fabs(value(p, ys, i) - 2 * value(p, xs, i)) < 1e-5;
    return good;
}

/* Every row of the data is in one half, once, beside its own y. */
static void check_split(const struct pairs *p)
{
    int seen[ROWS] = {0};
    for (int64_t row = 0; row < p->n_train + p->n_test; row++) {
        const bool train = row < p->n_train;
        const void *const xs = train ? p->x_train : p->x_test, *const ys = train ? p->y_train : p->y_test;
        const int64_t at = train ? row : row - p->n_train;
        CU_ASSERT_TRUE(is_pair(p, xs, ys, at));
        for (int i = 0; i < ROWS; i++)
            seen[i] +=
                fabs(value(p, xs, at * D) - x[i * D]) + fabs(value(p, xs, at * D + 1) - x[i * D + 1]) < 1e-5;
    }
    for (int i = 0; i < ROWS; i++)
        CU_ASSERT_EQUAL(seen[i], 1);
}

static void a_split_of_its_own_is_kept(void)
{
    struct scratch s;
    struct fault fault;
    struct pairs p;
    const struct member members[] = {{"x_train.npy", 30, D, x, ZIP_CM_STORE},
                                     {"y_train.npy", 30, D, y, ZIP_CM_DEFLATE},
                                     {"x_test.npy", 20, D, x + 30 * D, ZIP_CM_STORE},
                                     {"y_test.npy", 20, D, y + 30 * D, ZIP_CM_STORE},
                                     {"logdet_train.npy", 30, 0, logdet, ZIP_CM_STORE}};
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, 5));
    for (int precision = 4; precision <= 8; precision += 4) {
        check_good(load(&p, scratch_path(&s, "a.npz"), precision, &fault), &fault);
        CU_ASSERT_TRUE(p.n_train == 30 && p.n_test == 20 && p.base == NULL);
        CU_ASSERT_DOUBLE_EQUAL(value(&p, p.x_train, 7), x[7], 1e-6);
        CU_ASSERT_DOUBLE_EQUAL(value(&p, p.y_test, 7), y[30 * D + 7], 1e-5);
        double nll = 0;
        for (int i = 0; i < 30 * D; i++)
            nll += (0.5 * y[i] * y[i] + NORMAL_HALF_LOG_2PI - log(2)) / 30;
        CU_ASSERT_DOUBLE_EQUAL(p.nll_train, nll, 1e-5 * nll);
        CU_ASSERT_TRUE(isnan(p.nll_test));
        pairs_free(&p);
    }
    scratch_remove(&s);
}

static void data_without_a_split_is_split(void)
{
    struct scratch s;
    struct fault fault;
    struct pairs p, again;
    const struct member members[] = {{"x.npy", ROWS, D, x, ZIP_CM_STORE},
                                     {"y.npy", ROWS, D, y, ZIP_CM_STORE},
                                     {"logdet.npy", ROWS, 0, logdet, ZIP_CM_STORE}};
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    CU_ASSERT_TRUE_FATAL(make_npz(scratch_path(&s, "a.npz"), members, 3));
    check_good(load(&p, scratch_path(&s, "a.npz"), 8, &fault), &fault);
    check_good(load(&again, scratch_path(&s, "a.npz"), 8, &fault), &fault);
    CU_ASSERT_TRUE(p.n_train == 40 && p.n_test == 10);
    check_split(&p);
    CU_ASSERT_EQUAL(memcmp(p.x_test, again.x_test, 10 * D * sizeof(double)), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(p.x_test, x, 10 * D * sizeof(double)),
                        0); /* not simply the first, nor the last */
    CU_ASSERT_NOT_EQUAL(memcmp(p.x_test, x + 40 * D, 10 * D * sizeof(double)), 0);
    CU_ASSERT_TRUE(isfinite(p.nll_train) && isfinite(p.nll_test));
    pairs_free(&p);
    pairs_free(&again);
    scratch_remove(&s);
}

static void write_npy(const char *path, const double *data)
{
    struct fault fault = {.exit_code = 0};
    struct npy_writer *writer;
    check_good(npy_create(&writer, path, 8, ROWS, D, &fault), &fault);
    check_good(npy_write_rows(writer, data, ROWS, &fault), &fault);
    check_good(npy_writer_commit(writer, &fault), &fault);
}

static void two_npy_files_are_pairs(void)
{
    struct scratch s;
    struct fault fault;
    struct pairs p;
    char both[2048];
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    write_npy(scratch_path(&s, "x.npy"), x);
    write_npy(scratch_path(&s, "y.npy"), y);
    (void)snprintf(both, sizeof both, "%s,%s", scratch_path(&s, "x.npy"), scratch_path(&s, "y.npy"));
    check_good(load(&p, both, 4, &fault), &fault);
    CU_ASSERT_TRUE(p.n_train == 40 && p.n_test == 10);
    check_split(&p);
    pairs_free(&p);
    check_fault(load(&p, scratch_path(&s, "x.npy"), 4, &fault), &fault, FAULT_INPUT,
                "has x but no y = f(x), and there is no base flow");
    scratch_remove(&s);
}

static void x_alone_goes_through_the_base_flow(void)
{
    struct scratch s;
    struct fault fault = {.exit_code = 0};
    struct pairs fitted, given;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    write_npy(scratch_path(&s, "x.npy"), x);
    struct pairs_request request = {.d = D,
                                    .precision = 8,
                                    .file = scratch_path(&s, "x.npy"),
                                    .test = 0.2,
                                    .fit_base = true,
                                    .seed = 3,
                                    .mixture = {.components = 2, .ridge = 1e-6, .iterations = 50}};
    check_good(pairs_load(&fitted, &request, &fault), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fitted.base);
    CU_ASSERT_PTR_EQUAL(fitted.base, fitted.fitted);
    double nll, image[40 * D];
    check_good(mixture_nll(fitted.base, fitted.x_train, 40, 1, &nll, &fault), &fault);
    CU_ASSERT_DOUBLE_EQUAL(fitted.nll_train, nll, 1e-10);
    check_good(mixture_forward(fitted.base, fitted.x_train, 40, image, NULL, 1, &fault), &fault);
    CU_ASSERT_EQUAL(memcmp(image, fitted.y_train, sizeof image), 0);

    request.base = fitted.base;
    request.fit_base = false;
    check_good(pairs_load(&given, &request, &fault), &fault);
    CU_ASSERT_TRUE(given.base == fitted.base && given.fitted == NULL);
    CU_ASSERT_EQUAL(memcmp(given.y_test, fitted.y_test, 10 * D * sizeof(double)), 0);
    pairs_free(&given);
    pairs_free(&fitted);
    scratch_remove(&s);
}

static void a_generator_and_the_base_flow_make_pairs(void)
{
    struct fault fault = {.exit_code = 0};
    struct pairs p, half;
    struct pairs_request request = {.d = 2,
                                    .precision = 4,
                                    .generator = "moons",
                                    .samples = 5000,
                                    .test = 0.2,
                                    .seed = 3,
                                    .fit_base = true,
                                    .mixture = {.components = 6, .ridge = 1e-6, .iterations = 100}};
    check_good(pairs_load(&p, &request, &fault), &fault);
    CU_ASSERT_TRUE(p.n_train == 4000 && p.n_test == 1000);
    CU_ASSERT_TRUE(p.report.iterations > 0 && p.fit_seconds > 0);
    CU_ASSERT_TRUE(p.nll_train > 2.2 && p.nll_train < 2.6 && fabs(p.nll_test - p.nll_train) < 0.15);
    request.threads = 2;
    check_good(pairs_load(&half, &request, &fault), &fault);
    CU_ASSERT_EQUAL(memcmp(p.y_train, half.y_train, 4000 * 2 * sizeof(float)), 0);
    pairs_free(&half);
    pairs_free(&p);
    request.d = 3;
    check_fault(pairs_load(&p, &request, &fault), &fault, FAULT_INPUT, "makes 2-dimensional samples");
    request.d = 2;
    request.fit_base = false;
    check_fault(pairs_load(&p, &request, &fault), &fault, FAULT_INPUT, "there is no base flow");
    request.generator = "sun";
    check_fault(pairs_load(&p, &request, &fault), &fault, FAULT_INPUT, "no generator sun");
    request.generator = NULL;
    check_fault(pairs_load(&p, &request, &fault), &fault, FAULT_INPUT, "no data");
}

/* Pairs that do not fit together or to the trainer: one wrong member each. */
static void wrong_pairs_are_told(void)
{
    static const double bad[2 * D] = {1, 2, 3, 4, NAN, 6};
    static const struct {
        struct member members[3];
        const char *said;
    } wrong[] = {
        {{{"x.npy", 10, D, x, ZIP_CM_STORE}, {"y.npy", 9, D, y, ZIP_CM_STORE}}, "y has 9 rows, its x 10"},
        {{{"x.npy", 10, 2, x, ZIP_CM_STORE}, {"y.npy", 10, 2, y, ZIP_CM_STORE}},
         "x: shape (10, 2); the dimension is 3, so (rows, 3) is needed"},
        {{{"x.npy", 10, D, x, ZIP_CM_STORE}, {"y.npy", 10, 2, y, ZIP_CM_STORE}}, "y: shape (10, 2)"},
        {{{"x.npy", 10, 0, x, ZIP_CM_STORE}, {"y.npy", 10, 0, y, ZIP_CM_STORE}}, "x: shape (10,)"},
        {{{"x.npy", 2, D, x, ZIP_CM_STORE}, {"y.npy", 2, D, bad, ZIP_CM_STORE}},
         "y: row 1, column 1 is not a number"},
        {{{"x.npy", 0, D, x, ZIP_CM_STORE}, {"y.npy", 0, D, y, ZIP_CM_STORE}}, "x has no rows"},
        {{{"z.npy", 2, D, x, ZIP_CM_STORE}, {"y.npy", 2, D, y, ZIP_CM_STORE}}, "no array x; it holds z, y"},
        {{{"x_train.npy", 2, D, x, ZIP_CM_STORE},
          {"y_train.npy", 2, D, y, ZIP_CM_STORE},
          {"x_test.npy", 2, D, x, ZIP_CM_STORE}},
         "no array y_test"},
        {{{"x.npy", 9, D, x, ZIP_CM_STORE},
          {"y.npy", 9, D, y, ZIP_CM_STORE},
          {"logdet.npy", 8, 0, x, ZIP_CM_STORE}},
         "logdet is no list of 9 numbers"},
    };
    struct scratch s;
    struct fault fault;
    struct pairs p;
    fill_arrays();
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    for (size_t i = 0; i < CHECK_COUNT(wrong); i++) {
        const char *const path = scratch_path(&s, "wrong.npz");
        CU_ASSERT_TRUE_FATAL(make_npz(path, wrong[i].members, wrong[i].members[2].name ? 3 : 2));
        check_fault(load(&p, path, 4, &fault), &fault, FAULT_INPUT, wrong[i].said);
        CU_ASSERT_PTR_NULL(p.x_train); /* nothing is left to free */
    }
    check_fault(load(&p, scratch_path(&s, "none.npz"), 4, &fault), &fault, FAULT_INPUT, "No such file");
    scratch_remove(&s);
}

static const struct check_case cases[] = {
    {"a split of its own is kept", a_split_of_its_own_is_kept},
    {"data without a split is split", data_without_a_split_is_split},
    {"two .npy files are pairs", two_npy_files_are_pairs},
    {"x alone goes through the base flow", x_alone_goes_through_the_base_flow},
    {"a generator and the base flow make pairs", a_generator_and_the_base_flow_make_pairs},
    {"wrong pairs are told", wrong_pairs_are_told},
};

int main(void)
{
    return check_main("pairs", cases, CHECK_COUNT(cases));
}
