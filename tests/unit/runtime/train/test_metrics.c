/* SPDX-License-Identifier: MIT
 *
 * The lines of metrics.jsonl: each number under its own name, in order; and those of a training against what
 * weights, data and settings give by formulas written here once more. */
#include "check.h"
#include "numbers/random.h"
#include "scratch.h"
#include "train/train_run.h"
#include "unit/runtime/kernels/fake_bundle.h"
#include "unit/runtime/model/fake_pairs.h"

#include <jansson.h>
#include <math.h>

/* ---- what is written ----------------------------------------------------------------------------------- */

static const struct metrics_line all_different = {
    .step = 1,
    .epoch = 2,
    .loss = 3.5,
    .train_cost = 4.5,
    .train_penalty = 5.5,
    .gradient_norm = 6.5,
    .cost = 7.5,
    .penalty = 8.5,
    .energy = 9.5,
    .best_cost = 10.5,
    .nll = 11.5,
    .time_steps = 12,
    .errors = {.density = 13.5, .roundtrip = 14.5},
    .rate = 15.5,
    .lambda = 16.5,
    .samples_per_s = 17.5,
    .seconds = 18.5,
    .cpu_seconds = 19.5,
    .validation_cost = 20.5,
};

/* The text of a file with only this line. */
static char *written(const struct stage_kind *stage, const struct metrics_line *line)
{
    struct scratch scratch;
    struct metrics *metrics;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    const char *path = scratch_path(&scratch, "metrics.jsonl");
    CU_ASSERT_TRUE_FATAL(metrics_open(&metrics, path, stage, NULL, &fault));
    CU_ASSERT_TRUE(metrics_add(metrics, line, &fault));
    CU_ASSERT_TRUE(metrics_close(metrics, &fault));
    char *text = scratch_read(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    scratch_remove(&scratch);
    return text;
}

static void every_number_has_its_name(void)
{
    char *text = written(&stage_kinds[STAGE_BASE], &all_different);
    CU_ASSERT_STRING_EQUAL(text, "{\"stage\":\"base\",\"step\":1,\"epoch\":2,\"loss\":3.5,\"cost\":7.5,"
                                 "\"validation_cost\":20.5,"
                                 "\"nll\":11.5,\"penalty\":8.5,\"energy\":9.5,\"time_steps\":12,"
                                 "\"density_error\":13.5,\"roundtrip\":14.5,\"rate\":15.5,"
                                 "\"samples_per_s\":17.5,\"best_cost\":10.5,\"train_cost\":4.5,"
                                 "\"train_penalty\":5.5,\"gradient_norm\":6.5,\"lambda\":16.5,"
                                 "\"seconds\":18.5,\"cpu_seconds\":19.5}\n");
    free(text);
}

static void missing_values_are_left_out_or_null(void)
{
    struct metrics_line line = all_different;
    line.nll = line.validation_cost = NAN;
    line.time_steps = 0;
    line.loss = line.samples_per_s = NAN;
    line.best_cost = INFINITY;
    char *text = written(&stage_kinds[STAGE_FLOW], &line);
    CU_ASSERT_STRING_EQUAL(text, "{\"stage\":\"flow\",\"step\":1,\"epoch\":2,\"loss\":null,\"cost\":7.5,"
                                 "\"penalty\":8.5,\"energy\":9.5,\"rate\":15.5,\"samples_per_s\":null,"
                                 "\"best_cost\":null,\"train_cost\":4.5,\"train_penalty\":5.5,"
                                 "\"gradient_norm\":6.5,\"lambda\":16.5,\"seconds\":18.5,"
                                 "\"cpu_seconds\":19.5}\n");
    free(text);
}

static bool add_line_of(struct metrics *metrics, int64_t step, struct fault *fault)
{
    return metrics_add(metrics, &(struct metrics_line){.step = step}, fault);
}

static int lines_of(const char *path)
{
    char *const text = scratch_read(path, NULL);
    int n = 0;
    for (const char *at = text; at && (at = strchr(at, '\n')); at++)
        n++;
    free(text);
    return n;
}

static void a_deleted_file_is_there_again(void)
{
    struct scratch s;
    struct metrics *metrics;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "metrics.jsonl");
    CU_ASSERT_TRUE_FATAL(metrics_open(&metrics, path, &stage_kinds[STAGE_FLOW], NULL, &fault));
    CU_ASSERT_TRUE(add_line_of(metrics, 1, &fault) && add_line_of(metrics, 2, &fault) && unlink(path) == 0);
    CU_ASSERT_TRUE(add_line_of(metrics, 3, &fault) && add_line_of(metrics, 4, &fault));
    CU_ASSERT_EQUAL(lines_of(path), 4);
    CU_ASSERT_TRUE(unlink(path) == 0 && scratch_write(path, "theirs", 6));
    CU_ASSERT_FALSE(add_line_of(metrics, 5, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "was deleted; cannot write it again: File exists"));
    CU_ASSERT_TRUE(metrics_close(metrics, &fault));
    scratch_remove(&s);
}

