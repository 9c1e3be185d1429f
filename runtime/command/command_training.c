/* SPDX-License-Identifier: MIT */
#include "command/command_training.h"

#include "ground/human.h"
#include "ground/pin.h"
#include "kernels/settings.h"

#include <math.h>
#include <stdio.h>

static const double MOST_NATS_APART = 0.02;
static const double FARTHEST = 3, LEAST_SPREAD = 0.2; /* of x, in its deviations; in those of y */

bool training_watch(struct training *training, struct fault *fault)
{
    return interrupt_watch(&training->interrupt, fault);
}

void training_free(struct training *training)
{
    stage_free(&training->stage);
    pairs_free(&training->pairs);
    base_flow_free(training->base);
    samples_free(&training->samples);
    run_folder_free(training->folder);
    interrupt_free(training->interrupt);
}

struct trainer_options training_options(const struct gpfc_bundle *bundle,
                                        const struct command_options *options)
{
    struct trainer_options trainer = trainer_options_of(bundle);
    trainer.device.threads = options->threads;
    if (options->epochs > 0)
        trainer.epochs = options->epochs;
    if (options->seed_given)
        trainer.seed = (uint64_t)options->seed;
    return trainer;
}

/* A training that goes on must see what it began with. */
static bool same_data(const struct training *training, const struct pairs *pairs, struct fault *fault)
{
    const struct checkpoint *resumed = training->resumed;
    char data[4096];
    return checkpoint_hash(pairs) == resumed->note.data_hash ||
           fault_set(fault, FAULT_INPUT, "%s: %s no longer holds the data that the training began with",
                     resumed->path,
                     command_data_name(training->context->bundle, resumed->note.data, data, sizeof data));
}

static struct stage stage_of(const struct training *training, const struct pairs *pairs)
{
    return (struct stage){
        .context = training->context,
        .options = training->options,
        .interrupt = training->interrupt,
        .folder = training->folder,
        .note = training->note,
        .pairs = pairs,
        .beside = {.bundle = training->context->bundle, .standard = &training->samples.standard},
    };
}

/* ---- the base flow ------------------------------------------------------------------------------------- */

static bool open_folder(struct training *training, enum stage_number first, struct fault *fault)
{
    if (training->folder)
        return true;
    return training->resumed ? run_folder_open(&training->folder, training->folder_path, fault)
                             : run_folder_make(&training->folder, training->folder_path, first, fault);
}

/* Options of the base flow's training; the flow's wait in the note. */
static struct checkpoint_note base_note(const struct training *training, const struct pairs *pairs)
{
    struct checkpoint_note note = training->note;
    if (training->resumed)
        return note;
    note.options = trainer_options_of(training->context->bundle->base);
    note.options.device = training->note.options.device;
    note.options.seed = training->note.options.seed;
    if (training->options->base_epochs > 0)
        note.options.epochs = training->options->base_epochs;
    note.flow_epochs = training->note.options.epochs;
    note.data_hash = checkpoint_hash(pairs);
    return note;
}

static void note_trained(struct training *training)
{
    const struct train_run *run = training->stage.run;
    const struct trainer_state *state = &run->trainer->state;
    training->trained = (struct report_trained){
        .bundle = training->context->bundle,
        .model = training->folder->files[STAGE_BASE].model,
        .step = state->step,
        .best_step = state->best_step,
        .seconds = train_run_seconds(run),
        .nll = state->best_cost + standard_log_scale(&training->samples.standard),
        .done = true,
    };
    if (!stage_talks(&training->stage))
        return;
    report_trained(stdout, &training->trained);
    (void)fflush(stdout);
}

/* What the note of the flow's training is, after the base's. */
static void note_flow(struct training *training, const struct checkpoint_note *base)
{
    const struct device device = training->note.options.device;
    training->note.options = trainer_options_of(training->context->bundle);
    training->note.options.epochs = base->flow_epochs;
    training->note.options.seed = base->options.seed;
    training->note.options.device = device;
    training->note.flow_epochs = 0;
    training->note.seconds = 0;
}

static bool train_base(struct training *training, struct fault *fault)
{
    const struct gpfc_bundle *bundle = training->context->bundle->base;
    struct stage *stage = &training->stage;
    struct pairs alone;
    pairs_of_samples(&alone, &training->samples);
    if ((training->resumed && !same_data(training, &alone, fault)) ||
        !open_folder(training, STAGE_BASE, fault))
        return false;
    *stage = stage_of(training, &alone);
    stage->note = base_note(training, &alone);
    stage->resumed = training->resumed;
    stage->how = training->resumed ? TRAIN_RUN_RESUME : TRAIN_RUN_START;
    if (!stage_run(stage, bundle, fault) || !train_run_done(stage->run))
        return false;
    note_trained(training);
    const struct checkpoint_note note = stage->note;
    const bool good = base_flow_compiled(&training->base, bundle, train_run_best(stage->run), 0,
                                         note.options.device.threads, fault);
    stage_free(stage);
    note_flow(training, &note);
    return good;
}

