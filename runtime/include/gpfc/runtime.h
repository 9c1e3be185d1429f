/* SPDX-License-Identifier: MIT
 *
 * The runtime as a library: a trainer's main program, and a trained flow that a C program applies itself.
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
