/* SPDX-License-Identifier: MIT
 *
 * The programs of a compile, from a model or from text, before and after the passes, and their plans. */
#ifndef GPFC_PROGRAMS_H
#define GPFC_PROGRAMS_H

#include "drive/compile.h"

/* Of all families, by the schedules that are settled. */
enum gpfc_status programs_build(struct compile *c);
enum gpfc_status programs_read(struct compile *c); /* from IR text, as the only family */
enum gpfc_status programs_plan(struct compile *c);

/* The training program for one schedule, in any arena and thread: as the model says it; simplified; and
 * planned (NULL: *fault). */
struct ir_graph *programs_train(const struct compile *c, struct arena *arena, const struct family *f,
                                const struct schedule *schedule);
const struct ir_graph *programs_simple_train(const struct compile *c, struct arena *arena,
                                             const struct family *f, const struct schedule *schedule,
                                             const char **fault) MUST_CHECK;
const struct plan *programs_plan_train(const struct compile *c, struct arena *arena, const struct family *f,
                                       const struct schedule *schedule, const char **fault) MUST_CHECK;

#endif
