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

/* A file, or whatever else can be opened and read; "-" is standard input. A path that cannot be opened is a
 * fault of the input, which says where a relative one was looked for. */
bool byte_source_open(struct byte_source *out, const char *path, struct fault *fault) MUST_CHECK;

/* What faults call a path: "standard input" for "-". */
const char *byte_source_name(const char *path);

/* The first bytes, which are read again afterwards: at most BYTE_SOURCE_AHEAD, of a source that was just
 * opened by byte_source_open. *got is less where there are no more. */
enum { BYTE_SOURCE_AHEAD = 16 };
bool byte_source_peek(const struct byte_source *source, const char *name, unsigned char to[BYTE_SOURCE_AHEAD],
                      size_t *got, struct fault *fault) MUST_CHECK;

/* All that is left of a source, in a file that has no name, from its beginning on: for formats that are read
 * in another order than that of their bytes. Takes the source, also where it fails. */
bool byte_source_spool(struct byte_source *out, const char *name, const struct byte_source *source,
                       struct fault *fault) MUST_CHECK;

/* A descriptor, taken also where it fails: what is read from its present place on. */
bool byte_source_of(struct byte_source *out, int descriptor, const char *name,
                    struct fault *fault) MUST_CHECK;

/* Bytes at a place of the source's file (descriptor >= 0), all of which must be there. */
bool byte_source_at(const struct byte_source *source, const char *name, int64_t place, void *to, size_t bytes,
                    struct fault *fault) MUST_CHECK;

/* A source that was closed, and may be closed again. */
struct byte_source byte_source_none(void);

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
