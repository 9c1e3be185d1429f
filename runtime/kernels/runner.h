/* SPDX-License-Identifier: MIT
 *
 * Runs one kernel of a bundle over rows of samples, on the device it was made for. Arrays of callers are in
 * host memory, row-major, [n][elements] REALs.
 *
 * The result is the same to the last bit in every run of a device, whatever the number of threads. All memory
 * is taken by runner_new. One runner serves one caller at a time. */
#ifndef GPFC_RUNNER_H
#define GPFC_RUNNER_H

#include "kernels/device.h"

#include <stddef.h>

/* The rows of an input. `stays`: for as long as the runner lives or until the input is bound anew, they stay
 * where they are and do not change, so that a device need copy them only once. A row r is taken as R r, by
 * rotation_turn. */
struct runner_rows {
    const void *rows; /* REAL [n][elements], lent */
    int64_t n;
    bool stays;
    const double *rotation; /* R [elements][elements], lent like the rows; NULL: rows are taken as they are */
};

struct runner_resources { /* of a GPU */
    int registers;        /* of a thread */
    int64_t local_bytes;  /* of a thread: spilled registers, and arrays indexed at run time */
    int64_t shared_bytes; /* of a block */
};

struct runner_ops { /* see the functions of the same names below */
    void (*free)(struct runner *runner);
    void (*parameters)(struct runner *runner, const void *theta);
    void (*setting)(struct runner *runner, const char *name, const void *values);
    void (*steps)(struct runner *runner, int64_t steps);
    void (*input)(struct runner *runner, const char *name, const struct runner_rows *rows);
    void (*output)(struct runner *runner, const char *name, void *rows);
    void (*total)(struct runner *runner, const char *name, void *values);
    void (*order)(struct runner *runner, const uint32_t *order, int64_t first);
    void (*noise)(struct runner *runner, uint64_t seed, uint64_t stream, uint64_t first);
    bool (*go)(struct runner *runner, int64_t n, struct fault *fault);
    double (*flop)(const struct runner *runner);
    double (*useful_flop)(const struct runner *runner);
    const struct runner_resources *(*resources)(const struct runner *runner); /* NULL: as if it gave NULL */
};

struct runner { /* a device's own begins with it */
    const struct runner_ops *ops;
};

/* For up to `rows` rows a call. Fault: no such kernel, or no memory. */
static inline bool MUST_CHECK runner_new(struct runner **out, const struct device *device,
                                         const struct gpfc_bundle *bundle, const char *kernel, int64_t rows,
                                         struct fault *fault)
{
    return device->row->make_runner(out, device, bundle, kernel, rows, fault);
}

static inline void runner_free(struct runner *runner) /* NULL is allowed */
{
    if (runner)
        runner->ops->free(runner);
}

/* What the ports are bound to, until bound anew. Arrays are borrowed, and read or written only by runner_go.
 * A name that the kernel lacks is ignored, since "noise" and "penalty" are there in some models only. Input
 * "weight" needs no binding: it is 1/n. */
static inline void runner_parameters(struct runner *runner, const void *theta) /* REAL [theta_elements] */
{
    runner->ops->parameters(runner, theta);
}

static inline void runner_setting(struct runner *runner, const char *name, const void *values)
{
    runner->ops->setting(runner, name, values); /* REAL [elements] */
}

/* How many time steps are run, of at most bundle->steps, where that is an input of the kernel; else nothing
 * changes. The most, until this is called. */
static inline void runner_steps(struct runner *runner, int64_t steps)
{
    runner->ops->steps(runner, steps);
}

static inline void runner_input(struct runner *runner, const char *name, const struct runner_rows *rows)
{
    runner->ops->input(runner, name, rows);
}

static inline void runner_output(struct runner *runner, const char *name, void *rows) /* NULL: not wanted */
{
    runner->ops->output(runner, name, rows);
}

static inline void runner_total(struct runner *runner, const char *name, void *values)
{
    runner->ops->total(runner, name, values);
}

/* Row i of a call is row order[first + i] of the inputs (not of the outputs); NULL: row first + i. Until this
 * is called, row i. */
static inline void runner_order(struct runner *runner, const uint32_t *order, int64_t first)
{
    runner->ops->order(runner, order, first);
}

/* Noise: row i gets the normal numbers of sample first + i of this seed and stream (random.h). */
static inline void runner_noise(struct runner *runner, uint64_t seed, uint64_t stream, uint64_t first)
{
    runner->ops->noise(runner, seed, stream, first);
}

/* n rows, 1 <= n <= rows. Every input and every total is bound. Fault: the device failed, which a CPU does
 * not; what the ports are bound to then holds anything. */
static inline bool MUST_CHECK runner_go(struct runner *runner, int64_t n, struct fault *fault)
{
    return runner->ops->go(runner, n, fault);
}

static inline double runner_flop(const struct runner *runner) /* of one sample */
{
    return runner->ops->flop(runner);
}

static inline double runner_useful_flop(const struct runner *runner) /* all but what is computed again */
{
    return runner->ops->useful_flop(runner);
}

static inline const struct runner_resources *runner_resources_of(const struct runner *runner) /* NULL: none */
{
    return runner->ops->resources ? runner->ops->resources(runner) : NULL;
}

#endif
