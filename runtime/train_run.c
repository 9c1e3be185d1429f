/* SPDX-License-Identifier: MIT */
#include "train_run.h"

#include "human.h"
#include "settings.h"
#include "weights.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- folder ------------------------------------------------------------------------------------------- */

char *train_run_path(const char *folder, const char *file)
{
    size_t room = strlen(folder) + strlen(file) + 2;
    char *path = malloc(room);
    if (path != NULL)
        (void)snprintf(path, room, "%s/%s", folder, file);
    return path;
}

/* The folder, and those above it that are missing. */
static bool make_folder(const char *folder, struct fault *fault)
{
    char *path = strdup(folder);
    if (path == NULL)
        return fault_memory(fault, strlen(folder), "a path");
    int failed = 0;
    for (char *at = path + (*path == '/'); failed == 0 && at != NULL;) {
        at = strchr(at, '/');
        if (at != NULL)
            *at = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            failed = errno;
        if (at != NULL)
            *at++ = '/';
    }
    free(path);
    struct stat found;
    if (failed == 0 && stat(folder, &found) == 0 && !S_ISDIR(found.st_mode))
        failed = ENOTDIR;
    return failed == 0 || fault_system(fault, failed, "%s: cannot make the folder", folder);
}

/* Two trainings in one folder would mix their files. The system lets go of the folder when the process ends,
 * however that comes. */
