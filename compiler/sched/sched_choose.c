/* SPDX-License-Identifier: MIT
 *
 * A schedule from what is known of the machine. */
#include "sched/sched.h"

enum {
    VECTORS_A_TILE = 2,     /* two vectors share each broadcast of a weight */
    OPERAND_SHARE = 4,      /* one register in so many is for operands; LLVM keeps more loads in flight where there are
                               more registers, and spills if accumulators take them */
    UNROLL_OPERATIONS = 48, /* more than that unrolled whole and registers spill */
};

struct schedule sched_choose(int vector_bits, int registers, int element_bytes, int lanes_wanted)
{
    int vector = vector_bits / 8 / element_bytes;
    struct schedule schedule = {.vector = vector, .lanes = VECTORS_A_TILE * vector, .unroll = UNROLL_OPERATIONS,
                                .keep = SCHED_KEEP_ALL};
    if (lanes_wanted > 0)
        schedule.lanes = lanes_wanted < vector ? vector : lanes_wanted;
    bool is_narrow = vector_bits == 128, multiplies_apart = is_narrow && registers == 16; /* NEON and SSE2; SSE2 */
    schedule.registers = registers - multiplies_apart; /* a product of its own before it is added */
    schedule.in_flight = is_narrow ? 2 : 1;
    schedule.accumulators = registers - registers / OPERAND_SHARE;
    return schedule;
}
