/* SPDX-License-Identifier: MIT
 *
 * Results as tables for people and as JSON for programs. */
#ifndef GPFC_REPORT_H
#define GPFC_REPORT_H

#include "base/mixture_base.h"
#include "model/evaluate.h"
#include "model/evaluate_base.h"
#include "model/pairs.h"
#include "train/train.h"

#include <jansson.h>
#include <stdio.h>

/* "gaussian, folded, 3 -> 15 15 -> 1, tanh, rk4 x 15, single"; or that of a base flow's bundle. */
void report_flow(const struct gpfc_bundle *bundle, char *room, size_t bytes);

/* A number; null where it is not finite. */
void report_put(json_t *object, const char *key, double value);

/* The table before/after, and its JSON: keys cost_before, cost_after, energy, ... */
void report_evaluation(FILE *out, const struct evaluation *evaluation);
json_t *report_evaluation_json(const struct evaluation *evaluation);

/* The same for the base flow, and its JSON's keys, added to an object: base_roundtrip_max, ... */
void report_base(FILE *out, const struct base_evaluation *evaluation);
void report_base_json(json_t *json, const struct base_evaluation *evaluation);

/* What is going to be done, before it is done: one stage of a training. */
struct report_start {
    const struct gpfc_bundle *bundle; /* the trainer's */
    const struct trainer *trainer;
    const char *data, *folder;
    int64_t first_step; /* of a resumed training; 0 of a new one */
    bool kept_earlier;  /* files of an earlier training were moved aside */
    bool second;        /* the base flow was trained before, and all of this told */
};
void report_start(FILE *out, const struct report_start *start);
json_t *report_start_json(const struct report_start *start);

/* The time steps that a finished training chose, and what that saved; nothing where they are fixed. */
void report_time_steps(FILE *out, const struct trainer *trainer);
json_t *report_time_steps_json(const struct trainer *trainer);

/* A base flow that was trained, and its likelihood, of data as they were given. */
struct report_trained {
    const struct gpfc_bundle *bundle; /* the trainer's */
    const char *model;
    int64_t step, best_step;
    double seconds, nll;
    bool done; /* false: none was trained here */
};
void report_trained(FILE *out, const struct report_trained *trained);
json_t *report_trained_json(const struct report_trained *trained);

/* How pairs came about: a mixture that was fitted to the data, likelihoods, rows that failed. Nothing where
 * there is nothing to say. */
void report_pairs(FILE *out, const struct gpfc_bundle *bundle, const struct mixture_fitted *fitted,
                  const struct pairs *pairs);

#endif
