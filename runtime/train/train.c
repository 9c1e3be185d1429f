/* SPDX-License-Identifier: MIT
 *
 * A step and a measurement of a training that train_new.c has set up. */
#include "train/train.h"

#include "base/base_flow.h"
#include "kernels/bundle.h"
#include "numbers/random.h"
#include "numbers/rows.h"
#include "optimize/average.h"
#include "train/train_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- numbers ------------------------------------------------------------------------------------------- */

/* The first element that is not finite of an array laid out as theta: its parameter and place there. */
static const struct gpfc_parameter *first_bad(const struct gpfc_bundle *bundle, const struct array *array,
                                              int64_t *place)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        for (int64_t k = 0; k < bundle_parameter_elements(parameter); k++)
            if (!isfinite(array_number(array, parameter->offset + k))) {
                *place = k;
                return parameter;
            }
    }
    return NULL;
}

bool trainer_finite(const struct trainer *trainer, char *what, size_t room)
{
    const struct trainer_state *state = &trainer->state;
    const struct {
        const char *prefix;
        const struct array *array;
    } all[] = {{"", &state->theta}, {"adam.mean.", &state->mean}, {"adam.square.", &state->square}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int64_t place;
        const struct gpfc_parameter *bad = first_bad(trainer->bundle, all[i].array, &place);
        if (!bad)
            continue;
        (void)snprintf(what, room, "%s%s is %g at element %lld", all[i].prefix, bad->name,
                       array_number(all[i].array, bad->offset + place), (long long)place);
        return false;
    }
    return true;
}

/* ---- time steps ---------------------------------------------------------------------------------------- */

static bool follow_steps(struct trainer *trainer, struct fault *fault)
{
    struct trainer_state *state = &trainer->state;
    struct time_choice choice;
    if (!trainer->time_check)
        return true;
    time_check_parameters(trainer->time_check, array_host(&state->average));
    if (!time_steps_follow(&choice, &trainer->time_rule, state->time_steps, time_check_at,
                           trainer->time_check, fault))
        return false;
    state->time_steps = choice.steps;
    state->errors = choice.errors;
    return true;
}

/* Early steps change much: the first, then the 8th, 16th, 32nd, ... */
static bool check_is_due(int64_t step)
{
    return step == 0 || (step >= 8 && (step & (step - 1)) == 0);
}

void trainer_fix_steps(struct trainer *trainer)
{
    time_check_free(trainer->time_check);
    trainer->time_check = NULL;
    trainer->time_rule.automatic = false;
    trainer->state.time_steps = trainer->bundle->steps;
}

/* ---- a step -------------------------------------------------------------------------------------------- */

void trainer_order(struct trainer *trainer, int64_t epoch)
{
    if (trainer->order_epoch == epoch)
        return;
    split_shuffle(&trainer->split, trainer->options.seed, (uint64_t)epoch, trainer->order);
    trainer->order_epoch = epoch;
}

static int64_t epoch_of(const struct trainer *trainer, int64_t step)
{
    return step / trainer->epoch_steps;
}

double trainer_rate(const struct trainer *trainer)
{
    return rate_at(&trainer->rate, trainer->state.step, trainer->state.fall_step);
}

double trainer_lambda(const struct trainer *trainer)
{
    return rate_decayed(trainer->lambda, trainer->lambda_decay, trainer->lambda_decays,
                        epoch_of(trainer, trainer->state.step), trainer->options.epochs);
}

/* ---- the end ------------------------------------------------------------------------------------------- */

static bool out_of_patience(const struct trainer *trainer)
{
    const struct trainer_state *state = &trainer->state;
    const int64_t from = larger(state->best_step, state->patience_step);
    return trainer->patience > 0 && state->measured_step - from >= trainer->patience;
}

/* The best weights may be some way back, where pairs were not yet learnt by heart. */
static void begin_fall(struct trainer *trainer)
{
    struct trainer_state *state = &trainer->state;
    state->fall_step = state->step;
    if (!isfinite(state->best_cost))
        return;
    array_copy(&state->theta, &state->best);
    array_copy(&state->average, &state->best);
    state->time_steps = state->best_time_steps;
}

static void fall_if_due(struct trainer *trainer)
{
    const struct trainer_state *state = &trainer->state;
    const bool last =
        trainer->rate.schedule == RATE_PLATEAU && state->step >= rate_latest_fall(&trainer->rate);
    if (rate_falls(&trainer->rate) && state->fall_step == 0 && state->step > 0 &&
        (last || out_of_patience(trainer)))
        begin_fall(trainer);
}

