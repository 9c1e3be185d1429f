/* SPDX-License-Identifier: MIT
 *
 * Results as tables for people and as JSON for programs. */
#ifndef GPFC_REPORT_H
#define GPFC_REPORT_H

#include "evaluate.h"
#include "pairs.h"
#include "train.h"

#include <jansson.h>
#include <stdio.h>

/* "gaussian, folded, 3 -> 15 15 -> 1, tanh, rk4 x 15, single" */
void report_flow(const struct gpfc_bundle *bundle, char *room, size_t bytes);

/* A number; null where it is not finite. */
void report_put(json_t *object, const char *key, double value);

/* The table before/after, and its JSON: keys cost_before, cost_after, energy, ... */
void report_evaluation(FILE *out, const struct evaluation *evaluation);
json_t *report_evaluation_json(const struct evaluation *evaluation);

/* What is going to be done, before it is done. */
struct report_start {
    const struct trainer *trainer;
    const char *data, *folder;
    int64_t first_step; /* of a resumed training; 0 of a new one */
    bool kept_earlier;  /* files of an earlier training were moved aside */
};
void report_start(FILE *out, const struct report_start *start);
json_t *report_start_json(const struct report_start *start);

/* The base flow that was fitted to the data; nothing where there is none. */
void report_base(FILE *out, const struct gpfc_bundle *bundle, const struct pairs *pairs);

#endif
