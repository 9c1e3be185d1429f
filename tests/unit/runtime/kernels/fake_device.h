/* SPDX-License-Identifier: MIT
 *
 * A device with memory of its own, for tests: rows, weights and settings are copied to it, results back, as
 * those of a graphics card would be; inside it is the CPU. Counts what callers do, and where they do not keep
 * what they promise. */
#ifndef GPFC_FAKE_DEVICE_H
#define GPFC_FAKE_DEVICE_H

#include "kernels/runner.h"

struct fake_device_counts {
    long runners, left; /* made; not freed yet */
    long goes, rows;    /* calls, and rows of all of them */
    long copied_once;   /* inputs that stay */
    long copied_again;  /* copies of inputs that do not */
    long changed;       /* inputs that were to stay and changed before a call */
    long outside;       /* rows past the end of an input */
    long unbound;       /* inputs that nobody gave */
};
extern struct fake_device_counts fake_device_counts;

extern const struct device_row fake_device_row;

static inline struct device fake_device(int threads)
{
    return (struct device){.row = &fake_device_row, .threads = threads};
}

#endif
