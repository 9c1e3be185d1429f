/* SPDX-License-Identifier: MIT
 *
 * What is wrong with data is found, by its name, with its columns and rows, and nothing else is. */
#include "look/columns.h"
#include "look/row_hashes.h"
#include "look/row_sample.h"
#include "numbers/chances.h"
#include "unit/runtime/look/look_fixture.h"

/* ---- columns ------------------------------------------------------------------------------------------- */

static void check_columns(const struct gpfc_finding *finding, int64_t n, int64_t first, int64_t last)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->n_columns, n);
    CU_ASSERT_EQUAL(finding->columns[0], first);
    CU_ASSERT_EQUAL(finding->columns[n - 1], last);
}

static void check_text(const struct gpfc_finding *finding, const char *part)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_PTR_NOT_NULL(strstr(finding->text, part));
    if (!strstr(finding->text, part))
        (void)printf("\n    \"%s\" lacks \"%s\"\n", finding->text, part);
}

static struct look *look_and_free(struct data *data, const char *kinds)
{
    struct look *const look = look_at(data);
    CU_ASSERT_TRUE(warns_of(look, kinds));
    free(data->rows);
    free(data->for_test);
    return look;
}

static void a_constant_column(void)
{
    struct data data = data_normal(1, 4000, 3, false);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 1) = 7;
    struct look *const look = look_and_free(&data, "constant");
    check_columns(found(look, "constant"), 1, 2, 2);
    check_text(found(look, "constant"), "7 in every row");
    look_free(look);
}

static void equal_columns(void)
{
    struct data data = data_normal(1, 4000, 3, false);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 2) = *at(&data, i, 0);
    struct look *const look = look_and_free(&data, "equal_columns");
    check_columns(found(look, "equal_columns"), 2, 1, 3);
    look_free(look);
}

static void collinear_columns(void)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    struct data data = data_normal(1, 4000, 4, false);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 3) = 100 + 2 * *at(&data, i, 0) - 0.5 * *at(&data, i, 2);
    data.names = names;
    struct look *const look = look_and_free(&data, "collinear");
    const struct gpfc_finding *const finding = found(look, "collinear");
    CU_ASSERT_EQUAL(finding->n_columns, 3);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_NOT_EQUAL(finding->columns[i], 2);
    look_free(look);
}

/* Of three columns that add up to one, whichever is told, its sum is right. */
static void a_sum_is_named(void)
{
    struct data data = data_normal(2, 1000, 3, false);
    for (int64_t i = 0; i < data.n; i++) {
        *at(&data, i, 0) *= 10;
        *at(&data, i, 2) = 3 - *at(&data, i, 0) - 2 * *at(&data, i, 1);
    }
    struct look *const look = look_and_free(&data, "collinear");
    check_text(found(look, "collinear"),
               "column 3 is a constant plus -1 times column 1 plus -2 times column 2");
    look_free(look);
}

static void nearly_collinear_is_not(void)
{
    struct data data = data_normal(3, 4000, 3, false);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 2) = *at(&data, i, 0) + *at(&data, i, 1) + 0.01 * *at(&data, i, 2);
    expect_and_free(&data, "");
}

static void a_column_counts(void)
{
    static const double firsts[] = {0, 1, 1e6}, steps[] = {1, -1, 0.1};
    for (int k = 0; k < 3; k++) {
        struct data data = data_normal(1, 400, 4, false);
        for (int64_t i = 0; i < data.n; i++)
            *at(&data, i, 0) = firsts[k] + steps[k] * (double)i;
        struct look *const look = look_and_free(&data, "row_number");
        check_columns(found(look, "row_number"), 1, 1, 1);
        look_free(look);
    }
}

/* Constant but for the last digits, which are no steps. */
static void rounding_does_not_count(void)
{
    struct data data = data_normal(1, 400, 2, false);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 0) = 7 + 1e-12 * *at(&data, i, 0);
    expect_and_free(&data, "");
}

