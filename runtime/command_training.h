/* SPDX-License-Identifier: MIT
 *
 * A training as a person sees it: opening, forecast, progress, interruption, closing table. */
#ifndef GPFC_COMMAND_TRAINING_H
#define GPFC_COMMAND_TRAINING_H

#include "command.h"
#include "interrupt.h"
#include "train_run.h"

struct training {
    const struct command_context *context;
    const struct command_options *options;
    char folder[4096];
    bool resumed;
    struct checkpoint_note note;
    struct interrupt *interrupt;
    struct pairs pairs;
    struct trainer *trainer;
    struct train_run *run;
    int64_t first_step;
    double measure_seconds; /* a measure of the test set took */
};

/* From here on a signal is noted. First of all, since threads made before would take it. */
bool training_watch(struct training *training, struct fault *fault) MUST_CHECK;

/* Runs the trainer to its end, or to a signal: then the fault's exit code is 130 or 143. */
bool training_run(struct training *training, struct fault *fault) MUST_CHECK;

void training_free(struct training *training); /* but for the note's text */

#endif
