/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a table, of text or whatever they are. */
#include "fuzz/fuzz.h"
#include "fuzz/read_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_table(data, size);
    return 0;
}
