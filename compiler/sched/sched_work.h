/* SPDX-License-Identifier: MIT
 *
 * What one call of a nest does, in operations. Internal to sched_cost.c and sched_work.c. */
#ifndef GPFC_SCHED_WORK_H
#define GPFC_SCHED_WORK_H

#include "sched/sched_nest.h"
#include "target/machine.h"

struct work {          /* operations on vectors */
    double madds;      /* multiply-adds that are the nest's purpose */
    double arithmetic; /* other operations of the same ports */
    double loads, stores;
    double shuffles;
    double divisions;
    double other; /* addresses, loops */
};

/* Sums that wait: in each of `blocks` blocks of registers, `length` multiply-adds one of which needs the one
 * before. The sums of one block go on at the same time, and those of the next blocks as far as the core looks
 * ahead. */
struct chain {
    double blocks;     /* one after another */
    double length;     /* multiply-adds of a chain in a block */
    double operations; /* of any kind, of a block */
    double spilled;    /* of the steps, how many find a sum in memory for which there was no register */
};

enum { WORK_MOST_CHAINS = 8 };

struct nest_work {
    struct work all;
    int n_chains;
    struct chain chains[WORK_MOST_CHAINS];
    double code_operations; /* as many stand in the code */
};

/* One call of `nest`; region's values have places. */
struct nest_work work_of(const struct plan *plan, const struct plan_region *region,
                         const struct plan_nest *nest, const struct machine *machine, enum real real);

struct traffic { /* bytes that a nest's call moves to the first cache, and from where */
    double from_l2, from_l3, from_memory; /* what comes from further away comes through the nearer ones as
                                             well */
};

/* Of each item of a region; loops have none of their own. In the plan's arena. */
const struct traffic *traffic_of(const struct plan *plan, const struct plan_region *region,
                                 const struct machine *machine, enum real real);

#endif
