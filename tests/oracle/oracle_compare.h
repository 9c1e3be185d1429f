/* SPDX-License-Identifier: MIT
 *
 * Evaluation, and comparison of numbers with those of an oracle file, for the cases. */
#ifndef GPFC_ORACLE_COMPARE_H
#define GPFC_ORACLE_COMPARE_H

#include "oracle/oracle_cases.h"

void oracle_note(struct oracle_run *run, const char *text); /* a failure */
/* The outputs in their order; NULL when the evaluation failed, which is noted. */
double **oracle_evaluate(struct oracle_run *run, const struct ir_graph *graph, int batch,
                         const struct bindings *bindings);

/* got[i * stride] against want[i]; `scale`: of the whole, where its elements vanish. */
void oracle_compare(struct oracle_run *run, const char *name, const double *got, const double *want,
                    long stored, int stride, double limit, double scale);
/* got against the n elements from `from` of an array of the file, or against those of it that are stored. */
void oracle_compare_slice(struct oracle_run *run, const char *name, const double *got, long from, long n,
                          double limit);
void oracle_compare_all(struct oracle_run *run, const char *name, const double *got, double limit);

#endif
