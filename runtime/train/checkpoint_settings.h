/* SPDX-License-Identifier: MIT
 *
 * What was changed in a spec between a training's start and its resumption. Only for checkpoint.c. */
#ifndef GPFC_CHECKPOINT_SETTINGS_H
#define GPFC_CHECKPOINT_SETTINGS_H

#include "files/safetensors.h"
#include "gpfc/kernel_abi.h"
#include "train/stage_kind.h"

/* Lists settings that steer this training (the base flow's, or the flow's) and that the trainer has otherwise
 * than the file: "train.rate was 0.005 and is 0.001"; "" where there are none. */
void checkpoint_settings(const struct gpfc_bundle *bundle, const struct safetensors *file,
                         const struct stage_kind *stage, char *text, size_t room);

#endif
