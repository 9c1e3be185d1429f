/* SPDX-License-Identifier: MIT
 *
 * The schedules of a compile: what the spec's target keys fix of them, and the choice of the rest. */
#ifndef GPFC_SCHEDULES_H
#define GPFC_SCHEDULES_H

#include "drive/compile.h"

/* What the spec's target keys fix; faults are reported. */
enum gpfc_status schedules_read(struct compile *c);
/* When the CPU is known: whether that goes together, and what serves without a training program. */
enum gpfc_status schedules_choose(struct compile *c);
/* Whether the flow's training multiplies bfloat16 numbers: where the spec asks for that, and it pays. */
enum gpfc_status schedules_mix(struct compile *c);
/* Appends the schedule, with what the spec fixes, to the n in `out`, if it can be compiled and is not among
 * them. Gives how many there are then. */
int schedules_offer(const struct compile *c, struct schedule schedule, int n, struct schedule *out);
/* Unless it is settled already: the schedule that costs the family's training program least, by the cost
 * model. */
void schedules_settle(struct compile *c, struct family *f);
enum gpfc_status schedules_settle_all(struct compile *c);
/* This one was measured, and is it. */
void schedules_take(struct family *f, const struct schedule *schedule);
/* What a sample of its training program costs by each of some schedules; negative: it cannot be planned. */
void schedules_costs(struct compile *c, const struct family *f, int n, const struct schedule *schedules,
                     double *seconds);
const char *schedules_text(struct arena *arena, const struct schedule *schedule);

#endif
