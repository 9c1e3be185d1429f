/* SPDX-License-Identifier: MIT
 *
 * What the first block of a launch asks of memory, for each place in the text: wavefronts of shared memory
 * against the fewest possible, sectors of global memory. Counted where GPFC_STAND_IN names a file. */
#ifndef GPFC_STAND_IN_COUNTS_H
#define GPFC_STAND_IN_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct counted {
    const void *pc;
    uintptr_t at;
    size_t bytes;
    bool is_write, is_shared;
};

void counts_access(const struct counted *access);
/* The threads came to a barrier, or to the end. */
void counts_interval(unsigned n_threads);
/* Appends the counts of the launch that ended, and begins anew. */
void counts_write(const char *kernel);

#endif
