/* SPDX-License-Identifier: MIT */
#include "train/train_run.h"

#include "ground/clock.h"
#include "kernels/settings.h"
#include "model/weights.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- measures ------------------------------------------------------------------------------------------ */

/* A mean over the steps since the last measure; NaN before the first step. */
static double mean(const struct trainer_sums *sums, double sum)
{
    return sums->steps > 0 ? sum / (double)sums->steps : NAN;
}

/* Of the standardisation: what the data's own likelihood differs by. */
static double log_scale(const struct train_run *run)
{
    const struct standard *standard = run->beside.standard;
    return standard && standard->d > 0 ? standard_log_scale(standard) : 0;
}

/* rate and lambda: those of the step before. */
static bool measure(struct train_run *run, double rate, double lambda, struct fault *fault)
{
    struct trainer *trainer = run->trainer;
    const struct trainer_sums sums = trainer->state.sums;
    if (!trainer_measure(trainer, fault))
        return false;
    const struct trainer_state *state = &trainer->state;
    const struct metrics_line line = {
        .step = state->step,
        .epoch = state->step / trainer->epoch_steps,
        .loss = mean(&sums, sums.loss),
        .train_cost = mean(&sums, sums.cost),
        .train_penalty = mean(&sums, sums.penalty),
        .gradient_norm = mean(&sums, sums.norm),
        .cost = state->last.cost,
        .validation_cost = state->last_validation,
        .penalty = state->last.penalty,
        .energy = state->last.energy,
        .best_cost = state->best_cost,
        .nll = trainer->stage->cost_is_nll ? state->last.cost + log_scale(run) : NAN,
        .time_steps = trainer->time_rule.automatic ? state->time_steps : 0,
        .errors = state->errors,
        .rate = rate,
        .lambda = lambda,
        .samples_per_s = run->step_seconds > 0 ? (double)run->samples / run->step_seconds : NAN,
        .seconds = train_run_seconds(run),
        .cpu_seconds = clock_cpu(),
    };
    run->step_seconds = 0;
    run->samples = 0;
    return metrics_add(run->metrics, &line, fault);
}

/* ---- saving -------------------------------------------------------------------------------------------- */

const void *train_run_best(const struct train_run *run)
{
    const struct trainer_state *state = &run->trainer->state;
    return array_host(isfinite(state->best_cost) ? &state->best : &state->average);
}

int64_t train_run_best_steps(const struct train_run *run)
{
    const struct trainer_state *state = &run->trainer->state;
    return isfinite(state->best_cost) ? state->best_time_steps : state->time_steps;
}

static bool save_model(const struct train_run *run, struct fault *fault)
{
    const struct trainer *trainer = run->trainer;
    const struct trainer_state *state = &trainer->state;
    bool measured = isfinite(state->best_cost); /* without any finite cost there is no best */
    const struct weights_note note = {.step = measured ? state->best_step : state->step,
                                      .cost = state->best_cost,
                                      .seed = trainer->options.seed,
                                      .time_steps =
                                          trainer->stage->model_has_steps ? train_run_best_steps(run) : 0};
    return weights_write(run->model, &run->beside, trainer->bundle, train_run_best(run), &note, fault);
}

bool train_run_save(struct train_run *run, struct fault *fault)
{
    run->note.seconds = train_run_seconds(run);
    run->started = clock_now();
    if (!checkpoint_write(run->checkpoint, run->trainer, &run->beside, &run->note, fault) ||
        !save_model(run, fault))
        return false;
    run->saved = clock_now();
    run->saved_step = run->trainer->state.step;
    return true;
}

double train_run_seconds(const struct train_run *run)
{
    return run->note.seconds + (clock_now() - run->started);
}

/* ---- steps --------------------------------------------------------------------------------------------- */

bool train_run_done(const struct train_run *run)
{
    return trainer_done(run->trainer);
}

/* The device failed, or a file. */
static bool broke_off(const struct train_run *run, struct fault *fault)
{
    const struct fault first = *fault;
    return fault_set(fault, (enum fault_code)first.exit_code,
                     "%s. The last checkpoint, of step %lld, is kept as %s", first.text,
                     (long long)run->saved_step, run->checkpoint);
}

