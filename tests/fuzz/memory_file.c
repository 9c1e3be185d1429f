/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz/memory_file.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

const char *memory_file(const uint8_t *data, size_t size)
{
    static int file = -1;
    static char path[64];
    if (file < 0)
        file = memfd_create("fuzz", 0);
    if (file < 0 || ftruncate(file, 0) != 0 || (size > 0 && pwrite(file, data, size, 0) != (ssize_t)size))
        return NULL;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}
