/* SPDX-License-Identifier: MIT
 *
 * Results as JSON and as tables: every number under its own name. All of them differ, so that none can stand
 * in another's place. */
#include "check.h"
#include "command/command.h"
#include "command/report.h"
#include "ground/json_make.h"
#include "unit/runtime/kernels/fake_bundle.h"

#include <math.h>

static const struct gpfc_evaluation evaluation = {
    .samples = 101,
    .time_steps = 7,
    .cost_before = 2.5,
    .cost_after = 3.5,
    .energy = 4.5,
    .penalty = 5.5,
    .density_error_mean = 6.5,
    .density_error_max = 7.5,
    .density_shift = 8.5,
    .roundtrip_max = 9.5,
    .mean_before_max = 10.5,
    .covariance_error_before_max = 11.5,
    .mean_max = 12.5,
    .covariance_error_max = 13.5,
    .nll_before = 14.5,
    .nll_after = 15.5,
};

#define EVALUATION                                                                                           \
    "{\"cost_before\":2.5,\"cost_after\":3.5,\"energy\":4.5,\"penalty\":5.5,\"density_error_mean\":6.5,"     \
    "\"density_error_max\":7.5,\"roundtrip_max\":9.5,\"mean_max\":12.5,\"covariance_error_max\":13.5,"       \
    "\"time_steps\":7,\"samples\":101,\"nll_before\":14.5,\"nll_after\":15.5}"

static void check_text(json_t *json, const char *wanted)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    CU_ASSERT_STRING_EQUAL(text, wanted);
    if (strcmp(text, wanted) != 0)
        printf("%s\n", text);
    free(text);
    json_decref(json);
}

static void an_evaluation(void)
{
    struct gpfc_evaluation unknown = evaluation;
    check_text(report_evaluation_json(&evaluation), EVALUATION);
    unknown.nll_before = NAN;
    json_t *json = report_evaluation_json(&unknown);
    CU_ASSERT_PTR_NULL(json_object_get(json, "nll_before"));
    CU_ASSERT_PTR_NULL(json_object_get(json, "nll_after"));
    json_decref(json);
}

static void an_evaluation_of_a_base_flow(void)
{
    struct base_evaluation base = {.near = {.samples = 1, .not_converged = 2, .roundtrip_max = 3.5},
                                   .far = {.samples = 4, .not_converged = 5, .roundtrip_max = 6.5},
                                   .integral_before = 7.5,
                                   .integral_after = 8.5};
    json_t *json = json_object();
    report_base_json(&json, &base);
    check_text(json, "{\"base_roundtrip_max\":3.5,\"base_not_converged\":2,\"base_samples\":1,"
                     "\"base_far_roundtrip_max\":6.5,\"base_far_not_converged\":5,\"base_far_samples\":4,"
                     "\"integral_before\":7.5,\"integral_after\":8.5}");
    base.integral_before = NAN;
    json = json_object();
    report_base_json(&json, &base);
    CU_ASSERT_PTR_NULL(json_object_get(json, "integral_before"));
    CU_ASSERT_PTR_NULL(json_object_get(json, "integral_after"));
    json_decref(json);
}

/* A round trip that no row has survived: no number, and no 0 either. */
static void no_row_converged(void)
{
    const struct base_evaluation base = {
        .near = {.samples = 1000, .not_converged = 1000, .roundtrip_max = NAN},
        .far = {.samples = 1000, .not_converged = 3, .roundtrip_max = 0.5},
        .integral_before = NAN};
    char *text = NULL;
    size_t bytes;
    json_t *json = json_object();
    report_base_json(&json, &base);
    CU_ASSERT_TRUE(json_is_null(json_object_get(json, "base_roundtrip_max")));
    CU_ASSERT_TRUE(json_is_real(json_object_get(json, "base_far_roundtrip_max")));
    json_decref(json);
    FILE *out = open_memstream(&text, &bytes);
    report_base(out, &base);
    (void)fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "none of 1,000 rows converged"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "except 3 of 1,000 rows"));
    free(text);
}

static void check_table(const struct gpfc_evaluation *e, const char *cost, bool is_dense)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    report_evaluation(out, e);
    (void)fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, cost));
    CU_ASSERT_EQUAL(strstr(text, "a density may exceed 1") != NULL, is_dense);
    free(text);
}

static void numbers_have_units(void)
{
    struct gpfc_evaluation e = evaluation;
    check_table(&e, "transport cost, data's units", false);
    e.standardised = 1;
    e.nll_before = -0.5;
    check_table(&e, "transport cost, standardised units", true);
}

/* ---- as tables ----------------------------------------------------------------------------------------- */

static void rows_of_an_evaluation(FILE *out)
{
    report_evaluation(out, &evaluation);
}

