/* SPDX-License-Identifier: MIT
 *
 * What sched/ knows of CPUs, for any target that is one. */
#include "drive/planner_cpu.h"

#include "sched/sched_cost.h"
#include "sched/sched_cpu.h"

static const struct machine *machine_of(const struct target *target)
{
    return &target_cpu(target)->machine;
}

static struct schedule first(const struct target *target, enum real real)
{
    return sched_first(machine_of(target), real);
}

static int space(const struct target *target, enum real real, enum sched_extent extent, struct schedule *out,
                 int room)
{
    return sched_space(machine_of(target), real, extent, out, room);
}

static bool check(struct arena *arena, const struct schedule *schedule, const struct target *target,
                  enum real real, const char **fault)
{
    return sched_check(arena, schedule, machine_of(target), real, fault);
}

static double cost(const struct plan *plan, const struct target *target, enum real real)
{
    return sched_cost(plan, machine_of(target), real);
}

static const char *bfloat_fault(const struct target *target)
{
    const struct machine *m = machine_of(target);
    if (!target_cpu(target)->has_bfloat)
        return "has no instructions for products of bfloat16 numbers (AVX512-BF16)";
    if (m->pairs == 0)
        return "multiplies bfloat16 numbers at an unknown speed";
    return 2 * m->pairs <= m->multiply_adds ? "is no faster at products of bfloat16 numbers than of floats"
                                            : NULL;
}

const struct planner planner_cpu = {
    .first = first,
    .space = space,
    .check = check,
    .plan = sched_plan,
    .cost = cost,
    .bfloat_fault = bfloat_fault,
};
