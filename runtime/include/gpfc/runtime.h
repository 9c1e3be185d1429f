/* SPDX-License-Identifier: MIT
 *
 * The runtime as a library: a trainer's main program, a training that a C program runs itself, and a trained
 * flow that it applies. Only gpfc_trainer_main prints; nothing ends the process.
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

/* The main program of a trainer: NAME train, resume, apply, ... Returns the exit status: 0, 1 for the
 * system, 2 for the user's input, 129, 130 and 143 after SIGHUP, SIGINT and SIGTERM. */
int gpfc_trainer_main(const struct gpfc_bundle *bundle, int argc, char **argv);

/* ---- training ------------------------------------------------------------------------------------------ */

/* What a training returns: the exit statuses of a trainer, except for the last two. */
enum gpfc_code {
    GPFC_DONE = 0,
    GPFC_SYSTEM = 1,   /* no memory, no space, no permission, kernels that do not run here */
    GPFC_INPUT = 2,    /* data, a model or an option is wrong */
    GPFC_DIVERGED = 3, /* a number that is not finite; the folder holds the last good checkpoint */
    GPFC_STOPPED = 4   /* as `stop` asked; everything is saved, and gpfc_resume continues */
};

/* One stage of a training, the base flow's or the flow's, as it begins. */
struct gpfc_stage {
    const char *name;        /* "base", "flow" */
    const char *description; /* "gaussian, folded, 3 -> 15 15 -> 1, tanh, rk4 x 15" */
    int64_t parameters;
    const char *data;    /* path, or "generator moons" */
    const char *rows;    /* what these contain: "samples" x, "pairs" (x, y), "pairs from noise" */
    int64_t train, test; /* how many of them; test may be 0 */
    int64_t validation;  /* rows of the training set that are not learnt from, but choose the best weights */
    int64_t epochs, epoch_steps, steps; /* steps of an epoch, and in total */
    int64_t batch;                      /* rows of a step; the last one of an epoch may have fewer */
    const char *optimizer, *schedule;   /* words of the spec: "adam", "cosine" */
    double rate;                        /* at the start */
    double penalty;                     /* weight of the penalty at the start; 0: there is none to choose */
    uint64_t seed;
    const char *device; /* "cuda:0, NVIDIA H100"; NULL: the CPU */
    int threads;
    const char *folder;
    int kept_earlier;   /* 1: files of an earlier training there are kept as *.old */
    int second;         /* 1: follows the base flow's, in the same call */
    int64_t first_step; /* steps done before it was resumed; 0: none */
};

