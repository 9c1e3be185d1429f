/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a table in text, of one and of two columns. What is refused is refused with a sentence; what
 * is read is finite, and at least one row. */
#define _GNU_SOURCE /* memfd_create */
#include "files/csv.h"
#include "fuzz/fuzz.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void demand(bool good)
{
    if (!good)
        abort();
}

static void load(const char *path, int64_t d)
{
    struct fault fault = {.exit_code = 0};
    struct csv csv;
    int64_t labels = 0;
    if (!csv_read(&csv, path, d, FLT_MAX, &fault)) {
        demand(fault.text[0] && fault.exit_code != 0 && !csv.x);
        return;
    }
    demand(csv.rows > 0);
    for (int64_t i = 0; i < csv.rows * d; i++)
        demand(fabs(csv.x[i]) <= (double)FLT_MAX);
    for (int64_t i = 0; csv.labels && i < csv.rows; i++)
        labels ^= csv.labels[i]; /* a sanitizer looks on */
    demand(labels >= -((int64_t)1 << 54) && labels <= (int64_t)1 << 54);
    csv_free(&csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int file = memfd_create("fuzz.csv", 0);
    char path[64];
    if (file < 0)
        return 0;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (size == 0 || write(file, data, size) == (ssize_t)size) {
        load(path, 1);
        load(path, 2);
    }
    (void)close(file);
    return 0;
}
