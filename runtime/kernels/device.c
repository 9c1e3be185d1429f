/* SPDX-License-Identifier: MIT */
#include "kernels/device.h"

#include "kernels/runner_cpu.h"

#include <string.h>

/* The first one is the default. */
static const struct device_row *const rows[] = {&device_row_cpu};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

struct device device_cpu(int threads)
{
    return (struct device){.row = &device_row_cpu, .threads = threads};
}

bool device_find(const struct device_row **out, const char *name, struct fault *fault)
{
    for (int i = 0; i < N_ROWS; i++)
        if (strcmp(rows[i]->name, name) == 0) {
            *out = rows[i];
            return true;
        }
    return fault_set(fault, FAULT_INPUT, "no device '%s': kernels run on %s", name, rows[0]->name);
}
