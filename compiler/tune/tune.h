/* SPDX-License-Identifier: MIT
 *
 * The fastest of some schedules for a program, by measuring: candidates are compiled in this process,
 * compared with the interpreter, and timed against each other in turns. Where candidates come from and what
 * becomes of the winner is not known here. */
#ifndef GPFC_TUNE_H
#define GPFC_TUNE_H

#include "gpfc/kernel_abi.h"
#include "ir/ir.h"
#include "sched/sched.h"

enum { TUNE_MOST_CANDIDATES = 1024 };

enum tune_fate {
    TUNE_UNTRIED, /* no time was left for it */
    TUNE_BROKEN,  /* could not be compiled */
    TUNE_WRONG,   /* gives other values than the interpreter */
    TUNE_SLOWER,  /* dropped on the way */
    TUNE_LAST,    /* among those of the last rounds */
};

struct tune_candidate {
    struct schedule schedule;
    enum tune_fate fate;
    double error;      /* relative difference from the interpreter */
    double seconds;    /* minimum CPU time of a training step; 0: not timed */
    double ratio;      /* that, over the first candidate's in the same rounds */
    double crowded;    /* likewise, with all threads at it; 0: not measured so */
    const char *fault; /* BROKEN: why; "" else */
};

struct tune_progress {
    int done, total;     /* candidates that were compiled and compared, of how many */
    int wrong;           /* of them */
    bool finished;       /* this is the last report */
    double ratio;        /* time of the best so far over the first candidate's */
    double seconds_left; /* of the limit */
};

struct tune_task {
    const struct ir_graph *program; /* what candidates compute, before the passes; its inputs and outputs are
                                       as those of "train" in kernel_abi.h */
    enum real real;
    long batch;                       /* of a training step */
    int n;                            /* at least 1 */
    const struct schedule *schedules; /* the first: what is taken without tuning */
    double seconds;                   /* at most about so long, by the clock on the wall */
    int threads;                      /* that compile, and in the last rounds run candidates */
    /* Code for one schedule: the kernel ends with the arena. Called in several threads at once, each with an
     * arena of its own. NULL: *fault. */
    const struct gpfc_kernel *(*compile)(void *data, struct arena *arena, const struct schedule *schedule,
                                         const char **fault);
    void (*progress)(void *data, const struct tune_progress *progress); /* NULL: none */
    void *data;                                                         /* for both */
};

struct tune_result {
    int winner; /* of the candidates: the first, unless another is faster beyond noise */
    int wrong, broken, timed;
    struct tune_candidate *candidates; /* in the order of the schedules */
};

/* False: *fault says why nothing could be compared (the program is none of a training), or that no candidate
 * computes the program. */
bool tune_search(struct arena *arena, const struct tune_task *task, struct tune_result *out,
                 const char **fault) MUST_CHECK;

#endif