/* The lines of an earlier training end where one is longer than any of ours. */
static void a_long_line_is_not_kept(void)
{
    static char text[3 * METRICS_MAX_LINE];
    static const char line[] = "{\"stage\":\"flow\",\"step\":1}\n";
    struct scratch s;
    struct metrics *metrics;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&s));
    const char *const path = scratch_path(&s, "metrics.jsonl");
    memset(text, ' ', sizeof text);
    memcpy(text, line, sizeof line - 1);
    memcpy(text + sizeof text - sizeof line + 1, line, sizeof line - 1);
    CU_ASSERT_TRUE(scratch_write(path, text, sizeof text));
    CU_ASSERT_TRUE_FATAL(
        metrics_open(&metrics, path, &stage_kinds[STAGE_FLOW], &(struct metrics_keep){.step = 9}, &fault));
    CU_ASSERT_TRUE(metrics_close(metrics, &fault));
    CU_ASSERT_EQUAL(lines_of(path), 1);
    scratch_remove(&s);
}

/* ---- what a training writes ---------------------------------------------------------------------------- */

enum { D = 2, N = D * D + D, ROWS = 22, TEST_ROWS = 9, BATCH = 6, EPOCH = 4, EPOCHS = 6, SEED = 3, LINE = 2 };

struct loss {
    double cost, penalty, energy, gradient[N]; /* of cost + lambda penalty */
};

/* c_k of a row: z^T W w - w^T W z of the two vectors of noise; and its derivative by W. */
static double turn(const double *W, const double *noise, double by_W[D * D])
{
    double c = 0;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            by_W[i * D + j] = noise[i] * noise[D + j] - noise[D + i] * noise[j];
            c += W[i * D + j] * by_W[i * D + j];
        }
    return c;
}

/* Adds one row's share, of weight `share`. `sample` is the row's number among those that draw noise. */
static void add_row(struct loss *loss, const double *theta, const double *x, const double *y, double share,
                    double lambda, uint64_t stream, uint64_t sample)
{
    for (int i = 0; i < D; i++) {
        double move = theta[D * D + i];
        for (int j = 0; j < D; j++)
            move += theta[i * D + j] * y[j];
        const double off = y[i] + move - x[i];
        loss->cost += share * off * off;
        loss->energy += share * move * move / 2;
        loss->gradient[D * D + i] += 2 * share * off;
        for (int j = 0; j < D; j++)
            loss->gradient[i * D + j] += 2 * share * off * y[j];
    }
    for (int k = 0; k < FAKE_STEPS; k++) {
        double noise[2 * D], by_W[D * D];
        for (int e = 0; e < 2 * D; e++)
            noise[e] = random_normal(SEED, stream, sample * FAKE_STEPS * 2 * D + (uint64_t)(k * 2 * D + e));
        const double c = turn(theta, noise, by_W);
        loss->penalty += share * c * c;
        for (int i = 0; i < D * D; i++)
            loss->gradient[i] += 2 * lambda * share * c * by_W[i];
    }
}

static struct loss loss_of_step(const struct pairs *pairs, const double *theta, int64_t step, double lambda)
{
    uint32_t order[ROWS];
    struct loss loss = {0};
    const int64_t first = step % EPOCH * BATCH, n = ROWS - first < BATCH ? ROWS - first : BATCH;
    random_permutation(SEED, random_stream(RANDOM_SHUFFLE, (uint64_t)(step / EPOCH)), ROWS, order);
    for (int64_t i = 0; i < n; i++) {
        const size_t row = (size_t)D * order[first + i];
        add_row(&loss, theta, (const double *)pairs->train.x + row, (const double *)pairs->train.y + row,
                1.0 / (double)n, lambda, random_stream(RANDOM_NOISE, (uint64_t)step), (uint64_t)i);
    }
    return loss;
}

