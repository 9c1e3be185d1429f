/* SPDX-License-Identifier: MIT
 *
 * Bytes that come one after another, from a file, a pipe or the member of a zip: what the readers of array
 * formats are built on. */
#ifndef GPFC_BYTE_SOURCE_H
#define GPFC_BYTE_SOURCE_H

#include "ground/fault.h"

#include <stdint.h>

struct byte_source {
    void *state;
    int64_t length; /* bytes in all; -1 where that is not known before the end (a pipe) */
    int descriptor; /* of a file where the same bytes lie one after another, from `offset` on; -1: there is
                       none */
    int64_t offset;
    /* Reads until `bytes` are there or the end is reached; *got is how many. name stands for the source in
       faults. */
    bool (*read)(void *state, const char *name, void *to, size_t bytes, size_t *got, struct fault *fault);
    void (*close)(void *state);
};

/* A file, or whatever else can be opened and read. A path that cannot be opened is a fault of the input. */
bool byte_source_open(struct byte_source *out, const char *path, struct fault *fault) MUST_CHECK;

static inline bool byte_source_read(const struct byte_source *source, const char *name, void *to,
                                    size_t bytes, size_t *got, struct fault *fault)
{
    return source->read(source->state, name, to, bytes, got, fault);
}

static inline void byte_source_close(const struct byte_source *source)
{
    source->close(source->state);
}

#endif
