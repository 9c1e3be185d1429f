/* SPDX-License-Identifier: MIT
 *
 * Training of a flow on pairs (x, y), or of a compiled base flow on x only, one step at a time: what a step
 * does to the weights, and the measurements. A share of the training rows is not learnt from: the best
 * weights are those of the smallest cost of these rows, or, without any, of the test set. The cost of a base
 * flow is its negative log-likelihood, in nats. With flow.steps: auto the number of time steps is checked at
 * steps that are powers of two, and at each measurement, on the first rows of the test set. No files, no
 * clock, no printing; those are in train_run.h. A trainer's state after a step is a function of the bundle,
 * the pairs, the options and the state before it, to the last bit, whatever the number of threads. */
#ifndef GPFC_TRAIN_H
#define GPFC_TRAIN_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"
#include "kernels/runner.h"
#include "model/pairs.h"
#include "numbers/array.h"
#include "optimize/optimizer.h"
#include "optimize/rate.h"
#include "train/measure_set.h"
#include "train/split.h"
#include "train/stage_kind.h"
#include "train/time_check.h"

struct trainer_options {
    int64_t epochs;    /* 0: as many as rate_epochs says */
    int64_t batch;     /* rows of a step; the last, smaller one of an epoch is used too */
    double validation; /* share of the training rows; below 0: as many as are enough to choose by */
    uint64_t seed;
    struct device device;
};

#define TRAINER_VALIDATION_AUTO (-1.0)

/* From train.* of the bundle's settings. */
struct trainer_options trainer_options_of(const struct gpfc_bundle *bundle);

struct trainer_sums { /* over the steps since the last measure, which clears them */
    int64_t steps;
    double loss, cost, penalty, norm;
};

/* All that changes: what a checkpoint holds. Arrays are of theta_elements. */
struct trainer_state {
    int64_t step; /* steps done */
    struct array theta, mean, square;
    struct array average; /* of theta over the latest steps: what is measured; it may be theta itself */
    struct array best;    /* the average of the smallest cost so far, of the rows that validate */
    double best_cost;     /* that cost; infinity before the first measure */
    double best_test;     /* theirs of the test set */
    int64_t best_step;
    int64_t fall_step;     /* at which the rate began to fall, on a plateau or before its time; 0: not yet */
    int64_t patience_step; /* from which on patience is counted */
    struct trainer_sums sums;
    double train_cost;      /* mean over the training steps before the latest measure; NaN: none yet */
    struct measured last;   /* the latest measure: of the test set, or, where there is none, of the first */
    double last_validation; /* training rows; and the cost of the rows that validate; NaN: there are none */
    int64_t measured_step;
    int64_t time_steps;        /* of a training step, and of a measure */
    int64_t best_time_steps;   /* that `best` needs */
    int64_t best_measured_by;  /* time steps of best_cost */
    int64_t evaluations;       /* rows times time steps, over all training steps */
    struct time_errors errors; /* of the latest check of the time steps; NaN: none yet */
};

struct trainer {
    const struct gpfc_bundle *bundle;
    const struct pairs *pairs;
    struct trainer_options options;
    const struct stage_kind *stage; /* the bundle's */
    int64_t epoch_steps, steps;     /* of an epoch, of the whole training at most */
    int64_t
        patience; /* steps without a better measure that end the training, or begin the fall; 0: none do */
    struct trainer_state state;

    struct optimizer *optimizer;
    struct rate rate;
    struct time_rule time_rule;
    struct time_check *time_check; /* NULL: the time steps are fixed */
    double average;                /* share of the steps that the average is over */
    double lambda, lambda_decay;   /* the penalty's weight at the start, and its factor */
    int64_t lambda_decays;
    struct runner *train;
    struct split split;
    struct measure_set test, validation;
    struct array gradient; /* [theta_elements] */
    struct array total;    /* [2]: cost, penalty */
    double setting;        /* room for a REAL: lambda */
    uint32_t *order;       /* [split.train] of epoch order_epoch */
    int64_t order_epoch;
};

/* Weights start as weights_initial gives them, a base flow's then as base_flow_start changes them for the
 * rows of the first step. bundle and pairs are lent; a base flow's have no y. */
bool trainer_new(struct trainer **out, const struct gpfc_bundle *bundle, const struct pairs *pairs,
                 const struct trainer_options *options, struct fault *fault) MUST_CHECK;
void trainer_free(struct trainer *trainer); /* NULL is allowed */

/* Before the first step: with these weights, REAL [theta_elements], in place of the initial ones. */
void trainer_begin_with(struct trainer *trainer, const void *theta);

/* One training step. FAULT_DIVERGED: the fault names the step and the first array that holds a number that is
 * not finite. Where that is the loss or the gradient, the weights are as they were before the step; else the
 * trainer can take no more steps, and only the best weights so far are of use. Any other fault is the
 * device's, and the trainer is of no more use. Allocates nothing. */
bool trainer_step(struct trainer *trainer, struct fault *fault) MUST_CHECK;

/* Measures both sets, and keeps the weights as the best so far where their cost is the smallest. Where
 * patience runs out, the next step is the first of the fall, from the best weights. */
bool trainer_measure(struct trainer *trainer, struct fault *fault) MUST_CHECK;

/* The fewest time steps that the best weights need: at the end, when these stay what they are. */
bool trainer_settle_steps(struct trainer *trainer, struct fault *fault) MUST_CHECK;
/* A base flow's arms that are made after the training, into the weights that are kept; else nothing. */
bool trainer_finish(struct trainer *trainer, struct fault *fault) MUST_CHECK;
/* The most from here on, whatever the spec says: for timings. */
void trainer_fix_steps(struct trainer *trainer);

/* A training that was loaded, perhaps after its end, goes on to the end of its options' epochs: from the
 * weights of now, as if no fall had begun. */
void trainer_extend(struct trainer *trainer);

bool trainer_done(const struct trainer *trainer);         /* all steps, or out of patience */
int64_t trainer_end(const struct trainer *trainer);       /* steps in total, by what is known now */
int64_t trainer_next_rows(const struct trainer *trainer); /* of the next step */
double trainer_rate(const struct trainer *trainer);       /* of the next step */
double trainer_lambda(const struct trainer *trainer);     /* likewise */

/* Are the weights and moments? If not, what: the first array that is not, its value and place. */
bool trainer_finite(const struct trainer *trainer, char *what, size_t room) MUST_CHECK;

#endif