/* An option for a base flow that is not used, or not trained, is a mistake. */
static bool check_options(const struct training *training, struct fault *fault)
{
    const struct command_options *options = training->options;
    const bool has_y = training->samples.train.y != NULL;
    char data[4096];
    if (options->base && has_y)
        return fault_set(
            fault, FAULT_INPUT, "--base: %s has y = f(x), and leaves nothing for a base flow",
            command_data_name(training->context->bundle, training->note.data, data, sizeof data));
    if (options->base_epochs > 0 && (has_y || training->base || !training->context->bundle->base))
        return fault_set(fault, FAULT_INPUT, "--base-epochs: this training has no base flow to train");
    return true;
}

/* The base flow, where the samples need one: given, trained or fitted. */
static bool find_base(struct training *training, struct fault *fault)
{
    const struct gpfc_bundle *bundle = training->context->bundle;
    const struct trainer_options *options = &training->note.options;
    char data[4096];
    if (training->samples.train.y) {
        base_flow_free(training->base);
        training->base = NULL;
        return true;
    }
    if (training->base)
        return true;
    if (bundle->base)
        return train_base(training, fault);
    if (setting_is(bundle, SETTING_base_kind, WORD_base_mixture))
        return mixture_base_fit(&training->base, bundle, &training->samples, options->seed,
                                options->device.threads, &training->fitted, fault);
    return fault_set(fault, FAULT_INPUT, "%s has x but no y = f(x), and there is no base flow f",
                     command_data_name(bundle, training->note.data, data, sizeof data));
}

/* ---- pairs and flow ------------------------------------------------------------------------------------ */

static bool from_noise(const struct training *training)
{
    return training->base &&
           setting_is(training->context->bundle, SETTING_flow_train_on, WORD_train_on_noise);
}

static bool make_pairs(struct training *training, struct fault *fault)
{
    const struct samples *samples = &training->samples;
    if (from_noise(training))
        return pairs_from_noise(&training->pairs, samples, training->base, training->note.options.seed,
                                fault);
    if (training->base)
        return pairs_through(&training->pairs, samples, training->base, fault);
    pairs_of_samples(&training->pairs, samples);
    return true;
}

static bool train_flow(struct training *training, struct fault *fault)
{
    const struct checkpoint *resumed = training->trained.done ? NULL : training->resumed;
    struct stage *stage = &training->stage;
    if ((resumed && !same_data(training, &training->pairs, fault)) ||
        !open_folder(training, STAGE_FLOW, fault))
        return false;
    if (!resumed)
        training->note.data_hash = checkpoint_hash(&training->pairs);
    *stage = stage_of(training, &training->pairs);
    stage->beside.base = training->base;
    stage->resumed = resumed;
    stage->theta = training->theta;
    stage->fitted = &training->fitted;
    stage->how = training->trained.done ? TRAIN_RUN_NEXT
                 : training->resumed    ? TRAIN_RUN_RESUME
                                        : TRAIN_RUN_START;
    return stage_run(stage, training->context->bundle, fault);
}

/* ---- closing ------------------------------------------------------------------------------------------- */

/* On data, also where the flow was trained on noise. */
static bool evaluate_best(const struct training *training, struct evaluation *out, struct fault *fault)
{
    const struct trainer *trainer = training->stage.trainer;
    struct pairs made = {0};
    const struct pairs *pairs = &training->pairs;
    if (from_noise(training)) {
        if (!pairs_through(&made, &training->samples, training->base, fault))
            return false;
        pairs = &made;
    }
    double nll;
    struct part part = pairs_measured(pairs, &nll);
    part.n = pairs->test.n > 0 ? part.n : trainer->measured_on.n;
    const bool good =
        evaluate(out, trainer->bundle, train_run_best(training->stage.run),
                 train_run_best_steps(training->stage.run), &part, nll, &trainer->options.device, fault);
    pairs_free(&made);
    return good;
}

/* A continuous base flow is trained by its spec's time steps and measured by adaptive ones. Where training
 * found weights that profit from the steps' error, its likelihood was none. */
