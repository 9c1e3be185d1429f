/* SPDX-License-Identifier: MIT
 *
 * Inputs with a structure that random changes would only break: what makes it whole again. Each mutate_*.c
 * also defines LLVMFuzzerCustomMutator (fuzz.h). */
#ifndef GPFC_FUZZ_MUTATE_H
#define GPFC_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* A safetensors file with the checksum that it should have, of the same size, to be freed. NULL: it has none,
 * or the right one, or there is no memory. */
uint8_t *seal_safetensors(const uint8_t *data, size_t size);

/* Likewise a zip archive: the checksums of members that are stored as they are. */
uint8_t *seal_zip(const uint8_t *data, size_t size);

typedef uint8_t *fuzz_seal(const uint8_t *data, size_t size);
typedef void fuzz_run(const uint8_t *data, size_t size);

/* Runs an input as it is, and as it is sealed, if that is another. Gives what a target returns. */
static inline int fuzz_sealed(const uint8_t *data, size_t size, fuzz_seal *seal, fuzz_run *run)
{
    run(data, size);
    uint8_t *const sealed = seal(data, size);
    if (sealed)
        run(sealed, size);
    free(sealed);
    return 0;
}

#endif