/* An index of rows that were shuffled, or of which some recur: then it is only discrete. */
static void a_column_numbers(void)
{
    for (int again = 0; again < 2; again++) {
        struct data data = data_normal(1, 400, 2, false);
        for (int64_t i = 0; i < data.n; i++)
            *at(&data, i, 1) = 1000 + (double)(i * 87 % (again ? 391 : 400)); /* 87 is prime to both */
        struct look *const look = look_and_free(&data, again ? "discrete" : "row_number");
        if (!again)
            check_text(found(look, "row_number"), "each from 1000 to 1399 once, in another order");
        look_free(look);
    }
}

/* ---- values -------------------------------------------------------------------------------------------- */

static double poisson(uint64_t seed, int64_t i)
{
    double sum = 0;
    int64_t count = -1;
    for (; sum < 3; count++)
        sum -= log(uniform(seed, 40 * i + count + 1));
    return (double)count;
}

static double zero_or_one(uint64_t seed, int64_t i)
{
    return uniform(seed, i) < 0.5;
}

static double one_decimal(uint64_t seed, int64_t i)
{
    return round(10 * normal(seed, i)) / 10;
}

static double single_decimal(uint64_t seed, int64_t i)
{
    return (double)(float)(100 + round(10 * normal(seed, i)) / 10);
}

static double category(uint64_t seed, int64_t i)
{
    static const double values[] = {1.5, 2.7182818, 3.1415927, 10.001};
    return values[(int)(4 * uniform(seed, i))];
}

static void discrete_columns(void)
{
    static double (*const laws[])(uint64_t, int64_t) = {poisson, zero_or_one, one_decimal, single_decimal,
                                                        category};
    static const char *const texts[] = {"steps of 1", "2 values from 0 to 1", "steps of 0.1", "steps of 0.1",
                                        "4 different values"};
    for (size_t k = 0; k < CHECK_COUNT(laws); k++) {
        struct data data = data_normal(5, 4000, 3, false);
        for (int64_t i = 0; i < data.n; i++)
            *at(&data, i, 1) = laws[k](6, i);
        struct look *const look = look_and_free(&data, "discrete");
        check_columns(found(look, "discrete"), 1, 2, 2);
        check_text(found(look, "discrete"), texts[k]);
        look_free(look);
    }
}

/* Rows of few values recur by themselves. */
static void all_columns_discrete(void)
{
    struct data data = data_new(4000, 3, false);
    for (int64_t i = 0; i < 3 * data.n; i++)
        data.rows[i] = zero_or_one(1, i);
    struct look *const look = look_and_free(&data, "discrete");
    check_columns(found(look, "discrete"), 3, 1, 3);
    look_free(look);
}

static void a_value_that_recurs(void)
{
    struct data data = data_normal(5, 4000, 3, false);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 2) = fmax(0, *at(&data, i, 2)); /* half of them: rain in a day */
    struct look *const look = look_and_free(&data, "repeated_value");
    check_columns(found(look, "repeated_value"), 1, 3, 3);
    check_text(found(look, "repeated_value"), "0 in ");
    look_free(look);
}

/* Rows of such values in each column are equal by chance. */
static void values_that_recur_in_all_columns(void)
{
    struct data data = data_normal(5, 4000, 2, false);
    for (int64_t i = 0; i < 2 * data.n; i++)
        data.rows[i] = fmax(0, data.rows[i]);
    expect_and_free(&data, "repeated_value");
}

static void sentinels(void)
{
    static const double values[] = {-999, 9999, -99, -1e30, -32768};
    static const char *const texts[] = {"-999 in", "9999 in", "-99 in", "-1e+30 in", "-32768 in"};
    for (size_t k = 0; k < CHECK_COUNT(values); k++) {
        struct data data = data_normal(5, 4000, 3, false);
        for (int64_t i = 100; i < 110; i++)
            *at(&data, i, 1) = values[k];
        struct look *const look = look_and_free(&data, "sentinel");
        const struct gpfc_finding *const finding = found(look, "sentinel");
        check_columns(finding, 1, 2, 2);
        CU_ASSERT_EQUAL(finding->n_rows, 10);
        CU_ASSERT_EQUAL(finding->rows[0], 101);
        check_text(finding, texts[k]);
        look_free(look);
    }
}

