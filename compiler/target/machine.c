/* SPDX-License-Identifier: MIT
 *
 * A processor's numbers in the units of the cost model. */
#include "target/machine.h"

enum { KIBI = 1024 };

struct machine machine_from_model(const struct machine_model *model)
{
    return (struct machine){.hertz = model->gigahertz * 1e9,
                            .multiply_adds = model->multiply_adds,
                            .pairs = model->pairs,
                            .loads = model->loads,
                            .stores = model->stores,
                            .shuffles = model->shuffles,
                            .issue = model->issue,
                            .latency = model->latency,
                            .window = model->window,
                            .divide = model->divide,
                            .l1_bytes = model->l1 * KIBI,
                            .l2_bytes = model->l2 * KIBI,
                            .l3_bytes = model->l3 * KIBI,
                            .l3_cores = model->l3_cores,
                            .l2_bandwidth = model->l2_bandwidth,
                            .l3_bandwidth = model->l3_bandwidth,
                            .memory_bandwidth = model->memory_bandwidth};
}

long machine_l3_share(const struct machine *machine)
{
    const int working = (machine->l3_cores + 1) / 2;
    const long share = machine->l3_bytes / working;
    return share > machine->l2_bytes ? share : machine->l2_bytes;
}