struct gpfc_step {       /* after each training step */
    int64_t step, epoch; /* counted from 1 */
    int64_t steps;       /* in total, by what is known now: fewer where the training ends early */
    double cost;         /* latest measurement on the test rows; of a base flow, see gpfc_base.nll */
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

struct gpfc_pairs { /* where the pairs (x, y = f(x)) come from */
    int mapped;     /* 1: y was computed here, by the base flow that is in the model file */
    int fitted;     /* 1: f is a mixture that was fitted here */
    int converged;
    int64_t iterations;
    double seconds;
    double nll_train, nll_test; /* of f, as in gpfc_base; NaN: not known */
    int64_t rows, failed;       /* put through f; those that missed base.tolerance */
    int64_t left_out;           /* rows of noise without an inverse */
    int64_t dropped;            /* rows of the file in which a number is missing */
    int64_t weightless;         /* ... whose weight is 0 */
    int weighted;               /* 1: rows have weights; the training rows tell as much as this many: */
    double effective;
};

/* A flow on pairs (x, y): means over the rows, by weight where they have one, unless stated otherwise. With
 * delta(y) = log|det ds/dy| - (|s|^2 - |y|^2)/2, which is 0 if s preserves N(0, I) exactly. */
struct gpfc_evaluation {
    int64_t samples, time_steps;
    int weighted; /* 1: the rows have weights, and tell as much as this many of equal weight: */
    double effective;
    int standardised;               /* 1: x and so the costs are; the likelihoods are of x as given */
    double cost_before, cost_after; /* of (x, y), and of (x, s(y)) */
    double energy, penalty;
    double density_error_mean, density_error_max;        /* of |delta|: mean, largest */
    double density_shift;                                /* of delta: how much s lowers the log-likelihood */
    double roundtrip_max;                                /* |s^-1(s(y)) - y|, largest, over coordinates */
    double mean_before_max, covariance_error_before_max; /* of y: largest |mean|, |covariance - I| */
    double mean_max, covariance_error_max;               /* of s(y) */
    double nll_before, nll_after; /* of the data under f, and under s after f; NaN: not known */
};

struct gpfc_time_steps {             /* of the best weights, with flow.steps: auto */
    int64_t steps, most;             /* most 0: the number is fixed, and the rest is not set */
    double density_error, roundtrip; /* with this many steps; below, the spec's bounds */
    double density_error_bound, roundtrip_bound;
    int within_bounds;
    double saved; /* share of the evaluations of a training with the maximum throughout */
};

/* What was found in the data before training. Columns, rows and lines are counted from 1; a file with a test
 * set of its own counts on in it. */
enum { GPFC_FINDING_COLUMNS = 8, GPFC_FINDING_ROWS = 4, GPFC_FINDING_TEXT = 256 };

enum gpfc_finding_level {
    GPFC_NOTE,    /* worth knowing */
    GPFC_WARNING, /* the result means less than it seems to */
    GPFC_REFUSED  /* nothing can be learned */
};

struct gpfc_finding {
    const char *kind, *title; /* "equal_columns", "equal columns" */
    enum gpfc_finding_level level;
    int of_y;                              /* 1: the columns are y's */
    int64_t n_columns;                     /* of all that are concerned, the first of which are: */
    int64_t columns[GPFC_FINDING_COLUMNS]; /* 0 of them: all, or none in particular */
    int64_t n_rows;                        /* likewise */
    int64_t rows[GPFC_FINDING_ROWS];
    int64_t lines[GPFC_FINDING_ROWS]; /* of a text, where these rows stand; else 0 */
    char text[GPFC_FINDING_TEXT];     /* what was seen, with its numbers */
    const char *effect, *remedy;
};

struct gpfc_column {
    const char *name; /* NULL: none */
    double mean, deviation, least, greatest;
    double step; /* between its values; 0: it is not discrete, or its steps differ */
};

struct gpfc_look {
    int64_t rows, test; /* all of them; how many of these are test rows */
    int weighted;       /* 1: rows have weights, by which means and deviations of columns are weighted */
    double effective;   /* (sum of weights)^2 / sum of squares: so many rows of equal weight tell as much */
    int64_t dropped;    /* further rows, which are left out: a number is missing in them */
    int64_t weightless; /* likewise: of weight 0 */
    int64_t d;          /* columns of x */
    int64_t n_columns;  /* d, or 2 d where there is a y */
    const struct gpfc_column *columns;
    int64_t n_findings;
    const struct gpfc_finding *findings;
};

/* Reasons for a warning; the runtime sets the thresholds. */
struct gpfc_place {        /* x compared with y, whose mean is 0 and standard deviation 1 */
    double offset, spread; /* of x: distance of the mean from 0, standard deviation */
    int far;               /* 1: the mean is far from 0; 0: the standard deviation is small */
};

enum gpfc_event_kind {
    GPFC_CHANGED,       /* text: settings, or facts of the build, that differ between the trainer and the
                           checkpoint `path` */
    GPFC_LOOKED,        /* look: what the data are like */
    GPFC_FAR,           /* place: the position or scale of x hides the signal from training */
    GPFC_UNSCALED_BASE, /* place, path: base flow of a file without standardisation, for data far from it */
    GPFC_SHORT,         /* text: the device's memory is short, so that it takes fewer rows at a time */
    GPFC_STARTED,       /* a stage begins; pairs: not NULL for the flow's */
    GPFC_FORECAST,      /* forecast */
    GPFC_STEP,          /* step */
    GPFC_BASE,          /* base: it is trained */
    GPFC_INEXACT_BASE,  /* base, evaluation: its likelihood by the training's time steps is not exact */
    GPFC_INEXACT_FLOW,  /* evaluation: density_error_mean is large, s is not an exact map */
    GPFC_ENDED          /* the last one: finished or stopped, with all that it needed still in memory */
};

struct gpfc_event { /* what the kind does not name is NULL, except stage once one has begun */
    enum gpfc_event_kind kind;
    const struct gpfc_stage *stage;
    const struct gpfc_step *step;
    const struct gpfc_forecast *forecast;
    const struct gpfc_base *base;
    const struct gpfc_pairs *pairs;
    const struct gpfc_place *place;
    const struct gpfc_look *look;
    const struct gpfc_evaluation *evaluation;
    const char *text, *path;
};

/* All zero: as the spec says. Strings are borrowed until the call returns. */
struct gpfc_train_options {
    const char *data;    /* a file of pairs or samples, instead of the spec's */
    const char *columns; /* of x in the file, "a,b,c"; instead of the spec's, as the next three are */
    const char *label;   /* its column of labels */
    const char *missing; /* rows in which a number is missing: "refuse" or "drop" */
    const char *weights; /* of the rows: a column or an array of the file, or a file of one column */
    const char
        *folder;      /* for model, checkpoint and metrics; NULL: "NAME.run"; of gpfc_resume: must be given */
    const char *init; /* a model file whose weights the flow starts with */
    const char *base; /* a model file whose base flow is used, instead of training one */
    int64_t epochs, base_epochs;
    int has_seed; /* 1: seed is to be used */
    uint64_t seed;
    const char *device; /* "cpu", "cuda", "cuda:1"; NULL: what GPFC_DEVICE says, or "cpu" */
    int threads;        /* 0: all of the machine */
    int pin;            /* 1: each thread on a core of its own, while it trains (GPFC_PIN, OMP_PROC_BIND) */
    int anyway;         /* 1: gpfc_resume continues what another build of the trainer began */
    int evaluate;       /* 1: the best weights are evaluated at the end; events may warn then */

