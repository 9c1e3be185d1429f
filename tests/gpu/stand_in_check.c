/* SPDX-License-Identifier: MIT */
#include "gpu/stand_in_check.h"

#include "gpu/stand_in_block.h"
#include "gpu/stand_in_counts.h"
#include "gpu/stand_in_options.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FAULTS = 200, STATUS_OF_FAULTS = 66 };

static struct {
    struct fault_seen {
        const char *what;
        const void *pc;
        int line;
        char text[400];
    } seen[MOST_FAULTS];
    size_t n;
    bool ends_process;
} faults;

/* ---- faults -------------------------------------------------------------------------------------------- */

static void end_with_faults(void)
{
    if (faults.n == 0)
        return;
    (void)fprintf(stderr, "stand-in: %zu faults\n", faults.n);
    (void)fflush(NULL);
    _exit(STATUS_OF_FAULTS);
}

static bool was_seen(const char *what, const void *pc, int line)
{
    for (size_t i = 0; i < faults.n; i++)
        if (faults.seen[i].pc == pc && faults.seen[i].line == line && faults.seen[i].what == what)
            return true;
    return faults.n == MOST_FAULTS;
}

/* "file:line" of a kernel's machine code, by addr2line, which comes with every compiler. */
static void name_place(const void *pc, char out[], size_t bytes)
{
    Dl_info info;
    char command[200];
    (void)snprintf(out, bytes, "%p", pc);
    if (!dladdr(pc, &info) || !info.dli_fname)
        return;
    (void)snprintf(command, sizeof command, "addr2line -s -e %s 0x%zx 2>/dev/null", info.dli_fname,
                   (size_t)((const char *)pc - (const char *)info.dli_fbase) - 1);
    FILE *const pipe = popen(command, "r");
    if (pipe && fgets(out, (int)bytes, pipe))
        out[strcspn(out, " \n")] = '\0';
    if (pipe)
        (void)pclose(pipe);
}

static void add_fault(const char *what, const void *pc, int line, const char *rest)
{
    if (was_seen(what, pc, line))
        return;
    struct fault_seen *const fault = &faults.seen[faults.n++];
    char place[200];
    fault->what = what;
    fault->pc = pc;
    fault->line = line;
    if (pc)
        name_place(pc, place, sizeof place);
    else
        (void)snprintf(place, sizeof place, "line %d", line);
    (void)snprintf(fault->text, sizeof fault->text, "%s: %s%s", place, what, rest);
    (void)fprintf(stderr, "stand-in: %s\n", fault->text);
    if (!faults.ends_process)
        faults.ends_process = atexit(end_with_faults) == 0;
}

void check_wait(const char *what, int line, unsigned thread, unsigned other)
{
    char rest[100];
    (void)snprintf(rest, sizeof rest, " (threads %u and %u, block %u)", thread, other, block_running());
    add_fault(what, NULL, line, rest);
}

/* ---- one access ---------------------------------------------------------------------------------------- */

struct access {
    const void *pc;
    const char *at;
    size_t bytes;
    bool is_write;
    const struct memory *memory;
};

static void report(const struct access *access, const char *what, unsigned other)
{
    char rest[200];
    const struct memory *const memory = access->memory;
    if (!memory)
        (void)snprintf(rest, sizeof rest, " (%p, %zu bytes; thread %u, block %u)", (const void *)access->at,
                       access->bytes, thread_running(), block_running());
    else
        (void)snprintf(rest, sizeof rest, " (byte %td of %zu%s; threads %u and %u, block %u)",
                       access->at - memory->at, memory->bytes,
                       memory->kind == MEMORY_SHARED ? ", shared" : "", thread_running(), other,
                       block_running());
    add_fault(what, access->pc, 0, rest);
}

static unsigned warp_of(unsigned thread)
{
    return thread / WARP;
}

/* Did something order what `other` did at that time before what this thread does now? */
static bool is_ordered(struct stamp then, unsigned other)
{
    const struct stamp mine = stamp_now();
    const unsigned me = thread_running();
    return then.barrier != mine.barrier || other == me ||
           (warp_of(other) == warp_of(me) && then.warp < mine.warp);
}

static bool reads_are_ordered(const struct cell *cell)
{
    const struct stamp mine = stamp_now();
    if (cell->read.barrier != mine.barrier)
        return true;
    return !cell->many_warps && is_ordered(cell->read, cell->reader) &&
           !(cell->many_lanes && cell->read.warp == mine.warp);
}

/* What an earlier launch did, or another block did to its shared memory, is past. */
static void begin_launch(struct cell *cell)
{
    *cell = (struct cell){
        .launch = launch_running()->number, .block = block_running(), .has_value = cell->has_value};
}

/* Nothing orders two blocks of one launch. */
static void check_blocks(struct cell *cell, const struct access *access)
{
    const bool was_written = cell->written.barrier > 0, was_read = cell->read.barrier > 0;
    if (was_written || (access->is_write && was_read))
        report(access, "race between blocks", was_written ? cell->writer : cell->reader);
    begin_launch(cell);
}

