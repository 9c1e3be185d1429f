/* SPDX-License-Identifier: MIT */
#include "command/command_stage.h"

#include "command/progress.h"
#include "ground/clock.h"
#include "ground/human.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The forecast comes when the first of these is reached. */
static const double forecast_seconds = 0.5;
enum { FORECAST_STEPS = 50, WARM_STEPS = 2 /* not timed */ };

void stage_free(struct stage *stage)
{
    train_run_free(stage->run);
    trainer_free(stage->trainer);
    stage->run = NULL;
    stage->trainer = NULL;
}

bool stage_talks(const struct stage *stage)
{
    return !stage->options->quiet && !stage->options->json;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static struct report_start start_of(const struct stage *stage, char *room, size_t bytes)
{
    return (struct report_start){
        .bundle = stage->context->bundle,
        .trainer = stage->trainer,
        .data = command_data_name(stage->context->bundle, stage->note.data, room, bytes),
        .folder = stage->folder->path,
        .first_step = stage->first_step,
        .kept_earlier = stage->folder->kept_earlier,
        .second = stage->how == TRAIN_RUN_NEXT,
    };
}

static void open_report(const struct stage *stage)
{
    char data[4096];
    const struct report_start start = start_of(stage, data, sizeof data);
    if (!stage_talks(stage))
        return;
    report_start(stdout, &start);
    if (stage->fitted)
        report_pairs(stdout, stage->context->bundle, stage->fitted, stage->pairs);
    (void)fflush(stdout);
}

json_t *stage_json(const struct stage *stage, const char *status)
{
    char data[4096];
    const struct report_start start = start_of(stage, data, sizeof data);
    const struct trainer_state *state = &stage->trainer->state;
    json_t *json = report_start_json(&start);
    (void)json_object_set_new(json, "status", json_string(status));
    (void)json_object_set_new(json, "step", json_integer(state->step));
    report_put(json, "seconds", train_run_seconds(stage->run));
    const struct command_memory memory = command_memory();
    report_put(json, "rss_mb", memory.most / 1e6);
    command_put_memory(json, &memory);
    report_put(json, "best_cost", state->best_cost);
    (void)json_object_set_new(json, "best_step", json_integer(state->best_step));
    (void)json_object_set_new(json, "model", json_string(stage->run->model));
    (void)json_object_set_new(json, "checkpoint", json_string(stage->run->checkpoint));
    return json;
}

struct pace {     /* of the first steps */
    double began; /* clock, after the warm steps */
    bool told;
};

static void forecast(const struct stage *stage, struct pace *pace, struct progress *progress)
{
    const struct trainer *trainer = stage->trainer;
    int64_t done = trainer->state.step - stage->first_step;
    double now = clock_now();
    if (done <= WARM_STEPS)
        pace->began = now;
    if (pace->told || done <= WARM_STEPS || train_run_done(stage->run) ||
        (now - pace->began < forecast_seconds && done < FORECAST_STEPS))
        return;
    pace->told = true;
    if (!stage_talks(stage))
        return;
    struct human time;
    char text[100];
    const struct command_memory memory = command_memory();
    int64_t left = trainer->steps - trainer->state.step;
    double each = (now - pace->began) / (double)(done - WARM_STEPS);
    double measures = (double)left / (double)stage->run->measure_steps * stage->measure_seconds;
    (void)human_seconds(&time, each * (double)left + measures);
    progress_clear(progress);
    (void)fprintf(stdout, "  forecast  about %s (%.3g ms a step), %s of memory\n", time.text, 1e3 * each,
                  command_memory_text(&memory, text, sizeof text));
    (void)fflush(stdout);
}

/* ---- running ------------------------------------------------------------------------------------------- */

static bool interrupted(struct stage *stage, int signal_number, struct fault *fault)
{
    struct human step, steps;
    if (!train_run_save(stage->run, fault))
        return false;
    if (stage->options->json && !command_print_json(stage_json(stage, "interrupted"), fault))
        return false;
    return fault_set(fault, signal_number == SIGTERM ? FAULT_TERMINATED : FAULT_INTERRUPT,
                     "interrupted after step %s of %s%s, all saved; go on with: %s resume %s",
                     human_count(&step, stage->trainer->state.step),
                     human_count(&steps, stage->trainer->steps),
                     stage->trainer->stage->number == STAGE_BASE ? " of the base flow" : "",
                     stage->context->program, stage->folder->path);
}

static void show(const struct stage *stage, struct progress *progress)
{
    const struct trainer *trainer = stage->trainer;
    const struct progress_line line = {
        .step = trainer->state.step,
        .steps = trainer->steps,
        .epoch = (trainer->state.step - 1) / trainer->epoch_steps + 1,
        .epochs = trainer->options.epochs,
        .what = trainer->stage->cost,
        .cost = trainer->state.last.cost +
                (trainer->stage->cost_is_nll ? standard_log_scale(stage->beside.standard) : 0),
        .rate = trainer_rate(trainer),
    };
    progress_show(progress, &line);
}

static bool run_steps(struct stage *stage, struct fault *fault)
{
    struct progress progress;
    struct pace pace = {.began = clock_now()};
    bool good = true;
    progress_start(&progress, stderr, !stage->options->quiet, stage->first_step);
    while (good && !train_run_done(stage->run) && interrupt_noted(stage->interrupt) == 0) {
        good = train_run_step(stage->run, fault);
        if (!good)
            break;
        forecast(stage, &pace, &progress);
        show(stage, &progress);
    }
    progress_clear(&progress);
    return good;
}

static void start_from(struct trainer *trainer, const void *theta)
{
    if (theta)
        array_fill(&trainer->state.theta, theta);
}

static bool stage_init(struct stage *stage, const struct gpfc_bundle *bundle, struct fault *fault)
{
    if (!trainer_new(&stage->trainer, bundle, stage->pairs, &stage->note.options, fault))
        return false;
    stage->note.options.epochs = stage->trainer->options.epochs;
    start_from(stage->trainer, stage->theta);
    if (stage->resumed && !checkpoint_load(stage->resumed, stage->trainer, fault))
        return false;
    stage->first_step = stage->trainer->state.step;
    double before = clock_now();
    if (!train_run_new(&stage->run, stage->trainer, &stage->beside, &stage->note, stage->folder, stage->how,
                       fault))
        return false;
    stage->measure_seconds = clock_now() - before;
    return true;
}

bool stage_run(struct stage *stage, const struct gpfc_bundle *bundle, struct fault *fault)
{
    if (!stage_init(stage, bundle, fault))
        return false;
    open_report(stage);
    if (!run_steps(stage, fault))
        return false;
    int noted = interrupt_noted(stage->interrupt);
    return noted == 0 || train_run_done(stage->run) || interrupted(stage, noted, fault);
}
