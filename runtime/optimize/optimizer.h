/* SPDX-License-Identifier: MIT
 *
 * The optimizers: what turns a gradient into a step, one row of a table for each word of train.optimizer. */
#ifndef GPFC_OPTIMIZER_H
#define GPFC_OPTIMIZER_H

#include "files/safetensors.h"
#include "model/tensor_list.h"
#include "optimize/adam.h"

struct optimizer;

struct optimizer_ops { /* see the functions of the same names below */
    bool (*step)(struct optimizer *optimizer, const struct adam_arrays *arrays, int64_t step, double rate,
                 double norm);
    void (*list)(const struct optimizer *optimizer, struct tensor_list *list);
    bool (*take)(struct optimizer *optimizer, const struct safetensors *file, struct fault *fault);
    void (*free)(struct optimizer *optimizer);
};

struct optimizer { /* a row's own begins with it */
    const struct optimizer_ops *ops;
    const char *name; /* "adam" */
    struct adam adam;
    double shrinkage; /* weights are multiplied by 1 - rate * shrinkage before each step */
    const struct gpfc_bundle *bundle;
};

/* bundle is lent. */
bool optimizer_new(struct optimizer **out, const struct gpfc_bundle *bundle, struct fault *fault) MUST_CHECK;

/* As adam_step, of all arrays of the bundle; steps follow one another. Allocates nothing. */
bool optimizer_step(struct optimizer *optimizer, const struct adam_arrays *arrays, int64_t step, double rate,
                    double norm) MUST_CHECK;

/* All of its state but the moments: into a checkpoint, numbers lent, and out of one. */
static inline void optimizer_list(const struct optimizer *optimizer, struct tensor_list *list)
{
    optimizer->ops->list(optimizer, list);
}

static inline bool MUST_CHECK optimizer_take(struct optimizer *optimizer, const struct safetensors *file,
                                             struct fault *fault)
{
    return optimizer->ops->take(optimizer, file, fault);
}

static inline void optimizer_free(struct optimizer *optimizer) /* NULL is allowed */
{
    if (optimizer)
        optimizer->ops->free(optimizer);
}

#endif
