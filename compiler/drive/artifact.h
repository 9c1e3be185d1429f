/* SPDX-License-Identifier: MIT
 *
 * The files that a compile writes. */
#ifndef GPFC_ARTIFACT_H
#define GPFC_ARTIFACT_H

#include "drive/compile.h"

/* What a trainer is linked with is asked for before anything is compiled: the linker would be late, and knows
 * of no way out. */
enum gpfc_status artifact_check(struct compile *c);
/* Where it was asked for, or by the names of spec and kind. */
enum gpfc_status artifact_write(struct compile *c);

#endif