static bool diverged(struct train_run *run, struct fault *fault)
{
    const struct fault first = *fault;
    struct fault second = {0};
    if (first.exit_code != FAULT_DIVERGED)
        return false;
    bool saved = save_model(run, &second);
    return fault_set(fault, FAULT_DIVERGED,
                     "%s. The last good checkpoint, of step %lld, is kept as %s%s; a lower %s.rate or "
                     "setting %s.clip may help",
                     first.text, (long long)run->saved_step, run->checkpoint,
                     saved ? ", the best model next to it" : "", run->trainer->stage->key,
                     run->trainer->stage->key);
}

static bool due(int64_t every, int64_t step)
{
    return every > 0 && step % every == 0;
}

bool train_run_step(struct train_run *run, struct fault *fault)
{
    struct trainer *trainer = run->trainer;
    double rate = trainer_rate(trainer), lambda = trainer_lambda(trainer), before = clock_now();
    const int64_t rows = trainer_next_rows(trainer);
    if (!trainer_step(trainer, fault))
        return fault->exit_code == FAULT_DIVERGED ? diverged(run, fault) : broke_off(run, fault);
    run->step_seconds += clock_now() - before;
    run->samples += rows;
    int64_t step = trainer->state.step;
    if ((train_run_done(run) || due(run->measure_steps, step)) && !measure(run, rate, lambda, fault))
        return broke_off(run, fault);
    if (train_run_done(run) && !(trainer_settle_steps(trainer, fault) && trainer_finish(trainer, fault)))
        return broke_off(run, fault);
    bool late = run->checkpoint_seconds > 0 && clock_now() - run->saved >= run->checkpoint_seconds;
    if (!train_run_done(run) && !late && !due(run->checkpoint_steps, step))
        return true;
    return train_run_save(run, fault) || diverged(run, fault);
}

/* ---- making -------------------------------------------------------------------------------------------- */

static bool start(struct train_run *run, struct fault *fault)
{
    return measure(run, trainer_rate(run->trainer), trainer_lambda(run->trainer), fault) &&
           train_run_save(run, fault);
}

static bool run_init(struct train_run *run, enum train_run_how how, struct fault *fault)
{
    const struct stage_kind *const stage = run->trainer->stage;
    const struct metrics_keep keep = {.step = how == TRAIN_RUN_RESUME ? run->saved_step : -1};
    if (!metrics_open(&run->metrics, run->folder->log, stage, how == TRAIN_RUN_START ? NULL : &keep, fault))
        return false;
    /* The model is written after the checkpoint: a kill in between left an older one, or none. */
    if (how == TRAIN_RUN_RESUME ? !save_model(run, fault) : !start(run, fault))
        return false;
    for (int i = 0; i < (int)stage->number; i++) /* there is a checkpoint of what comes after it now */
        (void)unlink(run->folder->files[i].checkpoint);
    return true;
}

bool train_run_new(struct train_run **out, struct trainer *trainer, const struct weights_beside *beside,
                   const struct checkpoint_note *note, struct run_folder *folder, enum train_run_how how,
                   struct fault *fault)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    struct train_run *run = calloc(1, sizeof *run);
    *out = NULL;
    if (!run)
        return fault_memory(fault, sizeof *run, "a training");
    int64_t measure_steps = setting_integer(bundle, SETTING_train_evaluate_steps);
    double now = clock_now();
    *run = (struct train_run){
        .trainer = trainer,
        .folder = folder,
        .beside = *beside,
        .note = *note,
        .model = folder->files[trainer->stage->number].model,
        .checkpoint = folder->files[trainer->stage->number].checkpoint,
        .measure_steps = measure_steps > 0 ? measure_steps : trainer->epoch_steps,
        .checkpoint_steps = setting_integer(bundle, SETTING_train_checkpoint_steps),
        .checkpoint_seconds = 60 * setting_number(bundle, SETTING_train_checkpoint_minutes),
        .started = now,
        .saved = now,
        .saved_step = trainer->state.step,
    };
    if (!run_init(run, how, fault)) {
        train_run_free(run);
        return false;
    }
    *out = run;
    return true;
}

void train_run_free(struct train_run *run)
{
    if (!run)
        return;
    struct fault unheard; /* each line was flushed, and a failure reported */
    if (!metrics_close(run->metrics, &unheard))
        unheard.exit_code = 0;
    free(run);
}
