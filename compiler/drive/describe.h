/* SPDX-License-Identifier: MIT
 *
 * What a trainer carries besides its kernels, and what the report says about a compile. */
#ifndef GPFC_DESCRIBE_H
#define GPFC_DESCRIBE_H

#include "drive/compile.h"

const struct bundle *describe_bundle(struct compile *c);
/* What the families are, into the report: "gaussian, folded, 2 -> 15 15 -> 1, tanh, rk4 x 15". */
void describe_families(struct compile *c);
/* Their schedules and the target, likewise. */
void describe_choices(struct compile *c);

#endif
