/* SPDX-License-Identifier: MIT
 *
 * Setting up a training: memory, what the kernels read and write, the initial weights. */
#include "train/train.h"

#include "base/base_flow.h"
#include "kernels/bundle.h"
#include "kernels/settings.h"
#include "model/weights.h"
#include "train/train_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENT_STEPS = 300, PATIENT_EPOCHS = 2, PATIENT_PART = 4 /* of all steps */ }; /* patience: auto */
enum { MEASURE_WITHOUT_TEST = 10000 /* rows */ };
enum { ENOUGH_VALIDATING = 500 /* rows */ }; /* data.validation: auto */

struct trainer_options trainer_options_of(const struct gpfc_bundle *bundle)
{
    return (struct trainer_options){
        .epochs = setting_integer(bundle, SETTING_train_epochs),
        .batch = setting_integer(bundle, SETTING_train_batch),
        .validation = setting_automatic(bundle, SETTING_data_validation)
                          ? TRAINER_VALIDATION_AUTO
                          : setting_number(bundle, SETTING_data_validation),
        .seed = (uint64_t)setting_integer(bundle, SETTING_train_seed),
        .device = device_cpu(1),
    };
}

static bool take_arrays(struct trainer *trainer, struct fault *fault)
{
    const int64_t n = trainer->bundle->theta_elements, precision = trainer->bundle->precision;
    struct trainer_state *state = &trainer->state;
    struct array *const arrays[] = {&state->theta,   &state->mean, &state->square,
                                    &state->average, &state->best, &trainer->gradient};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!array_new(arrays[i], n, precision, "the weights", fault))
            return false;
    const size_t rows = (size_t)trainer->split.train;
    trainer->order = calloc(rows, sizeof *trainer->order);
    return array_new(&trainer->total, 2, precision, "the totals", fault) &&
           (trainer->order || fault_memory(fault, rows * sizeof *trainer->order, "the order of the samples"));
}

static void bind_rows(struct runner *run, const struct part *part)
{
    const struct runner_rows x = {.rows = part->x, .n = part->n, .stays = true},
                             y = {.rows = part->y, .n = part->n, .stays = true, .rotation = part->rotation};
    runner_input(run, "x", &x);
    runner_input(run, "y", &y);
}

static void bind_train(struct trainer *trainer)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    struct runner *run = trainer->train;
    runner_parameters(run, array_host(&trainer->state.theta));
    runner_setting(run, "lambda", &trainer->setting);
    bind_rows(run, &trainer->pairs->train);
    runner_total(run, "cost", array_write_at(&trainer->total, 0));
    runner_total(run, "penalty", array_write_at(&trainer->total, 1));
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        char name[256];
        (void)snprintf(name, sizeof name, "grad.%s", bundle->parameters[i].name);
        runner_total(run, name, array_write_at(&trainer->gradient, bundle->parameters[i].offset));
    }
}

/* The test rows; where there are none, the first of the training. */
static struct measure_rows test_rows(const struct pairs *pairs)
{
    double nll;
    const struct part part = pairs_measured(pairs, &nll);
    return (struct measure_rows){.part = part,
                                 .n = pairs->test.n > 0 ? part.n : smaller(part.n, MEASURE_WITHOUT_TEST)};
}

static bool take_measures(struct trainer *trainer, struct fault *fault)
{
    const struct trainer_options *options = &trainer->options;
    const struct pairs *pairs = trainer->pairs;
    const struct measure_rows test = test_rows(pairs);
    const struct measure_rows validation = {.part = trainer->split.rows ? pairs->train : pairs->validation,
                                            .order = split_validation(&trainer->split),
                                            .n = trainer->split.validation};
    return measure_set_new(&trainer->test, trainer->bundle, &options->device, &test, options->seed, fault) &&
           measure_set_new(&trainer->validation, trainer->bundle, &options->device, &validation,
                           options->seed, fault);
}

static bool trainer_init(struct trainer *trainer, struct fault *fault)
{
    const struct trainer_options *options = &trainer->options;
    if (!take_arrays(trainer, fault) || !optimizer_new(&trainer->optimizer, trainer->bundle, fault) ||
        !runner_new(&trainer->train, &options->device, trainer->bundle, "train", options->batch, fault) ||
        !take_measures(trainer, fault))
        return false;
    bind_train(trainer);
    if (trainer->time_rule.automatic &&
        !time_check_new(&trainer->time_check, trainer->bundle, &trainer->test.rows.part, trainer->test.rows.n,
                        &options->device, fault))
        return false;
    weights_initial(trainer->bundle, options->seed, array_write(&trainer->state.theta));
    trainer_order(trainer, 0);
    void *theta = array_write(&trainer->state.theta);
    const struct part *part = &trainer->pairs->train;
    if (!base_flow_start(trainer->bundle, theta, part, trainer->order, options->batch, &options->device,
                         fault) ||
        !base_tail_start(trainer->bundle, theta, part, trainer->order, trainer->split.train, &options->device,
                         fault))
        return false;
    array_copy(&trainer->state.average, &trainer->state.theta);
    return true;
}

