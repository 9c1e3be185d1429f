/* SPDX-License-Identifier: MIT
 *
 * The runtime as a library: a trainer's main program, a training that a C program runs itself, and a trained
 * flow that it applies.
 * Prints nothing but for gpfc_trainer_main, and never ends the process.
 *
 * Threads: functions that take the same gpfc_flow must not run at the same time; different ones may. Arrays
 * are row-major, [n][dimension], of float or double as bundle->precision (4 or 8 bytes) says, and finite. */
#ifndef GPFC_RUNTIME_H
#define GPFC_RUNTIME_H

#include "gpfc/kernel_abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a linked trainer does: NAME train, resume, apply, ... Gives the exit code: 0, 1 the system, 2 the
 * user's input, 130 and 143 after SIGINT and SIGTERM. */
int gpfc_trainer_main(const struct gpfc_bundle *bundle, int argc, char **argv);

/* ---- training ------------------------------------------------------------------------------------------ */

/* What a training gives: the codes of a trainer's exit, but for the last two. */
enum gpfc_code {
    GPFC_DONE = 0,
    GPFC_SYSTEM = 1,   /* no memory, no space, no permission, kernels that do not run here */
    GPFC_INPUT = 2,    /* data, a model or an option is not what it must be */
    GPFC_DIVERGED = 3, /* a number that is not finite; the folder holds the last good checkpoint */
    GPFC_STOPPED = 4   /* as `stop` asked; all is saved, and gpfc_resume goes on */
};

/* One stage of a training, the base flow's or the flow's, as it begins. */
struct gpfc_stage {
    const char *name;        /* "base", "flow" */
    const char *description; /* "gaussian, folded, 3 -> 15 15 -> 1, tanh, rk4 x 15" */
    int64_t parameters;
    const char *data;                   /* path, or "generator moons" */
    const char *rows;                   /* what that holds: "samples" x, "pairs" (x, y), "pairs from noise" */
    int64_t train, test;                /* how many of them; test may be 0 */
    int64_t epochs, epoch_steps, steps; /* steps of an epoch, and in all */
    int64_t batch;                      /* rows of a step; the last of an epoch may have fewer */
    const char *optimizer, *schedule;   /* words of the spec: "adam", "cosine" */
    double rate;                        /* at the start */
    double penalty;                     /* weight of the penalty at the start; 0: there is none to choose */
    uint64_t seed;
    int threads;
    const char *folder;
    int kept_earlier;   /* 1: files of an earlier training there are kept as *.old */
    int second;         /* 1: comes after a base flow's, in the same call */
    int64_t first_step; /* steps done before it was resumed; 0: none */
};

struct gpfc_step {       /* after each training step */
    int64_t step, epoch; /* counted from 1 */
    double cost;         /* of the latest measure of the test rows; of a base flow, see gpfc_base.nll */
    double rate;         /* of the next step */
};

struct gpfc_forecast { /* of a stage, after its first steps; seconds */
    double left, step;
};

struct gpfc_base { /* a base flow that was trained */
    const char *model;
    int64_t step, best_step; /* steps done; the step of the best weights */
    double seconds;
    double nll; /* negative log-likelihood of the test rows with them: mean, nats, data as they were given */
};

struct gpfc_pairs { /* how pairs (x, y = f(x)) came about */
    int mapped;     /* 1: y was computed here, by the base flow that is in the model file */
    int fitted;     /* 1: f is a mixture that was fitted here */
    int converged;
    int64_t iterations;
    double seconds;
    double nll_train, nll_test; /* of f, as in gpfc_base; NaN: not known */
    int64_t rows, failed;       /* put through f; those that missed base.tolerance */
    int64_t left_out;           /* rows of noise without an inverse */
};

/* A flow on pairs (x, y): means over the rows, but where it says otherwise. With delta(y) =
 * log|det ds/dy| - (|s|^2 - |y|^2)/2, which is 0 where s keeps N(0, I) exactly. */
struct gpfc_evaluation {
    int64_t samples, time_steps;
    double cost_before, cost_after; /* of (x, y), and of (x, s(y)) */
    double energy, penalty;
    double density_error_mean, density_error_max;        /* of |delta|: mean, largest */
    double density_shift;                                /* of delta: what s takes off the likelihood */
    double roundtrip_max;                                /* |s^-1(s(y)) - y|, largest, over coordinates */
    double mean_before_max, covariance_error_before_max; /* of y: largest |mean|, |covariance - I| */
    double mean_max, covariance_error_max;               /* of s(y) */
    double nll_before, nll_after; /* of the data under f, and under s after f; NaN: not known */
};

struct gpfc_time_steps {             /* of the best weights, with flow.steps: auto */
    int64_t steps, most;             /* most 0: the number is fixed, and nothing else is said */
    double density_error, roundtrip; /* with so many, and what the spec allows */
    double density_error_bound, roundtrip_bound;
    int within_bounds;
    double saved; /* share of the training's evaluations, against the most throughout */
};

