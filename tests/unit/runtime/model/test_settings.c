/* SPDX-License-Identifier: MIT
 *
 * Settings of data, of a mixture and of a training's options: each is changed to what is no default, and what
 * it decides must follow. Those of rates, penalties, optimizers and time steps are tested beside what reads
 * them. */
#include "base/mixture_base.h"
#include "check.h"
#include "model/spec_data.h"
#include "scratch.h"
#include "train/train.h"
#include "unit/runtime/kernels/fake_bundle.h"

static struct fake fake;

static struct samples load(const char *data)
{
    struct samples samples;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(
        spec_data_load(&samples, &fake.bundle, &(struct data_options){.file = data}, NULL, 1, false, &fault));
    return samples;
}

static void check_rows(int64_t train, int64_t test)
{
    struct samples samples = load(NULL);
    CU_ASSERT_EQUAL(samples.train.n, train);
    CU_ASSERT_EQUAL(samples.test.n, test);
    samples_free(&samples);
}

static void rows_and_the_share_for_testing(void)
{
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "data.source", "moons");
    fake_set(&fake, "data.samples", "40");
    fake_set(&fake, "data.test", "0.25");
    check_rows(30, 10);
    fake_set(&fake, "data.test", "0");
    check_rows(40, 0);
    fake_set(&fake, "data.samples", "60");
    check_rows(60, 0);
}

static void the_source_of_the_data_is_named(void)
{
    char room[64];
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "data.source", "rings");
    CU_ASSERT_STRING_EQUAL(spec_data_name(&fake.bundle, NULL, room, sizeof room), "generator rings");
    fake_set(&fake, "data.file", "samples.csv");
    CU_ASSERT_STRING_EQUAL(spec_data_name(&fake.bundle, NULL, room, sizeof room), "samples.csv");
    fake_set(&fake, "data.pairs", "pairs.npz");
    CU_ASSERT_STRING_EQUAL(spec_data_name(&fake.bundle, NULL, room, sizeof room), "pairs.npz");
    CU_ASSERT_STRING_EQUAL(spec_data_name(&fake.bundle, "mine.npz", room, sizeof room), "mine.npz");
}

/* A mixture of dimension 2, on all rows of a.csv in this folder as they stand there. */
static void trains_on_file(const char *folder)
{
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "base.kind", "mixture");
    fake_set(&fake, "data.standardise", "no");
    fake_set(&fake, "data.test", "0");
    fake_set(&fake, "data.file", "a.csv");
    fake_set(&fake, "data.folder", folder);
}

/* Columns, labels, rows to leave out, and the folder where the file is: of the spec, or options instead. */
static void columns_and_rows_of_a_file_are_chosen(void)
{
    static const char text[] = "a,b,kind,c\n1,2,u,3\n4,,v,6\n7,8,v,9\n";
    struct scratch s;
    struct samples samples;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s) && scratch_write(scratch_path(&s, "a.csv"), text, strlen(text)));
    trains_on_file(s.folder);
    fake_set(&fake, "data.columns", "[\"c\", \"b\"]");
    fake_set(&fake, "data.label", "kind");
    fake_set(&fake, "data.missing", "drop");
    samples = load(NULL);
    const double *const x = samples.train.x;
    CU_ASSERT_TRUE(samples.train.n == 2 && samples.dropped == 1);
    CU_ASSERT_TRUE(x[0] == 3 && x[1] == 2 && x[2] == 9 && x[3] == 8);
    CU_ASSERT_TRUE(samples.train.labels && samples.train.labels[1] == 1);
    samples_free(&samples);
    const struct data_options given = {.columns = "1,4", .missing = "refuse", .label = "kind"};
    CU_ASSERT_TRUE_FATAL(spec_data_load(&samples, &fake.bundle, &given, NULL, 1, false, &fault));
    CU_ASSERT_TRUE(samples.train.n == 3 && samples.dropped == 0 && ((double *)samples.train.x)[5] == 9);
    samples_free(&samples);
    const struct data_options wrong = {.columns = "a,,c"}, elsewhere = {.file = "a.csv"};
    CU_ASSERT_FALSE(spec_data_load(&samples, &fake.bundle, &wrong, NULL, 1, false, &fault));
    CU_ASSERT_STRING_EQUAL(fault.text, "columns: a name is missing in 'a,,c'");
    CU_ASSERT_FALSE(spec_data_load(&samples, &fake.bundle, &elsewhere, NULL, 1, false, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "cannot read a.csv, looked for in /"));
    CU_ASSERT_TRUE(scratch_write(scratch_path(&s, "\xfc.csv"), "1\n", 2)); /* no text in JSON */
    CU_ASSERT_PTR_NULL(spec_data_lasting(&fake.bundle, scratch_path(&s, "\xfc.csv"), &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "a path that is no UTF-8"));
    scratch_remove(&s);
}

