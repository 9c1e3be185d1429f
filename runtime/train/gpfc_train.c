/* SPDX-License-Identifier: MIT
 *
 * gpfc_train and gpfc_resume: how a training begins, and what it returns. */
#include "devices/device_open.h"
#include "ground/c_locale.h"
#include "ground/parallel.h"
#include "kernels/bundle.h"
#include "look/look.h"
#include "model/spec_data.h"
#include "train/training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what is given back -------------------------------------------------------------------------------- */

struct results {
    struct gpfc_trained trained;
    struct run_folder *folder; /* whose paths it names */
    struct look *look;         /* NULL: none */
    char data[TRAINING_MOST_PATH];
    struct device_facts facts; /* whose name it gives */
};

void gpfc_trained_free(struct gpfc_trained *trained)
{
    struct results *results = (struct results *)trained;
    if (!results)
        return;
    run_folder_free(results->folder);
    look_free(results->look);
    free(results);
}

/* Of the work of a training with the most time steps throughout. */
static double share_saved(const struct trainer *trainer)
{
    const double epoch = (double)trainer->split.train, steps = (double)trainer->epoch_steps;
    const double whole = floor((double)trainer->state.step / steps);
    const double rest = (double)trainer->state.step - whole * steps;
    const double rows = whole * epoch + rest * (double)trainer->options.batch;
    return rows > 0 ? 1 - (double)trainer->state.evaluations / (rows * (double)trainer->time_rule.most) : 0;
}

static struct gpfc_time_steps time_steps_of(const struct trainer *trainer)
{
    const struct trainer_state *state = &trainer->state;
    const struct time_rule *rule = &trainer->time_rule;
    if (!rule->automatic)
        return (struct gpfc_time_steps){0};
    return (struct gpfc_time_steps){
        .steps = state->best_time_steps,
        .most = rule->most,
        .density_error = state->errors.density,
        .roundtrip = state->errors.roundtrip,
        .density_error_bound = rule->bound.density,
        .roundtrip_bound = rule->bound.roundtrip,
        .within_bounds = time_errors_within(rule, &state->errors),
        .saved = share_saved(trainer),
    };
}

/* Takes the folder, which others may train in from now on. */
static bool give(struct training *training, struct gpfc_trained **out, struct fault *fault)
{
    const struct train_run *run = training->stage.run;
    const struct trainer_state *state = &training->stage.trainer->state;
    struct results *results = calloc(1, sizeof *results);
    training_tell(training, &(struct gpfc_event){.kind = GPFC_ENDED});
    if (!results)
        return fault_memory(fault, sizeof *results, "the results");
    results->trained = (struct gpfc_trained){
        .stage = training->stage.told,
        .step = state->step,
        .best_step = state->best_step,
        .best_cost = state->best_test,
        .validation_cost = training->stage.trainer->split.validation > 0 ? state->best_cost : NAN,
        .train_cost = state->train_cost,
        .seconds = train_run_seconds(run),
        .model = run->model,
        .checkpoint = run->checkpoint,
        .has_base = training->has_base,
        .has_evaluation = training->has_evaluation,
        .base = training->trained,
        .evaluation = training->evaluation,
        .pairs = training->pairs_told,
        .time_steps = time_steps_of(training->stage.trainer),
    };
    memcpy(results->data, training->data, sizeof results->data);
    results->trained.stage.data = results->data;
    results->facts = training->facts;
    if (results->trained.stage.device)
        results->trained.stage.device = results->facts.name;
    results->folder = training->folder;
    training->folder = NULL;
    results->look = training->samples.look;
    training->samples.look = NULL;
    results->trained.look = results->look ? look_result(results->look) : NULL;
    run_folder_unlock(results->folder);
    *out = &results->trained;
    return true;
}

/* ---- a new training ------------------------------------------------------------------------------------ */

static void choose_folder(struct training *training, const char *folder)
{
    const size_t room = sizeof training->folder_path;
    if (folder)
        (void)snprintf(training->folder_path, room, "%s", folder);
    else
        (void)snprintf(training->folder_path, room, "%s.run", training->bundle->name);
}

/* Options of the flow's training: the spec's, and those that were given. */
static struct trainer_options flow_options(const struct training *training)
{
    const struct gpfc_train_options *options = training->options;
    struct trainer_options flow = trainer_options_of(training->bundle);
    flow.device = training->device;
    if (options->epochs > 0)
        flow.epochs = options->epochs;
    if (options->has_seed)
        flow.seed = options->seed;
    return flow;
}

