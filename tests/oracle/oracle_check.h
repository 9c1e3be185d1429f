/* SPDX-License-Identifier: MIT
 *
 * Runs a list of cases on files of published numbers: the same for the interpreter and for compiled
 * kernels. */
#ifndef GPFC_ORACLE_CHECK_H
#define GPFC_ORACLE_CHECK_H

#include "oracle/oracle_cases.h"

struct oracle_suite {
    void (*run_case)(struct oracle_run *run, int index);
    const int *case_count;
    bool every;                     /* every case finds numbers in every file */
    enum model_precision precision; /* of the evaluation; sets the limits */
    evaluate_function *evaluate;
    void *data; /* the evaluation's own */
};

/* tests/oracle/data/NAME.oracle, or of the folder $GPFC_ORACLE_DATA; fails the test where it cannot be read.
 * `path` serves the file as long as it is used. */
bool oracle_open(const char *name, struct oracle_file *file, char path[4096]);

/* One case on one file; the result's arena is gone. */
struct oracle_run oracle_run_one(const struct oracle_suite *suite, struct oracle_file *file, int index);

/* All cases on one file: none may be wrong, and hundreds of numbers must have been compared. */
void oracle_check_file(const struct oracle_suite *suite, const char *name);

#endif
