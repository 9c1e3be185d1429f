/* SPDX-License-Identifier: MIT
 *
 * What the files of the training share. For train*.c alone. */
#ifndef GPFC_TRAIN_PARTS_H
#define GPFC_TRAIN_PARTS_H

#include "train/train.h"

/* Lets trainer->order be the order of this epoch's rows. */
void trainer_order(struct trainer *trainer, int64_t epoch);

#endif
