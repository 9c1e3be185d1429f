/* SPDX-License-Identifier: MIT
 *
 * The bundle of a spec, compiled and loaded in this process. */
#ifndef GPFC_FUZZ_BUNDLE_H
#define GPFC_FUZZ_BUNDLE_H

#include "gpfc/kernel_abi.h"

/* spec: a path in the source tree. Lives as long as the process. A spec that does not compile ends it. */
const struct gpfc_bundle *fuzz_bundle(const char *spec);

#endif