static double first_lambda(const struct gpfc_bundle *bundle)
{
    const bool none = setting_is(bundle, SETTING_penalty_kind, WORD_penalty_none);
    return none && stage_kind_of(bundle)->weighs_penalty ? 0 : setting_number(bundle, SETTING_penalty_weight);
}

static int64_t patience_of(const struct trainer *trainer)
{
    if (!setting_automatic(trainer->bundle, SETTING_train_patience))
        return setting_integer(trainer->bundle, SETTING_train_patience) * trainer->epoch_steps;
    const int64_t least = larger(PATIENT_STEPS, PATIENT_EPOCHS * trainer->epoch_steps);
    return rate_falls(&trainer->rate) ? larger(least, trainer->steps / PATIENT_PART) : 0;
}

/* How long the training is follows from how many rows there are to learn from. */
static void plan(struct trainer *trainer)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    struct trainer_options *options = &trainer->options;
    options->batch = smaller(options->batch, trainer->split.train);
    trainer->epoch_steps = (trainer->split.train + options->batch - 1) / options->batch;
    if (options->epochs <= 0)
        options->epochs = rate_epochs(bundle, trainer->epoch_steps, trainer->stage->by_heart);
    trainer->steps = options->epochs * trainer->epoch_steps;
    trainer->rate = rate_from_settings(bundle, options->epochs, trainer->epoch_steps);
    trainer->patience = patience_of(trainer);
}

/* A tenth, but of more than some thousand rows as many as choosing takes: the rest is better learnt from. Of
 * many rows a twentieth costs nothing, and chooses better. */
static double enough_to_validate(int64_t n)
{
    return fmin(0.1, fmax(0.05, (double)ENOUGH_VALIDATING / (double)n));
}

static bool trainer_make(struct trainer *trainer, struct fault *fault)
{
    const struct pairs *const pairs = trainer->pairs;
    if (trainer->options.validation < 0)
        trainer->options.validation = enough_to_validate(pairs->train.n);
    if (pairs->validation.n > 0)
        trainer->split = split_given(pairs->train.n, pairs->validation.n);
    else if (!split_new(&trainer->split, trainer->options.validation, pairs->train.n, fault))
        return false;
    if (!split_weigh(&trainer->split, pairs->train.weights, fault))
        return false;
    plan(trainer);
    return trainer_init(trainer, fault);
}

void trainer_begin_with(struct trainer *trainer, const void *theta)
{
    array_fill(&trainer->state.theta, theta);
    array_copy(&trainer->state.average, &trainer->state.theta);
}

bool trainer_new(struct trainer **out, const struct gpfc_bundle *bundle, const struct pairs *pairs,
                 const struct trainer_options *options, struct fault *fault)
{
    struct trainer *trainer = calloc(1, sizeof *trainer);
    *out = NULL;
    if (!trainer)
        return fault_memory(fault, sizeof *trainer, "a trainer");
    *trainer = (struct trainer){
        .bundle = bundle,
        .pairs = pairs,
        .options = *options,
        .stage = stage_kind_of(bundle),
        .state = {.best_cost = INFINITY,
                  .best_test = INFINITY,
                  .train_cost = NAN,
                  .last_validation = NAN,
                  .time_steps = bundle->steps,
                  .best_time_steps = bundle->steps,
                  .best_measured_by = bundle->steps,
                  .errors = {NAN, NAN}},
        .time_rule = time_rule_of(bundle),
        .average = setting_number(bundle, SETTING_train_average),
        .lambda = first_lambda(bundle),
        .lambda_decay = setting_number(bundle, SETTING_penalty_decay),
        .lambda_decays = setting_integer(bundle, SETTING_penalty_decays),
        .order_epoch = -1,
    };
    if (trainer->time_rule.automatic)
        trainer->state.time_steps = 1;
    if (!trainer_make(trainer, fault)) {
        trainer_free(trainer);
        return false;
    }
    *out = trainer;
    return true;
}

void trainer_free(struct trainer *trainer)
{
    if (!trainer)
        return;
    runner_free(trainer->train);
    measure_set_free(&trainer->test);
    measure_set_free(&trainer->validation);
    split_free(&trainer->split);
    time_check_free(trainer->time_check);
    optimizer_free(trainer->optimizer);
    free(trainer->order);
    struct trainer_state *state = &trainer->state;
    struct array *const arrays[] = {&state->theta, &state->mean,       &state->square, &state->average,
                                    &state->best,  &trainer->gradient, &trainer->total};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        array_free(arrays[i]);
    free(trainer);
}
