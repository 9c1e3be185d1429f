/* SPDX-License-Identifier: MIT
 *
 * SIGINT, SIGTERM and SIGHUP as a flag that is polled between two steps. The first signal is noted; a second
 * one ends the process at once, as if nothing had been installed here. A thread waits for them, so that
 * nothing global is needed. */
#ifndef GPFC_INTERRUPT_H
#define GPFC_INTERRUPT_H

#include "ground/fault.h"

struct interrupt;

/* To be called before other threads are made, which inherit that the signals are not theirs. A signal that
 * the process was started to ignore (nohup, a shell's background job) stays ignored. */
bool interrupt_watch(struct interrupt **out, struct fault *fault) MUST_CHECK;
int interrupt_noted(const struct interrupt *interrupt); /* 0, or the signal */
void interrupt_free(struct interrupt *interrupt);       /* the signals act as before; NULL is allowed */

#endif