void trainer_extend(struct trainer *trainer)
{
    trainer->state.fall_step = 0;
    trainer->state.patience_step = trainer->state.step;
}

int64_t trainer_end(const struct trainer *trainer)
{
    const int64_t fall_step = trainer->state.fall_step;
    return fall_step > 0 ? smaller(trainer->steps, fall_step + rate_fall_steps(&trainer->rate, fall_step))
                         : trainer->steps;
}

bool trainer_done(const struct trainer *trainer)
{
    const struct trainer_state *state = &trainer->state;
    return state->step >= trainer_end(trainer) || (!rate_falls(&trainer->rate) && out_of_patience(trainer));
}

int64_t trainer_next_rows(const struct trainer *trainer)
{
    const int64_t first = trainer->state.step % trainer->epoch_steps * trainer->options.batch;
    return smaller(trainer->options.batch, trainer->split.train - first);
}

static bool diverged(const struct trainer *trainer, double loss, struct fault *fault)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    long long step = (long long)trainer->state.step + 1;
    int64_t place = 0;
    const struct gpfc_parameter *bad = first_bad(bundle, &trainer->state.theta, &place);
    const char *what = "the array";
    const struct array *array = &trainer->state.theta;
    if (!bad) {
        bad = first_bad(bundle, &trainer->gradient, &place);
        what = "the gradient of";
        array = &trainer->gradient;
    }
    if (!bad)
        return fault_set(fault, FAULT_DIVERGED, "step %lld: the loss is %g, its gradient out of range", step,
                         loss);
    return fault_set(fault, FAULT_DIVERGED, "step %lld: %s %s is %g at element %lld (loss %g)", step, what,
                     bad->name, array_number(array, bad->offset + place), (long long)place, loss);
}

/* The rows of this step, and the numbers that the kernel takes with them. */
static int64_t prepare(struct trainer *trainer, double lambda)
{
    const struct trainer_state *state = &trainer->state;
    int64_t epoch = epoch_of(trainer, state->step),
            first = state->step % trainer->epoch_steps * trainer->options.batch;
    trainer_order(trainer, epoch);
    rows_put(lambda, &trainer->setting, 0, trainer->bundle->precision);
    runner_order(trainer->train, trainer->order, first);
    runner_noise(trainer->train, trainer->options.seed, random_stream(RANDOM_NOISE, (uint64_t)state->step),
                 0);
    runner_steps(trainer->train, state->time_steps);
    return trainer_next_rows(trainer);
}

static void follow_average(struct trainer *trainer)
{
    struct trainer_state *state = &trainer->state;
    const struct average_arrays arrays = {.n = trainer->bundle->theta_elements,
                                          .precision = trainer->bundle->precision,
                                          .theta = array_host(&state->theta),
                                          .mean = array_write(&state->average)};
    average_step(&arrays, trainer->average, state->step);
}

bool trainer_step(struct trainer *trainer, struct fault *fault)
{
    const int64_t n = trainer->bundle->theta_elements;
    const int64_t precision = trainer->bundle->precision;
    struct trainer_state *state = &trainer->state;
    const double lambda = trainer_lambda(trainer);
    fall_if_due(trainer);
    const double rate = trainer_rate(trainer);
    if (check_is_due(state->step) && !follow_steps(trainer, fault))
        return false;
    const int64_t rows = prepare(trainer, lambda);
    if (!runner_go(trainer->train, rows, fault))
        return false;
    double cost = array_number(&trainer->total, 0), penalty = array_number(&trainer->total, 1);
    double loss = cost + lambda * penalty, norm = adam_norm(array_host(&trainer->gradient), n, precision);
    if (!isfinite(loss) || !isfinite(norm))
        return diverged(trainer, loss, fault);
    const struct adam_arrays arrays = {.n = n,
                                       .precision = precision,
                                       .theta = array_write(&state->theta),
                                       .gradient = array_host(&trainer->gradient),
                                       .mean = array_write(&state->mean),
                                       .square = array_write(&state->square),
                                       .threads = trainer->options.device.threads};
    char bad[300]; /* a gradient may be finite where its square, or the step, is not */
    state->step++;
    if (!optimizer_step(trainer->optimizer, &arrays, state->step, rate, norm) &&
        !trainer_finite(trainer, bad, sizeof bad))
        return fault_set(fault, FAULT_DIVERGED, "step %lld: %s (loss %g)", (long long)state->step, bad, loss);
    follow_average(trainer);
    state->evaluations += rows * state->time_steps;
    state->sums.steps++;
    state->sums.loss += loss;
    state->sums.cost += cost;
    state->sums.penalty += penalty;
    state->sums.norm += norm;
    return true;
}

