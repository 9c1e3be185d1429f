/* SPDX-License-Identifier: MIT
 *
 * What a plan costs on a machine, without running it: arithmetic, loads and stores through a core's ports,
 * sums that wait for each other, and memory that caches do not hold. Meant for ranking the schedules of one
 * program; the seconds are about right. */
#ifndef GPFC_SCHED_COST_H
#define GPFC_SCHED_COST_H

#include "sched/sched_nest.h"
#include "target/machine.h"

struct sched_cost { /* cycles of one tile */
    double cycles;  /* in all */
    /* of them, or beside them where one hides the other: */
    double arithmetic; /* useful multiply-adds only, at the maximum rate */
    double core;       /* what the ports take, in nests one after another */
    double waiting;    /* beyond that, on results of the operations before */
    double memory;     /* beyond that, on memory past the first cache */
    double calls;      /* calls of nests, steps of loops over time */
};

struct sched_cost sched_cost_parts(const struct plan *plan, const struct machine *machine, enum real real);

/* Seconds of one tile. */
double sched_cost(const struct plan *plan, const struct machine *machine, enum real real);

/* Which of n schedules with these seconds of a sample (negative: it cannot be planned) to take: the smallest,
 * but an earlier one if the model can hardly distinguish them. */
int sched_pick(int n, const double *seconds);

#endif
