/* SPDX-License-Identifier: MIT
 *
 * A trained flow on rows of samples: s, its inverse, and, where the model has a base flow f, the whole map
 * s(f(x)). */
#ifndef GPFC_FLOW_MAP_H
#define GPFC_FLOW_MAP_H

#include "fault.h"
#include "gpfc/runtime.h"
#include "weights.h"

struct gpfc_flow {
    const struct gpfc_bundle *bundle;
    struct weights weights;
    struct kernel_run *apply, *invert;
    int threads;
    int64_t block;   /* rows a call of a kernel */
    double *doubles; /* [block][d]: the base flow's numbers; NULL where there is none */
};

/* Threads that a command gets: `wanted`, or all of the machine (as OpenMP counts them) where it is 0. */
int flow_threads(int wanted);

bool flow_open(struct gpfc_flow **out, const struct gpfc_bundle *bundle, const char *model, int threads,
               struct fault *fault) MUST_CHECK;

/* From data: x -> s(f(x)); to data: s -> f^-1(s^-1(s)). The model has a base. Arrays of REALs; may be the
 * same. */
bool flow_apply_from_data(struct gpfc_flow *flow, const void *x, void *s, int64_t n,
                          struct fault *fault) MUST_CHECK;
bool flow_invert_to_data(struct gpfc_flow *flow, const void *s, void *x, int64_t n,
                         struct fault *fault) MUST_CHECK;

#endif
