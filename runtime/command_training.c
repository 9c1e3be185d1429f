/* SPDX-License-Identifier: MIT */
#include "command_training.h"

#include "human.h"
#include "progress.h"
#include "report.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>

/* The forecast comes when the first of these is reached. */
static const double forecast_seconds = 0.5;
enum { FORECAST_STEPS = 50, WARM_STEPS = 2 /* not timed */ };

bool training_watch(struct training *training, struct fault *fault)
{
    return interrupt_watch(&training->interrupt, fault);
}

void training_free(struct training *training)
{
    train_run_free(training->run);
    trainer_free(training->trainer);
    pairs_free(&training->pairs);
    interrupt_free(training->interrupt);
}

static bool talks(const struct training *training)
{
    return !training->options->quiet && !training->options->json;
}

/* ---- opening ------------------------------------------------------------------------------------------ */

static struct report_start start_of(const struct training *training, char *room, size_t bytes)
{
    return (struct report_start){
        .trainer = training->trainer,
        .data = command_data_name(training->context->bundle, training->note.data, room, bytes),
        .folder = training->folder,
        .first_step = training->first_step,
        .kept_earlier = training->run->kept_earlier,
    };
}

static void open_report(const struct training *training)
{
    char data[4096];
    const struct report_start start = start_of(training, data, sizeof data);
    if (!talks(training))
        return;
    report_start(stdout, &start);
    report_base(stdout, training->context->bundle, &training->pairs);
    (void)fflush(stdout);
}

struct pace {     /* of the first steps */
    double began; /* clock, after the warm steps */
    bool told;
};

static void forecast(const struct training *training, struct pace *pace, struct progress *progress)
{
    const struct trainer *trainer = training->trainer;
    int64_t done = trainer->state.step - training->first_step;
    double now = human_clock();
    if (done <= WARM_STEPS)
        pace->began = now;
    if (pace->told || done <= WARM_STEPS || train_run_done(training->run) ||
        (now - pace->began < forecast_seconds && done < FORECAST_STEPS))
        return;
    pace->told = true;
    if (!talks(training))
        return;
    struct human time, memory;
    int64_t left = trainer->steps - trainer->state.step;
    double each = (now - pace->began) / (double)(done - WARM_STEPS);
    double measures = (double)left / (double)training->run->measure_steps * training->measure_seconds;
    (void)human_seconds(&time, each * (double)left + measures);
    progress_clear(progress);
    (void)fprintf(stdout, "  forecast  about %s (%.3g ms a step), %s of memory\n", time.text, 1e3 * each,
                  human_bytes(&memory, command_resident_bytes()));
    (void)fflush(stdout);
}

/* ---- closing ------------------------------------------------------------------------------------------ */

static bool evaluate_best(const struct training *training, struct evaluation *out, struct fault *fault)
{
    const struct trainer *trainer = training->trainer;
    const struct pairs *pairs = &training->pairs;
    bool test = pairs->n_test > 0;
    return evaluate(
        out, trainer->bundle, isfinite(trainer->state.best_cost) ? trainer->state.best : trainer->state.theta,
        test ? pairs->x_test : pairs->x_train, test ? pairs->y_test : pairs->y_train, trainer->n_measured,
        test ? pairs->nll_test : pairs->nll_train, trainer->options.threads, fault);
}

static void close_report(const struct training *training, const struct evaluation *evaluation)
{
    const struct train_run *run = training->run;
    const char *program = training->context->program;
    struct human step, seconds, cost;
    (void)fprintf(stdout, "\ntrained for %s, best test cost %s at step %s\n",
                  human_seconds(&seconds, train_run_seconds(run)),
                  human_number(&cost, training->trainer->state.best_cost),
                  human_count(&step, training->trainer->state.best_step));
    report_evaluation(stdout, evaluation);
    (void)fprintf(stdout, "\nmodel: %s\nnext:  %s evaluate %s\n       %s apply %s Y.npy S.npy\n", run->model,
                  program, run->model, program, run->model);
}