/* More than the extremes that are kept; and not told a second time as a value that recurs. */
static void a_sentinel_in_many_rows(void)
{
    struct data data = data_normal(5, 4000, 3, false);
    for (int64_t i = 0; i < 1000; i++)
        *at(&data, i, 1) = -999;
    struct look *const look = look_and_free(&data, "sentinel");
    CU_ASSERT_EQUAL(found(look, "sentinel")->n_rows, 1000);
    check_text(found(look, "sentinel"), "25 %");
    look_free(look);
}

/* One of very many: found by its extreme, not in a sample. */
static void a_sentinel_among_many(void)
{
    struct data data = data_normal(5, 200000, 2, false);
    *at(&data, 123456, 0) = -999;
    struct look *const look = look_and_free(&data, "sentinel");
    CU_ASSERT_EQUAL(found(look, "sentinel")->rows[0], 123457);
    look_free(look);
}

/* ---- far out ------------------------------------------------------------------------------------------- */

static void an_outlying_row(void)
{
    struct data data = data_normal(5, 4000, 3, false);
    for (int64_t j = 0; j < 3; j++)
        *at(&data, 0, j) = 1e6;
    struct look *const look = look_and_free(&data, "outlying");
    const struct gpfc_finding *const finding = found(look, "outlying");
    check_columns(finding, 3, 1, 3);
    CU_ASSERT_EQUAL(finding->n_rows, 1);
    CU_ASSERT_EQUAL(finding->rows[0], 1);
    look_free(look);
}

static struct look *look_with_limit(const struct data *data, double greatest, bool standardised)
{
    struct look *look;
    struct fault fault = {0};
    const struct look_request request = {
        .d = data->d, .has_y = data->has_y, .standardised = standardised, .greatest = greatest};
    CU_ASSERT_TRUE_FATAL(look_new(&look, &request, &fault));
    CU_ASSERT_TRUE_FATAL(look_add(look, &(struct look_rows){.rows = data->rows, .n = data->n}, &fault));
    CU_ASSERT_TRUE_FATAL(look_finish(look, &fault));
    return look;
}

/* Squares that overflow: in the units in which they are trained on. */
static void numbers_too_large(void)
{
    struct data data = data_normal(5, 4000, 2, false);
    *at(&data, 9, 0) = -1e20;
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 1) *= 1e25;
    struct look *look = look_with_limit(&data, 1e19, true);
    const struct gpfc_finding *finding = look_refusal(look_result(look));
    check_columns(finding, 1, 1, 1);
    CU_ASSERT_TRUE(finding && finding->n_rows == 1 && finding->rows[0] == 10);
    CU_ASSERT_TRUE(warns_of(look, "too_large"));
    look_free(look);
    look = look_with_limit(&data, 1e19, false);
    finding = look_refusal(look_result(look));
    check_columns(finding, 2, 1, 2);
    CU_ASSERT_TRUE(finding && finding->n_rows > 3000);
    look_free(look);
    look = look_with_limit(&data, 1e150, false);
    CU_ASSERT_PTR_NULL(look_refusal(look_result(look)));
    look_free(look);
    free(data.rows);
}

static void outlying_rows_on_both_sides(void)
{
    struct data data = data_normal(5, 4000, 2, false);
    *at(&data, 10, 0) = 20;
    *at(&data, 20, 0) = 21;
    *at(&data, 30, 0) = -18;
    struct look *const look = look_and_free(&data, "outlying");
    CU_ASSERT_EQUAL(found(look, "outlying")->n_rows, 3);
    look_free(look);
}

/* Student's t with 3 degrees of freedom. */
static double student(uint64_t seed, int64_t i)
{
    double square = 0;
    for (int64_t k = 1; k < 4; k++)
        square += normal(seed, 4 * i + k) * normal(seed, 4 * i + k);
    return normal(seed, 4 * i) / sqrt(square / 3);
}

