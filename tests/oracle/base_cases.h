/* SPDX-License-Identifier: MIT
 *
 * As oracle_cases.h, for the base flows: the files bnaf_*, ffjord_* and cpflow_*. */
#ifndef GPFC_BASE_CASES_H
#define GPFC_BASE_CASES_H

#include "oracle/oracle_cases.h"

extern const int base_case_count;
/* Runs case `index` on run->file; a case of another kind of base flow compares nothing. */
void base_run_case(struct oracle_run *run, int index);

/* run->base from run->file; what an array of its parameter `name` is called there. */
void base_read(struct oracle_run *run);
const char *base_array_name(struct oracle_run *run, const char *name);

#endif
