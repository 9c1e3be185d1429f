/* SPDX-License-Identifier: MIT
 *
 * A trained flow on rows of samples. Its map has two parts, data x -> y = f(x) by the base flow (where the
 * model has one, with its standardisation), and y -> s(y). */
#ifndef GPFC_FLOW_MAP_H
#define GPFC_FLOW_MAP_H

#include "gpfc/runtime.h"
#include "ground/fault.h"
#include "model/weights.h"

enum flow_part { FLOW_PART_FLOW, FLOW_PART_BASE, FLOW_PART_BOTH }; /* s, f, and s after f */

struct gpfc_flow {
    const struct gpfc_bundle *bundle;
    struct weights weights;
    struct runner *apply, *invert; /* NULL: only the base flow was opened */
    int threads;
    int64_t block;                  /* rows a call of a kernel */
    double *doubles;                /* [block][d]: the base flow's numbers; NULL where there is none */
    struct base_flow_report report; /* of all rows */
};

/* Threads that a command gets: `wanted`, or all of the machine (as OpenMP counts them) where it is 0. */
int flow_threads(int wanted);

/* For FLOW_PART_BASE the model may be only a base flow; for FLOW_PART_BASE and FLOW_PART_BOTH it must have
 * one. */
bool flow_open(struct gpfc_flow **out, const struct gpfc_bundle *bundle, const char *model,
               enum flow_part part, int threads, struct fault *fault) MUST_CHECK;

/* Bytes of a number of the rows that flow_forward takes and flow_backward gives: data that are standardised
 * are doubles, as a REAL may be too coarse for them as they are. */
size_t flow_data_bytes(const struct gpfc_flow *flow, enum flow_part part);

/* The part that flow_open was asked for, n >= 0 rows of REALs unless flow_data_bytes says otherwise; finite.
 * Both arrays may be the same, with room for the larger numbers. The output is finite too; flow->report
 * counts rows that missed the base flow's tolerance, or whose numbers became too large and were replaced by
 * zeros. */
bool flow_forward(struct gpfc_flow *flow, enum flow_part part, const void *from, void *to, int64_t n,
                  struct fault *fault) MUST_CHECK;
bool flow_backward(struct gpfc_flow *flow, enum flow_part part, const void *from, void *to, int64_t n,
                   struct fault *fault) MUST_CHECK;

#endif
