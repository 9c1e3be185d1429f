/* SPDX-License-Identifier: MIT
 *
 * What the files of the training share. Only for train*.c. */
#ifndef GPFC_TRAIN_PARTS_H
#define GPFC_TRAIN_PARTS_H

#include "train/train.h"

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Lets trainer->order be the order of this epoch's rows. */
void trainer_order(struct trainer *trainer, int64_t epoch);

#endif
