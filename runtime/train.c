/* SPDX-License-Identifier: MIT */
#include "train.h"

#include "base_flow.h"
#include "bundle.h"
#include "random.h"
#include "settings.h"
#include "weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEASURE_BLOCK = 4096, MEASURE_WITHOUT_TEST = 10000 /* rows */ };

/* ---- making ------------------------------------------------------------------------------------------- */

struct trainer_options trainer_options_of(const struct gpfc_bundle *bundle)
{
    return (struct trainer_options){
        .epochs = setting_integer(bundle, "train.epochs", 0),
        .batch = setting_integer(bundle, "train.batch", 1024),
        .seed = (uint64_t)setting_integer(bundle, "train.seed", 1),
        .threads = 1,
    };
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool take_arrays(struct trainer *trainer, struct fault *fault)
{
    size_t n = (size_t)trainer->bundle->theta_elements, real = (size_t)trainer->bundle->precision;
    void **const arrays[] = {&trainer->state.theta, &trainer->state.mean, &trainer->state.square,
                             &trainer->state.best, &trainer->gradient};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        if ((*arrays[i] = calloc(n, real)) == NULL)
            return fault_memory(fault, n * real, "the weights");
    for (size_t i = 0; i < 3; i++)
        if ((trainer->measured[i] = calloc((size_t)trainer->block, real)) == NULL)
            return fault_memory(fault, (size_t)trainer->block * real, "the test's results");
    trainer->order = calloc((size_t)trainer->pairs->n_train, sizeof *trainer->order);
    return trainer->order != NULL ||
           fault_memory(fault, (size_t)trainer->pairs->n_train * sizeof *trainer->order,
                        "the order of the samples");
}

static void bind_train(struct trainer *trainer)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    struct kernel_run *run = trainer->train;
    kernel_run_parameters(run, trainer->state.theta);
    kernel_run_setting(run, "lambda", &trainer->setting);
    kernel_run_input(run, "x", trainer->pairs->x_train);
    if (!trainer->of_base)
        kernel_run_input(run, "y", trainer->pairs->y_train);
    kernel_run_total(run, "cost", &trainer->total[0]);
    kernel_run_total(run, "penalty", &trainer->total[1]);
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        char name[256];
        (void)snprintf(name, sizeof name, "grad.%s", bundle->parameters[i].name);
        kernel_run_total(run, name,
                         (char *)trainer->gradient + bundle->parameters[i].offset * bundle->precision);
    }
}

static void bind_measure(struct trainer *trainer)
{
    kernel_run_parameters(trainer->measure, trainer->state.theta);
    kernel_run_output(trainer->measure, "cost", trainer->measured[0]);
    kernel_run_output(trainer->measure, "energy", trainer->measured[1]);
    kernel_run_output(trainer->measure, "penalty", trainer->measured[2]);
}

/* The test set's x or y; the training's where there is none. */
static const char *measured_rows(const struct trainer *trainer, char which)
{
    const struct pairs *pairs = trainer->pairs;
    if (pairs->n_test > 0)
        return which == 'x' ? pairs->x_test : pairs->y_test;
    return which == 'x' ? pairs->x_train : pairs->y_train;
}

/* The order of this epoch's rows. */
static void order_rows(struct trainer *trainer, int64_t epoch)
{
    if (trainer->order_epoch == epoch)
        return;
    random_permutation(trainer->options.seed, random_stream(RANDOM_SHUFFLE, (uint64_t)epoch),
                       trainer->pairs->n_train, trainer->order);
    trainer->order_epoch = epoch;
}

static bool start_base(struct trainer *trainer, struct fault *fault)
{
    const int64_t n = trainer->options.batch;
    const size_t row = (size_t)(trainer->pairs->d * trainer->bundle->precision), bytes = (size_t)n * row;
    char *const rows = malloc(bytes);
    if (rows == NULL)
        return fault_memory(fault, bytes, "the first batch");
    order_rows(trainer, 0);
    for (int64_t i = 0; i < n; i++)
        memcpy(rows + (size_t)i * row, (const char *)trainer->pairs->x_train + trainer->order[i] * row, row);
    const bool good =
        base_flow_start(trainer->bundle, trainer->state.theta, rows, n, trainer->options.threads, fault);
    free(rows);
    return good;
}

