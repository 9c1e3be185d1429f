/* SPDX-License-Identifier: MIT
 *
 * Weight decay that is no part of the gradient (AdamW; Loshchilov and Hutter 2019): before a step, weights
 * are multiplied by 1 - rate * weight_decay, whatever the optimizer then does. In the gradient, Adam would
 * divide it by the gradient's size, so that it would act most where the loss says least. Biases are left
 * alone. */
#ifndef GPFC_SHRINK_H
#define GPFC_SHRINK_H

#include "gpfc/kernel_abi.h"

#include <stdbool.h>

bool shrink_is_decoupled(const struct gpfc_bundle *bundle);

/* Of the settings; 0: nothing shrinks. */
double shrink_from_settings(const struct gpfc_bundle *bundle);

/* Multiplies the weights of theta, arrays of rank 2, by `factor`. */
void shrink_weights(const struct gpfc_bundle *bundle, double factor, void *theta);

#endif
