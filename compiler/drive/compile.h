/* SPDX-License-Identifier: MIT
 *
 * One compile on its way through the stages: what api.c and artifact.c share, and nobody else. */
#ifndef GPFC_COMPILE_H
#define GPFC_COMPILE_H

#include "bundle/bundle.h"
#include "drive/backend.h"
#include "gpfc.h"
#include "model/model.h"
#include "plan/plan.h"
#include "sched/sched_space.h"
#include "spec/spec.h"

/* Kernels of a trainer. The base's are empty where there is none to compile. */
enum compile_part { COMPILE_FLOW_TRAIN, COMPILE_FLOW, COMPILE_BASE_TRAIN, COMPILE_BASE, COMPILE_PARTS };

/* What has kernels, a schedule for them all, and a training program by which that is chosen. */
enum compile_half { COMPILE_OF_FLOW, COMPILE_OF_BASE, COMPILE_HALVES };

#define COMPILE_BASE_PREFIX "base_" /* of the names of the base's programs */

enum { COMPILE_OBJECTS = 8 }; /* that a trainer's kernels are dealt out to */

struct compile {
    const struct gpfc_options *options;
    struct gpfc_report *report;
    struct arena *arena;
    struct diag diag;
    struct source source;
    struct spec spec;
    struct model model;
    const struct backend *backend;
    struct target target;
    bool is_double;
    bool is_mixed;         /* the flow's training multiplies bfloat16 numbers */
    struct schedule fixed; /* of which the spec decides the fields `given` */
    sched_fields given;
    struct schedule schedule[COMPILE_HALVES]; /* of the flow's kernels, or of those from text; of the
                                                 base's */
    bool settled[COMPILE_HALVES];             /* nothing of it is left to be chosen, what is kept neither */
    bool measured[COMPILE_HALVES];            /* by tuning, here or before */
    int n_kernels;
    const struct ir_graph **graphs; /* after the passes */
    struct bundle_kernel *kernels;
    struct backend_code *code;                    /* of everything but trainers */
    struct bundle_part part[COMPILE_PARTS];       /* of kernels, of a trainer */
    struct backend_bytes object[COMPILE_OBJECTS]; /* likewise; without bytes: none */
    struct output_folder *folder;                 /* of intermediate files */
    const char *graph_name;                       /* of the one whose passes run, for dumps */
};

/* ---- api.c --------------------------------------------------------------------------------------------- */

/* Tells a fault that has no place in a text; returns `status`. */
enum gpfc_status compile_fail(struct compile *c, enum gpfc_status status, const char *fault);
/* Was the text of this stage asked for? */
bool compile_is_dumped(const struct compile *c, const char *stage);
/* Hands it over, if so; data is the compile. */
void compile_dump_graph(void *data, const char *stage, const struct ir_graph *graph);

/* ---- schedules.c: the schedule ------------------------------------------------------------------------- */

/* What the spec's target keys fix; faults are told. */
enum gpfc_status schedules_read(struct compile *c);
/* When the CPU is known: whether that goes together, and what serves without a training program. */
enum gpfc_status schedules_choose(struct compile *c);
/* Whether the flow's training multiplies bfloat16 numbers: where the spec asks for that, and it pays. */
enum gpfc_status schedules_mix(struct compile *c);
/* Unless it is settled already: the schedule that costs the training program of this half least, by the cost
 * model. */
void schedules_settle(struct compile *c, enum compile_half half);
/* What a sample of its training program costs by each of some schedules; negative: it cannot be planned. */
void schedules_costs(struct compile *c, enum compile_half half, int n, const struct schedule *schedules,
                     double *seconds);

/* ---- tuning.c: schedules that were measured ------------------------------------------------------------ */

/* From wisdom, or by tuning if that was asked for; else they stay as they were chosen. */
enum gpfc_status tuning_choose(struct compile *c);

/* ---- programs.c: graphs and plans ---------------------------------------------------------------------- */

enum gpfc_status programs_build(struct compile *c); /* from the model */
enum gpfc_status programs_read(struct compile *c);  /* from IR text */
enum gpfc_status programs_plan(struct compile *c);

/* The training program for one schedule, in any arena and thread: as the model says it; simplified; and
 * planned (NULL: *fault). */
struct ir_graph *programs_train(const struct compile *c, struct arena *arena, enum compile_half half,
                                const struct schedule *schedule);
const struct ir_graph *programs_simple_train(const struct compile *c, struct arena *arena,
                                             enum compile_half half, const struct schedule *schedule,
                                             const char **fault) MUST_CHECK;
const struct plan *programs_plan_train(const struct compile *c, struct arena *arena, enum compile_half half,
                                       const struct schedule *schedule, const char **fault) MUST_CHECK;

/* ---- describe.c: what a trainer carries besides its kernels -------------------------------------------- */

const struct bundle *describe_bundle(struct compile *c);
/* "gaussian, folded, 2 -> 15 15 -> 1, tanh, rk4 x 15", into the report; and the base's. */
void describe_flow(struct compile *c);
/* The schedules, likewise. */
void describe_choices(struct compile *c);

/* ---- objects.c: a trainer's kernels, in objects that are made at the same time ------------------------- */

/* The bundle goes with the first. The same bytes by any number of threads. */
enum gpfc_status objects_make(struct compile *c, const struct backend_task *task);

/* ---- artifact.c: what is left on disk ------------------------------------------------------------------ */

/* Where it goes: as asked for, or by the names of spec and kind. */
const char *artifact_path(struct compile *c);
/* What a trainer is linked with is asked for before anything is compiled: the linker would be late, and knows
 * of no way out. */
enum gpfc_status artifact_check(struct compile *c);
enum gpfc_status artifact_write(struct compile *c, const char *path);

#endif
