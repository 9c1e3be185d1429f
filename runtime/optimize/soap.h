/* SPDX-License-Identifier: MIT
 *
 * Adam in a basis that follows the gradient: SOAP (Vyas et al. 2024). A layer's weights and bias are one
 * matrix W [out, in + 1] with gradient G. The eigenvectors of running means of G G^T and G^T G are the
 * columns of Q_L and Q_R; Adam works on Q_L^T G Q_R, and its step is rotated back. Where curvature lies along
 * directions that mix many weights, plain Adam is limited by the steepest of them.
 *
 * A side longer than SOAP_LARGEST_SIDE is not rotated, nor is an array of rank 1 that is no layer's bias:
 * there it is plain Adam. The mean and square of adam_arrays are kept in the rotated basis. */
#ifndef GPFC_SOAP_H
#define GPFC_SOAP_H

#include "files/safetensors.h"
#include "model/tensor_list.h"
#include "optimize/adam.h"

enum { SOAP_LARGEST_SIDE = 512, SOAP_TURN_STEPS = 10 /* the basis is renewed every so many steps */ };

struct soap;

/* bundle is lent. */
bool soap_new(struct soap **out, const struct gpfc_bundle *bundle, struct fault *fault) MUST_CHECK;
void soap_free(struct soap *soap); /* NULL is allowed */

/* As adam_step, of all arrays of the bundle; steps follow one another. Allocates nothing. */
bool soap_step(struct soap *soap, const struct adam *adam, const struct adam_arrays *arrays, int64_t step,
               double rate, double norm) MUST_CHECK;

/* All of its state but the moments, as tensors soap.*: into a checkpoint, numbers lent, and out of one. */
void soap_list(const struct soap *soap, struct tensor_list *list);
bool soap_take(struct soap *soap, const struct safetensors *file, struct fault *fault) MUST_CHECK;

#endif
