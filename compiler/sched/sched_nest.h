/* SPDX-License-Identifier: MIT
 *
 * How a CPU computes a nest: the record that the planner keeps with each (plan_nest.how), and the functions
 * that fill it. Read by the cost model and by the emitters for CPUs. */
#ifndef GPFC_SCHED_NEST_H
#define GPFC_SCHED_NEST_H

#include "plan/plan.h"
#include "sched/sched.h"

/* Only numbers of one type, so that its bytes are what it says. */
struct sched_how {
    /* MAP, MATRIX */
    int block; /* rows computed at once */
    /* MAP */
    int unroll; /* 1: written out whole */
    int apart;  /* 1: what follows a contraction is so much that one row's code serves all rows of a block */
    int sum_unroll; /* values of the innermost summed label that one round of its loop takes */
    int piece;  /* of the outermost summed label, values that all rows have done before the next ones come,
                  sums in the nest's memory; 0: all */
    int paired; /* operand of the contraction of which two such steps lie side by side, both operands being
                   rounded to bfloat16: they are multiplied at once, in single precision; -1: none */
    /* TOTAL */
    int axis_a, axis_b;   /* axes of the total that make the register block; -1: none */
    int block_a, block_b; /* packed: block_b in vectors */
    int packed;   /* 1: axis_b's operands are turned: vectors run along them, each lane is a step; they lie in
                   the nest's memory, as [step][lane][axis_b in whole vectors] */
    int ahead;    /* 1: packed: so many results that they come from far away, and are asked for at a block's
                  start */
    int window_b; /* blocks along axis_b whose operands stay at hand while those along axis_a go by */
    int far;      /* 1: partial sums are more than a first cache holds beside operands */
};

/* plan_term.how. PAIRED: both factors are rounded to bfloat16: those of two vectors are multiplied at once,
 * in single precision. */
enum sched_term { TERM_PLAIN, TERM_PAIRED };

const struct sched_how *sched_how(const struct plan_nest *nest);
struct sched_how *sched_how_new(struct arena *arena, struct plan_nest *nest);

/* ---- the choices that sched_plan hands to plan_make -------------------------------------------------- */

void sched_map(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
               struct plan_nest *nest);
void sched_total(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                 struct plan_nest *nest);
void sched_matrix(const struct schedule *schedule, struct arena *arena, const struct plan_region *region,
                  struct plan_nest *nest);
bool sched_keeps_lanes(const struct schedule *schedule, const struct plan_nest *nest);
/* Which products of numbers rounded to bfloat16 are taken in pairs. */
void sched_pairs(const struct schedule *schedule, struct plan_region *region);

/* Turns operands of a total if that takes fewer cycles than it does without. */
void sched_pack(const struct schedule *schedule, const struct plan_region *region, struct plan_nest *nest,
                double cycles);

/* ---- what follows from them ---------------------------------------------------------------------------- */

/* Vectors of lanes that a result of a total is the sum of. */
long sched_total_steps(const struct schedule *schedule, const struct plan_nest *nest);
/* Of a packed total: vectors that a row of so many results takes. */
int sched_packed_columns(const struct schedule *schedule, int results);
/* The largest power of two that is at most n and at most `most`, which is one: pieces in which lanes are
 * added up. */
int sched_power_of_two(int n, int most);

#endif
