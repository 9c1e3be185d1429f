/* SPDX-License-Identifier: MIT
 *
 * A whole training: samples, base flow, pairs, flow, evaluation. gpfc_train.c decides what is trained on, and
 * from which state; training_stage.c how a stage runs. Only for these files. */
#ifndef GPFC_TRAINING_H
#define GPFC_TRAINING_H

#include "base/mixture_base.h"
#include "gpfc/runtime.h"
#include "train/train_run.h"

enum { TRAINING_MOST_PATH = 4096 };

struct training_stage { /* the one that runs */
    struct trainer *trainer;
    struct train_run *run;
    struct gpfc_stage told;
    double measure_seconds; /* a measure of the test rows took */
};

struct training {
    const struct gpfc_bundle *bundle;
    const struct gpfc_train_options *options;
    struct device device;
    struct device_facts facts; /* of it; no name: the CPU */
    char folder_path[TRAINING_MOST_PATH];
    struct checkpoint_note note;      /* of the stage that comes first; its text is the caller's */
    bool extends;                     /* ... to more epochs than the flow was to have */
    const struct checkpoint *resumed; /* lent; NULL: a new training */
    const void *theta;                /* lent; what the flow starts with; NULL: its own */
    struct samples samples;
    struct base_flow *base; /* given, or made here; NULL: none */
    double *rotation;       /* of the weights that were given, or the best; NULL: none */

    char data[TRAINING_MOST_PATH]; /* what it is called */
    struct run_folder *folder;
    struct pairs pairs;
    struct mixture_fitted fitted;
    struct training_stage stage;
    int stopped; /* what options->stop gave; 0: it went on */
    bool has_base, has_evaluation;
    struct gpfc_base trained; /* the base flow that was */
    struct gpfc_pairs pairs_told;
    struct gpfc_evaluation evaluation;
};

/* To the end, or until it is asked to stop: then `stopped` is set and false the result, without a fault. */
bool training_run(struct training *training, struct fault *fault) MUST_CHECK;
void training_free(struct training *training); /* but for what is lent */

void training_tell(const struct training *training, const struct gpfc_event *event);

/* ---- one stage ----------------------------------------------------------------------------------------- */

struct training_request {
    const struct gpfc_bundle *bundle;    /* the training's, or its base */
    const struct pairs *pairs;           /* a base flow's have no y */
    const struct base_flow *base;        /* that comes before it; NULL: none */
    const double *rotation;              /* likewise */
    const struct checkpoint *resumed;    /* it goes on from there; NULL: it starts */
    bool extends;                        /* ... and to more epochs than it was to have */
    const void *theta;                   /* it starts with these weights; NULL: with its own */
    const struct gpfc_pairs *pairs_told; /* NULL: a base flow's */
    struct checkpoint_note note;         /* its text is lent */
    enum train_run_how how;
};

/* True: all steps are done. */
bool training_stage_run(struct training *training, const struct training_request *request,
                        struct fault *fault) MUST_CHECK;
void training_stage_free(struct training_stage *stage);

#endif
