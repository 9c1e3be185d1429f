/* SPDX-License-Identifier: MIT
 *
 * A training with its folder: measures, metrics, checkpoints and the best model are written when they are
 * due. Prints nothing. The folder holds model.safetensors (the best so far), checkpoint.safetensors,
 * metrics.jsonl. */
#ifndef GPFC_TRAIN_RUN_H
#define GPFC_TRAIN_RUN_H

#include "checkpoint.h"
#include "metrics.h"
#include "train.h"

struct train_run {
    struct trainer *trainer;        /* lent */
    const struct mixture *base;     /* lent; NULL: none */
    struct checkpoint_note note;    /* its text is lent */
    char *model, *checkpoint, *log; /* paths */
    struct metrics *metrics;
    int locked; /* the folder, open and locked against other processes; -1: not */
    int64_t measure_steps, checkpoint_steps;
    double checkpoint_seconds;
    double started, saved; /* clock */
    int64_t saved_step;
    double step_seconds; /* in steps since the last measure */
    int64_t samples;     /* of them */
    bool kept_earlier;   /* files of an earlier training were moved to *.old */
};

/* Makes the folder. A new training measures the untrained flow and writes a first checkpoint, so that a
 * folder that cannot be written is told before anything is computed; `resumed` goes on with what is there. */
bool train_run_new(struct train_run **out, struct trainer *trainer, const struct mixture *base,
                   const struct checkpoint_note *note, const char *folder, bool resumed,
                   struct fault *fault) MUST_CHECK;
void train_run_free(struct train_run *run); /* NULL is allowed */

bool train_run_done(const struct train_run *run);

/* One step, and what is due after it. Where the training diverged, the best model is written and the
 * checkpoint left; the fault says so. */
bool train_run_step(struct train_run *run, struct fault *fault) MUST_CHECK;

/* Checkpoint and best model, now. */
bool train_run_save(struct train_run *run, struct fault *fault) MUST_CHECK;

double train_run_seconds(const struct train_run *run); /* of the whole training, pauses not counted */

/* "FOLDER/checkpoint.safetensors"; to be freed; NULL: no memory. */
char *train_run_path(const char *folder, const char *file);

#define TRAIN_RUN_MODEL "model.safetensors"
#define TRAIN_RUN_CHECKPOINT "checkpoint.safetensors"
#define TRAIN_RUN_METRICS "metrics.jsonl"

#endif
