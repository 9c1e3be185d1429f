/* SPDX-License-Identifier: MIT
 *
 * Hashes of numbers: equal ones for equal numbers, and almost certainly different ones for others. */
#ifndef GPFC_HASH_H
#define GPFC_HASH_H

#include <stdint.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* One more number of a sequence whose hash is `before`. -0 is 0. */
static inline uint64_t hash_number(uint64_t before, double number)
{
    const double plain = number + 0.0;
    return XXH3_64bits_withSeed(&plain, sizeof plain, before);
}

static inline uint64_t hash_count(int64_t count)
{
    return XXH3_64bits(&count, sizeof count);
}

#endif
