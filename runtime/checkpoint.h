/* SPDX-License-Identifier: MIT
 *
 * A training on disk: all of a trainer's state, and what must be known to make the same trainer again. A file
 * appears whole or not at all. */
#ifndef GPFC_CHECKPOINT_H
#define GPFC_CHECKPOINT_H

#include "train.h"

struct checkpoint_note { /* how the training was started, and how long it took so far */
    struct trainer_options options;
    char *data;         /* path given with --data, absolute; "" where the spec names the data */
    uint64_t data_hash; /* of the pairs: a resumed training must see the same */
    double seconds;
};

/* Of the pairs' numbers and sizes. */
uint64_t checkpoint_hash(const struct pairs *pairs);

/* base: the flow f that made y; NULL: none. */
bool checkpoint_write(const char *path, const struct trainer *trainer, const struct mixture *base,
                      const struct checkpoint_note *note, struct fault *fault) MUST_CHECK;

/* An opened file, so that the trainer can be made from the note before its state is read. */
struct checkpoint {
    struct safetensors *file;
    const char *path;
    struct checkpoint_note note;
    struct mixture *base; /* NULL: none */
};

bool checkpoint_open(struct checkpoint *out, const struct gpfc_bundle *bundle, const char *path,
                     struct fault *fault) MUST_CHECK;
bool checkpoint_load(const struct checkpoint *checkpoint, struct trainer *trainer,
                     struct fault *fault) MUST_CHECK;
void checkpoint_close(struct checkpoint *checkpoint); /* a zeroed one is allowed */

#endif
