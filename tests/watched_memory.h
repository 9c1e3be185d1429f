/* SPDX-License-Identifier: MIT
 *
 * Allocations of the program, counted, of which one can be made to fail. Who includes this is linked
 * with $(watched_memory), which puts these in the place of the C library's for calls of our own objects. */
#ifndef GPFC_WATCHED_MEMORY_H
#define GPFC_WATCHED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

static long memory_left = -1; /* allocations until one fails; negative: none does */
static long memory_allocations;

static bool memory_fails(void)
{
    __atomic_add_fetch(&memory_allocations, 1, __ATOMIC_RELAXED);
    return memory_left >= 0 && memory_left-- == 0;
}

/* A wrapper with the parameters `declared`, called with `given`. */
#define WATCHED(type, name, declared, given)                                                                 \
    type __real_##name declared;                                                                             \
    type __wrap_##name declared;                                                                             \
    type __wrap_##name declared                                                                              \
    {                                                                                                        \
        return memory_fails() ? NULL : __real_##name given;                                                  \
    }
WATCHED(void *, malloc, (size_t bytes), (bytes))
WATCHED(void *, calloc, (size_t count, size_t bytes), (count, bytes))
WATCHED(void *, realloc, (void *old, size_t bytes), (old, bytes))
WATCHED(void *, aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes))
WATCHED(char *, strdup, (const char *text), (text))
WATCHED(char *, strndup, (const char *text, size_t length), (text, length))
#undef WATCHED

#endif
