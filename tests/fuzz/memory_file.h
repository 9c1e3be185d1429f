/* SPDX-License-Identifier: MIT
 *
 * Bytes under a path, for readers that open one: a file in memory, the same for all inputs; and a folder for
 * those that take no link. */
#ifndef GPFC_FUZZ_MEMORY_FILE_H
#define GPFC_FUZZ_MEMORY_FILE_H

#include <stddef.h>
#include <stdint.h>

/* NULL: the system refuses. Valid until the next call. */
const char *memory_file(const uint8_t *data, size_t size);

/* The file that was made last, under a name: "a.tsv". Valid like scratch_path. NULL: the system refuses. */
const char *memory_file_named(const char *name);

/* FOLDER/name in a folder that goes with the process. NULL: the system refuses. Valid like scratch_path. */
const char *fuzz_path(const char *name);

#endif
