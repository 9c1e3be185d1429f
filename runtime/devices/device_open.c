/* SPDX-License-Identifier: MIT */
#include "devices/device_open.h"

#include "cuda/runner_cuda.h"
#include "kernels/runner_cpu.h"

#include <stdlib.h>
#include <string.h>

static const struct device_row *const rows[] = {&device_row_cpu, &device_row_cuda};
enum { N_ROWS = sizeof rows / sizeof rows[0], MOST_NUMBER = 9999 };

/* ":12" -> 12, "" -> 0; -1: neither. */
static int number_of(const char *text)
{
    char *end = NULL;
    if (text[0] == '\0')
        return 0;
    if (text[0] != ':' || text[1] < '0' || text[1] > '9')
        return -1;
    const long number = strtol(text + 1, &end, 10);
    return *end == '\0' && number <= MOST_NUMBER ? (int)number : -1;
}

/* NULL: there is none. The CPU is one: it takes no number. */
static const struct device_row *find(const char *name, int *number)
{
    for (int i = 0; i < N_ROWS; i++) {
        const size_t length = strlen(rows[i]->name);
        if (strncmp(name, rows[i]->name, length) != 0)
            continue;
        *number = number_of(name + length);
        if (*number == 0 || (*number > 0 && rows[i]->open))
            return rows[i];
    }
    return NULL;
}

bool device_open(struct device *out, const char *name, int threads, struct fault *fault)
{
    const char *const said = getenv("GPFC_DEVICE");
    const char *const given = name ? name : said && said[0] ? said : device_row_cpu.name;
    int number = 0;
    *out = device_cpu(threads);
    const struct device_row *const row = find(given, &number);
    if (!row)
        return fault_set(fault, FAULT_INPUT, "%s: expected 'cpu', 'cuda' or 'cuda:N', found '%s'",
                         name ? "--device" : "GPFC_DEVICE", given);
    if (row->open && !row->open(&out->state, number, fault))
        return false;
    out->row = row;
    return true;
}

void device_close(struct device *device)
{
    if (device->row && device->row->close)
        device->row->close(device->state);
    *device = (struct device){.row = NULL};
}