static void heavy_tails(void)
{
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct data data = data_normal(seed, 20000, 2, false);
        for (int64_t i = 0; i < data.n; i++)
            *at(&data, i, 1) = student(seed + 1, i);
        struct look *const look = look_and_free(&data, "heavy_tailed");
        check_columns(found(look, "heavy_tailed"), 1, 2, 2);
        look_free(look);
    }
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static void rows_that_recur(void)
{
    struct data data = data_normal(1, 4000, 3, false);
    for (int64_t i = 0; i < data.n; i++)
        memmove(at(&data, i, 0), at(&data, i - i % 100, 0), 3 * sizeof(double));
    struct look *const look = look_and_free(&data, "duplicate_rows");
    CU_ASSERT_EQUAL(found(look, "duplicate_rows")->n_rows, 3960);
    CU_ASSERT_EQUAL(found(look, "duplicate_rows")->rows[0], 2);
    look_free(look);
}

static void a_few_rows_that_recur(void)
{
    struct data data = data_normal(1, 4000, 3, false);
    memcpy(at(&data, 50, 0), at(&data, 7, 0), 3 * sizeof(double));
    struct look *const look = look_and_free(&data, "");
    const struct gpfc_finding *const finding = found(look, "duplicate_rows");
    CU_ASSERT_PTR_NOT_NULL_FATAL(finding);
    CU_ASSERT_EQUAL(finding->level, GPFC_NOTE);
    CU_ASSERT_EQUAL(finding->rows[0], 51);
    look_free(look);
}

static void rows_of_both_sets(void)
{
    struct data data = data_normal(1, 4000, 3, false);
    data.for_test = calloc((size_t)data.n, 1);
    memset(data.for_test + 3000, 1, 1000);
    memcpy(at(&data, 3500, 0), at(&data, 0, 0), (size_t)300 * 3 * sizeof(double));
    struct look *const look = look_and_free(&data, "duplicate_rows in_both_sets");
    const struct gpfc_finding *const finding = found(look, "in_both_sets");
    CU_ASSERT_EQUAL(finding->n_rows, 300);
    CU_ASSERT_EQUAL(finding->rows[0], 3501);
    CU_ASSERT_EQUAL(look_result(look)->test, 1000);
    look_free(look);
}

static void too_few_rows(void)
{
    struct data data = data_normal(1, 40, 3, false);
    expect_and_free(&data, "few_rows");
    data = data_normal(1, 6, 10, false); /* fewer than columns */
    expect_and_free(&data, "few_rows");
}

static void nothing_to_learn(void)
{
    struct data data = data_normal(1, 1, 3, false);
    struct look *look = look_and_free(&data, "one_row");
    CU_ASSERT_PTR_NOT_NULL(look_refusal(look_result(look)));
    look_free(look);
    data = data_normal(1, 500, 3, false);
    for (int64_t i = 0; i < data.n; i++)
        memmove(at(&data, i, 0), data.rows, 3 * sizeof(double));
    look = look_and_free(&data, "equal_rows");
    CU_ASSERT_PTR_NOT_NULL(look_refusal(look_result(look)));
    look_free(look);
    data = data_normal(1, 500, 3, false);
    look = look_and_free(&data, "");
    CU_ASSERT_PTR_NULL(look_refusal(look_result(look)));
    look_free(look);
}

/* ---- pairs --------------------------------------------------------------------------------------------- */

/* x = exp(0.6 y) turned; y normal. */
static struct data right_pairs(uint64_t seed, int64_t n, int64_t d)
{
    struct data data = data_normal(seed, n, d, true);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++)
            *at(&data, i, j) = exp(0.6 * *at(&data, i, d + j)) + 0.3 * *at(&data, i, d + (j + 1) % d);
    return data;
}

