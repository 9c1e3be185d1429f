/* SPDX-License-Identifier: MIT
 *
 * What is compared with the published implementations: one list of cases for the interpreter and for compiled
 * kernels. A case builds graphs of flow/, has them evaluated by a callback, and compares outputs with arrays
 * of an oracle file. */
#ifndef GPFC_ORACLE_CASES_H
#define GPFC_ORACLE_CASES_H

#include "bindings.h"
#include "flow/flow.h"
#include "model/base_model.h"
#include "oracle/oracle_file.h"

/* Largest relative errors allowed. An element's error is divided by its size, or by `floor` of the array's
 * largest, if that is more. */
struct oracle_limits {
    double value;
    double gradient;
    double difference; /* what comes from finite differences */
    double floor;
};

struct oracle_run {
    struct oracle_file *file; /* in */
    enum model_precision precision;
    struct oracle_limits limits;
    evaluate_function *evaluate;
    void *data;
    struct arena *arena;
    struct model model;     /* of the file: made by oracle_run_case */
    struct base_model base; /* of a base flow's file: made by base_run_case */
    const char *name;       /* the case that runs */
    long compared;          /* out: numbers compared */
    long wrong;             /* out: comparisons of arrays that failed */
    double worst;           /* out: largest error as a share of its limit */
    char first[512];        /* out: the first that failed: file, case, array, index, both numbers */
};

extern const int oracle_case_count;
const char *oracle_case_name(int index);

/* Runs case `index` on run->file; a case that has no numbers in this file compares nothing. */
void oracle_run_case(struct oracle_run *run, int index);

#endif
