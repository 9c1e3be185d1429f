/* SPDX-License-Identifier: MIT
 *
 * Training of a flow on pairs (x, y), or of a compiled base flow on x only, one step at a time: what a step
 * does to the weights, and the measurement on the test set. The cost of a base flow is its negative
 * log-likelihood, in nats. With flow.steps: auto the number of time steps is checked at steps that are powers
 * of two, and at each measurement, on the first rows of the test set. No files, no clock, no printing; those
 * are in train_run.h. A trainer's state after a step is a function of the bundle, the pairs, the options and
 * the state before it, to the last bit, whatever the number of threads. */
#ifndef GPFC_TRAIN_H
#define GPFC_TRAIN_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"
#include "kernels/runner.h"
#include "model/pairs.h"
#include "numbers/array.h"
#include "optimize/optimizer.h"
#include "optimize/rate.h"
#include "train/stage_kind.h"
#include "train/time_check.h"

struct trainer_options {
    int64_t epochs; /* 0: as many as rate_epochs says */
    int64_t batch;  /* rows of a step; the last, smaller one of an epoch is used too */
    uint64_t seed;
    struct device device;
};

/* From train.* of the bundle's settings. */
struct trainer_options trainer_options_of(const struct gpfc_bundle *bundle);

struct trainer_sums { /* over the steps since the last measure, which clears them */
    int64_t steps;
    double loss, cost, penalty, norm;
};

/* Means over the test set; where there is none, over the first rows of the training set. */
struct measured {
    double cost, energy, penalty;
};

/* All that changes: what a checkpoint holds. Arrays are of theta_elements. */
struct trainer_state {
    int64_t step; /* steps done */
    struct array theta, mean, square;
    struct array best; /* the weights of the smallest test cost so far */
    double best_cost;  /* infinity before the first measure */
    int64_t best_step;
    struct trainer_sums sums;
    struct measured last; /* the latest measure */
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
    int64_t epoch_steps, steps;     /* of an epoch, of the whole training */
    int64_t patience;               /* steps without a better measure that end the training; 0: none do */
    struct trainer_state state;

    struct optimizer *optimizer;
    struct rate rate;
    struct time_rule time_rule;
    struct time_check *time_check; /* NULL: the time steps are fixed */
    double lambda, lambda_decay;   /* the penalty's weight at the start, and its factor */
    int64_t lambda_decays;
    struct runner *train, *measure;
    struct array gradient; /* [theta_elements] */
    struct array total;    /* [2]: cost, penalty */
    double setting;        /* room for a REAL: lambda */
    uint32_t *order;       /* [n_train] of epoch order_epoch */
    int64_t order_epoch;
    struct array measured[3]; /* REAL [block]: cost, energy, penalty of samples */
    struct part measured_on;  /* the rows of a measure, block by block */
    int64_t block;
};

/* Weights start as weights_initial gives them, a base flow's then as base_flow_start changes them for the
 * rows of the first step. bundle and pairs are lent; a base flow's have no y. */
bool trainer_new(struct trainer **out, const struct gpfc_bundle *bundle, const struct pairs *pairs,
                 const struct trainer_options *options, struct fault *fault) MUST_CHECK;
void trainer_free(struct trainer *trainer); /* NULL is allowed */

/* One training step. The fault (FAULT_DIVERGED) names the step and the first array that holds a number that
 * is not finite. Where that is the loss or the gradient, the weights are as they were before the step; else
 * the trainer can take no more steps, and only the best weights so far are of use. Allocates nothing. */
bool trainer_step(struct trainer *trainer, struct fault *fault) MUST_CHECK;

/* Measures the test set, and keeps the weights as the best so far where its cost is the smallest. */
void trainer_measure(struct trainer *trainer);

/* The fewest time steps that the best weights need: at the end, when these stay what they are. */
void trainer_settle_steps(struct trainer *trainer);
/* The most from here on, whatever the spec says: for timings. */
void trainer_fix_steps(struct trainer *trainer);

bool trainer_done(const struct trainer *trainer);         /* all steps, or out of patience */
int64_t trainer_next_rows(const struct trainer *trainer); /* of the next step */
double trainer_rate(const struct trainer *trainer);       /* of the next step */
double trainer_lambda(const struct trainer *trainer);     /* likewise */

/* Are the weights and moments? If not, what: the first array that is not, its value and place. */
bool trainer_finite(const struct trainer *trainer, char *what, size_t room) MUST_CHECK;

#endif
