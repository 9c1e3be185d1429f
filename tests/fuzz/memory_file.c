/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz/memory_file.h"

#include "scratch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static char path[64];
static struct scratch scratch;

const char *memory_file(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0)
        file = memfd_create("fuzz", 0);
    if (file < 0 || ftruncate(file, 0) != 0 || (size > 0 && pwrite(file, data, size, 0) != (ssize_t)size))
        return NULL;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

static void remove_folder(void)
{
    scratch_remove(&scratch);
}

const char *fuzz_path(const char *name)
{
    if (scratch.folder[0] == '\0' && (!scratch_make(&scratch) || atexit(remove_folder) != 0))
        return NULL;
    return scratch_path(&scratch, name);
}

const char *memory_file_named(const char *name)
{
    const char *const link = fuzz_path(name);
    return link && (symlink(path, link) == 0 || errno == EEXIST) ? link : NULL;
}
