/* SPDX-License-Identifier: MIT
 *
 * What a training measured, as lines of JSON in a file: one object per measurement, of stage "base" or
 * "flow", in this order. A number that is not finite is null. */
#ifndef GPFC_METRICS_H
#define GPFC_METRICS_H

#include "ground/fault.h"
#include "train/stage_kind.h"
#include "train/time_steps.h"

#include <stdint.h>

struct metrics_line {
    int64_t step, epoch;
    double loss; /* training: cost + lambda * penalty, mean over the steps since the last line */
    double train_cost, train_penalty;
    double gradient_norm;         /* mean over these steps */
    double cost, penalty, energy; /* of the test set */
    double validation_cost;       /* of the rows that validate; NaN: there are none, left out */
    double best_cost;             /* the smallest validation cost so far, or, without, test cost */
    double nll;                   /* of the test set, of data as they were given; NaN: left out */
    int64_t time_steps;           /* 0: fixed, left out with the errors */
    struct time_errors errors;    /* with these time steps */
    double rate, lambda;          /* of the latest step */
    double samples_per_s;         /* of training steps since the last line */
    double seconds;               /* since the start of the training, pauses not counted */
    double cpu_seconds;           /* of all threads, since the process's start */
};

struct metrics;

enum { METRICS_MAX_LINE = 4096 }; /* bytes; a longer one is none of ours */

struct metrics_keep { /* lines of earlier stages, and of this one those of steps up to `step`; -1: none of
                         them */
    int64_t step;
};

/* Creates the file, or, with `keep`, goes on with what is there: later lines, and a last line that is cut,
 * are taken away. */
bool metrics_open(struct metrics **out, const char *path, const struct stage_kind *stage,
                  const struct metrics_keep *keep, struct fault *fault) MUST_CHECK;
/* If the file was deleted meanwhile, it is there again, with its earlier lines. */
bool metrics_add(struct metrics *metrics, const struct metrics_line *line, struct fault *fault) MUST_CHECK;
bool metrics_close(struct metrics *metrics, struct fault *fault) MUST_CHECK; /* takes; NULL is allowed */

#endif