struct given { /* weights that the training begins with */
    struct weights init, base;
};

static bool read_given(struct given *given, const struct training *training, struct fault *fault)
{
    const struct gpfc_train_options *options = training->options;
    const int threads = training->device.threads;
    return (!options->init || weights_read(&given->init, training->bundle, options->init, threads, fault)) &&
           (!options->base ||
            weights_read_base(&given->base, training->bundle, options->base, threads, fault));
}

static struct data_options options_of_data(const struct training *training)
{
    const struct gpfc_train_options *options = training->options;
    return (struct data_options){.file = options->data,
                                 .columns = options->columns,
                                 .label = options->label,
                                 .missing = options->missing,
                                 .weights = options->weights};
}

/* The base flow that is given, and the standardisation that goes with it. */
static bool load(struct training *training, struct given *given, struct fault *fault)
{
    struct weights *from = given->base.base ? &given->base : &given->init;
    const bool has_base = from->base != NULL;
    training->theta = given->init.theta;
    training->base = from->base;
    from->base = NULL;
    training->rotation = given->init.rotation;
    given->init.rotation = NULL;
    const struct data_options data = options_of_data(training);
    return spec_data_load(&training->samples, training->bundle, &data, has_base ? &from->standard : NULL,
                          training->note.options.seed, true, fault);
}

/* Data that leave nothing to learn end the training before it begins. */
static bool tell_look(const struct training *training, struct fault *fault)
{
    const struct gpfc_look *const look = look_result(training->samples.look);
    const struct gpfc_finding *const refusal = look_refusal(look);
    training_tell(training, &(struct gpfc_event){.kind = GPFC_LOOKED, .look = look});
    return !refusal || fault_set(fault, FAULT_INPUT, "%s: %s: %s; %s", training->note.data, refusal->title,
                                 refusal->text, refusal->remedy);
}

static bool train(struct training *training, struct gpfc_trained **out, struct fault *fault)
{
    struct given given = {0};
    char *const data = spec_data_lasting(training->bundle, training->options->data, fault);
    char *const weights =
        data ? spec_data_lasting_weights(training->bundle, training->options->weights, fault) : NULL;
    choose_folder(training, training->options->folder);
    const struct data_options wanted = options_of_data(training),
                              choice = data_options_resolved(training->bundle, &wanted);
    training->note = (struct checkpoint_note){.options = flow_options(training),
                                              .data = data,
                                              .columns = choice.columns,
                                              .label = choice.label,
                                              .missing = choice.missing,
                                              .weights = weights};
    bool good = data && weights && read_given(&given, training, fault) && load(training, &given, fault) &&
                tell_look(training, fault) && training_run(training, fault);
    if (good || training->stopped != 0)
        good = give(training, out, fault);
    free(data);
    free(weights);
    training_free(training);
    weights_free(&given.init);
    weights_free(&given.base);
    return good;
}

/* ---- one that goes on ---------------------------------------------------------------------------------- */

static void tell_changes(const struct training *training, const struct checkpoint *checkpoint)
{
    if (checkpoint->changed[0] != '\0')
        training_tell(training, &(struct gpfc_event){.kind = GPFC_CHANGED,
                                                     .text = checkpoint->changed,
                                                     .path = checkpoint->path});
}

/* Kernels of another build end at other bits, which are neither's. */
static bool same_build(const struct training *training, const struct checkpoint *checkpoint,
                       struct fault *fault)
{
    if (checkpoint->rebuilt[0] == '\0')
        return true;
    if (!training->options->anyway)
        return fault_set(
            fault, FAULT_INPUT,
            "%s: another build of the trainer wrote it (%s), with whose kernels only the rest of "
            "the training has the same bits; --anyway continues with these",
            checkpoint->path, checkpoint->rebuilt);
    training_tell(training, &(struct gpfc_event){
                                .kind = GPFC_CHANGED, .text = checkpoint->rebuilt, .path = checkpoint->path});
    return true;
}

