/* SPDX-License-Identifier: MIT
 *
 * CUDA C++ compiled into machine code. */
#ifndef GPFC_NVRTC_IMAGE_H
#define GPFC_NVRTC_IMAGE_H

#include "ground/fault.h"

#include <stddef.h>

struct nvrtc_image { /* to be freed */
    char *bytes;
    size_t length;
};

/* A cubin for the architecture (90: sm_90), or one of a lower minor number where this NVRTC does not know it.
 * name: of the text, for messages. The fault has the first lines of what NVRTC said. */
bool nvrtc_image_new(struct nvrtc_image *out, const char *name, const char *text, int architecture,
                     struct fault *fault) MUST_CHECK;
void nvrtc_image_free(struct nvrtc_image *image);

#endif
