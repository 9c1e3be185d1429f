/* SPDX-License-Identifier: MIT
 *
 * A processor's row of the table, and the caches of the machine at hand in place of the row's. */
#include "target/machine.h"

#include "target/machine_caches.h"

#include <string.h>

enum { KIBI = 1024 };

static const struct row {
    const char *name;
    double gigahertz, multiply_adds, loads, stores, shuffles, issue;
    int latency, window;
    double divide;
    long l1, l2, l3; /* KiB */
    int l3_cores;
    double l2_bandwidth, l3_bandwidth, memory_bandwidth;
} rows[] = {
#define MACHINE(...) {__VA_ARGS__},
#include "target/machine_table.def"
};

static const struct pairs {
    const char *name;
    double pairs;
} pairs[] = {
#define MACHINE_PAIRS(...) {__VA_ARGS__},
#include "target/machine_table.def"
};

static const struct row *find_row(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static const char *kind_of(int vector_bits, int registers, bool has_fma)
{
    if (vector_bits == 512)
        return "*AVX512";
    if (vector_bits == 256)
        return has_fma ? "*AVX2" : "*AVX";
    return registers == 32 ? "*NEON" : "*SSE2";
}

void machine_find(struct machine *out, const char *name, int vector_bits, int registers, bool has_fma,
                  bool native)
{
    const struct row *row = find_row(name);
    *out = (struct machine){
        .is_known = row, .vector_bits = vector_bits, .registers = registers, .has_fma = has_fma};
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (strcmp(pairs[i].name, name) == 0)
            out->pairs = pairs[i].pairs;
    if (!row)
        row = find_row(kind_of(vector_bits, registers, has_fma));
    out->hertz = row->gigahertz * 1e9;
    out->multiply_adds = row->multiply_adds;
    out->loads = row->loads;
    out->stores = row->stores;
    out->shuffles = row->shuffles;
    out->issue = row->issue;
    out->latency = row->latency;
    out->window = row->window;
    out->divide = row->divide;
    out->l1_bytes = row->l1 * KIBI;
    out->l2_bytes = row->l2 * KIBI;
    out->l3_bytes = row->l3 * KIBI;
    out->l3_cores = row->l3_cores;
    out->l2_bandwidth = row->l2_bandwidth;
    out->l3_bandwidth = row->l3_bandwidth;
    out->memory_bandwidth = row->memory_bandwidth;
    if (native)
        machine_caches(out);
}

long machine_l3_share(const struct machine *machine)
{
    const int working = (machine->l3_cores + 1) / 2;
    const long share = machine->l3_bytes / working;
    return share > machine->l2_bytes ? share : machine->l2_bytes;
}
