/* SPDX-License-Identifier: MIT
 *
 * What goes into a model file or checkpoint: tensors and metadata, gathered, then written at once. */
#ifndef GPFC_TENSOR_LIST_H
#define GPFC_TENSOR_LIST_H

#include "base/base_flow.h"
#include "data/standard.h"
#include "files/safetensors.h"

/* Both grow. All of it is freed by tensor_list_free; numbers are lent. */
struct tensor_list {
    struct tensor *tensors;
    struct metadata *metadata;
    size_t n_tensors, n_metadata, room_tensors, room_metadata;
    bool short_of_memory; /* asked once, by tensor_list_write */
};

void tensor_list_add_tensor(struct tensor_list *list, const struct tensor *tensor);
/* One tensor for each parameter, named prefix + name, in an array laid out as theta. */
void tensor_list_add(struct tensor_list *list, const struct gpfc_bundle *bundle, const char *prefix,
                     const void *array);
/* base.*; bundle: the trainer's. NULL is allowed. */
void tensor_list_add_base(struct tensor_list *list, const struct gpfc_bundle *bundle,
                          const struct base_flow *base);
void tensor_list_add_standard(struct tensor_list *list,
                              const struct standard *standard); /* NULL, d = 0: nothing */
void tensor_list_metadata(struct tensor_list *list, const char *key, const char *value);
/* The same with the key gpfc.<key>. */
void tensor_list_note(struct tensor_list *list, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);
/* Who wrote it: version, name, spec, spec_hash, base_hash, settings. */
void tensor_list_note_bundle(struct tensor_list *list, const struct gpfc_bundle *bundle);
bool tensor_list_write(const struct tensor_list *list, const char *path, struct fault *fault) MUST_CHECK;
void tensor_list_free(struct tensor_list *list);

#endif