static bool lock_folder(struct train_run *run, const char *folder, struct fault *fault)
{
    run->locked = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->locked < 0)
        return errno == EACCES || fault_system(fault, errno, "%s: cannot open the folder", folder);
    if (flock(run->locked, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return true; /* a file system without locks: go on without */
    return fault_set(fault, FAULT_SYSTEM, "%s: another process is training there", folder);
}

/* Moves a file to FILE.old, if it is there. */
static bool set_aside(const char *path, bool *moved, struct fault *fault)
{
    struct stat found;
    if (lstat(path, &found) != 0 || !S_ISREG(found.st_mode))
        return true;
    size_t room = strlen(path) + 5;
    char *old = malloc(room);
    if (old == NULL)
        return fault_memory(fault, room, "a path");
    (void)snprintf(old, room, "%s.old", path);
    *moved = rename(path, old) == 0;
    int error = errno;
    free(old);
    return *moved || fault_system(fault, error, "%s: cannot move it aside", path);
}

static bool take_paths(struct train_run *run, const char *folder, struct fault *fault)
{
    run->model = train_run_path(folder, TRAIN_RUN_MODEL);
    run->checkpoint = train_run_path(folder, TRAIN_RUN_CHECKPOINT);
    run->log = train_run_path(folder, TRAIN_RUN_METRICS);
    return (run->model != NULL && run->checkpoint != NULL && run->log != NULL) ||
           fault_memory(fault, strlen(folder), "a path");
}

/* ---- measures ----------------------------------------------------------------------------------------- */

/* A mean over the steps since the last measure; NaN before the first step. */
static double mean(const struct trainer_sums *sums, double sum)
{
    return sums->steps > 0 ? sum / (double)sums->steps : NAN;
}

/* rate and lambda: those of the step before. */
static bool measure(struct train_run *run, double rate, double lambda, struct fault *fault)
{
    struct trainer *trainer = run->trainer;
    const struct trainer_sums sums = trainer->state.sums;
    trainer_measure(trainer);
    const struct trainer_state *state = &trainer->state;
    const struct metrics_line line = {
        .step = state->step,
        .epoch = state->step / trainer->epoch_steps,
        .loss = mean(&sums, sums.loss),
        .train_cost = mean(&sums, sums.cost),
        .train_penalty = mean(&sums, sums.penalty),
        .gradient_norm = mean(&sums, sums.norm),
        .cost = state->last.cost,
        .penalty = state->last.penalty,
        .energy = state->last.energy,
        .best_cost = state->best_cost,
        .rate = rate,
        .lambda = lambda,
        .samples_per_s = run->step_seconds > 0 ? (double)run->samples / run->step_seconds : NAN,
        .seconds = train_run_seconds(run),
    };
    run->step_seconds = 0;
    run->samples = 0;
    return metrics_add(run->metrics, &line, fault);
}

/* ---- saving ------------------------------------------------------------------------------------------- */

static bool save_model(const struct train_run *run, struct fault *fault)
{
    const struct trainer *trainer = run->trainer;
    const struct trainer_state *state = &trainer->state;
    bool measured = isfinite(state->best_cost); /* without any finite cost there is no best */
    const struct weights_note note = {.step = measured ? state->best_step : state->step,
                                      .cost = state->best_cost,
                                      .seed = trainer->options.seed};
    return weights_write(run->model, trainer->bundle, measured ? state->best : state->theta, run->base, &note,
                         fault);
}

bool train_run_save(struct train_run *run, struct fault *fault)
{
    run->note.seconds = train_run_seconds(run);
    run->started = human_clock();
    if (!checkpoint_write(run->checkpoint, run->trainer, run->base, &run->note, fault) ||
        !save_model(run, fault))
        return false;
    run->saved = human_clock();
    run->saved_step = run->trainer->state.step;
    return true;
}

double train_run_seconds(const struct train_run *run)
{
    return run->note.seconds + (human_clock() - run->started);
}

/* ---- steps -------------------------------------------------------------------------------------------- */

bool train_run_done(const struct train_run *run)
{
    return run->trainer->state.step >= run->trainer->steps;
}

static bool diverged(struct train_run *run, struct fault *fault)
{
    const struct fault first = *fault;
    struct fault second = {0};
    if (first.exit_code != FAULT_DIVERGED)
        return false;
    bool saved = save_model(run, &second);
    return fault_set(
        fault, FAULT_DIVERGED,
        "%s. The last good checkpoint, of step %lld, is kept as %s%s; a lower train.rate, or train.clip, "
        "may help",
        first.text, (long long)run->saved_step, run->checkpoint, saved ? ", the best model beside it" : "");
}

static bool due(int64_t every, int64_t step)
{
    return every > 0 && step % every == 0;
}

bool train_run_step(struct train_run *run, struct fault *fault)
{
    struct trainer *trainer = run->trainer;
    double rate = trainer_rate(trainer), lambda = trainer_lambda(trainer), before = human_clock();
    int64_t left =
        trainer->pairs->n_train - trainer->state.step % trainer->epoch_steps * trainer->options.batch;
    if (!trainer_step(trainer, fault))
        return diverged(run, fault);
    run->step_seconds += human_clock() - before;
    run->samples += left < trainer->options.batch ? left : trainer->options.batch;
    int64_t step = trainer->state.step;
    bool done = train_run_done(run);
    if ((done || due(run->measure_steps, step)) && !measure(run, rate, lambda, fault))
        return false;
    bool late = run->checkpoint_seconds > 0 && human_clock() - run->saved >= run->checkpoint_seconds;
    if (!done && !late && !due(run->checkpoint_steps, step))
        return true;
    return train_run_save(run, fault) || diverged(run, fault);
}

/* ---- making ------------------------------------------------------------------------------------------- */

static bool start(struct train_run *run, const char *folder, struct fault *fault)
{
    bool moved[3] = {false};
    if (!make_folder(folder, fault) || !lock_folder(run, folder, fault) ||
        !set_aside(run->model, &moved[0], fault) || !set_aside(run->checkpoint, &moved[1], fault) ||
        !set_aside(run->log, &moved[2], fault))
        return false;
    run->kept_earlier = moved[0] || moved[1] || moved[2];
    return metrics_open(&run->metrics, run->log, -1, fault) &&
           measure(run, trainer_rate(run->trainer), trainer_lambda(run->trainer), fault) &&
           train_run_save(run, fault);
}

static bool run_init(struct train_run *run, const char *folder, bool resumed, struct fault *fault)
{
    if (!take_paths(run, folder, fault))
        return false;
    if (!resumed)
        return start(run, folder, fault);
    /* The model is written after the checkpoint: a kill in between left an older one, or none. */
    return lock_folder(run, folder, fault) && metrics_open(&run->metrics, run->log, run->saved_step, fault) &&
           save_model(run, fault);
}

bool train_run_new(struct train_run **out, struct trainer *trainer, const struct mixture *base,
                   const struct checkpoint_note *note, const char *folder, bool resumed, struct fault *fault)
{
    const struct gpfc_bundle *bundle = trainer->bundle;
    struct train_run *run = calloc(1, sizeof *run);
    *out = NULL;
    if (run == NULL)
        return fault_memory(fault, sizeof *run, "a training");
    int64_t measure_steps = setting_integer(bundle, "train.evaluate_steps", 0);
    double now = human_clock();
    *run = (struct train_run){
        .trainer = trainer,
        .locked = -1,
        .base = base,
        .note = *note,
        .measure_steps = measure_steps > 0 ? measure_steps : trainer->epoch_steps,
        .checkpoint_steps = setting_integer(bundle, "train.checkpoint_steps", 0),
        .checkpoint_seconds = 60 * setting_number(bundle, "train.checkpoint_minutes", 5),
        .started = now,
        .saved = now,
        .saved_step = trainer->state.step,
    };
    if (!run_init(run, folder, resumed, fault)) {
        train_run_free(run);
        return false;
    }
    *out = run;
    return true;
}

void train_run_free(struct train_run *run)
{
    if (run == NULL)
        return;
    struct fault unheard; /* each line was flushed, and told if it could not be */
    if (!metrics_close(run->metrics, &unheard))
        unheard.exit_code = 0;
    if (run->locked >= 0)
        (void)close(run->locked);
    free(run->model);
    free(run->checkpoint);
    free(run->log);
    free(run);
}
