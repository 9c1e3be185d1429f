/* SPDX-License-Identifier: MIT
 *
 * One stage of a training with its folder, the base flow's or the flow's: measurements, metrics, checkpoints
 * and the best model are written when they are due. Prints nothing. */
#ifndef GPFC_TRAIN_RUN_H
#define GPFC_TRAIN_RUN_H

#include "train/checkpoint.h"
#include "train/metrics.h"
#include "train/run_folder.h"
#include "train/train.h"

struct train_run {
    struct trainer *trainer;        /* lent */
    struct run_folder *folder;      /* lent */
    struct weights_beside beside;   /* what it points to is lent */
    struct checkpoint_note note;    /* its text is lent */
    const char *model, *checkpoint; /* the folder's paths of this stage's files */
    struct metrics *metrics;
    int64_t measure_steps, checkpoint_steps;
    double checkpoint_seconds;
    double started, saved; /* clock */
    int64_t saved_step;
    double step_seconds; /* in steps since the last measure */
    int64_t samples;     /* of them */
};

/* START: measures the untrained flow and writes a first checkpoint, so that a folder that cannot be written
 * is reported before anything is computed. NEXT: the same, after the base flow's training, whose metrics are
 * kept. RESUME: continues with what is there. */
enum train_run_how { TRAIN_RUN_START, TRAIN_RUN_NEXT, TRAIN_RUN_RESUME };

bool train_run_new(struct train_run **out, struct trainer *trainer, const struct weights_beside *beside,
                   const struct checkpoint_note *note, struct run_folder *folder, enum train_run_how how,
                   struct fault *fault) MUST_CHECK;
void train_run_free(struct train_run *run); /* NULL is allowed */

bool train_run_done(const struct train_run *run);

/* One step, and what is due after it. Where the training diverged, the best model is written and the
 * checkpoint left; the fault says so. */
bool train_run_step(struct train_run *run, struct fault *fault) MUST_CHECK;

/* Checkpoint and best model, now. */
bool train_run_save(struct train_run *run, struct fault *fault) MUST_CHECK;

double train_run_seconds(const struct train_run *run); /* of the whole training, pauses not counted */

/* The best weights so far; those of now where no measure was finite. */
const void *train_run_best(const struct train_run *run);
int64_t train_run_best_steps(const struct train_run *run); /* time steps that they need */

#endif
