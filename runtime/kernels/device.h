/* SPDX-License-Identifier: MIT
 *
 * Devices that kernels run on. What a device gives is a runner (runner.h), so that training and evaluation do
 * not know which one they use. The table of all is in devices/. */
#ifndef GPFC_DEVICE_H
#define GPFC_DEVICE_H

#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

#include <stddef.h>
#include <stdint.h>

struct runner;
struct device;

struct device_facts { /* of a device beside the machine's processors */
    char name[100];   /* "cuda:0, NVIDIA H100 80GB HBM3" */
    char driver[40];  /* "CUDA 12.4" */
    int architecture; /* 90: of capability 9.0 */
    int multiprocessors;
    double memory;                   /* bytes */
    double peak_single, peak_double; /* FLOP/s of all, without tensor cores */
};

struct device_row {
    const char *name; /* "cpu" */
    /* What is opened once and serves all runners; NULL: nothing is. number: from 0, of several devices. */
    bool (*open)(void **state, int number, struct fault *fault);
    void (*close)(void *state);
    void (*facts)(const void *state, struct device_facts *out); /* NULL: there are none to give */
    /* See device_notice; NULL: there never is any. */
    bool (*notice)(void *state, char *out, size_t bytes);
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

/* False: they are those of the machine, as of the CPU. */
bool device_facts_of(const struct device *device, struct device_facts *out);

/* What a person should hear of the device, once: "cuda:0, NVIDIA H100: memory is short, .."; false: nothing.
 * */
bool device_notice(const struct device *device, char *out, size_t bytes);

#endif
