/* SPDX-License-Identifier: MIT
 *
 * Hashes that distinguish texts and programs. Not secure against an adversary. */
#include "base/base.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *data, size_t length, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, length, seed);
}
