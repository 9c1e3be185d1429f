/* SPDX-License-Identifier: MIT
 *
 * A piece of a file as memory: read by the system when it is looked at, and given back when memory is short.
 * The file must stay as it is meanwhile: one that is shortened ends the process when what is gone is looked
 * at (SIGBUS); to write a new one beside it and to rename is no harm. */
#ifndef GPFC_FILE_MAP_H
#define GPFC_FILE_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct file_map { /* zeroed: nothing is mapped */
    void *pages;
    uint64_t length; /* of the pages, bytes */
    void *bytes;     /* the piece, to be read alone; at any address */
};

/* Bytes offset .. offset + length - 1 of an open file, which may be closed afterwards. False: it cannot be
 * done here, and the bytes are to be read instead. */
bool file_map(struct file_map *out, int descriptor, int64_t offset, int64_t length);
void file_unmap(struct file_map *map);

#endif