/* More epochs for the flow, of whichever stage the checkpoint is. */
static bool extend(struct training *training, const struct checkpoint *checkpoint, struct fault *fault)
{
    const int64_t epochs = training->options->epochs;
    const bool of_flow = checkpoint->stage->number == STAGE_FLOW;
    int64_t *const planned = of_flow ? &training->note.options.epochs : &training->note.flow_epochs;
    if (epochs == 0 || epochs == *planned)
        return true;
    if (of_flow && epochs < *planned)
        return fault_set(fault, FAULT_INPUT, "--epochs %lld: %s is of a training of %lld epochs already",
                         (long long)epochs, checkpoint->path, (long long)*planned);
    *planned = epochs;
    training->extends = of_flow;
    return true;
}

static bool go_on(struct training *training, struct checkpoint *checkpoint, struct fault *fault)
{
    checkpoint->note.options.device = training->device;
    training->note = checkpoint->note;
    training->resumed = checkpoint;
    training->base = checkpoint->base;
    checkpoint->base = NULL;
    training->rotation = checkpoint->rotation;
    checkpoint->rotation = NULL;
    tell_changes(training, checkpoint);
    if (!same_build(training, checkpoint, fault) || !extend(training, checkpoint, fault))
        return false;
    const struct data_options data = {.file = checkpoint->note.data,
                                      .columns = checkpoint->note.columns,
                                      .label = checkpoint->note.label,
                                      .missing = checkpoint->note.missing,
                                      .weights = checkpoint->note.weights};
    return spec_data_load(&training->samples, training->bundle, &data, &checkpoint->standard,
                          checkpoint->note.options.seed, false, fault) &&
           training_run(training, fault);
}

/* The latest stage's that there is one of, or, where there is none, the last stage's. */
static char *newest_checkpoint(const char *folder)
{
    for (int i = STAGES - 1; i >= 0; i--) {
        char *const path = run_folder_path(folder, stage_kinds[i].checkpoint);
        if (!path || access(path, F_OK) == 0)
            return path;
        free(path);
    }
    return run_folder_path(folder, stage_kinds[STAGES - 1].checkpoint);
}

static bool resume(struct training *training, struct gpfc_trained **out, struct fault *fault)
{
    struct checkpoint checkpoint = {0};
    const char *const folder = training->options->folder;
    if (!folder)
        return fault_set(fault, FAULT_INPUT, "no folder to continue from is given");
    choose_folder(training, folder);
    char *const path = newest_checkpoint(folder);
    bool good = path || fault_memory(fault, 0, "a path");
    good = good && checkpoint_open(&checkpoint, training->bundle, path, training->device.threads, fault) &&
           go_on(training, &checkpoint, fault);
    if (good || training->stopped != 0)
        good = give(training, out, fault);
    training_free(training);
    checkpoint_close(&checkpoint);
    free(path);
    return good;
}

/* ---- both ---------------------------------------------------------------------------------------------- */

static int call(const struct gpfc_bundle *bundle, const struct gpfc_train_options *options,
                bool how(struct training *, struct gpfc_trained **, struct fault *),
                struct gpfc_trained **out, char *message, size_t room)
{
    struct fault fault = {0};
    struct gpfc_trained *trained = NULL;
    struct training training = {.bundle = bundle, .options = options};
    const int threads = options->threads > 0 ? options->threads : parallel_threads();
    struct c_locale locale;
    const bool entered = c_locale_enter(&locale, &fault);
    bool good = entered && bundle_check(bundle, &fault) &&
                device_open(&training.device, options->device, threads, &fault);
    if (good && !device_facts_of(&training.device, &training.facts))
        training.facts.name[0] = '\0';
    good = good && how(&training, &trained, &fault);
    device_close(&training.device);
    if (out)
        *out = trained;
    else
        gpfc_trained_free(trained);
    if (!good && message)
        (void)snprintf(message, room, "%s", fault.text);
    if (entered)
        c_locale_leave(&locale);
    return !good ? fault.exit_code : training.stopped != 0 ? GPFC_STOPPED : GPFC_DONE;
}

int gpfc_train(const struct gpfc_bundle *bundle, const struct gpfc_train_options *options,
               struct gpfc_trained **out, char *message, size_t room)
{
    return call(bundle, options, train, out, message, room);
}

int gpfc_resume(const struct gpfc_bundle *bundle, const struct gpfc_train_options *options,
                struct gpfc_trained **out, char *message, size_t room)
{
    return call(bundle, options, resume, out, message, room);
}
