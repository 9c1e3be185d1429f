/* SPDX-License-Identifier: MIT
 *
 * How long training steps take: CPU time of this thread, in rounds in which all contenders take turns. */
#ifndef GPFC_TUNE_TIME_H
#define GPFC_TUNE_TIME_H

#include "tune/tune_case.h"
#include "tune/tune_crowd.h"

enum { TUNE_MOST_ROUNDS = 40 };

struct contender {
    struct tune_run *run;
    long tiles;                       /* of a training step */
    int timed;                        /* of them, in one round */
    int rounds;                       /* so far */
    double seconds[TUNE_MOST_ROUNDS]; /* of a training step, by round */
};

struct contender *contender_new(struct arena *arena, const struct tune_case *tuned,
                                const struct gpfc_kernel *kernel, int lanes, enum real real, long batch);
void contender_reset(struct contender *c); /* no rounds */

/* One round of all of them. `first` decides who begins, so that nobody always runs in another's wake. crowd
 * (NULL: none) runs the same kernel meanwhile. */
void contenders_round(struct contender *const *list, int n, int first, struct crowd *crowd);

double contender_least(const struct contender *c);
/* The minimum over the reference's minimum, and the median of the ratios round by round; both must have run
 * in the same rounds. */
double contender_ratio(const struct contender *c, const struct contender *reference);
double contender_median_ratio(const struct contender *c, const struct contender *reference);

#endif
