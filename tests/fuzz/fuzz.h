/* SPDX-License-Identifier: MIT
 *
 * The entry of a fuzz target, as libFuzzer calls it: tests/fuzz/fuzz_NAME.c defines it. Returns 0, whatever
 * the bytes; a crash, a leak or a sanitizer's report is what counts. */
#ifndef GPFC_FUZZ_H
#define GPFC_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
