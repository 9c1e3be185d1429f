/* SPDX-License-Identifier: MIT
 *
 * Devices that kernels run on. What a device gives is a runner (runner.h), so that training and evaluation do
 * not know which one they use. The table of all is in devices/. */
#ifndef GPFC_DEVICE_H
#define GPFC_DEVICE_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

#include <stdint.h>

struct runner;
struct device;

struct device_row {
    const char *name; /* "cpu" */
    /* What is opened once and serves all runners; NULL: nothing is. number: from 0, of several devices. */
    bool (*open)(void **state, int number, struct fault *fault);
    void (*close)(void *state);
    /* See runner_new. */
    bool (*make_runner)(struct runner **out, const struct device *device, const struct gpfc_bundle *bundle,
                        const char *kernel, int64_t rows, struct fault *fault);
};

/* A device, and how much of the machine goes with it. Results never depend on the number of threads. */
struct device {
    const struct device_row *row;
    int threads; /* at least 1; also of what is computed beside the kernels */
    void *state; /* what the row's open gave; NULL: nothing */
};

struct device device_cpu(int threads);

#endif