    void *user;                                                   /* passed to both: */
    void (*on_event)(void *user, const struct gpfc_event *event); /* NULL: nobody listens */
    int (*stop)(void *user); /* called after each step; not 0: save and stop. NULL: never stop early */
};

/* Where a training got to; strings live until gpfc_trained_free. */
struct gpfc_trained {
    struct gpfc_stage stage; /* the last one that ran */
    int64_t step, best_step;
    double best_cost;               /* of the test rows, with the best weights; infinite: none was finite */
    double validation_cost;         /* likewise of the rows that chose them; NaN: there are none */
    double train_cost;              /* mean over the last training steps before the end; NaN: none */
    double seconds;                 /* of this stage, including resumed parts, without pauses */
    const char *model, *checkpoint; /* its files; the model file contains the best weights */
    int has_base, has_evaluation;   /* 1: the next one is filled */
    struct gpfc_base base;
    struct gpfc_evaluation evaluation;
    struct gpfc_pairs pairs;
    struct gpfc_time_steps time_steps;
    const struct gpfc_look *look; /* NULL: a training that went on */
};

/* Data, base flow, pairs, flow: everything that the trainer's command train does, including files, without
 * printing. Returns a gpfc_code. After GPFC_DONE and GPFC_STOPPED *out (which may be NULL) is filled and must
 * be freed; after all others it is NULL, and `message` (of `room` bytes; may be NULL) says why.
 *
 * Blocks until it is done. Events and stop are called in the calling thread, which must not call this
 * function again from there; other threads may run other trainings, in other folders. The thread's locale is
 * "C" meanwhile. Installs no signal handler: let yours set a flag that stop reads. The weights are the same
 * for any number of threads. */
int gpfc_train(const struct gpfc_bundle *bundle, const struct gpfc_train_options *options,
               struct gpfc_trained **out, char *message, size_t room);

/* Continues the training of options->folder from its last checkpoint, with the same result as if it had not
 * been stopped. data, columns, label, missing, weights, init, base, base_epochs and seed are those with
 * which it began. So is epochs where it is 0; else the flow is trained for so many in total, also if its
 * training had ended. */
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
 * data x go through it, and back, by the trainer's apply and invert with --part. The inverse is checked by
 * applying s to it, and corrected until |s(y) - s| is within the spec's flow.roundtrip in each coordinate,
 * times |s| where that is above 1. It returns how many rows could not be brought so near; these are as near
 * as was found. */
void gpfc_flow_apply(struct gpfc_flow *flow, const void *y, void *s, int64_t n);
int64_t gpfc_flow_invert(struct gpfc_flow *flow, const void *s, void *y, int64_t n);

#ifdef __cplusplus
}
#endif

#endif
