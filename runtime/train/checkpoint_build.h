/* SPDX-License-Identifier: MIT
 *
 * Which kernels a checkpoint is of: a training keeps its bits only with those that it began with. Only for
 * checkpoint.c. */
#ifndef GPFC_CHECKPOINT_BUILD_H
#define GPFC_CHECKPOINT_BUILD_H

#include "model/tensor_list.h"

/* bundle: of the stage. */
void checkpoint_build_note(struct tensor_list *list, const struct gpfc_bundle *bundle);

/* Lists what is otherwise here: "cpu was znver3 and is haswell, the schedule"; "" where nothing is, or where
 * the file does not say. */
void checkpoint_build_differs(const struct gpfc_bundle *bundle, const struct safetensors *file, char *text,
                              size_t room);

#endif
