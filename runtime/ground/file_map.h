/* SPDX-License-Identifier: MIT
 *
 * A memory-mapped piece of a file: the system reads it on access, and drops it when memory is short. The file
 * must not change meanwhile: access to a part that was cut off ends the process (SIGBUS); replacing the file
 * by renaming a new one is harmless. */
#ifndef GPFC_FILE_MAP_H
#define GPFC_FILE_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct file_map { /* zeroed: nothing is mapped */
    void *pages;
    uint64_t length; /* of the pages, bytes */
    void *bytes;     /* the piece, read-only; at any address */
};

/* Bytes offset .. offset + length - 1 of an open file, which may be closed afterwards. False: it cannot be
 * done here, and the bytes are to be read instead. */
bool file_map(struct file_map *out, int descriptor, int64_t offset, int64_t length);
void file_unmap(struct file_map *map);

#endif