/* ---- the test ------------------------------------------------------------------------------------------ */

static bool validates(const struct trainer *trainer)
{
    return trainer->split.validation > 0;
}

/* Of the rows that choose the best weights. */
static bool deciding_cost(double *out, struct trainer *trainer, const struct array *theta, int64_t time_steps,
                          struct fault *fault)
{
    struct measure_set *set = validates(trainer) ? &trainer->validation : &trainer->test;
    struct measured measured;
    if (!measure_set_go(&measured, set, theta, time_steps, fault))
        return false;
    *out = measured.cost;
    return true;
}

/* A cost depends on the time steps a little, so costs are compared at equal ones. */
static bool measure_best_by(struct trainer *trainer, int64_t time_steps, struct fault *fault)
{
    struct trainer_state *state = &trainer->state;
    if (!isfinite(state->best_cost) || state->best_measured_by == time_steps)
        return true;
    struct measured test;
    double cost;
    if (!deciding_cost(&cost, trainer, &state->best, time_steps, fault) ||
        !measure_set_go(&test, &trainer->test, &state->best, time_steps, fault))
        return false;
    state->best_cost = isfinite(cost) ? cost : INFINITY;
    state->best_test = test.cost;
    state->best_measured_by = time_steps;
    return true;
}

static bool measure(struct trainer *trainer, double *deciding, struct fault *fault)
{
    struct trainer_state *state = &trainer->state;
    const struct trainer_sums *sums = &state->sums;
    state->last_validation = NAN;
    if (!measure_set_go(&state->last, &trainer->test, &state->average, state->time_steps, fault) ||
        (validates(trainer) &&
         !deciding_cost(&state->last_validation, trainer, &state->average, state->time_steps, fault)))
        return false;
    state->measured_step = state->step;
    if (sums->steps > 0)
        state->train_cost = sums->cost / (double)sums->steps;
    state->sums = (struct trainer_sums){0};
    *deciding = validates(trainer) ? state->last_validation : state->last.cost;
    return true;
}

bool trainer_measure(struct trainer *trainer, struct fault *fault)
{
    struct trainer_state *state = &trainer->state;
    double cost;
    if (!follow_steps(trainer, fault) || !measure_best_by(trainer, state->time_steps, fault) ||
        !measure(trainer, &cost, fault))
        return false;
    if (!(cost < state->best_cost))
        return true;
    state->best_cost = cost;
    state->best_test = state->last.cost;
    state->best_step = state->step;
    state->best_time_steps = state->best_measured_by = state->time_steps;
    array_copy(&state->best, &state->average);
    return true;
}

/* The rows that validate are among those that the arms leave alone; the test set's need not be. */
bool trainer_finish(struct trainer *trainer, struct fault *fault)
{
    struct trainer_state *state = &trainer->state;
    const bool measured = isfinite(state->best_cost);
    struct array *kept = measured ? &state->best : &state->average;
    struct measured test;
    if (!bundle_kernel(trainer->bundle, "extent"))
        return true;
    if (!base_flow_end(trainer->bundle, array_write(kept), &trainer->pairs->train, &trainer->options.device,
                       fault) ||
        !measure_set_go(&test, &trainer->test, kept, state->best_time_steps, fault))
        return false;
    if (measured)
        state->best_test = test.cost;
    return true;
}

bool trainer_settle_steps(struct trainer *trainer, struct fault *fault)
{
    struct trainer_state *state = &trainer->state;
    if (!trainer->time_check || !isfinite(state->best_cost))
        return true;
    struct time_choice choice;
    time_check_parameters(trainer->time_check, array_host(&state->best));
    if (!time_steps_settle(&choice, &trainer->time_rule, state->best_time_steps, time_check_at,
                           trainer->time_check, fault))
        return false;
    state->best_time_steps = choice.steps;
    state->errors = choice.errors;
    return measure_best_by(trainer, choice.steps, fault);
}