static void latents_scaled(void)
{
    struct data data = right_pairs(1, 5000, 2);
    for (int64_t i = 0; i < data.n; i++)
        for (int64_t j = 2; j < 4; j++)
            *at(&data, i, j) *= 3;
    struct look *look = look_and_free(&data, "scaled");
    CU_ASSERT_TRUE(found(look, "scaled")->of_y);
    look_free(look);
    data = right_pairs(1, 5000, 2);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 3) = 1 + 0.8 * *at(&data, i, 2) + 0.6 * *at(&data, i, 3);
    look = look_and_free(&data, "scaled");
    check_text(found(look, "scaled"), "correlations up to 0.8");
    look_free(look);
}

/* x and y of deviation 2, with weights that make N(0, I) of y. */
static void latents_normal_by_weight(void)
{
    static double weights[20000];
    struct data data = right_pairs(1, 20000, 2);
    for (int64_t i = 0; i < data.n; i++) {
        double square = 0;
        for (int64_t j = 2; j < 4; j++) {
            *at(&data, i, j) *= 2;
            square += *at(&data, i, j) * *at(&data, i, j);
        }
        weights[i] = exp(-0.375 * square);
    }
    struct look *look = look_at(&data);
    CU_ASSERT_PTR_NOT_NULL(found(look, "scaled"));
    CU_ASSERT_FALSE(look_result(look)->weighted);
    look_free(look);
    data.weights = weights;
    look = look_at(&data);
    CU_ASSERT_TRUE(warns_of(look, ""));
    CU_ASSERT_PTR_NULL(found(look, "not_normal"));
    const struct gpfc_look *const result = look_result(look);
    CU_ASSERT_TRUE(result->weighted && result->effective > 8000 && result->effective < 9500);
    CU_ASSERT_DOUBLE_EQUAL(result->columns[2].deviation, 1, 0.03);
    CU_ASSERT_DOUBLE_EQUAL(result->columns[2].mean, 0, 0.03);
    look_free(look);
    for (int64_t i = 0; i < data.n; i++)
        weights[i] = exp(0.1 * *at(&data, i, 2)); /* another mean, and the right rows for it */
    look = look_and_free(&data, "scaled");
    look_free(look);
}

/* Few rows count: worth a note, and a warning where they are too few for so many columns. */
static void uneven_weights(void)
{
    static double weights[5000];
    struct data data = data_normal(4, 5000, 2, false);
    for (int64_t i = 0; i < data.n; i++)
        weights[i] = i % 20 == 0 ? 1 : 1e-6;
    data.weights = weights;
    struct look *look = look_at(&data);
    const struct gpfc_finding *const note = found(look, "uneven_weights");
    CU_ASSERT_TRUE_FATAL(note && note->level == GPFC_NOTE);
    check_text(note, "5,000 rows are as good as 250 of equal weight");
    look_free(look);
    for (int64_t i = 0; i < data.n; i++)
        weights[i] = i % 100 == 0 ? 1 : 1e-6;
    look_free(look_and_free(&data, "uneven_weights"));
}

static void latents_swapped(void)
{
    struct data data = right_pairs(1, 5000, 2);
    for (int64_t i = 0; i < data.n; i++)
        for (int64_t j = 0; j < 2; j++) {
            const double kept = *at(&data, i, j);
            *at(&data, i, j) = *at(&data, i, 2 + j);
            *at(&data, i, 2 + j) = kept;
        }
    expect_and_free(&data, "swapped");
}

static void latents_not_normal(void)
{
    for (int64_t n = 1000; n < 40000; n *= 6) {
        struct data data = right_pairs(1, n, 2);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 2; j < 4; j++)
                *at(&data, i, j) = 0.5 * erfc(-*at(&data, i, j) * M_SQRT1_2); /* uniform */
        expect_and_free(&data, "not_normal");
    }
}

/* Each coordinate is normal, the two together are not. */
static void latents_of_normal_coordinates(void)
{
    struct data data = right_pairs(1, 5000, 2);
    for (int64_t i = 0; i < data.n; i++) {
        const double sign = *at(&data, i, 2) * *at(&data, i, 3) < 0 ? -1 : 1;
        *at(&data, i, 3) *= sign;
    }
    struct look *const look = look_at(&data);
    CU_ASSERT_PTR_NOT_NULL(found(look, "not_normal"));
    look_free(look);
    free(data.rows);
}