static void rows_of_a_base_flow(FILE *out)
{
    const struct base_evaluation base = {.near = {.samples = 1, .not_converged = 2, .roundtrip_max = 3.5},
                                         .far = {.samples = 4, .not_converged = 0, .roundtrip_max = 6.5},
                                         .integral_before = 7.5,
                                         .integral_after = 8.5};
    report_base(out, &base);
}

/* What is printed, blanks apart: the columns of the words are not looked at. */
static void compare_table(void (*print)(FILE *out), const char *wanted)
{
    char text[4096] = "";
    size_t length = 0;
    FILE *out = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    print(out);
    rewind(out);
    for (int c = getc(out); c != EOF && length < sizeof text - 1; c = getc(out))
        if (c != ' ' || (length > 0 && text[length - 1] != ' ' && text[length - 1] != '\n'))
            text[length++] = (char)c;
    (void)fclose(out);
    CU_ASSERT_STRING_EQUAL(text, wanted);
    if (strcmp(text, wanted) != 0)
        printf("%s\n", text);
}

static void an_evaluation_as_a_table(void)
{
    compare_table(rows_of_an_evaluation, "on 101 samples before after\n"
                                         "transport cost, data's units 2.5000 3.5000\n"
                                         "negative log-likelihood, nats 14.5000 15.5000\n"
                                         "energy of the paths - 4.5000\n"
                                         "Euler penalty - 5.5000\n"
                                         "density error |delta|, mean - 6.5000\n"
                                         "density error |delta|, largest - 7.5000\n"
                                         "round trip |s^-1(s(y)) - y|, largest - 9.5000\n"
                                         "time steps - 7\n"
                                         "largest |mean| 10.5000 12.5000\n"
                                         "largest |covariance - I| 11.5000 13.5000\n");
    compare_table(rows_of_a_base_flow, "integral of the density 7.5000 8.5000\n"
                                       "round trip |f^-1(f(x)) - x|, largest - 3.5000\n"
                                       "except 2 of 1 rows, which did not converge\n"
                                       "same, 10 standard deviations out - 6.5000\n");
}

static const struct gpfc_trained trained = {
    .stage = {.name = "flow",
              .description = "a map",
              .parameters = 1,
              .data = "data.npz",
              .train = 2,
              .test = 3,
              .validation = 29,
              .epochs = 4,
              .epoch_steps = 5,
              .steps = 6,
              .batch = 7,
              .seed = 8,
              .threads = 9},
    .step = 10,
    .best_step = 11,
    .best_cost = 12.5,
    .validation_cost = 30.5,
    .train_cost = 31.5,
    .seconds = 13.5,
    .model = "model",
    .checkpoint = "checkpoint",
    .has_base = 1,
    .has_evaluation = 1,
    .base = {.model = "base", .step = 14, .best_step = 15, .seconds = 16.5, .nll = 17.5},
    .pairs = {.nll_train = 18.5, .nll_test = 19.5, .rows = 20, .failed = 21, .left_out = 22},
    .time_steps = {.steps = 23,
                   .most = 24,
                   .density_error = 25.5,
                   .roundtrip = 26.5,
                   .density_error_bound = 27.5,
                   .roundtrip_bound = 28.5,
                   .within_bounds = 1,
                   .saved = 0.5},
};

static void a_training(void)
{
    static struct fake fake;
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "base.kind", "bnaf");
    struct gpfc_trained all = trained;
    all.evaluation = evaluation;
    const struct command_memory memory = {.most = 32e6, .anonymous = 33e6, .files = 34e6};
    json_t *json = report_training_json(&fake.bundle, &all, &memory, "finished");
    (void)json_object_del(json_object_get(json, "base"), "parameters"); /* the fake bundle's */
    check_text(json, "{\"name\":\"fake\",\"stage\":\"flow\",\"flow\":\"a map, single\",\"parameters\":1,"
                     "\"data\":\"data.npz\",\"samples_train\":2,\"samples_validation\":29,\"samples_test\":3,"
                     "\"epochs\":4,\"steps\":6,"
                     "\"batch\":7,\"seed\":8,\"threads\":9,\"status\":\"finished\",\"step\":10,"
                     "\"seconds\":13.5,\"rss_mb\":32.0,\"rss_anonymous_mb\":33.0,\"rss_files_mb\":34.0,"
                     "\"best_cost\":12.5,\"best_step\":11,"
                     "\"validation_cost\":30.5,\"train_cost\":31.5,\"model\":\"model\","
                     "\"checkpoint\":\"checkpoint\",\"base\":{\"kind\":\"bnaf\",\"step\":14,"
                     "\"best_step\":15,\"nll\":17.5,\"seconds\":16.5,\"model\":\"base\"},"
                     "\"base_nll_train\":18.5,\"base_nll_test\":19.5,\"base_rows_failed\":21,"
                     "\"base_rows_left_out\":22,\"time_steps\":{\"steps\":23,\"most\":24,"
                     "\"density_error\":25.5,\"roundtrip\":26.5,\"within_bounds\":true,"
                     "\"evaluations_saved\":0.5},\"evaluation\":" EVALUATION "}");
}

