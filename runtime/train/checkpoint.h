/* SPDX-License-Identifier: MIT
 *
 * A training on disk, of a flow or of the base flow before it: all of a trainer's state, and what is needed
 * to make the same trainer again. A file appears completely or not at all. */
#ifndef GPFC_CHECKPOINT_H
#define GPFC_CHECKPOINT_H

#include "model/weights.h"
#include "train/train.h"

struct checkpoint_note {            /* how the training was started, and how long it took so far */
    struct trainer_options options; /* of this training */
    int64_t flow_epochs;            /* of the flow's, where this is the base flow's */
    char *data;                     /* path given with --data, absolute; "" where the spec names the data */
    const char *columns, *label, *missing,
        *weights;       /* as in data_options; NULL, of older files: as the spec says */
    uint64_t data_hash; /* of the pairs: a resumed training must see the same */
    double seconds;
};

/* Of the pairs' numbers and sizes; y may be missing. */
uint64_t checkpoint_hash(const struct pairs *pairs);

bool checkpoint_write(const char *path, const struct trainer *trainer, const struct weights_beside *beside,
                      const struct checkpoint_note *note, struct fault *fault) MUST_CHECK;

/* An opened file, so that the trainer can be made from the note before its state is read. */
struct checkpoint {
    struct safetensors *file;
    const char *path;
    struct checkpoint_note note;
    const struct stage_kind *stage; /* whose training it is */
    struct base_flow *base;         /* NULL: none, or the one that is in training */
    struct standard standard;       /* d = 0: none */
    double *rotation;               /* NULL: none */
    char rebuilt[256]; /* what the trainer's kernels were compiled by otherwise; "" for nothing */
    char changed[256]; /* settings that the trainer has otherwise than when this was written; "" for none */
};

/* bundle: the whole trainer's. threads: of the base flow. */
bool checkpoint_open(struct checkpoint *out, const struct gpfc_bundle *bundle, const char *path, int threads,
                     struct fault *fault) MUST_CHECK;
bool checkpoint_load(const struct checkpoint *checkpoint, struct trainer *trainer,
                     struct fault *fault) MUST_CHECK;
void checkpoint_close(struct checkpoint *checkpoint); /* a zeroed one is allowed */

#endif
