/* SPDX-License-Identifier: MIT
 *
 * train and resume: how a training is made; how it runs and what is said of it is command_training.c's. */
#include "command.h"
#include "command_training.h"
#include "train_run.h"
#include "weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- train -------------------------------------------------------------------------------------------- */

/* An absolute path, so that a resumed training finds the file from anywhere; "X.npy,Y.npy" is kept as it is.
 */
static char *lasting_path(const char *path)
{
    char *whole = path != NULL ? realpath(path, NULL) : NULL;
    return whole != NULL ? whole : strdup(path != NULL ? path : "");
}

/* The folder's default, and the trainer's options after those of the command line. */
static void apply_options(const struct command_context *context, const struct command_options *options,
                          struct trainer_options *trainer, char *folder, size_t bytes)
{
    *trainer = trainer_options_of(context->bundle);
    trainer->threads = options->threads;
    if (options->epochs > 0)
        trainer->epochs = options->epochs;
    if (options->seed_given)
        trainer->seed = (uint64_t)options->seed;
    if (options->out != NULL)
        (void)snprintf(folder, bytes, "%s", options->out);
    else
        (void)snprintf(folder, bytes, "%s.run", context->bundle->name);
}

static bool start_from(struct trainer *trainer, const struct weights *initial)
{
    if (initial->theta != NULL)
        memcpy(trainer->state.theta, initial->theta,
               (size_t)(trainer->bundle->theta_elements * trainer->bundle->precision));
    return true;
}

bool command_train(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    const struct gpfc_bundle *bundle = context->bundle;
    struct weights initial = {0};
    struct training training = {.context = context, .options = options};
    struct trainer_options trainer;
    apply_options(context, options, &trainer, training.folder, sizeof training.folder);
    training.note = (struct checkpoint_note){.options = trainer, .data = lasting_path(options->data)};
    bool good = training.note.data != NULL || fault_memory(fault, 0, "a path");
    good = good && training_watch(&training, fault);
    good = good && (options->init == NULL || weights_read(&initial, bundle, options->init, fault));
    good = good && command_load(&training.pairs, bundle, options->data, initial.base, trainer.seed,
                                trainer.threads, fault);
    good = good && trainer_new(&training.trainer, bundle, &training.pairs, &trainer, fault) &&
           start_from(training.trainer, &initial) && training_run(&training, fault);
    free(training.note.data);
    training_free(&training);
    weights_free(&initial);
    return good;
}

/* ---- resume ------------------------------------------------------------------------------------------- */

static bool same_data(const struct checkpoint *checkpoint, const struct pairs *pairs, const char *data,
                      struct fault *fault)
{
    return checkpoint_hash(pairs) == checkpoint->note.data_hash ||
           fault_set(fault, FAULT_INPUT, "%s: %s no longer holds the data that the training began with",
                     checkpoint->path, data);
}

static bool resume(struct training *training, struct checkpoint *checkpoint, struct fault *fault)
{
    const struct gpfc_bundle *bundle = training->context->bundle;
    char data[4096];
    checkpoint->note.options.threads = training->options->threads;
    training->note = checkpoint->note;
    training->first_step = -1;
    return command_load(&training->pairs, bundle, checkpoint->note.data, checkpoint->base,
                        checkpoint->note.options.seed, training->options->threads, fault) &&
           same_data(checkpoint, &training->pairs,
                     command_data_name(bundle, checkpoint->note.data, data, sizeof data), fault) &&
           trainer_new(&training->trainer, bundle, &training->pairs, &checkpoint->note.options, fault) &&
           checkpoint_load(checkpoint, training->trainer, fault) && training_run(training, fault);
}

bool command_resume(const struct command_context *context, const struct command_options *options,
                    struct fault *fault)
{
    struct training training = {.context = context, .options = options, .resumed = true};
    struct checkpoint checkpoint = {0};
    (void)snprintf(training.folder, sizeof training.folder, "%s", options->argument[0]);
    char *path = train_run_path(training.folder, TRAIN_RUN_CHECKPOINT);
    bool good = path != NULL || fault_memory(fault, 0, "a path");
    good = good && training_watch(&training, fault) &&
           checkpoint_open(&checkpoint, context->bundle, path, fault) &&
           resume(&training, &checkpoint, fault);
    training_free(&training);
    checkpoint_close(&checkpoint);
    free(path);
    return good;
}
