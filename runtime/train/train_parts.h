/* SPDX-License-Identifier: MIT
 *
 * What the files of the training share. For train*.c alone. */
#ifndef GPFC_TRAIN_PARTS_H
#define GPFC_TRAIN_PARTS_H

#include "train/train.h"

/* Lets trainer->order be the order of this epoch's rows. */
void trainer_order(struct trainer *trainer, int64_t epoch);

/* The test set's x or y, as `which` says; the training's where there is none. */
const void *trainer_measured_rows(const struct trainer *trainer, char which);

#endif
