/* SPDX-License-Identifier: MIT
 *
 * Bytes as a table, asked for in several ways. What is refused is refused with a sentence; what is read is
 * finite, unless that was not asked for. */
#ifndef GPFC_FUZZ_READ_TABLE_H
#define GPFC_FUZZ_READ_TABLE_H

#include <stddef.h>
#include <stdint.h>

void read_table(const uint8_t *data, size_t size);

#endif
