/* SPDX-License-Identifier: MIT
 *
 * The trained arrays of a flow, `theta` [theta_elements] REALs: how they start, and model files (safetensors)
 * that hold them by name, with the base flow where there is one. A model file may also be a plain one from
 * elsewhere: then names, shapes and precision must fit, and nothing else is known of it. */
#ifndef GPFC_WEIGHTS_H
#define GPFC_WEIGHTS_H

#include "fault.h"
#include "gpfc/kernel_abi.h"
#include "mixture.h"
#include "safetensors.h"

/* Normal numbers by (seed, parameter, element): hidden layers with deviation train.init_hidden, or
 * 1/sqrt(fan-in) where that is 0; the last layer with train.init_last. Biases like the weights of their
 * layer: with biases of zero the cube field reaches 1.054 on the moons in 1,000 steps, so 1.047. */
void weights_initial(const struct gpfc_bundle *bundle, uint64_t seed, void *theta);

struct weights_note { /* how the weights came about */
    int64_t step;
    double cost;   /* of the test set */
    uint64_t seed; /* of the training, and of data that were generated for it */
};

struct weights {
    void *theta;          /* [theta_elements] */
    struct mixture *base; /* NULL: the file has none */
    bool seed_known;
    uint64_t seed;
};

bool weights_read(struct weights *out, const struct gpfc_bundle *bundle, const char *path,
                  struct fault *fault) MUST_CHECK;
void weights_free(struct weights *weights); /* what is in it; a zeroed one is allowed */

/* base may be NULL. */
bool weights_write(const char *path, const struct gpfc_bundle *bundle, const void *theta,
                   const struct mixture *base, const struct weights_note *note,
                   struct fault *fault) MUST_CHECK;

/* ---- pieces, for checkpoints -------------------------------------------------------------------------- */

/* Tensors and metadata to be written; both grow. All of it is freed by tensor_list_free. */
struct tensor_list {
    struct tensor *tensors;
    struct metadata *metadata;
    size_t n_tensors, n_metadata, room_tensors, room_metadata;
    bool short_of_memory; /* asked once, by tensor_list_write */
};

/* One tensor for each parameter, named prefix + name, in an array laid out as theta; lent. */
void tensor_list_add(struct tensor_list *list, const struct gpfc_bundle *bundle, const char *prefix,
                     const void *array);
void tensor_list_add_base(struct tensor_list *list, const struct mixture *base); /* NULL is allowed */
void tensor_list_note(struct tensor_list *list, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);
/* Who wrote it: version, name, spec, spec_hash, settings. */
void tensor_list_note_bundle(struct tensor_list *list, const struct gpfc_bundle *bundle);
bool tensor_list_write(const struct tensor_list *list, const char *path, struct fault *fault) MUST_CHECK;
void tensor_list_free(struct tensor_list *list);

/* Reads what tensor_list_add wrote. */
bool weights_take(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                  const char *prefix, void *array, struct fault *fault) MUST_CHECK;

/* Was it written by a trainer of the same spec? True too where it holds no word of that. The fault names the
 * first key that differs. */
bool weights_same_spec(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                       struct fault *fault) MUST_CHECK;

#endif
