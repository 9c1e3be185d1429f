/* SPDX-License-Identifier: MIT
 *
 * Schedules that were measured. */
#ifndef GPFC_TUNING_H
#define GPFC_TUNING_H

#include "drive/compile.h"

/* From wisdom, or by tuning if that was asked for; else they stay as they were chosen. */
enum gpfc_status tuning_choose(struct compile *c);

#endif
