/* SPDX-License-Identifier: MIT
 *
 * A whole training: samples, base flow, pairs, flow. How it was asked for is command_train.c's. */
#ifndef GPFC_COMMAND_TRAINING_H
#define GPFC_COMMAND_TRAINING_H

#include "command/command_stage.h"

struct training {
    const struct command_context *context;
    const struct command_options *options;
    char folder_path[4096];
    struct checkpoint_note note;      /* of the stage that comes first; its text is the caller's */
    const struct checkpoint *resumed; /* lent; NULL: a new training */
    const void *theta;                /* lent; what the flow starts with; NULL: its own */
    struct samples samples;
    struct base_flow *base; /* given, or made here; NULL: none */

    struct interrupt *interrupt;
    struct run_folder *folder;
    struct pairs pairs;
    struct mixture_fitted fitted;
    struct report_trained trained; /* the base flow */
    struct stage stage;            /* the one that runs */
};

/* From here on a signal is noted. First of all, since threads made before would take it. */
bool training_watch(struct training *training, struct fault *fault) MUST_CHECK;

/* Options of the flow's training: the spec's, and those of the command line. */
struct trainer_options training_options(const struct gpfc_bundle *bundle,
                                        const struct command_options *options);

/* Trains to the end, or to a signal: then the fault's exit code is 130 or 143. */
bool training_run(struct training *training, struct fault *fault) MUST_CHECK;

void training_free(struct training *training); /* but for what is lent */

#endif
