/* SPDX-License-Identifier: MIT
 *
 * Training on a bundle whose best weights are known: it finds them; the same bits come out for any number of
 * threads and for a training that was killed and resumed; it stops where numbers are no longer finite; steps
 * allocate nothing. */
#include "check.h"
#include "model/weights.h"
#include "scratch.h"
#include "train/train_run.h"
#include "unit/runtime/kernels/fake_bundle.h"
#include "unit/runtime/kernels/fake_device.h"
#include "unit/runtime/model/fake_pairs.h"
#include "watched_memory.h"

#include <jansson.h>
#include <math.h>

static struct fake fake;
static struct run_folder *folder; /* of the training that runs */

/* ---- pieces -------------------------------------------------------------------------------------------- */

static struct trainer *make_trainer(const struct pairs *pairs, int64_t epochs, int64_t batch, int threads)
{
    struct trainer *trainer;
    struct fault fault = {0};
    const struct trainer_options options = {
        .epochs = epochs, .batch = batch, .seed = 3, .device = device_cpu(threads)};
    CU_ASSERT_TRUE_FATAL(trainer_new(&trainer, &fake.bundle, pairs, &options, &fault));
    return trainer;
}

static void run_steps(struct trainer *trainer, int64_t steps)
{
    struct fault fault = {0};
    for (int64_t i = 0; i < steps; i++)
        CU_ASSERT_TRUE_FATAL(trainer_step(trainer, &fault));
}

static bool same_bits(const struct trainer *a, const struct trainer *b)
{
    size_t bytes = (size_t)(a->bundle->theta_elements * a->bundle->precision);
    return a->state.step == b->state.step &&
           memcmp(array_host(&a->state.theta), array_host(&b->state.theta), bytes) == 0 &&
           memcmp(array_host(&a->state.mean), array_host(&b->state.mean), bytes) == 0 &&
           memcmp(array_host(&a->state.square), array_host(&b->state.square), bytes) == 0 &&
           memcmp(array_host(&a->state.average), array_host(&b->state.average), bytes) == 0 &&
           memcmp(array_host(&a->state.best), array_host(&b->state.best), bytes) == 0 &&
           a->state.best_cost == b->state.best_cost && a->state.best_step == b->state.best_step &&
           memcmp(&a->state.last, &b->state.last, sizeof a->state.last) == 0 &&
           memcmp(&a->state.sums, &b->state.sums, sizeof a->state.sums) == 0 &&
           a->state.fall_step == b->state.fall_step && a->state.best_test == b->state.best_test;
}

/* ---- learning ------------------------------------------------------------------------------------------ */

