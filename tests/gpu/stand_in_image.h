/* SPDX-License-Identifier: MIT
 *
 * What the stand-in for NVRTC gives and that for the driver takes: this head, then a shared object. */
#ifndef GPFC_STAND_IN_IMAGE_H
#define GPFC_STAND_IN_IMAGE_H

#include <stdint.h>

#define STAND_IN_MAGIC "stand-in image\n"

struct image_head {
    char magic[sizeof STAND_IN_MAGIC];
    int32_t architecture; /* 75, 80, 90, ... */
    int32_t toolkit;      /* 13000: version 13.0 */
    int32_t is_ptx;
    int32_t unused;
    int64_t bytes; /* of the shared object */
};

#endif
