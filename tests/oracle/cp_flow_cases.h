/* SPDX-License-Identifier: MIT
 *
 * CP-Flow against the published implementation: one list of cases for the interpreter and for compiled
 * kernels. run->model is not looked at; limits.gradient is also that of the training estimate, whose
 * conjugate gradients take as many steps as the published one's took. */
#ifndef GPFC_CP_FLOW_CASES_H
#define GPFC_CP_FLOW_CASES_H

#include "oracle/oracle_cases.h"

extern const int cp_flow_case_count;
const char *cp_flow_case_name(int index);
void cp_flow_run_case(struct oracle_run *run, int index);

#endif
