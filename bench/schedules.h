/* SPDX-License-Identifier: MIT
 *
 * The program of `make bench-schedules`: for the training programs of specs, candidate schedules with the
 * predicted and the measured time, and how far the model's choice is from the fastest. */
#ifndef GPFC_BENCH_SCHEDULES_H
#define GPFC_BENCH_SCHEDULES_H

#include "drive/backend.h"
#include "drive/family.h"
#include "sched/sched_space.h"

enum { SCHEDULES_BATCH = 1024, SCHEDULES_PROGRAMS = 256, SCHEDULES_TEXTS = 64 };

struct schedules_options {
    enum sched_extent extent;
    bool summary; /* no rows of candidates */
    const char *cpu;
    int n_texts; /* schedules beside the first candidate, in place of the others */
    const char *texts[SCHEDULES_TEXTS];
};

/* One training program: a flow's or a base flow's. */
struct subject {
    const char *spec;
    const struct front *front;
    const struct family_kind *kind;
};

struct entry { /* a candidate */
    struct schedule schedule;
    double predicted, measured; /* seconds of a training step */
};

struct comparison {
    struct arena *arena;
    const struct subject *subject;
    int n, picked, fastest;
    struct entry *entries;
};

/* The subject's program that keeps so much, before the passes. */
const struct ir_graph *schedules_program(struct arena *arena, const struct subject *subject, int keep);

/* Fills the entries; false: *fault. */
bool schedules_compare(struct comparison *comparison, const struct schedules_options *options,
                       const char **fault) MUST_CHECK;

#endif
