/* SPDX-License-Identifier: MIT
 *
 * For main programs that print JSON, of gpfc and of trainers: of a report's many numbers one that finds no
 * memory would be missing, and nobody would know. */
#ifndef GPFC_JSON_MEMORY_H
#define GPFC_JSON_MEMORY_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* For jansson. Where there is none, a sentence; NULL then. */
static inline void *gpfc_json_memory(size_t bytes)
{
    static const char text[] = "out of memory for a text in JSON\n";
    void *const memory = malloc(bytes);
    if (!memory && write(STDERR_FILENO, text, sizeof text - 1) < 0)
        return NULL; /* the exit status says it, too */
    return memory;
}

#endif
