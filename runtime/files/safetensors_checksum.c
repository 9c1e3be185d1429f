/* SPDX-License-Identifier: MIT */
#include "files/safetensors_checksum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* A text within the header has its quotation marks escaped, so that this is the key. */
const char *checksum_place(const char *header, size_t length)
{
    static const char mark[] = "\"" CHECKSUM_KEY "\":\"";
    const size_t before = sizeof mark - 1;
    for (const char *at = header; length >= before + CHECKSUM_DIGITS + 1; at++, length--)
        if (memcmp(at, mark, before) == 0 && at[before + CHECKSUM_DIGITS] == '"')
            return at + before;
    return NULL;
}

void checksum_of(const struct piece *pieces, size_t n, char digits[CHECKSUM_DIGITS + 1])
{
    XXH3_state_t state;
    (void)XXH3_64bits_reset(&state);
    for (size_t i = 0; i < n; i++)
        if (pieces[i].length > 0)
            (void)XXH3_64bits_update(&state, pieces[i].bytes, pieces[i].length);
    (void)snprintf(digits, CHECKSUM_DIGITS + 1, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(&state));
}
