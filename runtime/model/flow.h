/* SPDX-License-Identifier: MIT
 *
 * A trained flow on rows of samples. Its map has two parts, data x -> y = f(x) by the base flow (where the
 * model has one, with its standardisation), and y -> s(y). */
#ifndef GPFC_FLOW_MAP_H
#define GPFC_FLOW_MAP_H

#include "gpfc/runtime.h"
#include "ground/fault.h"
#include "kernels/runner.h"
#include "model/weights.h"

enum flow_part { FLOW_PART_FLOW, FLOW_PART_BASE, FLOW_PART_BOTH }; /* s, f, and s after f */

struct flow_outcome {      /* of each row */
    unsigned char *reason; /* enum row_reason */
    double *error;         /* of the tolerance that was missed, or would have been */
    double *logdet;        /* of the map, in the data's units; of flow_forward, where flow->wants_logdet */
};

struct flow_room {         /* REAL [block][d] but for the last two */
    void *asked;           /* s */
    void *target;          /* what the next try is asked for */
    void *tried;           /* y of the rows in `order` */
    void *image;           /* s of that */
    void *step;            /* Newton's */
    void *latent;          /* y that f^-1 is applied to */
    uint32_t *order;       /* [block] rows that are not there yet */
    unsigned char *halved; /* [block] how often Newton's step was */
};

/* The derivative of s. */
struct flow_jacobian {
    struct runner *runner;
    int64_t rows;        /* a call of it */
    void *matrix;        /* REAL [rows][d][d] */
    double *work, *side; /* [d][d], [d]: of one row */
};

struct gpfc_flow {
    const struct gpfc_bundle *bundle;
    struct weights weights;
    struct runner *apply, *invert; /* NULL: only the base flow was opened */
    struct device device;
    int64_t block;                  /* rows a call of a kernel */
    double *doubles;                /* [block][d]: the base flow's numbers; NULL where there is none */
    struct flow_room room;          /* of the inverse of s; NULL as apply */
    struct flow_jacobian jacobian;  /* NULL as apply */
    bool wants_logdet;              /* set by a caller: flow_forward gives log-determinants of s, too */
    struct base_flow_report report; /* of all rows */
    struct flow_outcome outcome;    /* [block] */
};

/* Threads that a command gets: `wanted`, or all of the machine (as OpenMP counts them) where it is 0. */
int flow_threads(int wanted);

/* Of the device only the state is lent. For FLOW_PART_BASE the model may be only a base flow; for
 * FLOW_PART_BASE and FLOW_PART_BOTH it must have one. */
bool flow_open(struct gpfc_flow **out, const struct gpfc_bundle *bundle, const char *model,
               enum flow_part part, const struct device *device, struct fault *fault) MUST_CHECK;

/* Bytes of a number of the rows that flow_forward takes and flow_backward gives: data that are standardised
 * are doubles, as a REAL may be too coarse for them as they are. */
size_t flow_data_bytes(const struct gpfc_flow *flow, enum flow_part part);

struct flow_rows {
    const void *from;            /* REALs unless flow_data_bytes says otherwise */
    void *to;                    /* may be `from`, with room for the larger numbers; finite */
    int64_t n;                   /* >= 0 */
    struct flow_outcome outcome; /* [n], or NULL: not wanted */
};

/* The part that flow_open was asked for. A row that fails is finite nevertheless, zeros where its numbers
 * became too large; flow->report counts it. It fails where f misses the base flow's tolerance (base_flow.h),
 * or s^-1 that of flow.roundtrip. */
bool flow_forward(struct gpfc_flow *flow, enum flow_part part, const struct flow_rows *rows,
                  struct fault *fault) MUST_CHECK;
bool flow_backward(struct gpfc_flow *flow, enum flow_part part, const struct flow_rows *rows,
                   struct fault *fault) MUST_CHECK;

#endif
