/* SPDX-License-Identifier: MIT
 *
 * Plans for CPUs: a program and a schedule go to the planner, together with a CPU's choices. */
#ifndef GPFC_SCHED_CPU_H
#define GPFC_SCHED_CPU_H

#include "plan/plan.h"
#include "sched/sched.h"

/* NULL: as plan_make. */
struct plan *sched_plan(struct arena *arena, const struct ir_graph *graph, struct schedule schedule,
                        const char **fault);

#endif
