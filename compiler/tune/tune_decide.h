/* SPDX-License-Identifier: MIT
 *
 * Which candidate is taken, from measured times only. */
#ifndef GPFC_TUNE_DECIDE_H
#define GPFC_TUNE_DECIDE_H

#include <stdbool.h>

/* A candidate's time over the first one's: of their least times, and the median over the rounds. */
struct tune_quotients {
    double least, median;
};

/* Faster beyond noise on one thread or on all, and not slower on the other: a training may use one thread or
 * all. */
bool tune_is_better(struct tune_quotients alone, struct tune_quotients crowded);

/* The place of the best of n candidates that are better than the first, by the minimum times of both kinds of
 * rounds; -1 if none is. */
int tune_best(const struct tune_quotients *alone, const struct tune_quotients *crowded, int n);

#endif