static struct loss loss_of_test(const struct pairs *pairs, const double *theta)
{
    struct loss loss = {0};
    for (int row = 0; row < TEST_ROWS; row++)
        add_row(&loss, theta, (const double *)pairs->test.x + (size_t)(D * row),
                (const double *)pairs->test.y + (size_t)(D * row), 1.0 / TEST_ROWS, 0,
                random_stream(RANDOM_MEASURE, 0), (uint64_t)row);
    return loss;
}

/* As the settings below say, of a step counted from 0: three steps of warm-up, then halves at epochs 2, 4. */
static double wanted_rate(int64_t step)
{
    static const double at_epoch[EPOCHS] = {0.03, 0.03, 0.015, 0.015, 0.0075, 0.0075};
    return step < 3 ? 0.03 * (double)(step + 1) / 3 : at_epoch[step / EPOCH];
}

static double wanted_lambda(int64_t step)
{
    return step / EPOCH < 3 ? 0.7 : 0.175;
}

struct sums {
    double loss, cost, penalty, norm;
};

static void add_step(struct sums *sums, const struct loss *loss, double lambda)
{
    double squares = 0;
    for (int i = 0; i < N; i++)
        squares += loss->gradient[i] * loss->gradient[i];
    sums->loss += (loss->cost + lambda * loss->penalty) / LINE;
    sums->cost += loss->cost / LINE;
    sums->penalty += loss->penalty / LINE;
    sums->norm += sqrt(squares) / LINE;
}

static double number(const json_t *line, const char *key)
{
    return json_number_value(json_object_get(line, key));
}

static void check_line(const json_t *line, int64_t step, const struct sums *sums, const struct loss *test,
                       double best)
{
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(line, "step")), step);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(line, "epoch")), step / EPOCH);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "rate"), wanted_rate(step - 1), 1e-10);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "lambda"), wanted_lambda(step - 1), 1e-10);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "loss"), sums->loss, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "train_cost"), sums->cost, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "train_penalty"), sums->penalty, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "gradient_norm"), sums->norm, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "cost"), test->cost, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "penalty"), test->penalty, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "energy"), test->energy, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(number(line, "best_cost"), best, 1e-7);
}