static void warn_of_steps(const struct training *training, const struct evaluation *evaluation)
{
    const double apart = evaluation->nll_before - training->trained.nll;
    struct human by_steps, exactly;
    if (!training->trained.done || !(fabs(apart) > MOST_NATS_APART))
        return;
    (void)fprintf(stderr,
                  "%s: warning: the base flow's negative log-likelihood is %s by the time steps of its "
                  "training, but %s exactly; more base.steps bring them together\n",
                  training->context->program, human_number(&by_steps, training->trained.nll),
                  human_number(&exactly, evaluation->nll_before));
}

/* A flow that bends paths more than its time steps follow is no exact map; few rows and many training steps
 * bring that about. */
static void warn_of_density(const struct training *training, const struct evaluation *evaluation)
{
    struct human error;
    if (!(evaluation->density_error_mean > MOST_NATS_APART))
        return;
    (void)fprintf(stderr,
                  "%s: warning: the flow changes the log-likelihood of a sample by %s in the mean, which "
                  "should be near 0; more flow.steps follow its paths, fewer train.epochs bend them less\n",
                  training->context->program, human_number(&error, evaluation->density_error_mean));
}

/* s(y) is N(0, I) whatever the weights are: all they can win lies in how it varies with x. Against an x far
 * out, or a small one, that drowns in what mean and size the s(y) of a batch happen to have. */
static void warn_of_place(const struct training *training)
{
    const struct gpfc_bundle *bundle = training->context->bundle;
    if (training->options->quiet || !training->samples.train.y ||
        !setting_is(bundle, SETTING_cost_kind, WORD_cost_squared))
        return;
    const struct pairs_place place = pairs_place(&training->pairs);
    const double far = FARTHEST * place.spread * sqrt((double)training->pairs.d);
    const char *what = place.offset > far            ? "the mean off x"
                       : place.spread < LEAST_SPREAD ? "x in units of one deviation for all coordinates"
                                                     : NULL;
    struct human offset, spread;
    if (what)
        (void)fprintf(stderr,
                      "%s: warning: x lies %s from the origin and deviates by %s from there, y by 1 from 0: "
                      "beside that, training hardly sees what it can win; take %s, which leaves the best map "
                      "as it is\n",
                      training->context->program, human_number(&offset, place.offset),
                      human_number(&spread, place.spread), what);
}

static void close_report(const struct training *training, const struct evaluation *evaluation)
{
    const struct train_run *run = training->stage.run;
    const struct trainer_state *state = &training->stage.trainer->state;
    const char *program = training->context->program;
    struct human step, seconds, cost;
    (void)fprintf(stdout, "\ntrained for %s, best test cost %s at step %s\n",
                  human_seconds(&seconds, train_run_seconds(run)), human_number(&cost, state->best_cost),
                  human_count(&step, state->best_step));
    report_evaluation(stdout, evaluation);
    report_time_steps(stdout, training->stage.trainer);
    (void)fprintf(stdout, "\nmodel: %s\nnext:  %s evaluate %s\n       %s apply %s %s\n", run->model, program,
                  run->model, program, run->model,
                  training->base ? "X.npy S.npy --part both" : "Y.npy S.npy");
}

static bool close_json(const struct training *training, const struct evaluation *evaluation,
                       struct fault *fault)
{
    const struct pairs *pairs = &training->pairs;
    json_t *json = stage_json(&training->stage, "finished");
    if (training->trained.done)
        (void)json_object_set_new(json, "base", report_trained_json(&training->trained));
    if (!isnan(pairs->nll_train))
        report_put(json, "base_nll_train", pairs->nll_train);
    if (!isnan(pairs->nll_test))
        report_put(json, "base_nll_test", pairs->nll_test);
    if (pairs->report.failed > 0)
        (void)json_object_set_new(json, "base_rows_failed", json_integer(pairs->report.failed));
    if (pairs->left_out > 0)
        (void)json_object_set_new(json, "base_rows_left_out", json_integer(pairs->left_out));
    if (training->stage.trainer->time_rule.automatic)
        (void)json_object_set_new(json, "time_steps", report_time_steps_json(training->stage.trainer));
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
    warn_of_steps(training, &evaluation);
    warn_of_density(training, &evaluation);
    if (training->options->json)
        return close_json(training, &evaluation, fault);
    close_report(training, &evaluation);
    return true;
}

static bool make_flow(struct training *training, struct fault *fault)
{
    if (!make_pairs(training, fault))
        return false;
    warn_of_place(training);
    return train_flow(training, fault);
}

bool training_run(struct training *training, struct fault *fault)
{
    struct pin *const pin = pin_threads(training->options->threads);
    const bool good = check_options(training, fault) && find_base(training, fault) &&
                      make_flow(training, fault) && finish(training, fault);
    pin_release(pin);
    return good;
}
