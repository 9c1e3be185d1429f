/* SPDX-License-Identifier: MIT
 *
 * Results as tables for people and as JSON for programs. */
#ifndef GPFC_REPORT_H
#define GPFC_REPORT_H

#include "gpfc/runtime.h"
#include "model/evaluate_base.h"

#include <jansson.h>
#include <stdio.h>

/* "gaussian, folded, 3 -> 15 15 -> 1, tanh, rk4 x 15, single"; or that of a base flow's bundle. */
void report_flow(const struct gpfc_bundle *bundle, char *room, size_t bytes);

/* The table before/after, and its JSON: keys cost_before, cost_after, energy, ... */
void report_evaluation(FILE *out, const struct gpfc_evaluation *evaluation);
json_t *report_evaluation_json(const struct gpfc_evaluation *evaluation);

/* The same for the base flow, and its JSON's keys, added to an object: base_roundtrip_max, ... */
void report_base(FILE *out, const struct base_evaluation *evaluation);
void report_base_json(json_t **json, const struct base_evaluation *evaluation);

/* What is going to be done, before it is done: one stage of a training. bundle: the trainer's. */
void report_start(FILE *out, const struct gpfc_bundle *bundle, const struct gpfc_stage *stage);

/* How pairs came about: a mixture that was fitted to the data, likelihoods, rows that failed. Nothing where
 * there is nothing to say. */
void report_pairs(FILE *out, const struct gpfc_bundle *bundle, const struct gpfc_pairs *pairs);

/* A base flow that was trained. */
void report_trained(FILE *out, const struct gpfc_base *base);

/* How long it took, where the best weights were, and how far below their validation cost the training cost
 * lies. Begins with it where no step made the map better. */
void report_best(FILE *out, const struct gpfc_trained *trained);

/* The time steps that a finished training chose, and what that saved; nothing where they are fixed. */
void report_time_steps(FILE *out, const struct gpfc_time_steps *steps);

struct command_memory;
/* All of a training that is over, or was stopped ("finished", "interrupted"). */
json_t *report_training_json(const struct gpfc_bundle *bundle, const struct gpfc_trained *trained,
                             const struct command_memory *memory, const char *status);

/* What a device is like: "cuda:0, NVIDIA H100, sm_90, 132 multiprocessors, 80 GB; driver for CUDA 12.4". */
const char *report_device(const struct device_facts *facts, char *room, size_t bytes);
void report_device_json(json_t **json, const struct device_facts *facts); /* as "device" */

#endif