static bool trainer_init(struct trainer *trainer, struct fault *fault)
{
    const struct trainer_options *options = &trainer->options;
    if (!take_arrays(trainer, fault) ||
        (setting_is(trainer->bundle, "train.optimizer", "soap") &&
         !soap_new(&trainer->soap, trainer->bundle, fault)) ||
        !kernel_run_new(&trainer->train, trainer->bundle, "train", options->batch, options->threads, fault) ||
        !kernel_run_new(&trainer->measure, trainer->bundle, "measure", trainer->block, options->threads,
                        fault))
        return false;
    bind_train(trainer);
    bind_measure(trainer);
    if (trainer->time_rule.automatic &&
        !time_check_new(&trainer->time_check, trainer->bundle, measured_rows(trainer, 'y'),
                        trainer->n_measured, options->threads, fault))
        return false;
    weights_initial(trainer->bundle, options->seed, trainer->state.theta);
    return !trainer->of_base || start_base(trainer, fault);
}

/* The penalty of a base flow is weighed already. */
static double first_lambda(const struct gpfc_bundle *bundle, bool of_base)
{
    if (of_base)
        return 1;
    return setting_is(bundle, "penalty.kind", "none") ? 0 : setting_number(bundle, "penalty.weight", 0);
}

/* A base flow's training takes no y. */
static bool is_base(const struct gpfc_bundle *bundle)
{
    const struct gpfc_kernel *train = bundle_kernel(bundle, "train");
    return train != NULL && bundle_input(train, "y") < 0;
}

bool trainer_new(struct trainer **out, const struct gpfc_bundle *bundle, const struct pairs *pairs,
                 const struct trainer_options *options, struct fault *fault)
{
    struct trainer *trainer = calloc(1, sizeof *trainer);
    *out = NULL;
    if (trainer == NULL)
        return fault_memory(fault, sizeof *trainer, "a trainer");
    int64_t batch = smaller(options->batch, pairs->n_train);
    int64_t epoch_steps = (pairs->n_train + batch - 1) / batch;
    const bool of_base = is_base(bundle);
    int64_t epochs = options->epochs > 0 ? options->epochs : rate_epochs(bundle, of_base, epoch_steps);
    int64_t n_measured = pairs->n_test > 0 ? pairs->n_test : smaller(pairs->n_train, MEASURE_WITHOUT_TEST);
    *trainer = (struct trainer){
        .bundle = bundle,
        .pairs = pairs,
        .options = *options,
        .of_base = of_base,
        .epoch_steps = epoch_steps,
        .steps = epochs * epoch_steps,
        .patience = setting_integer(bundle, "train.patience", 0) * epoch_steps,
        .state = {.best_cost = INFINITY,
                  .time_steps = bundle->steps,
                  .best_time_steps = bundle->steps,
                  .best_measured_by = bundle->steps,
                  .errors = {NAN, NAN}},
        .adam = adam_from_settings(bundle),
        .rate = rate_from_settings(bundle, epochs, epoch_steps),
        .lambda = first_lambda(bundle, of_base),
        .lambda_decay = of_base ? 1 : setting_number(bundle, "penalty.decay", 1),
        .lambda_decays = of_base ? 0 : setting_integer(bundle, "penalty.decays", 0),
        .order_epoch = -1,
        .n_measured = n_measured,
        .block = smaller(n_measured, MEASURE_BLOCK),
    };
    trainer->options.batch = batch;
    trainer->options.epochs = epochs;
    if (!of_base)
        trainer->time_rule = time_rule_of(bundle);
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
    if (trainer == NULL)
        return;
    kernel_run_free(trainer->train);
    kernel_run_free(trainer->measure);
    time_check_free(trainer->time_check);
    for (size_t i = 0; i < 3; i++)
        free(trainer->measured[i]);
    soap_free(trainer->soap);
    free(trainer->order);
    free(trainer->gradient);
    free(trainer->state.theta);
    free(trainer->state.mean);
    free(trainer->state.square);
    free(trainer->state.best);
    free(trainer);
}

/* ---- numbers ------------------------------------------------------------------------------------------ */

