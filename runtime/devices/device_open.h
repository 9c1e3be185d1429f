/* SPDX-License-Identifier: MIT
 *
 * A device by its name, of the table of all. */
#ifndef GPFC_DEVICE_OPEN_H
#define GPFC_DEVICE_OPEN_H

#include "kernels/device.h"

/* "cpu", "cuda" (the first GPU), "cuda:1"; NULL: what GPFC_DEVICE says, or the CPU. Fault: there is no device
 * of that name (FAULT_INPUT), or it cannot be used; *out is the CPU then, and closed. */
bool device_open(struct device *out, const char *name, int threads, struct fault *fault) MUST_CHECK;
void device_close(struct device *device); /* one on the CPU, or zeroed, is allowed */

#endif