/* A name is a column or an array; what ends like a file is one, in the spec's folder. */
static void weights_are_found_by_the_spec(void)
{
    static const char text[] = "a,w,b\n1,2,3\n4,0,6\n7,1,9\n", weights[] = "0\n5\n2\n";
    struct scratch s;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s) && scratch_write(scratch_path(&s, "a.csv"), text, strlen(text)));
    CU_ASSERT_TRUE_FATAL(scratch_write(scratch_path(&s, "w.txt"), weights, strlen(weights)));
    trains_on_file(s.folder);
    fake_set(&fake, "data.weights", "w");
    struct samples samples = load(NULL);
    const double *x = samples.train.x;
    CU_ASSERT_TRUE_FATAL(samples.train.n == 2 && samples.weightless == 1 && samples.train.weights);
    CU_ASSERT_TRUE(x[1] == 3 && x[2] == 7 && samples.train.weights[0] == 2 && samples.train.weights[1] == 1);
    samples_free(&samples);
    char *lasting = spec_data_lasting_weights(&fake.bundle, NULL, &fault);
    CU_ASSERT_STRING_EQUAL(lasting, "w");
    free(lasting);
    fake_set(&fake, "data.columns", "[\"a\", \"b\"]");
    fake_set(&fake, "data.weights", "w.txt");
    samples = load(NULL);
    x = samples.train.x;
    CU_ASSERT_TRUE_FATAL(samples.train.n == 2 && samples.train.weights);
    CU_ASSERT_TRUE(x[1] == 6 && x[2] == 7 && samples.train.weights[0] == 5 && samples.train.weights[1] == 2);
    samples_free(&samples);
    lasting = spec_data_lasting_weights(&fake.bundle, NULL, &fault);
    CU_ASSERT_TRUE(lasting && lasting[0] == '/' && strstr(lasting, "/w.txt"));
    const struct data_options resumed = {.weights = lasting}, option = {.weights = "w"},
                              elsewhere = {.weights = "w.txt"};
    CU_ASSERT_TRUE_FATAL(spec_data_load(&samples, &fake.bundle, &resumed, NULL, 1, false, &fault));
    CU_ASSERT_TRUE(samples.train.n == 2 && samples.train.weights[0] == 5);
    samples_free(&samples);
    free(lasting);
    CU_ASSERT_TRUE_FATAL(spec_data_load(&samples, &fake.bundle, &option, NULL, 1, false, &fault));
    CU_ASSERT_TRUE(samples.train.n == 2 && samples.train.weights[0] == 2);
    samples_free(&samples);
    CU_ASSERT_FALSE(spec_data_load(&samples, &fake.bundle, &elsewhere, NULL, 1, false, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "cannot read w.txt, looked for in /"));
    scratch_remove(&s);
}

static void data_are_standardised_when_needed(void)
{
    static const struct {
        const char *word;
        int64_t of_file, of_generator; /* d of what was taken off */
    } rows[] = {{"yes", 2, 2}, {"no", 0, 0}, {"automatic", 2, 0}};
    static const char text[] = "10,1\n20,5\n30,2\n40,9\n50,4\n";
    struct scratch scratch;
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    const char *path = scratch_path(&scratch, "samples.csv");
    CU_ASSERT_TRUE_FATAL(scratch_write(path, text, strlen(text)));
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        fake_make(&fake, FAKE_DOUBLE2);
        fake_set(&fake, "data.source", "moons");
        fake_set(&fake, "data.samples", "40");
        fake_set(&fake, "data.standardise", rows[i].word);
        struct samples of_file = load(path), of_generator = load(NULL);
        CU_ASSERT_EQUAL(of_file.standard.d, rows[i].of_file);
        CU_ASSERT_EQUAL(of_generator.standard.d, rows[i].of_generator);
        samples_free(&of_file);
        samples_free(&of_generator);
    }
    scratch_remove(&scratch);
}

/* How a fit to a board of squares went, with one setting changed. */
static struct mixture_report fit(const char *key, const char *text)
{
    struct mixture_fitted fitted;
    struct base_flow *base;
    struct fault fault = {0};
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "data.source", "checkerboard");
    fake_set(&fake, "data.samples", "20000");
    fake_set(&fake, "base.components", "4");
    fake_set(&fake, "base.iterations", "20");
    fake_set(&fake, key, text);
    struct samples samples = load(NULL);
    CU_ASSERT_TRUE_FATAL(mixture_base_fit(&base, &fake.bundle, &samples, 1, 1, &fitted, &fault));
    base_flow_free(base);
    samples_free(&samples);
    return fitted.report;
}

static void a_mixture_is_fitted_as_the_spec_says(void)
{
    const double before = fit("base.components", "4").nll;
    CU_ASSERT_TRUE(fit("base.components", "8").nll < before - 0.1);
    CU_ASSERT_TRUE(fit("base.ridge", "1.0").nll > before + 0.1);
    const struct mixture_report cut = fit("base.iterations", "2");
    CU_ASSERT_EQUAL(cut.iterations, 2);
    CU_ASSERT_FALSE(cut.converged);
    CU_ASSERT_TRUE(fit("base.iterations", "9").iterations > 2);
}

static void options_of_a_training(void)
{
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "train.epochs", "11");
    fake_set(&fake, "train.batch", "13");
    fake_set(&fake, "train.seed", "17");
    const struct trainer_options options = trainer_options_of(&fake.bundle);
    CU_ASSERT_EQUAL(options.epochs, 11);
    CU_ASSERT_EQUAL(options.batch, 13);
    CU_ASSERT_EQUAL(options.seed, 17);
}

static const struct check_case cases[] = {
    {"rows and the share for testing", rows_and_the_share_for_testing},
    {"the source of the data is named", the_source_of_the_data_is_named},
    {"columns and rows of a file are chosen", columns_and_rows_of_a_file_are_chosen},
    {"weights are found by the spec", weights_are_found_by_the_spec},
    {"data are standardised when needed", data_are_standardised_when_needed},
    {"a mixture is fitted as the spec says", a_mixture_is_fitted_as_the_spec_says},
    {"options of a training", options_of_a_training},
};

int main(void)
{
    return check_main("settings", cases, CHECK_COUNT(cases));
}
