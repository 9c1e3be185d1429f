/* SPDX-License-Identifier: MIT */
#include "train/training.h"

#include "ground/clock.h"
#include "kernels/settings.h"

/* The forecast comes when the first of these is reached. */
static const double forecast_seconds = 0.5;
enum { FORECAST_STEPS = 50, WARM_STEPS = 2 /* not timed */ };

void training_tell(const struct training *training, const struct gpfc_event *event)
{
    struct gpfc_event copy = *event;
    copy.stage = training->stage.told.name ? &training->stage.told : NULL;
    if (training->options->on_event)
        training->options->on_event(training->options->user, &copy);
}

void training_stage_free(struct training_stage *stage)
{
    train_run_free(stage->run);
    trainer_free(stage->trainer);
    stage->run = NULL;
    stage->trainer = NULL;
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static struct gpfc_stage stage_of(const struct training *training, const struct training_request *request)
{
    const struct trainer *trainer = training->stage.trainer;
    const struct gpfc_bundle *bundle = trainer->bundle;
    return (struct gpfc_stage){
        .name = trainer->stage->name,
        .description = bundle->description,
        .parameters = bundle->theta_elements,
        .data = training->data,
        .rows = trainer->pairs->of_noise ? "pairs from noise" : trainer->stage->rows,
        .train = trainer->split.train,
        .validation = trainer->split.validation,
        .test = trainer->pairs->test.n,
        .epochs = trainer->options.epochs,
        .epoch_steps = trainer->epoch_steps,
        .steps = trainer->steps,
        .batch = trainer->options.batch,
        .optimizer = setting_text(bundle, SETTING_train_optimizer),
        .schedule = setting_text(bundle, SETTING_train_schedule),
        .rate = trainer->rate.start,
        .penalty = trainer->stage->weighs_penalty ? trainer->lambda : 0,
        .seed = trainer->options.seed,
        .device = training->facts.name[0] ? training->facts.name : NULL,
        .threads = trainer->options.device.threads,
        .folder = training->folder->path,
        .kept_earlier = training->folder->kept_earlier,
        .second = request->how == TRAIN_RUN_NEXT,
        .first_step = trainer->state.step,
    };
}

static bool open_run(struct training *training, const struct training_request *request, struct fault *fault)
{
    struct training_stage *stage = &training->stage;
    const struct weights_beside beside = {.bundle = training->bundle,
                                          .base = request->base,
                                          .standard = &training->samples.standard,
                                          .rotation = request->rotation};
    struct checkpoint_note note = request->note;
    const double before = clock_now();
    note.options.epochs = stage->trainer->options.epochs;
    note.options.validation = stage->trainer->options.validation;
    if (!train_run_new(&stage->run, stage->trainer, &beside, &note, training->folder, request->how, fault))
        return false;
    stage->measure_seconds = clock_now() - before;
    return true;
}

static bool open_stage(struct training *training, const struct training_request *request, struct fault *fault)
{
    struct training_stage *stage = &training->stage;
    if (!trainer_new(&stage->trainer, request->bundle, request->pairs, &request->note.options, fault))
        return false;
    if (request->theta)
        trainer_begin_with(stage->trainer, request->theta);
    if (request->resumed && !checkpoint_load(request->resumed, stage->trainer, fault))
        return false;
    if (request->extends)
        trainer_extend(stage->trainer);
    stage->told = stage_of(training, request);
    return open_run(training, request, fault);
}

/* ---- running ------------------------------------------------------------------------------------------- */

struct pace {     /* of the first steps */
    double began; /* clock, after the warm steps */
    bool told;
};

static void forecast(const struct training *training, struct pace *pace)
{
    const struct training_stage *stage = &training->stage;
    const int64_t done = stage->trainer->state.step - stage->told.first_step;
    const double now = clock_now();
    if (done <= WARM_STEPS)
        pace->began = now;
    if (pace->told || done <= WARM_STEPS || train_run_done(stage->run) ||
        (now - pace->began < forecast_seconds && done < FORECAST_STEPS))
        return;
    const double left = (double)(trainer_end(stage->trainer) - stage->trainer->state.step);
    const double each = (now - pace->began) / (double)(done - WARM_STEPS);
    const struct gpfc_forecast forecast = {.left = each * left + left / (double)stage->run->measure_steps *
                                                                     stage->measure_seconds,
                                           .step = each};
    pace->told = true;
    training_tell(training, &(struct gpfc_event){.kind = GPFC_FORECAST, .forecast = &forecast});
}

static void tell_step(const struct training *training)
{
    const struct trainer *trainer = training->stage.trainer;
    const struct trainer_state *state = &trainer->state;
    const double shift = trainer->stage->cost_is_nll ? standard_log_scale(&training->samples.standard) : 0;
    const struct gpfc_step step = {
        .step = state->step,
        .steps = trainer_end(trainer),
        .epoch = (state->step - 1) / trainer->epoch_steps + 1,
        .cost = state->last.cost + shift,
        .rate = trainer_rate(trainer),
    };
    training_tell(training, &(struct gpfc_event){.kind = GPFC_STEP, .step = &step});
}

static int asked_to_stop(const struct training *training)
{
    return training->options->stop ? training->options->stop(training->options->user) : 0;
}

static bool run_steps(struct training *training, struct fault *fault)
{
    struct train_run *run = training->stage.run;
    struct pace pace = {.began = clock_now()};
    while (!train_run_done(run) && (training->stopped = asked_to_stop(training)) == 0) {
        if (!train_run_step(run, fault))
            return false;
        forecast(training, &pace);
        tell_step(training);
    }
    return true;
}

static void tell_notice(const struct training *training)
{
    char text[300];
    if (device_notice(&training->device, text, sizeof text))
        training_tell(training, &(struct gpfc_event){.kind = GPFC_SHORT, .text = text});
}

bool training_stage_run(struct training *training, const struct training_request *request,
                        struct fault *fault)
{
    if (!open_stage(training, request, fault))
        return false;
    tell_notice(training);
    training_tell(training, &(struct gpfc_event){.kind = GPFC_STARTED, .pairs = request->pairs_told});
    if (!run_steps(training, fault))
        return false;
    if (train_run_done(training->stage.run)) {
        training->stopped = 0;
        return true;
    }
    if (!train_run_save(training->stage.run, fault))
        training->stopped = 0; /* a fault it is */
    return false;
}
