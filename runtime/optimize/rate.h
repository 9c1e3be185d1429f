/* SPDX-License-Identifier: MIT
 *
 * How the learning rate and the penalty's weight change over the training: functions of the step and the
 * epoch, and of the step at which a fall began before its time, so that a resumed run continues where it
 * stopped. */
#ifndef GPFC_RATE_H
#define GPFC_RATE_H

#include "gpfc/kernel_abi.h"

#include <stdbool.h>
#include <stdint.h>

enum rate_schedule { RATE_CONSTANT, RATE_STEP, RATE_COSINE, RATE_PLATEAU };

struct rate {
    enum rate_schedule schedule;
    double start;
    double decay;         /* step: factor ... */
    int64_t decays;       /* ... at so many evenly spaced epochs */
    double fall;          /* share of the training over which the rate falls at the end, or before its time */
    int64_t warmup_steps; /* the rate rises linearly over the first so many steps */
    int64_t epochs;
    int64_t epoch_steps; /* steps of one epoch */
};

/* How long a training is where nobody says: epochs for the steps that its kind needs, whatever the number of
 * rows, but not so few that the rows were hardly seen; nor, where they are pairs, which may be learnt by
 * heart, so many that they are. */
int64_t rate_epochs(const struct gpfc_bundle *bundle, int64_t epoch_steps, bool by_heart);

/* Schedule as train.* of the settings say, for a training of this length. */
struct rate rate_from_settings(const struct gpfc_bundle *bundle, int64_t epochs, int64_t epoch_steps);

/* Does it fall to 0 in the end, so that it may fall earlier? */
bool rate_falls(const struct rate *rate);

/* Rate of a step, counted from 0. The cosine goes from start to 0 over the steps that follow the warm-up.
 * From step `fall_step` on any rate falls to 0 along a line; 0: that has not begun. */
double rate_at(const struct rate *rate, int64_t step, int64_t fall_step);

/* Steps of a fall that begins at this step, at least 1; and the step at which it begins at the latest. */
int64_t rate_fall_steps(const struct rate *rate, int64_t fall_step);
int64_t rate_latest_fall(const struct rate *rate);

/* start * factor^n, n the decays passed in this epoch: the k-th of `decays` lies at epoch k * epochs /
 * (decays + 1), rounded up; epochs are counted from 0. */
double rate_decayed(double start, double factor, int64_t decays, int64_t epoch, int64_t epochs);

#endif
