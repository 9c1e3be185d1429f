/* SPDX-License-Identifier: MIT
 *
 * One compile on its way through the stages: what api.c and artifact.c share, and nobody else. */
#ifndef GPFC_COMPILE_H
#define GPFC_COMPILE_H

#include "emit/emit.h"
#include "gpfc.h"
#include "model/model.h"
#include "sched/sched.h"
#include "spec/spec.h"

enum { COMPILE_OBJECTS = 2 };

struct compile_object { /* object code of some kernels */
    const char *bytes;
    size_t length;
};

struct compile {
    const struct gpfc_options *options;
    struct gpfc_report *report;
    struct arena *arena;
    struct diag diag;
    struct source source;
    struct spec spec;
    struct model model;
    struct target_cpu cpu;
    bool is_double;
    struct schedule schedule;
    int n_kernels;
    const struct ir_graph **graphs; /* after the passes */
    struct emit_kernel *kernels;
    struct emit_module module;      /* of everything but trainers */
    struct compile_object object[COMPILE_OBJECTS]; /* of a trainer */
    struct output_folder *folder; /* of intermediate files */
    const char *graph_name; /* of the one whose passes run, for dumps */
};

/* Tells a fault that has no place in a text; returns `status`. */
enum gpfc_status compile_fail(struct compile *c, enum gpfc_status status, const char *fault);

/* ---- objects.c: a trainer's kernels, in objects that are made at the same time ---------------------------------------- */

/* bundle goes with the first object. */
enum gpfc_status objects_make(struct compile *c, const struct emit_bundle *bundle);

/* ---- artifact.c: what is left on disk --------------------------------------------------------------------------- */

/* Where it goes: as asked for, or by the names of spec and kind. */
const char *artifact_path(struct compile *c);
enum gpfc_status artifact_write(struct compile *c, const char *path);

#endif
