/* SPDX-License-Identifier: MIT
 *
 * The rotation R that comes before the flow: s(y) is the flow of R y. It keeps N(0, I) and log-determinants
 * as they are, so that the best one, which is known in closed form, may be taken before training: what is
 * left to learn is small, and so are the errors of the time steps. A part of the model, tensor flow.rotation
 * [d, d] in double; NULL is the identity. */
#ifndef GPFC_FLOW_ROTATION_H
#define GPFC_FLOW_ROTATION_H

#include "files/safetensors.h"
#include "gpfc/kernel_abi.h"
#include "ground/fault.h"
#include "model/pairs.h"
#include "model/tensor_list.h"

#define FLOW_ROTATION "flow.rotation"

/* The R of least mean |x - R y|^2 of the training pairs, to be freed; NULL for flow.start: identity and in
 * dimension 1. */
bool flow_rotation_best(double **out, const struct gpfc_bundle *bundle, const struct pairs *pairs,
                        struct fault *fault) MUST_CHECK;

/* Of a file, to be freed; NULL where it has none. The fault says what is no rotation. */
bool flow_rotation_read(double **out, const struct safetensors *file, int64_t d,
                        struct fault *fault) MUST_CHECK;
void flow_rotation_list(struct tensor_list *list, int64_t d, const double *rotation);

#endif
