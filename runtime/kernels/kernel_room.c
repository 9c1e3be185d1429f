/* SPDX-License-Identifier: MIT */
#include "kernels/kernel_room.h"

#include "ground/parallel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, HUGE_PAGE_BYTES = 2 << 20 };

static size_t up_to(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

size_t kernel_aligned(size_t bytes)
{
    return up_to(bytes, GPFC_ALIGNMENT);
}

void *kernel_memory(size_t bytes)
{
    const size_t size = kernel_aligned(bytes > 0 ? bytes : 1);
    void *block = aligned_alloc(GPFC_ALIGNMENT, size);
    if (block)
        memset(block, 0, size);
    return block;
}

static bool is_varying(const struct gpfc_port *port)
{
    return port->role == GPFC_IN_SAMPLE || port->role == GPFC_IN_NOISE;
}

/* Where the parts are in a room's block; with block NULL it only counts bytes. */
struct cutter {
    char *block;
    size_t next;
};

static void *cut(struct cutter *cutter, size_t bytes)
{
    const size_t at = cutter->next;
    cutter->next += kernel_aligned(bytes);
    return cutter->block ? cutter->block + at : NULL;
}

static void *cut_tile(struct cutter *cutter, const struct kernel_room_plan *plan,
                      const struct gpfc_port *port)
{
    return cut(cutter, (size_t)(port->elements * plan->lanes * plan->precision));
}

/* Of memory this large. */
static size_t page_bytes(size_t bytes)
{
    return bytes < HUGE_PAGE_BYTES ? PAGE_BYTES : HUGE_PAGE_BYTES;
}

/* A tile with all that its backward pass reads takes megabytes, and is walked through again and again: on
 * small pages looking up where they are takes some per cent of a step. The system may do as it likes. */
static void *take_pages(size_t bytes)
{
    void *block = aligned_alloc(page_bytes(bytes), bytes);
#ifdef MADV_HUGEPAGE
    if (block && bytes >= HUGE_PAGE_BYTES)
        (void)madvise(block, bytes, MADV_HUGEPAGE);
#endif
    return block;
}

/* The scratch first: it is what is aligned to a page. */
static size_t lay_out(const struct kernel_room_plan *plan, struct kernel_room *room)
{
    const struct gpfc_kernel *kernel = plan->kernel;
    struct cutter cutter = {.block = room->block};
    room->scratch = cut(&cutter, (size_t)kernel->scratch_bytes);
    room->sums = cut(&cutter, plan->alone ? (size_t)(kernel->sum_elements * plan->precision) : 0);
    room->in = cut(&cutter, (size_t)kernel->n_in * sizeof *room->in);
    room->in_tile = cut(&cutter, (size_t)kernel->n_in * sizeof *room->in_tile);
    room->out = cut(&cutter, (size_t)kernel->n_out * sizeof *room->out);
    for (int i = 0; i < kernel->n_in; i++) {
        void *const tile = is_varying(&kernel->in[i]) ? cut_tile(&cutter, plan, &kernel->in[i]) : NULL;
        if (room->block)
            room->in[i] = room->in_tile[i] = tile;
    }
    for (int i = 0; i < kernel->n_out; i++) {
        const bool own = plan->alone || kernel->out[i].role == GPFC_OUT_SAMPLE;
        void *const tile = own ? cut_tile(&cutter, plan, &kernel->out[i]) : NULL;
        if (room->block)
            room->out[i] = tile;
    }
    return up_to(cutter.next, page_bytes(cutter.next));
}

struct rooms { /* one call of kernel_rooms_new */
    const struct kernel_room_plan *plan;
    struct kernel_room *all;
};

static void prepare_room(void *data, int thread)
{
    const struct rooms *rooms = data;
    struct kernel_room *room = &rooms->all[thread];
    memset(room->block, 0, room->bytes);
    (void)lay_out(rooms->plan, room);
}

bool kernel_rooms_new(struct kernel_room **out, const struct kernel_room_plan *plan, int threads,
                      struct fault *fault)
{
    struct kernel_room none = {.block = NULL};
    const size_t bytes = lay_out(plan, &none);
    struct kernel_room *all = *out = calloc((size_t)threads, sizeof *all);
    bool good = all != NULL;
    for (int i = 0; good && i < threads; i++) {
        all[i].bytes = bytes;
        all[i].block = take_pages(bytes);
        good = all[i].block != NULL;
    }
    if (!good) {
        kernel_rooms_free(all, threads);
        *out = NULL;
        return fault_memory(fault, bytes * (size_t)threads, "the kernels' work space");
    }
    parallel_each(threads, prepare_room, &(struct rooms){.plan = plan, .all = all});
    return true;
}

void kernel_rooms_free(struct kernel_room *rooms, int threads)
{
    for (int i = 0; rooms && i < threads; i++)
        free(rooms[i].block);
    free(rooms);
}
