/* SPDX-License-Identifier: MIT */
#include "kernels/device.h"

#include "kernels/runner_cpu.h"

struct device device_cpu(int threads)
{
    return (struct device){.row = &device_row_cpu, .threads = threads};
}

bool device_facts_of(const struct device *device, struct device_facts *out)
{
    if (!device->row->facts)
        return false;
    device->row->facts(device->state, out);
    return true;
}

bool device_notice(const struct device *device, char *out, size_t bytes)
{
    return device->row->notice && device->row->notice(device->state, out, bytes);
}
