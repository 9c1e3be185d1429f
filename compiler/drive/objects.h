/* SPDX-License-Identifier: MIT
 *
 * A trainer's kernels, in objects that are made at the same time. */
#ifndef GPFC_OBJECTS_H
#define GPFC_OBJECTS_H

#include "drive/compile.h"

/* The bundle goes with the first. The same bytes by any number of threads. */
enum gpfc_status objects_make(struct compile *c, const struct backend_task *task);

#endif