static void a_latent_far_out(void)
{
    struct data data = right_pairs(1, 5000, 2);
    *at(&data, 77, 3) = 12;
    struct look *const look = look_and_free(&data, "outlying not_normal");
    CU_ASSERT_EQUAL(found(look, "not_normal")->rows[0], 78);
    check_text(found(look, "not_normal"), "a coordinate is 12");
    look_free(look);
}

/* Too little to matter, and enough rows to see it. */
static void latents_nearly_normal(void)
{
    struct data data = right_pairs(1, 100000, 2);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 2) *= 1.02;
    struct look *const look = look_and_free(&data, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(found(look, "not_normal"));
    CU_ASSERT_EQUAL(found(look, "not_normal")->level, GPFC_NOTE);
    look_free(look);
}

static void a_constant_latent(void)
{
    struct data data = right_pairs(1, 5000, 2);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 3) = 0;
    struct look *const look = look_at(&data);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found(look, "constant_latent"));
    CU_ASSERT_EQUAL(look_refusal(look_result(look)), found(look, "constant_latent"));
    look_free(look);
    free(data.rows);
}

static void latents_of_other_rows(void)
{
    static const int64_t sizes[][2] = {{200, 2}, {5000, 2}, {5000, 10}, {50000, 3}};
    for (size_t k = 0; k < CHECK_COUNT(sizes); k++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            struct data data = right_pairs(seed, sizes[k][0], sizes[k][1]);
            const struct data other = data_normal(seed + 100, data.n, 2 * data.d, false);
            for (int64_t i = 0; i < data.n; i++)
                memcpy(at(&data, i, data.d), at(&other, i, 0), (size_t)data.d * sizeof(double));
            free(other.rows);
            expect_and_free(&data, "unrelated");
        }
}

/* Some rows have the y of others, drawn from all rows or, from a place on, of a file. */
static void latents_of_some_other_rows(void)
{
    static const int64_t sizes[][2] = {{1000, 2}, {5000, 2}, {5000, 5}, {1000, 10}};
    for (size_t k = 0; k < CHECK_COUNT(sizes); k++)
        for (int tenths = 1; tenths <= 3; tenths++) {
            char share[32];
            struct data data = right_pairs(k, sizes[k][0], sizes[k][1]);
            const int64_t n = data.n, first = n - n * tenths / 10, d = data.d;
            double *const held = malloc((size_t)d * sizeof *held);
            memcpy(held, at(&data, first, d), (size_t)d * sizeof *held);
            for (int64_t i = first; i + 1 < n; i++)
                memcpy(at(&data, i, d), at(&data, i + 1, d), (size_t)d * sizeof *held);
            memcpy(at(&data, n - 1, d), held, (size_t)d * sizeof *held);
            free(held);
            struct look *const look = look_and_free(&data, "partly_unrelated");
            (void)snprintf(share, sizeof share, "about %d0 %%", tenths);
            check_text(found(look, "partly_unrelated"), share);
            look_free(look);
        }
}

/* In the plane, up to all of them. */
static void latents_of_most_other_rows(void)
{
    for (int tenths = 4; tenths <= 10; tenths += 2) {
        struct data data = right_pairs(1, 4000, 2);
        for (int64_t i = 4000 - 400 * tenths; i + 1 < data.n; i++)
            memcpy(at(&data, i, 2), at(&data, i + 1, 2), 2 * sizeof(double));
        expect_and_free(&data, tenths < 9 ? "partly_unrelated" : "unrelated");
    }
}

static void latents_cut_off(void)
{
    struct data data = right_pairs(1, 4000, 2);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 3) = fmin(2, *at(&data, i, 3));
    struct look *const look = look_and_free(&data, "repeated_latent");
    check_columns(found(look, "repeated_latent"), 1, 2, 2);
    look_free(look);
}