static void finds_the_known_optimum(void)
{
    fake_make(&fake, FAKE_DOUBLE3);
    fake_set(&fake, "train.weight_decay", "0");
    fake_set(&fake, "train.rate", "0.02");
    struct pairs pairs = fake_pairs(3, 8, 300, 100);
    struct trainer *trainer = make_trainer(&pairs, 80, 32, 2);
    CU_ASSERT_EQUAL(trainer->epoch_steps, 10);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    double before = trainer->state.last.cost;
    run_steps(trainer, trainer->steps);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    CU_ASSERT_TRUE(before > 0.5);
    CU_ASSERT_TRUE(trainer->state.last.cost < 1e-8);
    CU_ASSERT_EQUAL(trainer->state.best_cost, trainer->state.last.cost);
    CU_ASSERT_EQUAL(trainer->state.best_step, 800);
    for (int i = 0; i < 12; i++)
        CU_ASSERT_DOUBLE_EQUAL(((const double *)array_host(&trainer->state.theta))[i], fake_optimum(i), 1e-4);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

/* A large penalty makes W symmetric, the only matrices it does not see. */
static void the_penalty_is_weighted(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.weight_decay", "0");
    fake_set(&fake, "train.rate", "0.02");
    fake_set(&fake, "penalty.kind", "euler");
    fake_set(&fake, "penalty.weight", "100");
    struct pairs pairs = fake_pairs(2, 4, 256, 64);
    struct trainer *trainer = make_trainer(&pairs, 100, 64, 1);
    CU_ASSERT_EQUAL(trainer_lambda(trainer), 100);
    run_steps(trainer, trainer->steps);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    const float *W = array_host(&trainer->state.theta);
    CU_ASSERT_DOUBLE_EQUAL((double)W[1], (double)W[2], 5e-3);
    CU_ASSERT_TRUE(fabs(fake_optimum(1) - fake_optimum(2)) > 0.3);
    CU_ASSERT_TRUE(trainer->state.last.penalty < 1e-3);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

static void penalty_decays(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "penalty.kind", "euler");
    fake_set(&fake, "penalty.weight", "8");
    fake_set(&fake, "penalty.decay", "0.5");
    fake_set(&fake, "penalty.decays", "1");
    struct pairs pairs = fake_pairs(2, 4, 10, 0);
    struct trainer *trainer = make_trainer(&pairs, 4, 5, 1);
    run_steps(trainer, 3);
    CU_ASSERT_EQUAL(trainer_lambda(trainer), 8);
    run_steps(trainer, 1);
    CU_ASSERT_EQUAL(trainer_lambda(trainer), 4);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

static void any_batch_size(void)
{
    static const int64_t sizes[] = {1, 3, 4, 5, 17, 18, 1000};
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.weight_decay", "0");
    fake_set(&fake, "train.rate", "0.05");
    struct pairs pairs = fake_pairs(2, 4, 17, 5);
    for (size_t i = 0; i < CHECK_COUNT(sizes); i++) {
        struct trainer *trainer = make_trainer(&pairs, 200, sizes[i], 2);
        CU_ASSERT_EQUAL(trainer->epoch_steps,
                        (17 + (sizes[i] < 17 ? sizes[i] : 17) - 1) / (sizes[i] < 17 ? sizes[i] : 17));
        run_steps(trainer, trainer->steps);
        CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
        CU_ASSERT_TRUE(trainer->state.last.cost < 1e-2);
        trainer_free(trainer);
    }
    fake_pairs_free(&pairs);
}

/* Every sample is seen once an epoch, in an order that changes: from weights 0 and with rate 0, the costs of
 * an epoch's steps, weighted by their rows, make up the cost of the whole set. */
static void an_epoch_sees_every_sample(void)
{
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "train.rate", "0");
    fake_set(&fake, "train.init_last", "0");
    struct pairs pairs = fake_pairs(2, 8, 103, 0);
    double whole = 0, first = 0;
    for (int i = 0; i < 206; i++)
        whole += pow(((double *)pairs.train.x)[i] - ((double *)pairs.train.y)[i], 2) / 103;
    struct trainer *trainer = make_trainer(&pairs, 3, 10, 1);
    CU_ASSERT_EQUAL(trainer->epoch_steps, 11);
    for (int epoch = 0; epoch < 3; epoch++) {
        double sum = 0;
        for (int step = 0; step < 11; step++) {
            double before = trainer->state.sums.cost;
            run_steps(trainer, 1);
            double cost = trainer->state.sums.cost - before;
            sum += cost * (step < 10 ? 10 : 3) / 103;
            if (step == 0) {
                CU_ASSERT_TRUE(epoch == 0 || fabs(cost - first) > 1e-6);
                first = cost;
            }
        }
        CU_ASSERT_DOUBLE_EQUAL(sum, whole, 1e-12);
    }
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

static void initial_weights_follow_the_settings(void)
{
    static struct gpfc_parameter parameters[4] = {
        {.name = "flow.layer0.weight", .offset = 0, .rank = 2, .shape = {500, 100}, .fan_in = 100},
        {.name = "flow.layer0.bias", .offset = 50000, .rank = 1, .shape = {500}, .fan_in = 100},
        {.name = "flow.layer1.weight",
         .offset = 50500,
         .rank = 2,
         .shape = {20, 500},
         .fan_in = 500,
         .init = GPFC_INIT_LAST},
        {.name = "flow.layer1.bias",
         .offset = 60500,
         .rank = 1,
         .shape = {20},
         .fan_in = 500,
         .init = GPFC_INIT_LAST},
    };
    static float theta[60520], again[60520];
    double squares[4] = {0};
    fake_make(&fake, FAKE_SINGLE2);
    fake.bundle.parameters = parameters;
    fake.bundle.n_parameters = 4;
    weights_initial(&fake.bundle, 1, theta);
    for (int i = 0; i < 60520; i++)
        squares[i < 50000 ? 0 : i < 50500 ? 1 : i < 60500 ? 2 : 3] += (double)theta[i] * (double)theta[i];
    CU_ASSERT_DOUBLE_EQUAL(sqrt(squares[0] / 50000), 0.1, 0.002);
    CU_ASSERT_DOUBLE_EQUAL(sqrt(squares[1] / 500), 0.1, 0.01);
    CU_ASSERT_DOUBLE_EQUAL(sqrt(squares[2] / 10000), 1e-3, 3e-5);
    CU_ASSERT_DOUBLE_EQUAL(sqrt(squares[3] / 20), 1e-3, 5e-4);
    weights_initial(&fake.bundle, 2, again);
    CU_ASSERT_NOT_EQUAL(memcmp(theta, again, sizeof theta), 0);
    fake_set(&fake, "train.init_hidden", "0.5");
    weights_initial(&fake.bundle, 1, again);
    CU_ASSERT_DOUBLE_EQUAL((double)again[7], 5 * (double)theta[7], 1e-5);
}

/* What initial number i of a parameter of 6 x 4 elements is, for d = 2. */
static double initial(enum gpfc_init init, double spread, int i)
{
    const struct gpfc_parameter parameter = {
        .name = "p", .rank = 2, .shape = {6, 4}, .fan_in = 4, .init = init, .spread = spread};
    double theta[24];
    fake_make(&fake, FAKE_DOUBLE2);
    fake.bundle.parameters = &parameter;
    fake.bundle.n_parameters = 1;
    weights_initial(&fake.bundle, 1, theta);
    return theta[i];
}

static void every_parameter_has_its_initial_values(void)
{
    double least = 1, most = 0;
    for (int i = 0; i < 24; i++) {
        const double u = initial(GPFC_INIT_UNIFORM, 3, i);
        CU_ASSERT_TRUE(fabs(u) < 3);
        CU_ASSERT_DOUBLE_EQUAL(initial(GPFC_INIT_LOG_UNIFORM, 0, i), log((u / 3 + 1) / 2), 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(initial(GPFC_INIT_NORMAL, 4, i),
                               4 * random_normal(1, random_stream(RANDOM_WEIGHTS, 0), (uint64_t)i), 1e-12);
        CU_ASSERT_EQUAL(initial(GPFC_INIT_CONSTANT, 0.125, i), 0.125);
        /* blocks of 3 x 2: bounds sqrt(6 / (2 + 3)) and sqrt(6 / (4 + 3)), 0 above the diagonal */
        const double t = initial(GPFC_INIT_TRIANGULAR, 0, i);
        const bool above = i / 4 < 3 && i % 4 >= 2;
        CU_ASSERT_DOUBLE_EQUAL(t, above ? 0 : sqrt(6.0 / (i / 4 < 3 ? 5 : 7)) * u / 3, 1e-12);
        least = fmin(least, u);
        most = fmax(most, u);
    }
    CU_ASSERT_TRUE(least < -1 && most > 1);
}

/* ---- a base flow --------------------------------------------------------------------------------------- */

static struct trainer *make_base_trainer(struct pairs *pairs, int64_t epochs, int64_t batch)
{
    struct trainer *trainer;
    struct fault fault = {0};
    const struct trainer_options options = {
        .epochs = epochs, .batch = batch, .seed = 3, .device = device_cpu(2)};
    CU_ASSERT_TRUE_FATAL(trainer_new(&trainer, fake.bundle.base, pairs, &options, &fault));
    return trainer;
}

/* Samples without y. */
static struct pairs base_samples(int64_t d, int precision, int64_t n_train, int64_t n_test)
{
    struct pairs pairs = fake_pairs(d, precision, n_train, n_test);
    free(pairs.train.y);
    free(pairs.test.y);
    pairs.train.y = pairs.test.y = NULL;
    return pairs;
}

/* exp(l) x + b is best where it makes mean 0 and variance 1. */
static void a_base_flow_finds_its_optimum(void)
{
    enum { N = 300 };
    fake_make(&fake, FAKE_DOUBLE3);
    fake_set(&fake, "base.kind", "bnaf");
    fake_set(&fake, "base.rate", "0.02");
    fake_set(&fake, "penalty.kind", "euler"); /* the flow's */
    struct pairs pairs = base_samples(3, 8, N, 0);
    struct trainer *trainer = make_base_trainer(&pairs, 80, 32);
    CU_ASSERT_PTR_EQUAL(trainer->stage, &stage_kinds[STAGE_BASE]);
    const double *theta = array_host(&trainer->state.theta);
    CU_ASSERT_TRUE(theta[0] == 0.25 && fabs(theta[3]) < 0.5 && theta[3] != theta[4]);
    run_steps(trainer, trainer->steps);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    double nll = 0;
    for (int k = 0; k < 3; k++) {
        double mean = 0, square = 0;
        for (int i = 0; i < N; i++)
            mean += ((double *)pairs.train.x)[3 * i + k] / N;
        for (int i = 0; i < N; i++)
            square += pow(((double *)pairs.train.x)[3 * i + k] - mean, 2) / N;
        CU_ASSERT_DOUBLE_EQUAL(theta[k], -log(square) / 2, 5e-3);
        CU_ASSERT_DOUBLE_EQUAL(theta[3 + k], -mean / sqrt(square), 5e-3);
        nll += (1 + log(2 * M_PI * square)) / 2;
    }
    CU_ASSERT_DOUBLE_EQUAL(trainer->state.last.cost, nll, 1e-4);
    CU_ASSERT_EQUAL(trainer->state.last.energy, 0);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

static struct train_run *begin(struct trainer *trainer, const struct scratch *scratch, const char *name,
                               bool resumed);
static void end(struct train_run *run);

/* With rate 0 nothing gets better: three epochs without are enough. */
static void patience_ends(void)
{
    struct scratch scratch;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "base.kind", "bnaf");
    fake_set(&fake, "base.rate", "0");
    fake_set(&fake, "base.schedule", "constant");
    fake_set(&fake, "base.patience", "3");
    fake_set(&fake, "train.evaluate_steps", "2");
    struct pairs pairs = base_samples(2, 4, 40, 20);
    struct trainer *trainer = make_base_trainer(&pairs, 50, 10);
    struct train_run *run = begin(trainer, &scratch, "run", false);
    while (!train_run_done(run))
        CU_ASSERT_TRUE_FATAL(train_run_step(run, &fault));
    CU_ASSERT_EQUAL(trainer->state.step, 12);
    CU_ASSERT_EQUAL(trainer->state.best_step, 0);
    struct checkpoint checkpoint;
    CU_ASSERT_TRUE_FATAL(checkpoint_open(
        &checkpoint, &fake.bundle, scratch_path(&scratch, "run/base_checkpoint.safetensors"), 1, &fault));
    CU_ASSERT_TRUE(checkpoint.stage == &stage_kinds[STAGE_BASE] && checkpoint.base == NULL);
    trainer->state.measured_step = 0;
    CU_ASSERT_TRUE_FATAL(checkpoint_load(&checkpoint, trainer, &fault));
    CU_ASSERT_TRUE(trainer_done(trainer)); /* a resumed one is done, too */
    checkpoint_close(&checkpoint);
    struct weights read;
    CU_ASSERT_TRUE_FATAL(
        weights_read_base(&read, &fake.bundle, scratch_path(&scratch, "run/base.safetensors"), 1, &fault));
    weights_free(&read);
    end(run);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

/* ---- validation ---------------------------------------------------------------------------------------- */

static struct trainer *make_validated(const struct pairs *pairs, int64_t epochs, int threads)
{
    struct trainer *trainer;
    struct fault fault = {0};
    const struct trainer_options options = {
        .epochs = epochs, .batch = 10, .validation = 0.2, .seed = 3, .device = device_cpu(threads)};
    CU_ASSERT_TRUE_FATAL(trainer_new(&trainer, &fake.bundle, pairs, &options, &fault));
    return trainer;
}

/* Validating rows are never learnt from: with numbers in them that no weights survive, training goes on. The
 * cost of them decides, and is that of exactly these rows. */
static void validation_chooses_and_is_not_learnt(void)
{
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "train.rate", "0.02");
    struct pairs pairs = fake_pairs(2, 8, 101, 50);
    struct trainer *trainer = make_validated(&pairs, 6, 2);
    const struct split *split = &trainer->split;
    CU_ASSERT_TRUE(split->train == 81 && split->validation == 20 && trainer->epoch_steps == 9);
    double cost = 0;
    for (int64_t i = 0; i < 20; i++)
        for (int k = 0; k < 2; k++) {
            const size_t at = 2 * (size_t)split_validation(split)[i] + (size_t)k;
            ((double *)pairs.train.x)[at] = 1e200;
            ((double *)pairs.train.y)[at] = 0;
        }
    run_steps(trainer, 9);
    for (int64_t i = 0; i < 20; i++)
        for (int k = 0; k < 2; k++) {
            const size_t at = 2 * (size_t)split_validation(split)[i] + (size_t)k;
            const double move = ((const double *)array_host(&trainer->state.theta))[4 + k];
            ((double *)pairs.train.x)[at] = 3;
            cost += (move - 3) * (move - 3) / 20;
        }
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    CU_ASSERT_DOUBLE_EQUAL(trainer->state.last_validation, cost, 1e-12);
    CU_ASSERT_EQUAL(trainer->state.best_cost, trainer->state.last_validation);
    CU_ASSERT_EQUAL(trainer->state.best_test, trainer->state.last.cost);
    CU_ASSERT_NOT_EQUAL(trainer->state.best_test, trainer->state.best_cost);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

/* Rows that were given for it validate instead of a share of the training rows, all of which train. */
static void given_rows_validate(void)
{
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "train.rate", "0.02");
    struct pairs pairs = fake_pairs(2, 8, 101, 50);
    double x[6] = {3, 3, 3, 3, 3, 3}, y[6] = {0};
    pairs.validation = (struct part){.n = 3, .x = x, .y = y};
    struct trainer *trainer = make_validated(&pairs, 6, 2);
    CU_ASSERT_TRUE(trainer->split.train == 101 && trainer->split.validation == 3);
    run_steps(trainer, 9);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    double cost = 0;
    for (int k = 0; k < 2; k++) {
        const double move = ((const double *)array_host(&trainer->state.theta))[4 + k];
        cost += (move - 3) * (move - 3);
    }
    CU_ASSERT_DOUBLE_EQUAL(trainer->state.last_validation, cost, 1e-12);
    CU_ASSERT_EQUAL(trainer->state.best_cost, trainer->state.last_validation);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

static void splits_are_drawn_once(void)
{
    struct split a, b;
    struct fault fault = {0};
    uint32_t order[90];
    int seen[100] = {0};
    CU_ASSERT_TRUE_FATAL(split_new(&a, 0.1, 100, &fault) && split_new(&b, 0.1, 100, &fault));
    CU_ASSERT_EQUAL(memcmp(a.rows, b.rows, 100 * sizeof *a.rows), 0);
    split_shuffle(&a, 7, 0, order);
    for (int i = 0; i < 90; i++)
        seen[order[i]]++;
    for (int i = 0; i < 10; i++)
        seen[split_validation(&a)[i]]++;
    for (int i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(seen[i], 1);
    split_free(&a);
    split_free(&b);
    CU_ASSERT_TRUE_FATAL(split_new(&a, 0.9, 1, &fault)); /* something is left to learn from */
    CU_ASSERT_TRUE(a.train == 1 && a.validation == 0 && split_validation(&a) == NULL);
    split_free(&a);
}

/* ---- weights of rows ----------------------------------------------------------------------------------- */

/* Where all are the same, training is what it is without them, to the last bit; they may be shared out, as
 * those of rows that validate are. */
static void equal_weights_change_nothing(void)
{
    double weights[101];
    fake_make(&fake, FAKE_DOUBLE2);
    struct pairs pairs = fake_pairs(2, 8, 101, 50);
    struct trainer *without = make_validated(&pairs, 3, 1);
    for (int i = 0; i < 101; i++)
        weights[i] = 3;
    pairs.train.weights = weights;
    struct trainer *with = make_validated(&pairs, 3, 2);
    run_steps(without, without->steps);
    run_steps(with, with->steps);
    const size_t bytes = (size_t)(fake.bundle.theta_elements * fake.bundle.precision);
    CU_ASSERT_EQUAL(memcmp(array_host(&with->state.theta), array_host(&without->state.theta), bytes), 0);
    CU_ASSERT_TRUE(trainer_measure(without, NULL));
    CU_ASSERT_TRUE(trainer_measure(with, NULL));
    CU_ASSERT_DOUBLE_EQUAL(with->state.last_validation, without->state.last_validation, 1e-14);
    trainer_free(with);
    trainer_free(without);
    fake_pairs_free(&pairs);
}

/* A draw has as many rows as there are, all of those that train; over the epochs each as often as its
 * weight says. Seed and epoch decide, nothing else. */
static void rows_are_drawn_by_weight(void)
{
    struct split split, again;
    struct fault fault = {0};
    uint32_t order[80], repeated[80];
    double weights[100], times[100] = {0}, total = 0;
    for (int i = 0; i < 100; i++)
        weights[i] = i % 4 == 0 ? 4 : 0.25 + 0.001 * i;
    CU_ASSERT_TRUE_FATAL(split_new(&split, 0.2, 100, &fault) && split_weigh(&split, weights, &fault));
    CU_ASSERT_TRUE_FATAL(split_new(&again, 0.2, 100, &fault) && split_weigh(&again, weights, &fault));
    for (uint64_t epoch = 0; epoch < 2000; epoch++) {
        split_shuffle(&split, 7, epoch, order);
        for (int i = 0; i < 80; i++)
            times[order[i]] += 1.0 / 2000;
    }
    split_shuffle(&again, 7, 1999, repeated);
    CU_ASSERT_EQUAL(memcmp(order, repeated, sizeof order), 0);
    for (int i = 0; i < 80; i++)
        total += weights[split.rows[i]];
    for (int i = 0; i < 80; i++)
        CU_ASSERT_DOUBLE_EQUAL(times[split.rows[i]], 80 * weights[split.rows[i]] / total, 0.06);
    for (int i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(times[split_validation(&split)[i]], 0);
    split_free(&split);
    split_free(&again);
}

/* A base flow y = exp(l) x + b on rows of one law, whose weights make another of it: it finds the weighted
 * mean and deviation, and measures the weighted likelihood. */
static void a_weighted_normal_is_learnt(void)
{
    enum { N = 2000 };
    double weights[N], sum = 0, mean = 0, square = 0, cost = 0;
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "base.kind", "bnaf");
    fake_set(&fake, "base.rate", "0.02");
    fake_set(&fake, "base.schedule", "cosine");
    fake_set(&fake, "base.average", "0");
    struct pairs pairs = base_samples(2, 8, N, 0);
    const double *const x = pairs.train.x;
    for (int i = 0; i < N; i++) {
        weights[i] = exp(x[2 * i]);
        sum += weights[i];
        mean += weights[i] * x[2 * i];
    }
    mean /= sum;
    for (int i = 0; i < N; i++)
        square += weights[i] * (x[2 * i] - mean) * (x[2 * i] - mean) / sum;
    pairs.train.weights = weights;
    struct trainer *const trainer = make_base_trainer(&pairs, 60, 100);
    run_steps(trainer, trainer->steps);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    const double *const theta = array_host(&trainer->state.theta), l = theta[0], b = theta[2];
    CU_ASSERT_DOUBLE_EQUAL(exp(-l), sqrt(square), 0.01 * sqrt(square));
    CU_ASSERT_DOUBLE_EQUAL(-b * exp(-l), mean, 0.01);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 2; k++) {
            const double at = exp(theta[k]) * x[2 * i + k] + theta[2 + k];
            cost += weights[i] / sum * (at * at / 2 + 0.91893853320467274 - theta[k]);
        }
    CU_ASSERT_DOUBLE_EQUAL(trainer->state.last.cost, cost, 1e-10);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

/* |y + W y + b - x|^2 of a row, with the averaged weights. */
static double average_cost(const struct trainer *trainer, const struct part *part, int64_t row)
{
    const double *const theta = array_host(&trainer->state.average);
    const double *const x = (const double *)part->x + 2 * row, *const y = (const double *)part->y + 2 * row;
    double cost = 0;
    for (int k = 0; k < 2; k++) {
        const double move = y[k] + theta[2 * k] * y[0] + theta[2 * k + 1] * y[1] + theta[4 + k] - x[k];
        cost += move * move;
    }
    return cost;
}

/* Over rows[i], or over row i. */
static double weighted_cost(const struct trainer *trainer, const struct part *part, const uint32_t *rows,
                            int64_t n)
{
    double cost = 0, sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = rows ? rows[i] : i;
        cost += part->weights[row] * average_cost(trainer, part, row);
        sum += part->weights[row];
    }
    return cost / sum;
}

/* What chooses the best weights is the mean over the latest steps, measured on rows that validate, each of
 * which counts by its own weight; so does each test row. */
static void averages_are_measured_by_weight(void)
{
    double train[101], test[50];
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "train.rate", "0.02");
    fake_set(&fake, "train.average", "0.5");
    struct pairs pairs = fake_pairs(2, 8, 101, 50);
    for (int i = 0; i < 101; i++)
        train[i] = 1 + i % 7;
    for (int i = 0; i < 50; i++)
        test[i] = 1 + i % 3;
    pairs.train.weights = train;
    pairs.test.weights = test;
    struct trainer *const trainer = make_validated(&pairs, 3, 2);
    const struct trainer_state *const state = &trainer->state;
    const size_t bytes = (size_t)(fake.bundle.theta_elements * fake.bundle.precision);
    run_steps(trainer, trainer->steps);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    CU_ASSERT_NOT_EQUAL(memcmp(array_host(&state->theta), array_host(&state->average), bytes), 0);
    CU_ASSERT_EQUAL(memcmp(array_host(&state->best), array_host(&state->average), bytes), 0);
    const struct split *const split = &trainer->split;
    CU_ASSERT_DOUBLE_EQUAL(state->last_validation,
                           weighted_cost(trainer, &pairs.train, split_validation(split), split->validation),
                           1e-12);
    CU_ASSERT_DOUBLE_EQUAL(state->last.cost, weighted_cost(trainer, &pairs.test, NULL, 50), 1e-12);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

/* With rate 0 nothing gets better: the fall comes when patience runs out, from the best weights, and ends
 * after its share; a training that is to go on has its rate back. */
static void the_plateau_ends_in_a_fall(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.schedule", "plateau");
    fake_set(&fake, "train.patience", "3");
    fake_set(&fake, "train.rate", "0");
    struct pairs pairs = fake_pairs(2, 4, 100, 50);
    struct trainer *trainer = make_validated(&pairs, 50, 1);
    CU_ASSERT_TRUE(trainer->epoch_steps == 8 && trainer_end(trainer) == 400);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    while (trainer->state.step < 24) {
        run_steps(trainer, 8);
        CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
        CU_ASSERT_TRUE(trainer->state.fall_step == 0 && !trainer_done(trainer));
    }
    ((float *)array_write(&trainer->state.theta))[0] = 5;
    run_steps(trainer, 1);
    CU_ASSERT_TRUE(trainer->state.fall_step == 24 && trainer_end(trainer) == 32);
    CU_ASSERT_EQUAL(memcmp(array_host(&trainer->state.theta), array_host(&trainer->state.best), 24), 0);
    run_steps(trainer, 7);
    CU_ASSERT_TRUE(trainer_done(trainer));
    trainer_extend(trainer);
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    CU_ASSERT_TRUE(!trainer_done(trainer) && trainer->state.fall_step == 0);
    run_steps(trainer, 1);
    CU_ASSERT_EQUAL(trainer->state.fall_step, 0);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

/* By itself patience is a quarter of the training, at least 300 steps. When it runs out, the cosine is left
 * for a fall from the best weights: training ends before its time, but not at a high rate. */
static void a_cosine_without_gain_falls(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.rate", "0.01");
    fake_set(&fake, "train.fall", "0.1");
    struct pairs pairs = fake_pairs(2, 4, 100, 50);
    struct trainer *trainer = make_validated(&pairs, 200, 1);
    CU_ASSERT_TRUE(trainer->steps == 1600 && trainer->patience == 400);
    trainer->state.best_cost = -1; /* nothing is better */
    while (trainer->state.step < 400) {
        run_steps(trainer, 8);
        CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
        CU_ASSERT_TRUE(trainer->state.fall_step == 0 && !trainer_done(trainer));
    }
    const double top = trainer_rate(trainer);
    ((float *)array_write(&trainer->state.best))[0] = 0.5F;
    run_steps(trainer, 1);
    CU_ASSERT_TRUE(trainer->state.fall_step == 400 && trainer_end(trainer) == 445);
    CU_ASSERT_DOUBLE_EQUAL(array_number(&trainer->state.theta, 0), 0.5, 0.02);
    CU_ASSERT_DOUBLE_EQUAL(trainer_rate(trainer), top * 44 / 45, 1e-12);
    run_steps(trainer, 44);
    CU_ASSERT_TRUE(trainer_done(trainer) && trainer_rate(trainer) == 0);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

/* A tenth of the rows, until that is more than choosing takes. */
static void validation_takes_no_more_than_it_needs(void)
{
    static const int64_t rows[][2] = {{9, 1}, {100, 10}, {5000, 500}, {9600, 500}};
    fake_make(&fake, FAKE_SINGLE2);
    for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
        struct pairs pairs = fake_pairs(2, 4, rows[i][0], 5);
        struct trainer_options options = trainer_options_of(&fake.bundle);
        struct trainer *trainer;
        struct fault fault = {0};
        CU_ASSERT_TRUE_FATAL(trainer_new(&trainer, &fake.bundle, &pairs, &options, &fault));
        CU_ASSERT_EQUAL(trainer->split.validation, rows[i][1]);
        CU_ASSERT_TRUE(trainer->options.validation > 0); /* known now, and what a checkpoint says */
        trainer_free(trainer);
        fake_pairs_free(&pairs);
    }
    fake_set(&fake, "data.validation", "0.3");
    CU_ASSERT_EQUAL(trainer_options_of(&fake.bundle).validation, 0.3);
}

/* What gets better all the time falls in time for the last step. */
static void the_plateau_falls_in_time(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.schedule", "plateau");
    fake_set(&fake, "train.patience", "auto");
    fake_set(&fake, "train.rate", "1e-4");
    struct pairs pairs = fake_pairs(2, 4, 100, 50);
    struct trainer *trainer = make_validated(&pairs, 10, 1);
    CU_ASSERT_EQUAL(trainer->patience, 300);
    run_steps(trainer, 60);
    CU_ASSERT_TRUE(trainer->state.fall_step == 0 && trainer_rate(trainer) == 1e-4);
    run_steps(trainer, 20);
    CU_ASSERT_TRUE(trainer_done(trainer) && trainer->state.fall_step == 60);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

/* Over all steps, the average is the mean of what the weights were; it is measured, and the best is one. */
static void the_average_is_measured(void)
{
    enum { STEPS = 30 };
    fake_make(&fake, FAKE_DOUBLE2);
    fake_set(&fake, "train.average", "1");
    fake_set(&fake, "train.rate", "0.02");
    struct pairs pairs = fake_pairs(2, 8, 100, 50);
    struct trainer *trainer = make_trainer(&pairs, 10, 10, 1);
    double mean[6] = {0};
    CU_ASSERT_EQUAL(
        memcmp(array_host(&trainer->state.average), array_host(&trainer->state.theta), sizeof mean), 0);
    for (int step = 0; step < STEPS; step++) {
        run_steps(trainer, 1);
        for (int i = 0; i < 6; i++)
            mean[i] += array_number(&trainer->state.theta, i) / STEPS;
    }
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    for (int i = 0; i < 6; i++) {
        CU_ASSERT_DOUBLE_EQUAL(array_number(&trainer->state.best, i), mean[i], 1e-14);
        CU_ASSERT_TRUE(fabs(array_number(&trainer->state.theta, i) - mean[i]) > 1e-4);
    }
    array_fill(&trainer->state.theta, mean);
    struct measured again;
    CU_ASSERT_TRUE(measure_set_go(&again, &trainer->test, &trainer->state.theta, FAKE_STEPS, NULL));
    CU_ASSERT_DOUBLE_EQUAL(again.cost, trainer->state.last.cost, 1e-12);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

/* ---- same bits ----------------------------------------------------------------------------------------- */

static void same_bits_for_any_threads(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "penalty.kind", "euler");
    struct pairs pairs = fake_pairs(2, 4, 501, 200);
    struct trainer *one = make_trainer(&pairs, 3, 100, 1);
    run_steps(one, 15);
    CU_ASSERT_TRUE(trainer_measure(one, NULL));
    for (int threads = 2; threads <= 3; threads++) {
        struct trainer *many = make_trainer(&pairs, 3, 100, threads);
        run_steps(many, 15);
        CU_ASSERT_TRUE(trainer_measure(many, NULL));
        CU_ASSERT_TRUE(same_bits(one, many));
        trainer_free(many);
    }
    struct trainer *other = make_trainer(&pairs, 3, 100, 1);
    run_steps(other, 14);
    CU_ASSERT_FALSE(same_bits(one, other)); /* the comparison sees a difference */
    trainer_free(other);
    trainer_free(one);
    fake_pairs_free(&pairs);
}

/* The same training on a device that has memory of its own, which is given rows that stay once and all else
 * at each call, and copies back only results. */
static void trained_elsewhere(const struct gpfc_bundle *bundle, const struct pairs *pairs)
{
    struct trainer *trainer[2];
    struct fault fault = {0};
    struct trainer_options options = {.epochs = 3, .batch = 100, .seed = 3};
    const struct device devices[2] = {device_cpu(2), fake_device(2)};
    for (int i = 0; i < 2; i++) {
        options.device = devices[i];
        fake_device_counts = (struct fake_device_counts){0};
        CU_ASSERT_TRUE_FATAL(trainer_new(&trainer[i], bundle, pairs, &options, &fault));
        run_steps(trainer[i], 12);
        CU_ASSERT_TRUE(trainer_measure(trainer[i], NULL));
        run_steps(trainer[i], 2);
        CU_ASSERT_TRUE(trainer_measure(trainer[i], NULL));
    }
    CU_ASSERT_TRUE(same_bits(trainer[0], trainer[1]));
    CU_ASSERT_TRUE(fake_device_counts.goes >= 14 + 2 && fake_device_counts.left >= 2);
    CU_ASSERT_EQUAL(fake_device_counts.rows, 2 * 501 + 2 * 100 + 2 * 200);
    CU_ASSERT_EQUAL(fake_device_counts.changed, 0);
    CU_ASSERT_EQUAL(fake_device_counts.outside, 0);
    CU_ASSERT_EQUAL(fake_device_counts.unbound, 0);
    CU_ASSERT_EQUAL(fake_device_counts.copied_again, 0);
    CU_ASSERT_EQUAL(fake_device_counts.copied_once, pairs->train.y ? 4 : 2);
    for (int i = 0; i < 2; i++)
        trainer_free(trainer[i]);
    CU_ASSERT_EQUAL(fake_device_counts.left, 0);
}

static void same_bits_on_any_device(void)
{
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "penalty.kind", "euler");
    fake_set(&fake, "base.kind", "bnaf");
    struct pairs pairs = fake_pairs(2, 4, 501, 200), alone = base_samples(2, 4, 501, 200);
    trained_elsewhere(&fake.bundle, &pairs);
    trained_elsewhere(fake.bundle.base, &alone);
    fake_pairs_free(&pairs);
    fake_pairs_free(&alone);
}

static struct train_run *begin(struct trainer *trainer, const struct scratch *scratch, const char *name,
                               bool resumed)
{
    struct train_run *run = NULL;
    struct fault fault = {0};
    static char none[] = ""; /* lent to the run */
    const struct checkpoint_note note = {.options = trainer->options, .data = none};
    const struct weights_beside beside = {.bundle = &fake.bundle};
    const char *path = scratch_path(scratch, name);
    bool good = resumed ? run_folder_open(&folder, path, &fault)
                        : run_folder_make(&folder, path, trainer->stage->number, &fault);
    good = good && train_run_new(&run, trainer, &beside, &note, folder,
                                 resumed ? TRAIN_RUN_RESUME : TRAIN_RUN_START, &fault);
    if (!good)
        (void)fprintf(stderr, "%s\n", fault.text);
    CU_ASSERT_TRUE_FATAL(good);
    return run;
}

static void end(struct train_run *run)
{
    train_run_free(run);
    run_folder_free(folder);
    folder = NULL;
}

static void step_until(struct train_run *run, int64_t step)
{
    struct fault fault = {0};
    while (run->trainer->state.step < step)
        CU_ASSERT_TRUE_FATAL(train_run_step(run, &fault));
}

static void step_to_end(struct train_run *run)
{
    struct fault fault = {0};
    while (!train_run_done(run))
        CU_ASSERT_TRUE_FATAL(train_run_step(run, &fault));
}

static void load(struct trainer *trainer, const struct scratch *scratch, const char *name)
{
    struct checkpoint checkpoint;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(checkpoint_open(&checkpoint, &fake.bundle, scratch_path(scratch, name), 1, &fault));
    CU_ASSERT_TRUE_FATAL(checkpoint_load(&checkpoint, trainer, &fault));
    checkpoint_close(&checkpoint);
}

/* Lines of two metrics files agree in all but times. */
static void same_metrics(const char *a_path, const char *b_path)
{
    FILE *a = fopen(a_path, "r"), *b = fopen(b_path, "r");
    char a_line[1024], b_line[1024];
    int lines = 0;
    CU_ASSERT_TRUE_FATAL(a != NULL && b != NULL);
    while (fgets(a_line, sizeof a_line, a)) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(fgets(b_line, sizeof b_line, b));
        json_t *x = json_loads(a_line, 0, NULL), *y = json_loads(b_line, 0, NULL);
        CU_ASSERT_TRUE_FATAL(json_is_object(x) && json_is_object(y));
        CU_ASSERT_TRUE(json_is_integer(json_object_get(x, "step")));
        CU_ASSERT_PTR_NOT_NULL(json_object_get(x, "samples_per_s"));
        CU_ASSERT_TRUE(json_number_value(json_object_get(x, "cpu_seconds")) > 0);
        for (int i = 0; i < 2; i++) {
            (void)json_object_del(i == 0 ? x : y, "samples_per_s");
            (void)json_object_del(i == 0 ? x : y, "seconds");
            (void)json_object_del(i == 0 ? x : y, "cpu_seconds");
        }
        CU_ASSERT_TRUE(json_equal(x, y));
        json_decref(x);
        json_decref(y);
        lines++;
    }
    CU_ASSERT_PTR_NULL(fgets(b_line, sizeof b_line, b));
    CU_ASSERT_EQUAL(lines, 7); /* before the first step, and after each of six epochs */
    (void)fclose(a);
    (void)fclose(b);
}

/* One training runs through; another is dropped at step 32 without a word, as by kill -9, and goes on from
 * its checkpoint of step 28, with other threads. */
static void killed_and_resumed(const char *optimizer, const char *schedule)
{
    struct scratch scratch;
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.optimizer", optimizer);
    fake_set(&fake, "train.schedule", schedule);
    fake_set(&fake, "train.fall", "0.6"); /* from step 26 of 66 on: before the checkpoint */
    fake_set(&fake, "train.checkpoint_steps", "7");
    fake_set(&fake, "train.rate", "0.05");
    fake_set(&fake, "train.average", "0.3");
    fake_set(&fake, "train.weight_decay", "0.1");
    struct pairs pairs = fake_pairs(2, 4, 101, 50);

    struct trainer *whole = make_trainer(&pairs, 6, 10, 1);
    struct train_run *run = begin(whole, &scratch, "whole", false);
    step_to_end(run);
    end(run);

    struct trainer *killed = make_trainer(&pairs, 6, 10, 1);
    run = begin(killed, &scratch, "killed", false);
    step_until(run, 34);
    end(run);
    trainer_free(killed);
    FILE *log = fopen(scratch_path(&scratch, "killed/metrics.jsonl"), "a");
    CU_ASSERT_TRUE_FATAL(log != NULL && fputs("{\"step\":34,\"epo", log) >= 0 && fclose(log) == 0);

    struct trainer *resumed = make_trainer(&pairs, 6, 10, 3);
    load(resumed, &scratch, "killed/checkpoint.safetensors");
    CU_ASSERT_EQUAL(resumed->state.step, 28);
    CU_ASSERT_EQUAL(resumed->state.fall_step, strcmp(schedule, "plateau") == 0 ? 26 : 0);
    run = begin(resumed, &scratch, "killed", true);
    step_to_end(run);
    end(run);
    CU_ASSERT_TRUE(same_bits(whole, resumed));
    same_metrics(scratch_path(&scratch, "whole/metrics.jsonl"),
                 scratch_path(&scratch, "killed/metrics.jsonl"));
    size_t a_bytes, b_bytes;
    char *a = scratch_read(scratch_path(&scratch, "whole/model.safetensors"), &a_bytes);
    char *b = scratch_read(scratch_path(&scratch, "killed/model.safetensors"), &b_bytes);
    CU_ASSERT_TRUE(a != NULL && b != NULL && a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0);
    free(a);
    free(b);
    trainer_free(resumed);
    trainer_free(whole);
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

static void resumed_after_a_kill(void)
{
    killed_and_resumed("adam", "cosine");
    killed_and_resumed("soap", "cosine");
    killed_and_resumed("soap", "plateau");
}

static void an_earlier_training_is_moved_aside(void)
{
    struct scratch scratch;
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, FAKE_SINGLE2);
    struct pairs pairs = fake_pairs(2, 4, 20, 10);
    for (int i = 0; i < 2; i++) {
        struct trainer *trainer = make_trainer(&pairs, 1, 10, 1);
        struct train_run *run = begin(trainer, &scratch, "a/b/c", false);
        CU_ASSERT_EQUAL(folder->kept_earlier, i == 1);
        CU_ASSERT_EQUAL(scratch_there(scratch_path(&scratch, "a/b/c/checkpoint.safetensors.old")), i == 1);
        end(run);
        trainer_free(trainer);
    }
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

/* ---- what goes wrong ----------------------------------------------------------------------------------- */

static void stops_where_numbers_are_not_finite(void)
{
    struct scratch scratch;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, FAKE_SINGLE2);
    fake_set(&fake, "train.checkpoint_steps", "1");
    struct pairs pairs = fake_pairs(2, 4, 40, 10);
    struct trainer *trainer = make_trainer(&pairs, 3, 10, 1);
    struct train_run *run = begin(trainer, &scratch, "run", false);
    step_until(run, 5);
    for (int i = 0; i < 80; i++)
        ((float *)pairs.train.y)[i] = 1e30F;
    float theta[6];
    memcpy(theta, array_host(&trainer->state.theta), sizeof theta);
    CU_ASSERT_FALSE(train_run_step(run, &fault));
    CU_ASSERT_EQUAL(fault.exit_code, FAULT_DIVERGED);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(fault.text, "step 6: the gradient of flow.layer0.weight is inf at element 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "of step 5, is kept as"));
    CU_ASSERT_EQUAL(memcmp(theta, array_host(&trainer->state.theta), sizeof theta), 0);
    load(trainer, &scratch, "run/checkpoint.safetensors");
    CU_ASSERT_EQUAL(trainer->state.step, 5);
    CU_ASSERT_TRUE(scratch_there(scratch_path(&scratch, "run/model.safetensors")));

    ((float *)array_write(&trainer->state.theta))[4] = NAN;
    CU_ASSERT_FALSE(train_run_step(run, &fault));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "step 6: the array flow.layer0.bias is nan at element 0"));
    CU_ASSERT_FALSE(train_run_save(run, &fault));
    end(run);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

/* The gradient is finite, its square is not: reported at once, not at the next checkpoint. */
static void stops_where_squares_are_not_finite(void)
{
    struct scratch scratch;
    struct fault fault = {0};
    CU_ASSERT_TRUE_FATAL(scratch_make(&scratch));
    fake_make(&fake, FAKE_SINGLE2);
    struct pairs pairs = fake_pairs(2, 4, 40, 10);
    struct trainer *trainer = make_trainer(&pairs, 3, 10, 1);
    struct train_run *run = begin(trainer, &scratch, "run", false);
    step_until(run, 5);
    for (int i = 0; i < 80; i++)
        ((float *)pairs.train.y)[i] = 1e12F;
    CU_ASSERT_FALSE(train_run_step(run, &fault));
    CU_ASSERT_EQUAL(fault.exit_code, FAULT_DIVERGED);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "step 6: adam.square.flow.layer0.weight is inf at element 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, "of step 0, is kept as"));
    end(run);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
    scratch_remove(&scratch);
}

static void steps_allocate_nothing(void)
{
    fake_make(&fake, FAKE_DOUBLE3);
    fake_set(&fake, "train.optimizer", "soap");
    struct pairs pairs = fake_pairs(3, 8, 200, 50);
    struct trainer *trainer = make_trainer(&pairs, 10, 32, 2);
    CU_ASSERT_TRUE(memory_allocations > 0); /* the counter counts */
    run_steps(trainer, 1);
    long before = memory_allocations;
    run_steps(trainer, 20); /* over the ends of epochs */
    CU_ASSERT_TRUE(trainer_measure(trainer, NULL));
    CU_ASSERT_EQUAL(memory_allocations, before);
    trainer_free(trainer);
    fake_pairs_free(&pairs);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"finds the known optimum", finds_the_known_optimum},
        {"the penalty is weighted", the_penalty_is_weighted},
        {"penalty decays", penalty_decays},
        {"any batch size", any_batch_size},
        {"an epoch sees every sample", an_epoch_sees_every_sample},
        {"initial weights follow the settings", initial_weights_follow_the_settings},
        {"every parameter has its initial values", every_parameter_has_its_initial_values},
        {"a base flow finds its optimum", a_base_flow_finds_its_optimum},
        {"patience ends", patience_ends},
        {"validation chooses and is not learnt", validation_chooses_and_is_not_learnt},
        {"given rows validate", given_rows_validate},
        {"equal weights change nothing", equal_weights_change_nothing},
        {"rows are drawn by weight", rows_are_drawn_by_weight},
        {"a weighted normal is learnt", a_weighted_normal_is_learnt},
        {"averages are measured by weight", averages_are_measured_by_weight},
        {"splits are drawn once", splits_are_drawn_once},
        {"the plateau ends in a fall", the_plateau_ends_in_a_fall},
        {"a cosine without gain falls", a_cosine_without_gain_falls},
        {"validation takes no more than it needs", validation_takes_no_more_than_it_needs},
        {"the plateau falls in time", the_plateau_falls_in_time},
        {"the average is measured", the_average_is_measured},
        {"same bits for any threads", same_bits_for_any_threads},
        {"same bits on any device", same_bits_on_any_device},
        {"resumed after a kill", resumed_after_a_kill},
        {"an earlier training is moved aside", an_earlier_training_is_moved_aside},
        {"stops where numbers are not finite", stops_where_numbers_are_not_finite},
        {"stops where squares are not finite", stops_where_squares_are_not_finite},
        {"steps allocate nothing", steps_allocate_nothing},
    };
    return check_main("train", cases, CHECK_COUNT(cases));
}
