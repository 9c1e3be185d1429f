/* SPDX-License-Identifier: MIT
 *
 * Memory of one compile. Takes blocks from the C library, hands out pieces of them and frees them all at
 * once, together with foreign objects whose ownership it has taken. When memory runs out it jumps to the
 * arena's owner, so that no stage has to check for NULL. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer every allocation is a block of its own, so that its red zones guard each of them. */
#if defined(__SANITIZE_ADDRESS__)
#define BLOCK_BYTES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCK_BYTES 0
#endif
#endif
#ifndef BLOCK_BYTES
#define BLOCK_BYTES (64 * 1024)
#endif

struct block {
    struct block *next;
    size_t used, room; /* bytes of data */
    _Alignas(max_align_t) char data[];
};

struct arena {
    struct block *newest;
    struct owned *youngest; /* lies in a block, as all of the list does */
    jmp_buf *on_failure;
    long fail_after; /* allocations that still succeed; < 0: no limit */
};

struct arena *arena_new(void)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->fail_after = -1;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct owned *owned = arena->youngest; owned; owned = owned->older)
        arena_release(owned);
    for (struct block *block = arena->newest, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

jmp_buf *arena_on_failure(struct arena *arena, jmp_buf *target)
{
    jmp_buf *former = arena->on_failure;
    arena->on_failure = target;
    return former;
}

void arena_fail_after(struct arena *arena, long n)
{
    arena->fail_after = n;
}

void arena_fail(const struct arena *arena)
{
    if (arena->on_failure)
        longjmp(*arena->on_failure, 1);
    __builtin_trap();
}

/* A block with room for `bytes`. One for a large piece is inserted after the newest block, whose remainder
 * stays in use. */
static struct block *add_block(struct arena *arena, size_t bytes)
{
    const size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct block *block = room > SIZE_MAX - sizeof *block ? NULL : calloc(1, sizeof *block + room);
    if (!block)
        arena_fail(arena);
    block->room = room;
    if (arena->newest && bytes > BLOCK_BYTES / 4) {
        block->next = arena->newest->next;
        arena->newest->next = block;
    } else {
        block->next = arena->newest;
        arena->newest = block;
    }
    return block;
}

/* Rounding up comes last: with a block for each piece, the bytes after the piece are red zone, not
 * padding. */
void *arena_alloc(struct arena *arena, size_t bytes)
{
    const size_t align = _Alignof(max_align_t);
    if (arena->fail_after == 0)
        arena_fail(arena);
    if (arena->fail_after > 0)
        arena->fail_after--;

    struct block *block = arena->newest;
    if (!block || bytes > block->room - block->used)
        block = add_block(arena, bytes);
    char *piece = block->data + block->used;
    const size_t rest = block->room - block->used - bytes;
    const size_t padding = (align - bytes % align) % align;
    block->used += bytes + (padding < rest ? padding : rest);
    return piece;
}

struct owned *arena_own(struct arena *arena, void (*release)(void *object))
{
    struct owned *owned = ARENA_NEW(arena, struct owned);
    *owned = (struct owned){.release = release, .older = arena->youngest};
    arena->youngest = owned;
    return owned;
}

void arena_release(struct owned *owned)
{
    void *object = owned->object;
    owned->object = NULL;
    if (object)
        owned->release(object);
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

struct arena *arena_within(struct arena *owner, struct owned **place)
{
    *place = arena_own(owner, free_arena);
    struct arena *arena = arena_new();
    (*place)->object = arena;
    if (!arena)
        arena_fail(owner);
    arena->on_failure = owner->on_failure;
    return arena;
}

void *arena_array(struct arena *arena, size_t count, size_t bytes_each)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, bytes_each, &bytes))
        arena_fail(arena);
    return arena_alloc(arena, bytes);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_array(arena, length + 1, 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_vaddf(&text, format, args);
    return text.text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}
