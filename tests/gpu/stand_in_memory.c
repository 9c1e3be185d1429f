/* SPDX-License-Identifier: MIT */
#include "gpu/stand_in_memory.h"

#include "gpu/stand_in_options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 256 };

static struct {
    struct memory *first, *last_found;
    size_t device_bytes;
} room;

static struct memory *add(struct memory memory)
{
    struct memory *const added = malloc(sizeof *added);
    if (!added)
        return NULL;
    *added = memory;
    added->next = room.first;
    return room.first = added;
}

/* Pages that nobody touches cost nothing. */
static struct cell *new_cells(size_t bytes)
{
    void *const cells = mmap(NULL, (bytes / 4 + 2) * sizeof(struct cell), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return cells == MAP_FAILED ? NULL : cells;
}

static void free_cells(struct memory *memory)
{
    if (memory->cells)
        (void)munmap(memory->cells, (memory->bytes / 4 + 2) * sizeof(struct cell));
}

struct memory *memory_new(size_t bytes, enum memory_kind kind)
{
    if (kind == MEMORY_DEVICE && room.device_bytes + bytes > (size_t)stand_in_options()->memory)
        return NULL;
    char *const at = aligned_alloc(ALIGNMENT, (bytes / ALIGNMENT + 1) * ALIGNMENT);
    struct cell *const cells = kind == MEMORY_PINNED ? NULL : new_cells(bytes);
    struct memory *const memory =
        at && (cells || kind == MEMORY_PINNED)
            ? add((struct memory){.at = at, .bytes = bytes, .kind = kind, .cells = cells})
            : NULL;
    if (!memory) {
        free(at);
        return NULL;
    }
    memset(at, 0xff, bytes);
    room.device_bytes += kind == MEMORY_DEVICE ? bytes : 0;
    return memory;
}

struct memory *memory_of_module(char *at, size_t bytes)
{
    struct cell *const cells = new_cells(bytes);
    struct memory *const memory =
        cells ? add((struct memory){.at = at, .bytes = bytes, .kind = MEMORY_MODULE, .cells = cells}) : NULL;
    if (memory)
        memory_filled(at, bytes);
    return memory;
}

static bool drop(const void *at, enum memory_kind kind)
{
    for (struct memory **link = &room.first; *link; link = &(*link)->next) {
        struct memory *const memory = *link;
        if (memory->at != at || memory->kind != kind)
            continue;
        *link = memory->next;
        room.last_found = NULL;
        room.device_bytes -= kind == MEMORY_DEVICE ? memory->bytes : 0;
        free_cells(memory);
        if (kind != MEMORY_MODULE)
            free(memory->at);
        free(memory);
        return true;
    }
    return false;
}

bool memory_free(const void *at, enum memory_kind kind)
{
    return drop(at, kind);
}

void memory_forget_module(const char *at)
{
    (void)drop(at, MEMORY_MODULE);
}

static bool lies_in(const struct memory *memory, const void *at)
{
    return (const char *)at >= memory->at && (const char *)at < memory->at + memory->bytes;
}

struct memory *memory_find(const void *at)
{
    if (room.last_found && lies_in(room.last_found, at))
        return room.last_found;
    for (struct memory *memory = room.first; memory; memory = memory->next)
        if (lies_in(memory, at))
            return room.last_found = memory;
    return NULL;
}

bool memory_holds(const void *at, size_t bytes, enum memory_kind kind)
{
    const struct memory *const memory = memory_find(at);
    return memory && memory->kind == kind && bytes <= memory->bytes - (size_t)((const char *)at - memory->at);
}

void memory_filled(const void *at, size_t bytes)
{
    struct memory *const memory = memory_find(at);
    if (!memory || !memory->cells || bytes == 0)
        return;
    const size_t first = (size_t)((const char *)at - memory->at);
    for (size_t i = first / 4; i <= (first + bytes - 1) / 4; i++)
        memory->cells[i].has_value = true;
}

void memory_poison(struct memory *memory)
{
    memset(memory->at, 0xff, memory->bytes);
    memset(memory->cells, 0, (memory->bytes / 4 + 2) * sizeof(struct cell));
}

size_t memory_device_bytes(void)
{
    return room.device_bytes;
}
