/* SPDX-License-Identifier: MIT
 *
 * A schedule from what is known of the machine. */
#include "sched/sched.h"

enum {
    VECTORS_A_TILE = 2,     /* two vectors share each broadcast of a weight */
    OPERAND_REGISTERS = 4,  /* left over for operands beside the accumulators */
    UNROLL_OPERATIONS = 48, /* more than that unrolled whole and registers spill */
};

struct schedule sched_choose(int vector_bits, int registers, int element_bytes, int lanes_wanted)
{
    int vector = vector_bits / 8 / element_bytes;
    struct schedule schedule = {.vector = vector, .lanes = VECTORS_A_TILE * vector, .unroll = UNROLL_OPERATIONS};
    if (lanes_wanted > 0)
        schedule.lanes = lanes_wanted < vector ? vector : lanes_wanted;
    schedule.accumulators = registers - OPERAND_REGISTERS;
    return schedule;
}
