/* SPDX-License-Identifier: MIT
 *
 * The trained arrays of a flow or base flow, `theta` [theta_elements] REALs: their initial values, and model
 * files (safetensors) that contain them by name: flow.*, the base flow base.* where there is one, and
 * data.mean, data.scale where data are standardised, and flow.rotation where one comes before the flow, so
 * that a model is the whole map. A model file may also
 * come from elsewhere, without metadata: then names and shapes must fit, and nothing else is known about it.
 * Arrays of another precision are converted. */
#ifndef GPFC_WEIGHTS_H
#define GPFC_WEIGHTS_H

#include "base/base_flow.h"
#include "data/standard.h"
#include "files/safetensors.h"
#include "gpfc/kernel_abi.h"
#include "ground/fault.h"

/* By (seed, parameter, element), as each parameter's `init` says. Of a GP flow's layers biases start like the
 * weights: with biases of zero the cube field reaches 1.054 on the moons in 1,000 steps, so 1.047. */
void weights_initial(const struct gpfc_bundle *bundle, uint64_t seed, void *theta);

struct weights_note { /* how the weights came about */
    int64_t step;
    double cost;        /* of the test set */
    uint64_t seed;      /* of the training, and of data that were generated for it */
    int64_t time_steps; /* that the weights need; 0: not said */
};

struct weights {
    void *theta;              /* [theta_elements]; NULL: only the base flow was asked for */
    struct base_flow *base;   /* NULL: the file has none */
    struct standard standard; /* d = 0: the file has none */
    double *rotation;         /* [d][d], flow_rotation.h; NULL: the file has none */
    char dtype[8];            /* of the file's arrays, where it is not the trainer's: they were converted */
    int64_t time_steps;       /* that they were trained for; 0: not known */
    bool seed_known;
    uint64_t seed;
};

/* What a folder of a training has: the best model, and the base flow that it came after. */
#define WEIGHTS_MODEL_FILE "model.safetensors"
#define WEIGHTS_BASE_FILE "base.safetensors"

/* bundle: the trainer's, lent until weights_free. path: a file, or a training's folder, which is its model.
 * threads: of the base flow. */
bool weights_read(struct weights *out, const struct gpfc_bundle *bundle, const char *path, int threads,
                  struct fault *fault) MUST_CHECK;
/* Only the base flow, which must be there; flow.* is ignored. A folder without a model is its base flow. */
bool weights_read_base(struct weights *out, const struct gpfc_bundle *bundle, const char *path, int threads,
                       struct fault *fault) MUST_CHECK;
/* The file of either, which is the caller's to free; NULL: fault. */
char *weights_path(const char *path, struct fault *fault) MUST_CHECK;
/* Time steps to run a model with that was trained with `known` of them, 0 where that is not known: those,
 * where the bundle's kernels take any number and have room for it; else the bundle's. */
int64_t weights_time_steps(const struct gpfc_bundle *bundle, int64_t known);
void weights_free(struct weights *weights); /* what is in it; a zeroed one is allowed */

struct weights_beside {               /* what a file holds beside the arrays that are trained; all lent */
    const struct gpfc_bundle *bundle; /* the trainer's */
    const struct base_flow *base;     /* NULL: none, or it is what is trained */
    const struct standard *standard;  /* NULL: none */
    const double *rotation;           /* NULL: none */
};

/* theta: of `trained`, which is beside->bundle or its base. */
bool weights_write(const char *path, const struct weights_beside *beside, const struct gpfc_bundle *trained,
                   const void *theta, const struct weights_note *note, struct fault *fault) MUST_CHECK;

/* ---- pieces, for checkpoints --------------------------------------------------------------------------- */

/* Arrays named prefix + name, into an array laid out as theta. */
bool weights_take(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *prefix,
                  void *array, struct fault *fault) MUST_CHECK;

/* base.*, as weights_read. *out is NULL and the result true where the file has none. */
bool weights_take_base(struct base_flow **out, const struct gpfc_bundle *bundle,
                       const struct safetensors *file, const char *path, int threads,
                       struct fault *fault) MUST_CHECK;

/* May a model of that file be run here? One of the same spec; or one that differs only in precision, or in
 * the number of time steps if one of the two says auto. */
bool weights_fit_spec(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                      struct fault *fault) MUST_CHECK;

/* Was it written by a trainer of the same spec, or, for the second, of the same base flow, whatever its
 * precision? True too where it holds no word of that. The fault names the first key that differs. */
bool weights_same_spec(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                       struct fault *fault) MUST_CHECK;
bool weights_same_base(const struct gpfc_bundle *bundle, const struct safetensors *file, const char *path,
                       struct fault *fault) MUST_CHECK;

#endif
