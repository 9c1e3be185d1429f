/* SPDX-License-Identifier: MIT
 *
 * train and resume: how a training is made; how it runs is command_training.c's. */
#include "command/command_training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- train --------------------------------------------------------------------------------------------- */

/* An absolute path, so that a resumed training finds the file from anywhere, and goes on with it should
 * another spec be compiled under that name; "X.npy,Y.npy" is kept as it is. */
static char *lasting_path(const char *path)
{
    char *whole = path ? realpath(path, NULL) : NULL;
    return whole ? whole : strdup(path ? path : "");
}

static void choose_folder(struct training *training)
{
    const char *out = training->options->out;
    if (out)
        (void)snprintf(training->folder_path, sizeof training->folder_path, "%s", out);
    else
        (void)snprintf(training->folder_path, sizeof training->folder_path, "%s.run",
                       training->context->bundle->name);
}

struct given { /* weights that the training begins with */
    struct weights init, base;
};

static bool read_given(struct given *given, const struct training *training, struct fault *fault)
{
    const struct gpfc_bundle *bundle = training->context->bundle;
    const struct command_options *options = training->options;
    return (!options->init || weights_read(&given->init, bundle, options->init, options->threads, fault)) &&
           (!options->base ||
            weights_read_base(&given->base, bundle, options->base, options->threads, fault));
}

/* The base flow that is given, and the standardisation that goes with it. */
static bool load(struct training *training, struct given *given, struct fault *fault)
{
    struct weights *from = given->base.base ? &given->base : &given->init;
    const bool has_base = from->base != NULL;
    training->theta = given->init.theta;
    training->base = from->base;
    from->base = NULL;
    return command_load(&training->samples, training->context->bundle, training->options->data,
                        has_base ? &from->standard : NULL, training->note.options.seed, fault);
}

bool command_train(const struct command_context *context, const struct command_options *options,
                   struct fault *fault)
{
    struct given given = {0};
    struct training training = {.context = context, .options = options};
    choose_folder(&training);
    training.note = (struct checkpoint_note){
        .options = training_options(context->bundle, options),
        .data = lasting_path(command_data_file(context->bundle, options->data)),
    };
    bool good = training.note.data || fault_memory(fault, 0, "a path");
    good = good && training_watch(&training, fault) && read_given(&given, &training, fault) &&
           load(&training, &given, fault) && training_run(&training, fault);
    free(training.note.data);
    training_free(&training);
    weights_free(&given.init);
    weights_free(&given.base);
    return good;
}

/* ---- resume -------------------------------------------------------------------------------------------- */

static void tell_changes(const struct training *training, const struct checkpoint *checkpoint)
{
    if (checkpoint->changed[0] != '\0' && !training->options->quiet)
        (void)fprintf(stderr, "%s: the trainer was compiled anew since %s was written: %s\n",
                      training->context->program, checkpoint->path, checkpoint->changed);
}

static bool resume(struct training *training, struct checkpoint *checkpoint, struct fault *fault)
{
    const struct command_context *context = training->context;
    checkpoint->note.options.device = device_cpu(training->options->threads);
    training->note = checkpoint->note;
    training->resumed = checkpoint;
    training->base = checkpoint->base;
    checkpoint->base = NULL;
    tell_changes(training, checkpoint);
    return command_load(&training->samples, context->bundle, checkpoint->note.data, &checkpoint->standard,
                        checkpoint->note.options.seed, fault) &&
           training_run(training, fault);
}

/* The flow's, or, where there is none yet, the base flow's. */
static char *newest_checkpoint(const char *folder)
{
    char *of_flow = run_folder_path(folder, stage_kinds[STAGE_FLOW].checkpoint);
    char *of_base = run_folder_path(folder, stage_kinds[STAGE_BASE].checkpoint);
    const bool base = of_flow && of_base && access(of_flow, F_OK) != 0 && access(of_base, F_OK) == 0;
    free(base ? of_flow : of_base);
    return base ? of_base : of_flow;
}

bool command_resume(const struct command_context *context, const struct command_options *options,
                    struct fault *fault)
{
    struct training training = {.context = context, .options = options};
    struct checkpoint checkpoint = {0};
    (void)snprintf(training.folder_path, sizeof training.folder_path, "%s", options->argument[0]);
    char *path = newest_checkpoint(options->argument[0]);
    bool good = path || fault_memory(fault, 0, "a path");
    good = good && training_watch(&training, fault) &&
           checkpoint_open(&checkpoint, context->bundle, path, options->threads, fault) &&
           resume(&training, &checkpoint, fault);
    training_free(&training);
    checkpoint_close(&checkpoint);
    free(path);
    return good;
}
