/* SPDX-License-Identifier: MIT
 *
 * Bytes under a path, for readers that open one: a file in memory, the same for all inputs. */
#ifndef GPFC_FUZZ_MEMORY_FILE_H
#define GPFC_FUZZ_MEMORY_FILE_H

#include <stddef.h>
#include <stdint.h>

/* NULL: the system refuses. Valid until the next call. */
const char *memory_file(const uint8_t *data, size_t size);

#endif
