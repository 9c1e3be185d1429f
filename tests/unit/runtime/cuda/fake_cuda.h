/* SPDX-License-Identifier: MIT
 *
 * Code for GPUs of the fake bundles' kernels train, measure and apply: the same numbers as fake_kernels.h, by
 * tiles of another size. */
#ifndef GPFC_FAKE_CUDA_H
#define GPFC_FAKE_CUDA_H

#include "unit/runtime/kernels/fake_bundle.h"

#include <stddef.h>

enum { FAKE_CUDA_LANES = 8, FAKE_CUDA_LEAVES = 4, FAKE_CUDA_KERNELS = 16 };

struct fake_cuda {
    struct gpfc_kernel kernels[FAKE_CUDA_KERNELS]; /* the bundle's, and where they have code for GPUs */
    struct gpfc_cuda_kernel cuda[FAKE_CUDA_KERNELS];
    char text[8000];
};

/* Changes the bundle. images: of the text, for all kernels; they and *out stay. */
void fake_cuda_add(struct fake_cuda *out, struct fake *fake, const struct gpfc_cuda_image *images,
                   int64_t n_images);

/* The text by itself. */
void fake_cuda_text(const struct gpfc_bundle *bundle, char *out, size_t bytes);

#endif
