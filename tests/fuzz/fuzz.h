/* SPDX-License-Identifier: MIT
 *
 * The entry of a fuzz target, as libFuzzer calls it: tests/fuzz/fuzz_NAME.c defines it. Returns 0, whatever
 * the bytes; a crash, a leak or a sanitizer's report is what counts. */
#ifndef GPFC_FUZZ_H
#define GPFC_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of targets whose inputs have a structure, which it keeps (mutate_*.c): changes the bytes, which may become
 * up to `room` long, and returns how long they are. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

/* Where a target defines it: whether what was run reached all that the target is for. A corpus that is of no
 * use any more, as the form of the files has changed, is a fault. */
bool fuzz_reached(void);

/* libFuzzer's, or replay.c's: any change. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

/* What must hold, whatever the bytes. */
static inline void demand(bool good)
{
    if (!good)
        abort();
}

/* Numbers that are the same in every run: a linear congruence, of which the upper bits are used. */
static inline size_t draw(uint64_t *state, size_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(*state >> 33) % below;
}

#endif