/* What is worth a warning; thresholds are the runtime's. */
struct gpfc_place {        /* x beside y, whose mean is 0 and whose deviation is 1 */
    double offset, spread; /* of x: distance of the mean from 0, deviation */
    int far;               /* 1: the mean is far out; 0: the deviation is small */
};

enum gpfc_event_kind {
    GPFC_CHANGED,      /* text: settings that the trainer has otherwise than the checkpoint `path` */
    GPFC_FAR,          /* place: training will hardly see what it can win */
    GPFC_STARTED,      /* a stage begins; pairs: not NULL for the flow's */
    GPFC_FORECAST,     /* forecast */
    GPFC_STEP,         /* step */
    GPFC_BASE,         /* base: it is trained */
    GPFC_INEXACT_BASE, /* base, evaluation: its likelihood by the training's time steps is not exact */
    GPFC_INEXACT_FLOW  /* evaluation: density_error_mean is large, s is no exact map */
};

struct gpfc_event { /* what the kind does not name is NULL, but for stage, from the first one on */
    enum gpfc_event_kind kind;
    const struct gpfc_stage *stage;
    const struct gpfc_step *step;
    const struct gpfc_forecast *forecast;
    const struct gpfc_base *base;
    const struct gpfc_pairs *pairs;
    const struct gpfc_place *place;
    const struct gpfc_evaluation *evaluation;
    const char *text, *path;
};

/* Zeroed, all is as the spec says. Strings are lent until the call returns. */
struct gpfc_train_options {
    const char *data; /* a file of pairs or samples, instead of the spec's */
    const char
        *folder;      /* for model, checkpoint and metrics; NULL: "NAME.run"; of gpfc_resume: must be given */
    const char *init; /* a model file whose weights the flow starts with */
    const char *base; /* a model file whose base flow is used, instead of training one */
    int64_t epochs, base_epochs;
    int has_seed; /* 1: seed is to be used */
    uint64_t seed;
    const char *device; /* what runs the kernels; NULL: "cpu" */
    int threads;        /* 0: all of the machine */
    int pin;            /* 1: each thread on a core of its own, while it trains (GPFC_PIN, OMP_PROC_BIND) */
    int evaluate;       /* 1: the best weights are evaluated at the end; events may warn then */

    void *user;                                                   /* handed to both: */
    void (*on_event)(void *user, const struct gpfc_event *event); /* NULL: nobody listens */
    int (*stop)(void *user); /* asked after each step; not 0: save and stop. NULL: go on to the end */
};

/* Where a training got to; strings live until gpfc_trained_free. */
struct gpfc_trained {
    struct gpfc_stage stage; /* the last one that ran */
    int64_t step, best_step;
    double best_cost;               /* of the test rows; infinite: none was finite */
    double seconds;                 /* of this stage, resumed ones together, pauses not counted */
    const char *model, *checkpoint; /* its files; the model file holds the best weights */
    int has_base, has_evaluation;   /* 1: the next one is filled */
    struct gpfc_base base;
    struct gpfc_evaluation evaluation;
    struct gpfc_pairs pairs;
    struct gpfc_time_steps time_steps;
};

/* Data, base flow, pairs, flow: all that the trainer's command train does, files included, but for printing.
 * Gives a gpfc_code. After GPFC_DONE and GPFC_STOPPED *out (which may be NULL) is filled, to be freed; after
 * all others it is NULL, and `message` (of `room` bytes; may be NULL) says why.
 *
 * Blocks until it is done. Events come, and stop is asked, in the calling thread, which must not call it
 * anew from there; other threads may run other trainings, in other folders. Installs no signal handler: let
 * yours set a flag that stop reads. The weights are the same for any number of threads. */
int gpfc_train(const struct gpfc_bundle *bundle, const struct gpfc_train_options *options,
               struct gpfc_trained **out, char *message, size_t room);

/* Goes on with the training of options->folder from its last checkpoint, with the same result as if it had
 * not been stopped. data, init, base, epochs, base_epochs and seed are those that it began with. */
int gpfc_resume(const struct gpfc_bundle *bundle, const struct gpfc_train_options *options,
                struct gpfc_trained **out, char *message, size_t room);

void gpfc_trained_free(struct gpfc_trained *trained); /* NULL is allowed */

/* ---- a trained flow ------------------------------------------------------------------------------------ */

/* A bundle's kernels with the weights of a model file. */
struct gpfc_flow;

/* NULL: failed, and `message` (of `room` bytes; may be NULL) says why. threads: 0 for all of the machine. */
struct gpfc_flow *gpfc_flow_open(const struct gpfc_bundle *bundle, const char *model, int threads,
                                 char *message, size_t room);
void gpfc_flow_close(struct gpfc_flow *flow); /* NULL is allowed */

/* s(y) and its inverse, n >= 0 rows; both arrays may be the same. A base flow f in the model is left out:
 * data x go through it, and back, by the trainer's apply and invert with --part. */
void gpfc_flow_apply(struct gpfc_flow *flow, const void *y, void *s, int64_t n);
void gpfc_flow_invert(struct gpfc_flow *flow, const void *s, void *y, int64_t n);

#ifdef __cplusplus
}
#endif

#endif
