/* SPDX-License-Identifier: MIT
 *
 * The errors of a flow's time steps, measured on a few rows y: what time_steps.h chooses by. */
#ifndef GPFC_TIME_CHECK_H
#define GPFC_TIME_CHECK_H

#include "ground/fault.h"
#include "kernels/device.h"
#include "model/pairs.h"
#include "train/time_steps.h"

#include <stddef.h>

/* So many are enough for a mean to a tenth; a largest value wants more, and each costs less. At d = 10 a
 * check costs as much as training on 1,600 rows. */
enum { TIME_CHECK_ROWS = 256, TIME_CHECK_TRIPS = 1024 };

struct time_check;

/* The first n rows y of the part, as a flow takes them; at most TIME_CHECK_TRIPS are looked at. */
bool time_check_new(struct time_check **out, const struct gpfc_bundle *bundle, const struct part *part,
                    int64_t n, const struct device *device, struct fault *fault) MUST_CHECK;
void time_check_free(struct time_check *check); /* NULL is allowed */

void time_check_parameters(struct time_check *check, const void *theta); /* lent */
time_probe time_check_at MUST_CHECK;                                     /* data: the check */

#endif
