/* SPDX-License-Identifier: MIT
 *
 * A whole compile of any bytes, whose output goes nowhere. */
#ifndef GPFC_FUZZ_COMPILE_H
#define GPFC_FUZZ_COMPILE_H

#include "gpfc.h"

/* Did it compile? Ends the process where the system is said to have failed, or nothing is said. */
bool fuzz_compile(const uint8_t *data, size_t size, const struct gpfc_options *options, enum gpfc_emit emit);
int64_t fuzz_compiled(enum gpfc_emit emit); /* how often it did so far */

#endif