static void note_read(struct cell *cell, uint8_t bytes)
{
    const struct stamp mine = stamp_now();
    const unsigned me = thread_running();
    if (cell->read.barrier != mine.barrier)
        cell->many_warps = cell->many_lanes = false;
    else if (warp_of(cell->reader) != warp_of(me))
        cell->many_warps = true;
    else if (cell->read.warp != mine.warp)
        cell->many_lanes = false;
    else if (cell->reader != me)
        cell->many_lanes = true;
    cell->read = mine;
    cell->reader = (uint16_t)me;
    cell->read_bytes = bytes;
}

static void note_write(struct cell *cell, uint8_t bytes)
{
    cell->written = stamp_now();
    cell->writer = (uint16_t)thread_running();
    cell->write_bytes = bytes;
    cell->has_value = true;
}

static void check_cell(struct cell *cell, const struct access *access, uint8_t bytes)
{
    if (!access->is_write && !cell->has_value)
        report(access, "read of what nobody wrote", thread_running());
    if (cell->launch != launch_running()->number)
        begin_launch(cell);
    else if (cell->block != block_running())
        check_blocks(cell, access);
    if ((cell->write_bytes & bytes) && !is_ordered(cell->written, cell->writer))
        report(access,
               access->is_write ? "race: two threads write, no barrier between"
                                : "race: a thread reads what another writes, no barrier between",
               cell->writer);
    if (access->is_write && (cell->read_bytes & bytes) && !reads_are_ordered(cell))
        report(access, "race: a thread writes what another reads, no barrier between", cell->reader);
    if (access->is_write)
        note_write(cell, bytes);
    else
        note_read(cell, bytes);
}

/* Which of the four bytes of cell `i` does the access touch? */
static uint8_t bytes_of(const struct access *access, size_t i)
{
    const size_t first = (size_t)(access->at - access->memory->at), last = first + access->bytes - 1;
    const size_t from = first > 4 * i ? first - 4 * i : 0, to = last < 4 * i + 3 ? last - 4 * i : 3;
    return (uint8_t)((2u << to) - (1u << from));
}

static void check_cells(const struct access *access)
{
    const size_t first = (size_t)(access->at - access->memory->at);
    for (size_t i = first / 4; i <= (first + access->bytes - 1) / 4; i++)
        check_cell(&access->memory->cells[i], access, bytes_of(access, i));
}

static void check_access(const struct access *access)
{
    const struct memory *const memory = access->memory;
    if (!memory || memory->kind == MEMORY_PINNED)
        report(access, access->is_write ? "write outside of every array" : "read outside of every array", 0);
    else if (!memory_holds(access->at, access->bytes, memory->kind))
        report(access, "access across the end of an array", thread_running());
    else if ((uintptr_t)access->at % access->bytes)
        report(access, "misaligned access", thread_running());
    else
        check_cells(access);
}

/* The place of the thread stands in for registers of a GPU. */
static bool is_register(const char *at)
{
    return at >= (const char *)&stand_in_place && at < (const char *)(&stand_in_place + 1);
}

static void touch(const void *pc, const void *at, size_t bytes, bool is_write)
{
    if (!launch_running() || thread_owns(at) || is_register(at) || stand_in_options()->check == 0)
        return;
    const struct access access = {
        .pc = pc, .at = at, .bytes = bytes, .is_write = is_write, .memory = memory_find(at)};
    check_access(&access);
    if (access.memory)
        counts_access(&(struct counted){.pc = pc,
                                        .at = (uintptr_t)at,
                                        .bytes = bytes,
                                        .is_write = is_write,
                                        .is_shared = access.memory->kind == MEMORY_SHARED});
}

/* ---- the sanitizer's calls ----------------------------------------------------------------------------- */

#define CALLS_OF(name, bytes, is_write)                                                                      \
    void __tsan_##name##bytes(void *at);                                                                     \
    void __tsan_##name##bytes(void *at)                                                                      \
    {                                                                                                        \
        touch(__builtin_return_address(0), at, bytes, is_write);                                             \
    }
#define CALLS(bytes)                                                                                         \
    CALLS_OF(read, bytes, false)                                                                             \
    CALLS_OF(write, bytes, true)                                                                             \
    CALLS_OF(unaligned_read, bytes, false)                                                                   \
    CALLS_OF(unaligned_write, bytes, true)                                                                   \
    CALLS_OF(volatile_read, bytes, false)                                                                    \
    CALLS_OF(volatile_write, bytes, true)
CALLS(1)
CALLS(2)
CALLS(4)
CALLS(8)
CALLS(16)

static void touch_range(const void *pc, const char *at, size_t bytes, bool is_write)
{
    for (size_t i = 0; i < bytes; i++)
        touch(pc, at + i, 1, is_write);
}

void __tsan_read_range(void *at, size_t bytes);
void __tsan_read_range(void *at, size_t bytes)
{
    touch_range(__builtin_return_address(0), at, bytes, false);
}

void __tsan_write_range(void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes)
{
    touch_range(__builtin_return_address(0), at, bytes, true);
}

void *__tsan_memcpy(void *to, const void *from, size_t bytes);
void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
    touch_range(__builtin_return_address(0), from, bytes, false);
    touch_range(__builtin_return_address(0), to, bytes, true);
    return memcpy(to, from, bytes);
}

void *__tsan_memset(void *to, int value, size_t bytes);
void *__tsan_memset(void *to, int value, size_t bytes)
{
    touch_range(__builtin_return_address(0), to, bytes, true);
    return memset(to, value, bytes);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}
