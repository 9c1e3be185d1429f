/* SPDX-License-Identifier: MIT
 *
 * Which schedules are worth trying: sched_first's with each field moved along a short list of values, the
 * fields that were seen to matter together with each other. */
#include "sched/sched_space.h"

#include <assert.h>

/* ---- what can be compiled ------------------------------------------------------------------------------ */

static bool is_power_of_two(int n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

bool sched_check(struct arena *arena, const struct schedule *schedule, const struct machine *machine,
                 enum real real, const char **fault)
{
    const int widest = machine->vector_bits / 8 / (int)real;
    *fault = NULL;
    if (!is_power_of_two(schedule->lanes) || !is_power_of_two(schedule->cpu.vector) ||
        !is_power_of_two(schedule->cpu.group))
        *fault = arena_printf(arena, "lanes=%d, vector=%d and group=%d: expected powers of two",
                              schedule->lanes, schedule->cpu.vector, schedule->cpu.group);
    else if (schedule->cpu.vector > widest)
        *fault = arena_printf(arena, "vector=%d: a register of %s holds %d elements", schedule->cpu.vector,
                              machine->name, widest);
    else if (schedule->lanes < schedule->cpu.vector)
        *fault = arena_printf(arena, "lanes=%d: a tile is at least one vector, vector=%d", schedule->lanes,
                              schedule->cpu.vector);
    else if (schedule->cpu.accumulators > schedule->cpu.registers)
        *fault = arena_printf(arena, "accumulators=%d: there are registers=%d to hold them",
                              schedule->cpu.accumulators, schedule->cpu.registers);
    return !*fault;
}

/* ---- what is worth trying ------------------------------------------------------------------------------ */

struct space {
    const struct machine *machine;
    enum real real;
    struct schedule *out;
    int n, room;
};

static bool is_legal(const struct space *space, const struct schedule *s)
{
    const int widest = space->machine->vector_bits / 8 / (int)space->real;
    return s->cpu.vector >= 2 && s->cpu.vector <= widest && s->lanes >= s->cpu.vector && s->lanes <= 256 &&
           s->cpu.accumulators >= 1 && s->cpu.accumulators <= s->cpu.registers;
}

static void offer(struct space *space, struct schedule schedule)
{
    for (int i = 0; i < space->n; i++)
        if (sched_equal(&space->out[i], &schedule))
            return;
    if (space->n < space->room && is_legal(space, &schedule))
        space->out[space->n++] = schedule;
}

/* Lanes, kept values: what decides how large a tile's memory is. One vector shares no number of a row: rounds
 * of several steps would take registers for nothing. */
static void offer_tiles(struct space *space, const struct schedule *like, int most_vectors)
{
    static const int keep[] = {SCHED_KEEP_ALL, 16, SCHED_KEEP_STATE};
    for (size_t k = 0; k < sizeof keep / sizeof keep[0]; k++)
        for (int vectors = 1; vectors <= most_vectors; vectors *= 2) {
            struct schedule schedule = *like;
            schedule.keep = keep[k];
            schedule.lanes = vectors * schedule.cpu.vector;
            schedule.cpu.sum_unroll = vectors > 1 ? like->cpu.sum_unroll : 1;
            offer(space, schedule);
        }
}

static void offer_unrolled(struct space *space, struct schedule schedule, const int *unroll, int n,
                           int most_vectors)
{
    for (int i = 0; i < n; i++) {
        schedule.cpu.unroll = unroll[i];
        offer_tiles(space, &schedule, most_vectors);
    }
}

struct schedule sched_first(const struct machine *machine, enum real real)
{
    enum { SHARE = 6 }; /* of the second cache, for one of a few sums that are added to in turns */
    struct schedule schedule = sched_choose(machine->vector_bits, machine->registers, real, 0);
    const long room = machine->l2_bytes / SHARE / (machine->vector_bits / 8);
    if (room > schedule.cpu.partial)
        schedule.cpu.partial = (int)room;
    return schedule;
}

int sched_space(const struct machine *machine, enum real real, enum sched_extent extent, struct schedule *out,
                int room)
{
    static const int unroll[] = {48, 0, 160, 400};
    enum { UNROLLS = sizeof unroll / sizeof unroll[0] };
    const struct schedule first = sched_first(machine, real);
    struct space space = {machine, real, out, 0, room};
    offer(&space, first);
    offer_tiles(&space, &first, 8);
    if (extent == SCHED_FEW)
        return space.n;
    offer_unrolled(&space, first, unroll, UNROLLS, 4);
    if (extent == SCHED_QUICK)
        return space.n;
    struct schedule fewer = first, more = first, narrow = first, at_once = first;
    fewer.cpu.accumulators = first.cpu.registers * 5 / 8;
    more.cpu.accumulators = first.cpu.registers - 2;
    narrow.cpu.vector = first.cpu.vector / 2; /* some processors slow down for their widest vectors */
    offer_unrolled(&space, fewer, unroll, UNROLLS, 4);
    offer_unrolled(&space, more, unroll, UNROLLS, 4);
    offer_unrolled(&space, narrow, unroll, 2, 4);
    at_once.cpu.partial = 0;
    offer_unrolled(&space, at_once, unroll, 1, 4);
    at_once.cpu.packed = 0;
    offer_unrolled(&space, at_once, unroll, 1, 4);
    for (int tanh = 0; tanh < SCHED_TANHS; tanh++) {
        struct schedule variant = first;
        variant.cpu.tanh = tanh;
        offer_tiles(&space, &variant, 4);
    }
    struct schedule by_rows = first;
    by_rows.layout = SCHED_LAYOUT_ROWS;
    offer_tiles(&space, &by_rows, 4);
    return space.n;
}
