/* SPDX-License-Identifier: MIT
 *
 * One compile on its way through the stages: what was asked for, and what each stage has made. Every stage
 * writes its own part and reads those before it. */
#ifndef GPFC_COMPILE_H
#define GPFC_COMPILE_H

#include "drive/backend.h"
#include "drive/family.h"
#include "drive/front.h"
#include "gpfc.h"
#include "sched/sched_space.h"

enum { COMPILE_OBJECTS = 8 }; /* that a trainer's kernels are dealt out to */

struct choices {
    struct schedule fixed; /* of which the spec decides the fields `given` */
    sched_fields given;
    int n;
    struct family family[GPFC_FAMILIES];
};

struct programs {
    int n;
    const struct ir_graph **graphs; /* after the passes; a family's stand together, its training first */
    struct bundle_kernel *kernels;
};

struct code {
    struct backend_code *whole;                   /* of everything but trainers */
    struct backend_bytes object[COMPILE_OBJECTS]; /* of a trainer; without bytes: none */
    struct output_folder *folder;                 /* of intermediate files */
};

struct compile {
    const struct gpfc_options *options;
    struct gpfc_report *report;
    struct arena *arena;
    struct diag diag;
    const struct backend *backend;
    struct front front;
    struct choices choices;
    struct programs programs;
    struct code code;
};

/* Reports a fault that has no place in a text; returns `status`. */
enum gpfc_status compile_fail(struct compile *c, enum gpfc_status status, const char *fault);
void compile_warn(struct compile *c, const char *text);
/* Was the text of this stage asked for? */
bool compile_is_dumped(const struct compile *c, const char *stage);
/* Hands it over, if so; data is the compile. */
void compile_dump_graph(void *data, const char *stage, const struct ir_graph *graph);
/* A copy that the report owns. */
char *compile_keep(const struct compile *c, const char *text);

#endif
