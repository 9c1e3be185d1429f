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

enum { MEASURE_BLOCK = 4096, MEASURE_WITHOUT_TEST = 10000 /* rows */ };

struct trainer_options trainer_options_of(const struct gpfc_bundle *bundle)
{
    return (struct trainer_options){
        .epochs = setting_integer(bundle, SETTING_train_epochs),
        .batch = setting_integer(bundle, SETTING_train_batch),
        .seed = (uint64_t)setting_integer(bundle, SETTING_train_seed),
        .device = device_cpu(1),
    };
}

static bool take_arrays(struct trainer *trainer, struct fault *fault)
{
    const int64_t n = trainer->bundle->theta_elements, precision = trainer->bundle->precision;
    struct trainer_state *state = &trainer->state;
    struct array *const arrays[] = {&state->theta, &state->mean, &state->square, &state->best,
                                    &trainer->gradient};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if (!array_new(arrays[i], n, precision, "the weights", fault))
            return false;
    for (size_t i = 0; i < 3; i++)
        if (!array_new(&trainer->measured[i], trainer->block, precision, "the test's results", fault))
            return false;
    trainer->order = calloc((size_t)trainer->pairs->train.n, sizeof *trainer->order);
    return array_new(&trainer->total, 2, precision, "the totals", fault) &&
           (trainer->order || fault_memory(fault, (size_t)trainer->pairs->train.n * sizeof *trainer->order,
                                           "the order of the samples"));
}

static struct runner_rows staying(const void *rows, int64_t n)
{
    return (struct runner_rows){.rows = rows, .n = n, .stays = true};
}

static void bind_rows(struct runner *run, const struct part *part)
{
    const struct runner_rows x = staying(part->x, part->n), y = staying(part->y, part->n);
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

static void bind_measure(struct trainer *trainer)
{
    bind_rows(trainer->measure, &trainer->measured_on);
    runner_parameters(trainer->measure, array_host(&trainer->state.theta));
    runner_output(trainer->measure, "cost", array_write(&trainer->measured[0]));
    runner_output(trainer->measure, "energy", array_write(&trainer->measured[1]));
    runner_output(trainer->measure, "penalty", array_write(&trainer->measured[2]));
}

static bool trainer_init(struct trainer *trainer, struct fault *fault)
{
    const struct trainer_options *options = &trainer->options;
    if (!take_arrays(trainer, fault) || !optimizer_new(&trainer->optimizer, trainer->bundle, fault) ||
        !runner_new(&trainer->train, &options->device, trainer->bundle, "train", options->batch, fault) ||
        !runner_new(&trainer->measure, &options->device, trainer->bundle, "measure", trainer->block, fault))
        return false;
    bind_train(trainer);
    bind_measure(trainer);
    if (trainer->time_rule.automatic &&
        !time_check_new(&trainer->time_check, trainer->bundle, trainer->measured_on.y, trainer->measured_on.n,
                        &options->device, fault))
        return false;
    weights_initial(trainer->bundle, options->seed, array_write(&trainer->state.theta));
    trainer_order(trainer, 0);
    return base_flow_start(trainer->bundle, array_write(&trainer->state.theta), &trainer->pairs->train,
                           trainer->order, options->batch, &options->device, fault);
}

static double first_lambda(const struct gpfc_bundle *bundle)
{
    const bool none = setting_is(bundle, SETTING_penalty_kind, WORD_penalty_none);
    return none && stage_kind_of(bundle)->weighs_penalty ? 0 : setting_number(bundle, SETTING_penalty_weight);
}

static struct part measured_part(const struct pairs *pairs)
{
    double nll;
    struct part part = pairs_measured(pairs, &nll);
    if (pairs->test.n == 0)
        part.n = smaller(part.n, MEASURE_WITHOUT_TEST);
    return part;
}

bool trainer_new(struct trainer **out, const struct gpfc_bundle *bundle, const struct pairs *pairs,
                 const struct trainer_options *options, struct fault *fault)
{
    struct trainer *trainer = calloc(1, sizeof *trainer);
    *out = NULL;
    if (!trainer)
        return fault_memory(fault, sizeof *trainer, "a trainer");
    int64_t batch = smaller(options->batch, pairs->train.n);
    int64_t epoch_steps = (pairs->train.n + batch - 1) / batch;
    int64_t epochs = options->epochs > 0 ? options->epochs : rate_epochs(bundle, epoch_steps);
    const struct part measured_on = measured_part(pairs);
    *trainer = (struct trainer){
        .bundle = bundle,
        .pairs = pairs,
        .options = *options,
        .stage = stage_kind_of(bundle),
        .epoch_steps = epoch_steps,
        .steps = epochs * epoch_steps,
        .patience = setting_integer(bundle, SETTING_train_patience) * epoch_steps,
        .state = {.best_cost = INFINITY,
                  .time_steps = bundle->steps,
                  .best_time_steps = bundle->steps,
                  .best_measured_by = bundle->steps,
                  .errors = {NAN, NAN}},
        .time_rule = time_rule_of(bundle),
        .rate = rate_from_settings(bundle, epochs, epoch_steps),
        .lambda = first_lambda(bundle),
        .lambda_decay = setting_number(bundle, SETTING_penalty_decay),
        .lambda_decays = setting_integer(bundle, SETTING_penalty_decays),
        .order_epoch = -1,
        .measured_on = measured_on,
        .block = smaller(measured_on.n, MEASURE_BLOCK),
    };
    trainer->options.batch = batch;
    trainer->options.epochs = epochs;
    if (trainer->time_rule.automatic)
        trainer->state.time_steps = 1;
    if (!trainer_init(trainer, fault)) {
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
    runner_free(trainer->measure);
    time_check_free(trainer->time_check);
    optimizer_free(trainer->optimizer);
    free(trainer->order);
    struct trainer_state *state = &trainer->state;
    struct array *const arrays[] = {&state->theta,         &state->mean,          &state->square,
                                    &state->best,          &trainer->gradient,    &trainer->total,
                                    &trainer->measured[0], &trainer->measured[1], &trainer->measured[2]};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        array_free(arrays[i]);
    free(trainer);
}
