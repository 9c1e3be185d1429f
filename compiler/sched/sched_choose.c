/* SPDX-License-Identifier: MIT
 *
 * A schedule from what is known of the machine. */
#include "sched/sched.h"

enum {
    VECTORS_A_TILE = 2,
    VECTORS_AT_ONCE = 2, /* share each broadcast of a weight */
    OPERAND_SHARE = 4, /* one register in so many is for operands; LLVM keeps more loads in flight where there
                          are more registers, and spills if accumulators take them */
    STEPS_A_ROUND = 2, /* more gain nothing; where registers are few for their vectors, loads of later steps
                          spill */
    WINDOW_BYTES = 12 << 10,  /* less than half of a first cache, which other operands pass through */
    PARTIAL_BYTES = 10 << 10, /* near enough to a first cache, where nothing is known of the second */
    UNROLL_OPERATIONS = 48,   /* more than that unrolled whole and registers spill */
};

int sched_group(const struct schedule *schedule)
{
    const int vectors = schedule->lanes / schedule->cpu.vector;
    return schedule->cpu.group < vectors ? schedule->cpu.group : vectors;
}

int sched_groups(const struct schedule *schedule)
{
    return schedule->lanes / schedule->cpu.vector / sched_group(schedule);
}

struct schedule sched_choose(int vector_bits, int registers, enum real real, int lanes_wanted)
{
    int vector = vector_bits / 8 / (int)real;
    struct schedule schedule = {.lanes = VECTORS_A_TILE * vector,
                                .keep = SCHED_KEEP_ALL,
                                .cpu = {.vector = vector,
                                        .group = VECTORS_AT_ONCE,
                                        .unroll = UNROLL_OPERATIONS,
                                        .window = WINDOW_BYTES * 8 / vector_bits,
                                        .partial = PARTIAL_BYTES * 8 / vector_bits,
                                        .packed = 1}};
    if (lanes_wanted > 0)
        schedule.lanes = lanes_wanted < vector ? vector : lanes_wanted;
    /* NEON and SSE2; SSE2 */
    bool is_narrow = vector_bits == 128, multiplies_apart = is_narrow && registers == 16;
    schedule.cpu.registers = registers - multiplies_apart; /* a product of its own before it is added */
    schedule.cpu.in_flight = is_narrow ? 2 : 1;
    schedule.cpu.sum_unroll = is_narrow ? 1 : STEPS_A_ROUND;
    schedule.cpu.accumulators = registers - registers / OPERAND_SHARE;
    return schedule;
}