static double real_at(const void *array, int64_t i, int64_t precision)
{
    return precision == sizeof(float) ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

static void real_put(double *room, double value, int64_t precision)
{
    if (precision == sizeof(float))
        *(float *)(void *)room = (float)value;
    else
        *room = value;
}

/* The first element that is not finite of an array laid out as theta: its parameter and place there. */
static const struct gpfc_parameter *first_bad(const struct gpfc_bundle *bundle, const void *array,
                                              int64_t *place)
{
    for (int64_t i = 0; i < bundle->n_parameters; i++) {
        const struct gpfc_parameter *parameter = &bundle->parameters[i];
        for (int64_t k = 0; k < bundle_parameter_elements(parameter); k++)
            if (!isfinite(real_at(array, parameter->offset + k, bundle->precision))) {
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
        const void *array;
    } all[] = {{"", state->theta}, {"adam.mean.", state->mean}, {"adam.square.", state->square}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int64_t place;
        const struct gpfc_parameter *bad = first_bad(trainer->bundle, all[i].array, &place);
        if (bad == NULL)
            continue;
        (void)snprintf(what, room, "%s%s is %g at element %lld", all[i].prefix, bad->name,
                       real_at(all[i].array, bad->offset + place, trainer->bundle->precision),
                       (long long)place);
        return false;
    }
    return true;
}

/* ---- time steps --------------------------------------------------------------------------------------- */

static void follow_steps(struct trainer *trainer)
{
    struct trainer_state *state = &trainer->state;
    if (trainer->time_check == NULL)
        return;
    time_check_parameters(trainer->time_check, state->theta);
    const struct time_choice choice =
        time_steps_follow(&trainer->time_rule, state->time_steps, time_check_at, trainer->time_check);
    state->time_steps = choice.steps;
    state->errors = choice.errors;
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

/* ---- a step ------------------------------------------------------------------------------------------- */

static int64_t epoch_of(const struct trainer *trainer, int64_t step)
{
    return step / trainer->epoch_steps;
}

double trainer_rate(const struct trainer *trainer)
{
    return rate_at(&trainer->rate, trainer->state.step);
}

double trainer_lambda(const struct trainer *trainer)
{
    return rate_decayed(trainer->lambda, trainer->lambda_decay, trainer->lambda_decays,
                        epoch_of(trainer, trainer->state.step), trainer->options.epochs);
}

bool trainer_done(const struct trainer *trainer)
{
    const struct trainer_state *state = &trainer->state;
    return state->step >= trainer->steps ||
           (trainer->patience > 0 && state->measured_step - state->best_step >= trainer->patience);
}

int64_t trainer_next_rows(const struct trainer *trainer)
{
    const int64_t first = trainer->state.step % trainer->epoch_steps * trainer->options.batch;
    return smaller(trainer->options.batch, trainer->pairs->n_train - first);
}

static bool diverged(const struct trainer *trainer, double loss, struct fault *fault)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    long long step = (long long)trainer->state.step + 1;
    int64_t place = 0;
    const struct gpfc_parameter *bad = first_bad(bundle, trainer->state.theta, &place);
    const char *what = "the array";
    const void *array = trainer->state.theta;
    if (bad == NULL) {
        bad = first_bad(bundle, trainer->gradient, &place);
        what = "the gradient of";
        array = trainer->gradient;
    }
    if (bad == NULL)
        return fault_set(fault, FAULT_DIVERGED, "step %lld: the loss is %g, its gradient out of range", step,
                         loss);
    return fault_set(fault, FAULT_DIVERGED, "step %lld: %s %s is %g at element %lld (loss %g)", step, what,
                     bad->name, real_at(array, bad->offset + place, bundle->precision), (long long)place,
                     loss);
}

/* The rows of this step, and the numbers that the kernel takes with them. */
static int64_t prepare(struct trainer *trainer, double lambda)
{
    const struct trainer_state *state = &trainer->state;
    int64_t epoch = epoch_of(trainer, state->step),
            first = state->step % trainer->epoch_steps * trainer->options.batch;
    order_rows(trainer, epoch);
    real_put(&trainer->setting, lambda, trainer->bundle->precision);
    kernel_run_order(trainer->train, trainer->order + first);
    kernel_run_noise(trainer->train, trainer->options.seed,
                     random_stream(RANDOM_NOISE, (uint64_t)state->step), 0);
    kernel_run_steps(trainer->train, state->time_steps);
    return trainer_next_rows(trainer);
}

static bool optimizer_step(const struct trainer *trainer, const struct adam_arrays *arrays, double rate,
                           double norm)
{
    const int64_t step = trainer->state.step;
    return trainer->soap != NULL ? soap_step(trainer->soap, &trainer->adam, arrays, step, rate, norm)
                                 : adam_step(&trainer->adam, arrays, step, rate, norm);
}

bool trainer_step(struct trainer *trainer, struct fault *fault)
{
    const int64_t precision = trainer->bundle->precision, n = trainer->bundle->theta_elements;
    struct trainer_state *state = &trainer->state;
    double lambda = trainer_lambda(trainer), rate = trainer_rate(trainer);
    if (check_is_due(state->step))
        follow_steps(trainer);
    const int64_t rows = prepare(trainer, lambda);
    kernel_run_go(trainer->train, rows);
    double cost = real_at(&trainer->total[0], 0, precision),
           penalty = real_at(&trainer->total[1], 0, precision);
    double loss = cost + lambda * penalty, norm = adam_norm(trainer->gradient, n, precision);
    if (!isfinite(loss) || !isfinite(norm))
        return diverged(trainer, loss, fault);
    const struct adam_arrays arrays = {.n = n,
                                       .precision = precision,
                                       .theta = state->theta,
                                       .gradient = trainer->gradient,
                                       .mean = state->mean,
                                       .square = state->square,
                                       .threads = trainer->options.threads};
    char bad[300]; /* a gradient may be finite where its square, or the step, is not */
    state->step++;
    if (!optimizer_step(trainer, &arrays, rate, norm) && !trainer_finite(trainer, bad, sizeof bad))
        return fault_set(fault, FAULT_DIVERGED, "step %lld: %s (loss %g)", (long long)state->step, bad, loss);
    state->evaluations += rows * state->time_steps;
    state->sums.steps++;
    state->sums.loss += loss;
    state->sums.cost += cost;
    state->sums.penalty += penalty;
    state->sums.norm += norm;
    return true;
}

/* ---- the test ----------------------------------------------------------------------------------------- */

static void measure_block(struct trainer *trainer, int64_t first, int64_t n, double sums[3])
{
    const size_t skip = (size_t)(first * trainer->pairs->d * trainer->bundle->precision);
    kernel_run_input(trainer->measure, "x", measured_rows(trainer, 'x') + skip);
    if (!trainer->of_base)
        kernel_run_input(trainer->measure, "y", measured_rows(trainer, 'y') + skip);
    kernel_run_noise(trainer->measure, trainer->options.seed, random_stream(RANDOM_MEASURE, 0),
                     (uint64_t)first);
    kernel_run_go(trainer->measure, n);
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < 3; k++)
            sums[k] += real_at(trainer->measured[k], i, trainer->bundle->precision);
}

static struct measured measure_weights(struct trainer *trainer, const void *theta, int64_t time_steps)
{
    double sums[3] = {0}, n = (double)trainer->n_measured;
    kernel_run_parameters(trainer->measure, theta);
    kernel_run_steps(trainer->measure, time_steps);
    for (int64_t first = 0; first < trainer->n_measured; first += trainer->block)
        measure_block(trainer, first, smaller(trainer->block, trainer->n_measured - first), sums);
    return (struct measured){.cost = sums[0] / n, .energy = sums[1] / n, .penalty = sums[2] / n};
}

/* A cost depends on the time steps a little, so costs are compared at equal ones. */
static void measure_best_by(struct trainer *trainer, int64_t time_steps)
{
    struct trainer_state *state = &trainer->state;
    if (!isfinite(state->best_cost) || state->best_measured_by == time_steps)
        return;
    const double cost = measure_weights(trainer, state->best, time_steps).cost;
    state->best_cost = isfinite(cost) ? cost : INFINITY;
    state->best_measured_by = time_steps;
}

void trainer_measure(struct trainer *trainer)
{
    struct trainer_state *state = &trainer->state;
    follow_steps(trainer);
    measure_best_by(trainer, state->time_steps);
    state->last = measure_weights(trainer, state->theta, state->time_steps);
    state->measured_step = state->step;
    state->sums = (struct trainer_sums){0};
    if (!(state->last.cost < state->best_cost))
        return;
    state->best_cost = state->last.cost;
    state->best_step = state->step;
    state->best_time_steps = state->best_measured_by = state->time_steps;
    memcpy(state->best, state->theta, (size_t)(trainer->bundle->theta_elements * trainer->bundle->precision));
}

void trainer_settle_steps(struct trainer *trainer)
{
    struct trainer_state *state = &trainer->state;
    if (trainer->time_check == NULL || !isfinite(state->best_cost))
        return;
    time_check_parameters(trainer->time_check, state->best);
    const struct time_choice choice =
        time_steps_settle(&trainer->time_rule, state->best_time_steps, time_check_at, trainer->time_check);
    state->best_time_steps = choice.steps;
    state->errors = choice.errors;
    measure_best_by(trainer, choice.steps);
}

size_t trainer_bytes(const struct trainer *trainer)
{
    const struct pairs *pairs = trainer->pairs;
    size_t real = (size_t)trainer->bundle->precision;
    size_t rows = (size_t)(pairs->n_train + pairs->n_test);
    return rows * (trainer->of_base ? 1 : 2) * (size_t)pairs->d * real +
           (size_t)pairs->n_train * sizeof *trainer->order +
           5 * (size_t)trainer->bundle->theta_elements * real + 3 * (size_t)trainer->block * real +
           (trainer->soap != NULL ? soap_bytes(trainer->soap) : 0) + kernel_run_bytes(trainer->train) +
           kernel_run_bytes(trainer->measure);
}
