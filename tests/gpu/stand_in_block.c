/* SPDX-License-Identifier: MIT */
#include "gpu/stand_in_block.h"

#include "gpu/stand_in_check.h"
#include "gpu/stand_in_counts.h"
#include "gpu/stand_in_options.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { STACK_BYTES = 1 << 20, MOST_EXCHANGED = 64 };

enum state { READY, AT_BARRIER, AT_WARP, DONE };

struct fiber {
    void *stack_pointer;
    char *stack; /* kept for later launches */
    enum state state;
    int line;       /* where it waits */
    unsigned lanes; /* for which it waits in its warp, as bits */
    uint32_t warp_stamp;
    size_t bytes; /* exchanged; 0: nothing is */
    char mine[MOST_EXCHANGED];
    char *of_all;
};

static struct {
    struct fiber fibers[MOST_THREADS];
    unsigned order[MOST_THREADS];
    const struct launch *launch;
    void *stack_pointer; /* of launch_run */
    unsigned n, current;
    uint32_t block, barriers, random;
} now;

struct stand_in_place stand_in_place;

/* ---- fibers -------------------------------------------------------------------------------------------- */

/* Keeps the registers that a call keeps on the stack, gives *from the stack's place and goes on at `to`. */
void stand_in_switch(void **from, void *to);
__asm__(".text\n"
        ".globl stand_in_switch\n"
        ".type stand_in_switch, @function\n"
        "stand_in_switch:\n"
        "    push %rbp\n    push %rbx\n    push %r12\n    push %r13\n    push %r14\n    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov %rsi, %rsp\n"
        "    pop %r15\n    pop %r14\n    pop %r13\n    pop %r12\n    pop %rbx\n    pop %rbp\n"
        "    ret\n"
        ".size stand_in_switch, . - stand_in_switch\n");

static struct fiber *running(void)
{
    return &now.fibers[now.current];
}

static void wait_as(enum state state, int line)
{
    struct fiber *const fiber = running();
    fiber->state = state;
    fiber->line = line;
    stand_in_switch(&fiber->stack_pointer, now.stack_pointer);
}

static void fiber_main(void)
{
    now.launch->call(now.launch->parameters);
    wait_as(DONE, 0);
}

static bool fiber_start(struct fiber *fiber)
{
    if (!fiber->stack) {
        char *const stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stack == MAP_FAILED)
            return false;
        fiber->stack = stack;
    }
    void **top = (void **)(fiber->stack + STACK_BYTES - 64);
    void (*const start)(void) = fiber_main;
    *--top = NULL; /* fiber_main's return address: it never returns; the stack is aligned as after a call */
    memcpy(--top, &start, sizeof start);
    for (int i = 0; i < 6; i++)
        *--top = NULL;
    *fiber = (struct fiber){.stack = fiber->stack, .stack_pointer = top, .state = READY};
    return true;
}

static void fiber_run(unsigned thread)
{
    const struct stand_in_size threads = now.launch->threads;
    now.current = thread;
    stand_in_place.thread = (struct stand_in_size){
        .x = thread % threads.x, .y = thread / threads.x % threads.y, .z = thread / threads.x / threads.y};
    stand_in_switch(&now.stack_pointer, running()->stack_pointer);
}

/* ---- what kernels call --------------------------------------------------------------------------------- */

void *stand_in_shared(void)
{
    return now.launch->shared->at;
}

void stand_in_barrier(int line)
{
    wait_as(AT_BARRIER, line);
}

void stand_in_warp(unsigned lanes, int line)
{
    running()->lanes = lanes;
    running()->bytes = 0;
    wait_as(AT_WARP, line);
}

void stand_in_exchange(unsigned lanes, const void *mine, size_t bytes, void *of_all, int line)
{
    struct fiber *const fiber = running();
    if (bytes > sizeof fiber->mine)
        abort();
    fiber->lanes = lanes;
    fiber->bytes = bytes;
    fiber->of_all = of_all;
    memcpy(fiber->mine, mine, bytes);
    wait_as(AT_WARP, line);
}

/* ---- warps --------------------------------------------------------------------------------------------- */

static unsigned warp_lanes(unsigned warp)
{
    const unsigned n = now.n - warp;
    return n >= WARP ? 0xffffffffu : (1u << n) - 1;
}

/* Do all the lanes that this one waits for wait for the same? */
static bool is_complete(unsigned warp, unsigned lane)
{
    const struct fiber *const fibers = &now.fibers[warp];
    const unsigned lanes = fibers[lane].lanes & warp_lanes(warp);
    if (!(lanes >> lane & 1))
        return false;
    for (unsigned other = 0; other < WARP; other++)
        if (lanes >> other & 1 &&
            (fibers[other].state != AT_WARP || fibers[other].line != fibers[lane].line ||
             fibers[other].lanes != fibers[lane].lanes))
            return false;
    return true;
}

static void release_lane(struct fiber *fibers, unsigned lane, unsigned lanes)
{
    struct fiber *const fiber = &fibers[lane];
    for (unsigned other = 0; other < WARP; other++)
        if (fiber->bytes > 0 && lanes >> other & 1)
            memcpy(fiber->of_all + other * fiber->bytes, fibers[other].mine, fiber->bytes);
    fiber->warp_stamp += fiber->bytes == 0;
}

