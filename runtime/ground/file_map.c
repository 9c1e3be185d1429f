/* SPDX-License-Identifier: MIT */
#include "ground/file_map.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

bool file_map(struct file_map *out, int descriptor, int64_t offset, int64_t length)
{
    const int64_t page = sysconf(_SC_PAGESIZE);
    *out = (struct file_map){.pages = NULL};
    if (descriptor < 0 || offset < 0 || length <= 0 || page <= 0)
        return false;
    const int64_t before = offset % page;
    void *const pages =
        mmap(NULL, (size_t)(before + length), PROT_READ, MAP_PRIVATE, descriptor, offset - before);
    if (pages == MAP_FAILED)
        return false;
    *out = (struct file_map){
        .pages = pages, .length = (uint64_t)(before + length), .bytes = (char *)pages + before};
    return true;
}

void file_unmap(struct file_map *map)
{
    if (map->pages)
        (void)munmap(map->pages, (size_t)map->length);
    *map = (struct file_map){.pages = NULL};
}
