/* SPDX-License-Identifier: MIT */
#include "kernels/device.h"

#include "kernels/runner_cpu.h"

struct device device_cpu(int threads)
{
    return (struct device){.row = &device_row_cpu, .threads = threads};
}
