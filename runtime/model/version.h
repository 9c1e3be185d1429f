/* SPDX-License-Identifier: MIT
 *
 * Which gpfc wrote a model file: a reason that its reader may not know, and says. Which compiler made this
 * library. */
#ifndef GPFC_VERSION_H
#define GPFC_VERSION_H

#include "files/safetensors.h"
#include "gpfc/kernel_abi.h"

/* The file could not be used, for the reason in `fault`. If a newer gpfc than the trainer's wrote it, the
 * fault says so too. */
void version_explain(const struct gpfc_bundle *bundle, const struct safetensors *file, struct fault *fault);

/* The C compiler of the runtime library: "GCC 12.2.0". */
const char *version_of_c_compiler(void);

#endif