static void equal_latents(void)
{
    struct data data = right_pairs(1, 4000, 2);
    for (int64_t i = 0; i < data.n; i++)
        *at(&data, i, 3) = *at(&data, i, 2);
    look_free(look_and_free(&data, "equal_latents not_normal"));
}

static void latents_that_are_x(void)
{
    struct data data = data_normal(1, 5000, 2, true);
    for (int64_t i = 0; i < data.n; i++)
        for (int64_t j = 0; j < 2; j++)
            *at(&data, i, j) = *at(&data, i, 2 + j) = 3 + 2 * uniform(1, 2 * i + j);
    struct look *const look = look_at(&data);
    CU_ASSERT_PTR_NOT_NULL(found(look, "same_latent"));
    look_free(look);
    free(data.rows);
}

/* ---- parts --------------------------------------------------------------------------------------------- */

static void chances_are_right(void)
{
    CU_ASSERT_DOUBLE_EQUAL(log_chance_normal(1.959963985), log(0.05), 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(chi_square_below(2, 2), 1 - exp(-1), 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(chi_square_below(30, 2), 1 - exp(-15), 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(chi_square_below(1, 1), erf(M_SQRT1_2), 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(chi_square_below(18.307038053275146, 10), 0.95, 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(chi_square_below(0, 5), 0, 0);
    CU_ASSERT_DOUBLE_EQUAL(log_chance_chi_square(18.307038053275146, 10), log(0.05), 0.01);
    CU_ASSERT_DOUBLE_EQUAL(log_chance_chi_square(200, 100), log(1.2e-8), 0.2);
    CU_ASSERT_DOUBLE_EQUAL(log_chance_distance(0.1, 1000), log(2) - 20, 1e-12);
}

static void moments_do_not_lose_digits(void)
{
    struct data data = data_normal(3, 3000, 1, false);
    for (int64_t i = 0; i < data.n; i++)
        data.rows[i] = 1e9 + (double)(i % 2);
    struct look *const look = look_at(&data);
    const struct gpfc_column *const column = &look_result(look)->columns[0];
    CU_ASSERT_DOUBLE_EQUAL(column->mean, 1e9 + 0.5, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(column->deviation, 0.5 * sqrt(3000.0 / 2999), 1e-9);
    CU_ASSERT_EQUAL(column->least, 1e9);
    CU_ASSERT_EQUAL(column->greatest, 1e9 + 1);
    look_free(look);
    free(data.rows);
}

/* Blocks of any size give the moments of all rows. */
static void moments_do_not_depend_on_blocks(void)
{
    enum { N = 1000 };
    struct column column = {.n = 0};
    double values[N], mean = 0, square = 0, fourth = 0;
    for (int64_t i = 0; i < N; i++) {
        values[i] = 100 - log(uniform(4, i)) * (i < 300 ? 1 : 5);
        mean += values[i] / N;
    }
    for (int64_t i = 0; i < N; i++) {
        const double off = values[i] - mean;
        square += off * off;
        fourth += off * off * off * off;
    }
    for (int64_t from = 0, n = 1; from < N; from += n, n = 3 * n < N - from ? 3 * n : N - from)
        column_add(&column, values + from, n, 1);
    CU_ASSERT_EQUAL_FATAL(column.n, N);
    CU_ASSERT_DOUBLE_EQUAL(column.mean, mean, 1e-11);
    CU_ASSERT_DOUBLE_EQUAL(column_deviation(&column), sqrt(square / (N - 1)), 1e-11);
    CU_ASSERT_DOUBLE_EQUAL(column_kurtosis(&column), N * fourth / (square * square) - 3, 1e-9);
}

/* A sample of the rows is as large as there is room, in their order, from all of the file. */
static void samples_are_spread(void)
{
    struct row_sample sample = {.width = 1, .most = 1000};
    struct fault fault = {0};
    double sum = 0;
    for (int64_t i = 0; i < 100000; i++) {
        const double row = (double)i;
        CU_ASSERT_TRUE_FATAL(row_sample_add(&sample, &row, i, 1, &fault));
    }
    CU_ASSERT_TRUE(sample.n >= 400 && sample.n <= 1000);
    for (int64_t i = 0; i < sample.n; i++) {
        CU_ASSERT_EQUAL(sample.rows[i], (double)sample.numbers[i]);
        CU_ASSERT_TRUE(i == 0 || sample.numbers[i] > sample.numbers[i - 1]);
        sum += sample.rows[i] / (double)sample.n;
    }
    CU_ASSERT_DOUBLE_EQUAL(sum, 50000, 6000);
    row_sample_free(&sample);
}

static void rows_beyond_the_most_are_not_compared(void)
{
    struct row_hashes hashes = {.most = 100};
    struct row_matches matches;
    struct fault fault = {0};
    for (int64_t i = 0; i < 1000; i++) {
        const double row[2] = {(double)(i % 90), i % 90 == 0 ? -0.0 * (double)(i % 2) : 1};
        CU_ASSERT_TRUE_FATAL(row_hashes_add(&hashes, row, 2, i % 2 != 0, &fault));
    }
    CU_ASSERT_TRUE_FATAL(row_hashes_match(&hashes, &matches, &fault));
    CU_ASSERT_EQUAL(matches.compared, 100);
    CU_ASSERT_EQUAL(matches.different, 90);
    CU_ASSERT_EQUAL(matches.n_repeats, 4);
    CU_ASSERT_EQUAL(matches.repeats[0], 90);
    CU_ASSERT_EQUAL(matches.in_both, 0);
    row_hashes_free(&hashes);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"a constant column", a_constant_column},
        {"equal columns", equal_columns},
        {"collinear columns", collinear_columns},
        {"a sum is named", a_sum_is_named},
        {"nearly collinear", nearly_collinear_is_not},
        {"a column counts", a_column_counts},
        {"rounding does not count", rounding_does_not_count},
        {"a column numbers", a_column_numbers},
        {"discrete columns", discrete_columns},
        {"all columns discrete", all_columns_discrete},
        {"a value that recurs", a_value_that_recurs},
        {"values that recur in all columns", values_that_recur_in_all_columns},
        {"sentinels", sentinels},
        {"a sentinel in many rows", a_sentinel_in_many_rows},
        {"a sentinel among many", a_sentinel_among_many},
        {"an outlying row", an_outlying_row},
        {"numbers too large", numbers_too_large},
        {"outlying rows on both sides", outlying_rows_on_both_sides},
        {"heavy tails", heavy_tails},
        {"rows that recur", rows_that_recur},
        {"a few rows that recur", a_few_rows_that_recur},
        {"rows of both sets", rows_of_both_sets},
        {"too few rows", too_few_rows},
        {"nothing to learn", nothing_to_learn},
        {"latents scaled", latents_scaled},
        {"latents normal by weight", latents_normal_by_weight},
        {"uneven weights", uneven_weights},
        {"latents swapped", latents_swapped},
        {"latents not normal", latents_not_normal},
        {"latents of normal coordinates", latents_of_normal_coordinates},
        {"a latent far out", a_latent_far_out},
        {"latents nearly normal", latents_nearly_normal},
        {"a constant latent", a_constant_latent},
        {"latents of other rows", latents_of_other_rows},
        {"latents of some other rows", latents_of_some_other_rows},
        {"latents of most other rows", latents_of_most_other_rows},
        {"latents cut off", latents_cut_off},
        {"equal latents", equal_latents},
        {"latents that are x", latents_that_are_x},
        {"chances", chances_are_right},
        {"moments", moments_do_not_lose_digits},
        {"moments by blocks", moments_do_not_depend_on_blocks},
        {"a sample of rows", samples_are_spread},
        {"rows beyond the most", rows_beyond_the_most_are_not_compared},
    };
    return check_main("look", cases, CHECK_COUNT(cases));
}
