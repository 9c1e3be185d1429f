/* SPDX-License-Identifier: MIT
 *
 * Devices that kernels run on. A device is a row of one table; what it gives is a runner (runner.h), so that
 * training and evaluation do not know which one they use. */
#ifndef GPFC_DEVICE_H
#define GPFC_DEVICE_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

#include <stdint.h>

struct runner;
struct device;

struct device_row {
    const char *name; /* "cpu" */
    /* See runner_new. */
    bool (*make_runner)(struct runner **out, const struct device *device, const struct gpfc_bundle *bundle,
                        const char *kernel, int64_t rows, struct fault *fault);
};

/* A device, and how much of the machine goes with it. Results never depend on the number of threads. */
struct device {
    const struct device_row *row;
    int threads; /* at least 1; also of what is computed beside the kernels */
};

struct device device_cpu(int threads);

/* By its name. The fault lists those that there are. */
bool device_find(const struct device_row **out, const char *name, struct fault *fault) MUST_CHECK;

#endif
