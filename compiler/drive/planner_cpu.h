/* SPDX-License-Identifier: MIT
 *
 * Plans and schedules for CPUs. */
#ifndef GPFC_PLANNER_CPU_H
#define GPFC_PLANNER_CPU_H

#include "drive/backend.h"

extern const struct planner planner_cpu;

#endif