/* ---- memory that ends ---------------------------------------------------------------------------------- */

static long left = -1; /* jansson's allocations until one fails; negative: none does */

static void *scarce(size_t bytes)
{
    return left >= 0 && left-- == 0 ? NULL : malloc(bytes);
}

/* Of a program that embeds the runtime, and jansson has an allocator that returns: all of it, or nothing. */
static void no_part_is_missing(void)
{
    static struct fake fake;
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "base.kind", "bnaf");
    const struct command_memory memory = {.most = 32e6};
    json_t *const whole = report_training_json(&fake.bundle, &trained, &memory, "finished"), *json = NULL;
    long failing = 0;
    json_set_alloc_funcs(scarce, free);
    for (; !json && failing < 10000; failing++) {
        left = failing;
        json = report_training_json(&fake.bundle, &trained, &memory, "finished");
        if (json)
            CU_ASSERT_TRUE(json_equal(json, whole));
    }
    left = -1;
    json_set_alloc_funcs(malloc, free);
    CU_ASSERT_TRUE(json && failing > 100);
    json_decref(json);
    json_decref(whole);
}

static void texts_that_json_takes(void)
{
    static const char *const good[] = {"", "a\xc3\xa9", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\xfc", "a\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80"};
    for (size_t i = 0; i < CHECK_COUNT(good); i++)
        CU_ASSERT_TRUE(json_takes(good[i]));
    for (size_t i = 0; i < CHECK_COUNT(bad); i++) {
        CU_ASSERT_FALSE(json_takes(bad[i]));
        json_t *const text = json_string(bad[i]); /* of one mind with jansson */
        CU_ASSERT_PTR_NULL(text);
        json_decref(text);
    }
}

static void check_best(int64_t best_step, double before, double after, const char *first)
{
    char *text = NULL;
    size_t bytes;
    const struct gpfc_trained one = {.step = 20,
                                     .best_step = best_step,
                                     .validation_cost = 1,
                                     .train_cost = NAN,
                                     .has_evaluation = 1,
                                     .evaluation = {.cost_before = before, .cost_after = after}};
    FILE *out = open_memstream(&text, &bytes);
    report_best(out, &one);
    (void)fclose(out);
    CU_ASSERT_TRUE(text && strncmp(text, first, strlen(first)) == 0);
    free(text);
}

/* What a training was worth comes first. */
static void a_training_in_vain(void)
{
    check_best(10, 2, 1, "trained for");
    check_best(10, 2, 2, "trained for"); /* as in dimension 1, where s is the identity */
    check_best(10, 2, 2.01, "the cost is above that without s: the model is no better than no map at all\n");
    check_best(0, 2, 1,
               "no training step lowered the validation cost: the model is the one that the training "
               "began with\n");
    check_best(0, 2, 1.99,
               "no training step lowered the validation cost: the model is the one that the "
               "training began with, no better than no map at all\n");
}

/* What is added where rows have weights. */
static void weighted_rows(void)
{
    static struct fake fake;
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "base.kind", "bnaf");
    struct gpfc_trained all = trained;
    all.evaluation = evaluation;
    all.evaluation.weighted = all.pairs.weighted = 1;
    all.evaluation.effective = 50.5;
    all.pairs.effective = 60.5;
    all.pairs.weightless = 7;
    const struct command_memory memory = {.most = 32e6};
    json_t *const json = report_training_json(&fake.bundle, &all, &memory, "finished");
    const json_t *const of_test = json_object_get(json, "evaluation");
    CU_ASSERT_EQUAL(json_number_value(json_object_get(json, "effective_train")), 60.5);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(json, "rows_weightless")), 7);
    CU_ASSERT_EQUAL(json_number_value(json_object_get(of_test, "effective_samples")), 50.5);
    json_decref(json);
}

static const struct check_case cases[] = {
    {"an evaluation", an_evaluation},
    {"an evaluation of a base flow", an_evaluation_of_a_base_flow},
    {"no row converged", no_row_converged},
    {"numbers have units", numbers_have_units},
    {"an evaluation as a table", an_evaluation_as_a_table},
    {"a training", a_training},
    {"no part is missing", no_part_is_missing},
    {"texts that JSON takes", texts_that_json_takes},
    {"a training in vain", a_training_in_vain},
    {"weighted rows", weighted_rows},
};

int main(void)
{
    return check_main("reports", cases, CHECK_COUNT(cases));
}