/* The last line of the file, as JSON. */
static json_t *last_line(const char *path)
{
    char *text = scratch_read(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    const char *from = text;
    for (const char *end = text; (end = strchr(end, '\n')) && end[1] != '\0'; end++)
        from = end + 1;
    json_t *line = json_loads(from, JSON_DISABLE_EOF_CHECK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    free(text);
    return line;
}

/* Steps and lines of a whole training; weights are looked at before each step. */
static void follow(struct train_run *run, const struct pairs *pairs, const char *path)
{
    struct fault fault = {0};
    double *theta = array_write(&run->trainer->state.theta);
    double best = loss_of_test(pairs, theta).cost;
    struct sums sums = {0};
    for (int64_t step = 0; step < EPOCH * EPOCHS; step++) {
        const double lambda = wanted_lambda(step);
        const struct loss loss = loss_of_step(pairs, theta, step, lambda);
        add_step(&sums, &loss, lambda);
        CU_ASSERT_TRUE_FATAL(train_run_step(run, &fault));
        if ((step + 1) % LINE != 0)
            continue;
        const struct loss test = loss_of_test(pairs, theta);
        best = test.cost < best ? test.cost : best;
        json_t *line = last_line(path);
        check_line(line, step + 1, &sums, &test, best);
        json_decref(line);
        sums = (struct sums){0};
    }
}

static void lines_agree_with_the_training(void)
{
    static struct fake fake;
    static char none[] = "";
    static const char *const settings[][2] = {{"train.schedule", "step"},
                                              {"train.rate", "0.03"},
                                              {"train.decay", "0.5"},
                                              {"train.decays", "2"},
                                              {"penalty.kind", "euler"},
                                              {"penalty.weight", "0.7"},
                                              {"penalty.decay", "0.25"},
                                              {"penalty.decays", "1"},
                                              {"train.warmup_steps", "3"},
                                              {"train.clip", "0"},
                                              {"train.average", "0"},
                                              {"train.weight_decay", "0"},
                                              {"train.init_last", "0.3"},
                                              {"train.evaluate_steps", "2"},
                                              {"train.checkpoint_steps", "1000"},
                                              {"train.checkpoint_minutes", "1.5"}};
    struct scratch scratch;
    struct trainer *trainer;
    struct run_folder *folder;
    struct train_run *run;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, FAKE_DOUBLE2);
    for (size_t i = 0; i < CHECK_COUNT(settings); i++)
        fake_set(&fake, settings[i][0], settings[i][1]);
    struct pairs pairs = fake_pairs(D, 8, ROWS, TEST_ROWS);
    const struct trainer_options options = {
        .epochs = EPOCHS, .batch = BATCH, .seed = SEED, .device = device_cpu(1)};
    CU_ASSERT_TRUE_FATAL(trainer_new(&trainer, &fake.bundle, &pairs, &options, &fault));
    CU_ASSERT_TRUE_FATAL(run_folder_make(&folder, scratch_path(&scratch, "run"), STAGE_FLOW, &fault));
    const struct checkpoint_note note = {.options = trainer->options, .data = none};
    const struct weights_beside beside = {.bundle = &fake.bundle};
    CU_ASSERT_TRUE_FATAL(train_run_new(&run, trainer, &beside, &note, folder, TRAIN_RUN_START, &fault));
    CU_ASSERT_EQUAL(run->checkpoint_steps, 1000);
    CU_ASSERT_EQUAL(run->checkpoint_seconds, 90);
    follow(run, &pairs, scratch_path(&scratch, "run/metrics.jsonl"));
    CU_ASSERT_TRUE(train_run_done(run));
    train_run_free(run);
    run_folder_free(folder);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

/* jansson's n-th allocation fails. */
static long json_left;

static void *json_memory(size_t bytes)
{
    return json_left-- == 0 ? NULL : malloc(bytes);
}

/* A line is whole or a fault, never one without some of its keys. */
static void no_number_is_lost_with_memory(void)
{
    struct scratch scratch;
    struct metrics *metrics;
    bool done = false;
    int n = 0;
    char *const whole = written(&stage_kinds[STAGE_BASE], &all_different);
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    for (; !done; n++) {
        struct fault fault = {0};
        const char *const path = scratch_path(&scratch, "metrics.jsonl");
        CU_ASSERT_TRUE_FATAL(metrics_open(&metrics, path, &stage_kinds[STAGE_BASE], NULL, &fault));
        json_left = n;
        json_set_alloc_funcs(json_memory, free);
        done = metrics_add(metrics, &all_different, &fault);
        json_set_alloc_funcs(malloc, free);
        CU_ASSERT_TRUE(done || strstr(fault.text, "memory") != NULL);
        CU_ASSERT_TRUE(metrics_close(metrics, &fault));
        char *const text = scratch_read(path, NULL);
        CU_ASSERT_STRING_EQUAL(text, done ? whole : "");
        free(text);
    }
    CU_ASSERT_TRUE(n > 20);
    free(whole);
    scratch_remove(&scratch);
}

/* A link is not written through, and nobody waits for the reader of a pipe. */
static void only_regular_files_are_written(void)
{
    struct scratch scratch;
    struct metrics *metrics;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    const char *const other = scratch_path(&scratch, "other"), *const link = scratch_path(&scratch, "link"),
                      *const pipe = scratch_path(&scratch, "pipe");
    CU_ASSERT_TRUE_FATAL(scratch_write(other, "mine", 4) && symlink(other, link) == 0 &&
                         mkfifo(pipe, 0600) == 0);
    CU_ASSERT_FALSE(metrics_open(&metrics, link, &stage_kinds[STAGE_FLOW], NULL, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "link: cannot write"));
    CU_ASSERT_FALSE(metrics_open(&metrics, pipe, &stage_kinds[STAGE_FLOW], NULL, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "pipe: cannot write"));
    char *const text = scratch_read(other, NULL);
    CU_ASSERT_TRUE(text && strcmp(text, "mine") == 0);
    free(text);
    scratch_remove(&scratch);
}

static const struct check_case cases[] = {
    {"every number has its name", every_number_has_its_name},
    {"missing values are left out or null", missing_values_are_left_out_or_null},
    {"a deleted file is there again", a_deleted_file_is_there_again},
    {"a long line is not kept", a_long_line_is_not_kept},
    {"no number is lost with memory", no_number_is_lost_with_memory},
    {"only regular files are written", only_regular_files_are_written},
    {"lines agree with the training", lines_agree_with_the_training},
};

int main(void)
{
    return check_main("metrics", cases, CHECK_COUNT(cases));
}