static bool release_group(unsigned warp, unsigned lane)
{
    struct fiber *const fibers = &now.fibers[warp];
    if (fibers[lane].state != AT_WARP || !is_complete(warp, lane))
        return false;
    const unsigned lanes = fibers[lane].lanes & warp_lanes(warp);
    for (unsigned other = 0; other < WARP; other++)
        if (lanes >> other & 1)
            release_lane(fibers, other, lanes);
    for (unsigned other = 0; other < WARP; other++)
        if (lanes >> other & 1)
            fibers[other].state = READY;
    return true;
}

static bool release_warps(void)
{
    bool any = false;
    for (unsigned warp = 0; warp < now.n; warp += WARP)
        for (unsigned lane = 0; lane < WARP && warp + lane < now.n; lane++)
            any = release_group(warp, lane) || any;
    return any;
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

static unsigned count_in(enum state state)
{
    unsigned n = 0;
    for (unsigned i = 0; i < now.n; i++)
        n += now.fibers[i].state == state;
    return n;
}

/* The thread that waits at another line than the first that waits; now.n: none does. */
static unsigned at_other_line(void)
{
    int line = 0;
    for (unsigned i = 0; i < now.n; i++) {
        if (now.fibers[i].state != AT_BARRIER)
            continue;
        if (line && now.fibers[i].line != line)
            return i;
        line = now.fibers[i].line;
    }
    return now.n;
}

static unsigned first_in(enum state state)
{
    unsigned i = 0;
    while (i < now.n && now.fibers[i].state != state)
        i++;
    return i;
}

static bool release_barrier(void)
{
    const unsigned waiting = count_in(AT_BARRIER), other = at_other_line();
    const unsigned first = first_in(AT_BARRIER);
    if (count_in(AT_WARP) > 0) {
        const unsigned stuck = first_in(AT_WARP);
        check_wait("a warp waits for lanes that do not come", now.fibers[stuck].line, stuck, stuck);
        return false;
    }
    if (waiting < now.n)
        check_wait("a barrier that not all threads reach", now.fibers[first].line, first, first_in(DONE));
    else if (other < now.n)
        check_wait("threads wait at different barriers", now.fibers[other].line, first, other);
    now.barriers++;
    for (unsigned i = 0; i < now.n; i++)
        if (now.fibers[i].state == AT_BARRIER) {
            now.fibers[i].state = READY;
            now.fibers[i].warp_stamp = 0;
        }
    return true;
}

/* Fisher and Yates, by a congruential generator: it has to be the same each time, no more. */
static void shuffle(void)
{
    if (stand_in_options()->order == 0)
        return;
    for (unsigned i = now.n; i > 1; i--) {
        now.random = now.random * 1664525u + 1013904223u;
        const unsigned j = (now.random >> 8) % i, kept = now.order[i - 1];
        now.order[i - 1] = now.order[j];
        now.order[j] = kept;
    }
}

static void run_ready(void)
{
    shuffle();
    for (unsigned i = 0; i < now.n; i++)
        if (now.fibers[now.order[i]].state == READY)
            fiber_run(now.order[i]);
}

static bool run_block(uint32_t block)
{
    now.block = block;
    now.barriers = 0;
    memory_poison(now.launch->shared);
    for (unsigned i = 0; i < now.n; i++) {
        now.order[i] = i;
        if (!fiber_start(&now.fibers[i]))
            return false;
    }
    for (;;) {
        run_ready();
        if (release_warps())
            continue;
        counts_interval(now.n);
        if (count_in(DONE) == now.n)
            return true;
        if (!release_barrier())
            return false;
    }
}

bool launch_run(const struct launch *launch)
{
    const struct stand_in_size blocks = launch->blocks;
    bool good = true;
    now.launch = launch;
    now.n = launch->threads.x * launch->threads.y * launch->threads.z;
    now.random = (uint32_t)stand_in_options()->order * 7919u + launch->number;
    stand_in_place.threads = launch->threads;
    stand_in_place.blocks = blocks;
    for (uint32_t block = 0; good && block < blocks.x * blocks.y * blocks.z; block++) {
        stand_in_place.block = (struct stand_in_size){
            .x = block % blocks.x, .y = block / blocks.x % blocks.y, .z = block / blocks.x / blocks.y};
        good = run_block(block);
    }
    now.launch = NULL;
    return good;
}

/* ---- what the checks ask ------------------------------------------------------------------------------- */

const struct launch *launch_running(void)
{
    return now.launch;
}

unsigned thread_running(void)
{
    return now.current;
}

uint32_t block_running(void)
{
    return now.block;
}

struct stamp stamp_now(void)
{
    return (struct stamp){.barrier = now.barriers + 1, .warp = running()->warp_stamp};
}

bool thread_owns(const void *at)
{
    const char *const stack = running()->stack;
    return (const char *)at >= stack && (const char *)at < stack + STACK_BYTES;
}
