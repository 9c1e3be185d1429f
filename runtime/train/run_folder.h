/* SPDX-License-Identifier: MIT
 *
 * The folder of a training: it is made, locked against other processes, and cleared of an earlier training's
 * files, which are renamed. What is in it: the best model, a checkpoint, metrics; and, where a base flow is
 * trained first, the best base flow, with a checkpoint of its own while it is trained. */
#ifndef GPFC_RUN_FOLDER_H
#define GPFC_RUN_FOLDER_H

#include "ground/fault.h"
#include "train/stage_kind.h"

#define RUN_METRICS "metrics.jsonl"

struct run_folder { /* paths */
    char *path;
    char *log;
    struct {
        char *model, *checkpoint;
    } files[STAGES];
    int locked;        /* open and locked; -1: not */
    bool kept_earlier; /* files of an earlier training were moved to *.old */
};

/* For a new training: makes it, and those above it that are missing, and moves away what an earlier one left
 * there. The models of stages before `first` stay: this training makes none of its own. */
bool run_folder_make(struct run_folder **out, const char *path, enum stage_number first,
                     struct fault *fault) MUST_CHECK;
/* For one that goes on; all is left as it is. */
bool run_folder_open(struct run_folder **out, const char *path, struct fault *fault) MUST_CHECK;
void run_folder_unlock(struct run_folder *folder); /* lets others in */
void run_folder_free(struct run_folder *folder);   /* lets others in; NULL is allowed */

/* "FOLDER/FILE"; to be freed; NULL: no memory. */
char *run_folder_path(const char *folder, const char *file);

#endif