static bool close_json(const struct training *training, const struct evaluation *evaluation,
                       const char *status, struct fault *fault)
{
    char data[4096];
    const struct report_start start = start_of(training, data, sizeof data);
    const struct trainer_state *state = &training->trainer->state;
    json_t *json = report_start_json(&start);
    (void)json_object_set_new(json, "status", json_string(status));
    (void)json_object_set_new(json, "step", json_integer(state->step));
    report_put(json, "seconds", train_run_seconds(training->run));
    report_put(json, "rss_mb", command_resident_bytes() / 1e6);
    report_put(json, "best_cost", state->best_cost);
    (void)json_object_set_new(json, "best_step", json_integer(state->best_step));
    (void)json_object_set_new(json, "model", json_string(training->run->model));
    (void)json_object_set_new(json, "checkpoint", json_string(training->run->checkpoint));
    if (!isnan(training->pairs.nll_train))
        report_put(json, "base_nll_train", training->pairs.nll_train);
    if (!isnan(training->pairs.nll_test))
        report_put(json, "base_nll_test", training->pairs.nll_test);
    if (evaluation != NULL)
        (void)json_object_set_new(json, "evaluation", report_evaluation_json(evaluation));
    return command_print_json(json, fault);
}

static bool finish(const struct training *training, struct fault *fault)
{
    struct evaluation evaluation;
    if (training->options->quiet && !training->options->json)
        return true;
    if (!evaluate_best(training, &evaluation, fault))
        return false;
    if (training->options->json)
        return close_json(training, &evaluation, "finished", fault);
    close_report(training, &evaluation);
    return true;
}

static bool interrupted(struct training *training, int signal_number, struct fault *fault)
{
    struct human step, steps;
    if (!train_run_save(training->run, fault))
        return false;
    if (training->options->json && !close_json(training, NULL, "interrupted", fault))
        return false;
    return fault_set(fault, signal_number == SIGTERM ? FAULT_TERMINATED : FAULT_INTERRUPT,
                     "interrupted after step %s of %s, all saved; go on with: %s resume %s",
                     human_count(&step, training->trainer->state.step),
                     human_count(&steps, training->trainer->steps), training->context->program,
                     training->folder);
}

/* ---- running ------------------------------------------------------------------------------------------ */

static void show(const struct training *training, struct progress *progress)
{
    const struct trainer *trainer = training->trainer;
    const struct progress_line line = {
        .step = trainer->state.step,
        .steps = trainer->steps,
        .epoch = (trainer->state.step - 1) / trainer->epoch_steps + 1,
        .epochs = trainer->options.epochs,
        .cost = trainer->state.last.cost,
        .rate = trainer_rate(trainer),
    };
    progress_show(progress, &line);
}

static bool run_steps(struct training *training, struct fault *fault)
{
    struct progress progress;
    struct pace pace = {.began = human_clock()};
    bool good = true;
    progress_start(&progress, stderr, !training->options->quiet, training->first_step);
    while (good && !train_run_done(training->run) && interrupt_noted(training->interrupt) == 0) {
        good = train_run_step(training->run, fault);
        if (!good)
            break;
        forecast(training, &pace, &progress);
        show(training, &progress);
    }
    progress_clear(&progress);
    return good;
}

bool training_run(struct training *training, struct fault *fault)
{
    training->first_step = training->trainer->state.step;
    if (!training->resumed)
        training->note.data_hash = checkpoint_hash(&training->pairs);
    double before = human_clock();
    if (!train_run_new(&training->run, training->trainer, training->pairs.base, &training->note,
                       training->folder, training->resumed, fault))
        return false;
    training->measure_seconds = human_clock() - before;
    open_report(training);
    if (!run_steps(training, fault))
        return false;
    int noted = interrupt_noted(training->interrupt);
    if (noted != 0 && !train_run_done(training->run))
        return interrupted(training, noted, fault);
    return finish(training, fault);
}
