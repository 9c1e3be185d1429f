/* SPDX-License-Identifier: MIT
 *
 * One stage of a training as a person sees it, the base flow's or the flow's: opening, forecast, progress,
 * interruption. For command_train*.c. */
#ifndef GPFC_COMMAND_STAGE_H
#define GPFC_COMMAND_STAGE_H

#include "command/command.h"
#include "command/report.h"
#include "ground/interrupt.h"
#include "train/train_run.h"

struct stage {
    const struct command_context *context;
    const struct command_options *options;
    const struct interrupt *interrupt;
    struct run_folder *folder;
    struct checkpoint_note note; /* its text is lent */
    struct weights_beside beside;
    const struct pairs *pairs;        /* a base flow's have no y */
    const struct checkpoint *resumed; /* this stage goes on from there; NULL: it starts */
    const void *theta;                /* it starts with these weights; NULL: with its own */
    enum train_run_how how;
    const struct mixture_fitted *fitted; /* what the opening tells of the pairs; NULL: nothing */

    struct trainer *trainer; /* made here */
    struct train_run *run;
    int64_t first_step;
    double measure_seconds; /* a measure of the test set took */
};

/* Trains bundle, which is the context's or its base, to the end, or to a signal: then the fault's exit code
 * is 130 or 143. */
bool stage_run(struct stage *stage, const struct gpfc_bundle *bundle, struct fault *fault) MUST_CHECK;
void stage_free(struct stage *stage); /* what was made here */

/* What report_start_json gives, and where the stage is now. */
json_t *stage_json(const struct stage *stage, const char *status);

bool stage_talks(const struct stage *stage); /* to a person, on standard output */

#endif
