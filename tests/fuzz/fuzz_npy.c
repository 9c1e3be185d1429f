/* SPDX-License-Identifier: MIT
 *
 * Any bytes as an .npy: read in blocks, in both precisions. What is refused is refused with a sentence; what
 * is read is finite, and as many rows as the header promises. */
#include "files/npy_format.h"
#include "fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 /* elements */ };

struct memory {
    const uint8_t *at;
    size_t left;
};

static bool memory_read(void *state, const char *name, void *to, size_t bytes, size_t *got,
                        struct fault *fault)
{
    struct memory *const memory = state;
    (void)name;
    (void)fault;
    *got = bytes < memory->left ? bytes : memory->left;
    if (*got > 0)
        memcpy(to, memory->at, *got);
    memory->at += *got;
    memory->left -= *got;
    return true;
}

static void memory_close(void *state)
{
    (void)state;
}

static void check_finite(const double *twice, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        demand(isfinite(twice[i]));
}

/* All rows, where a block holds one; otherwise nothing is read. */
static bool read_rows(struct npy_reader *reader, int precision, struct fault *fault)
{
    const struct npy_shape shape = npy_shape(reader);
    double block[BLOCK];
    int64_t whole[BLOCK];
    int64_t rows = 0, got = 1;
    if (shape.columns == 0 || shape.columns > BLOCK)
        return true;
    while (got > 0) {
        const int64_t most = BLOCK / shape.columns;
        if (!(precision ? npy_read_rows(reader, precision, most, block, &got, fault)
                        : npy_read_integers(reader, most, whole, &got, fault)))
            return false;
        if (precision == 8)
            check_finite(block, got * shape.columns);
        rows += got;
    }
    demand(rows == shape.rows);
    return true;
}

/* precision 0: integers. */
static void read_as(const uint8_t *data, size_t size, int precision, bool length_known)
{
    struct memory memory = {.at = data, .left = size};
    const struct byte_source source = {.state = &memory,
                                       .length = length_known ? (int64_t)size : -1,
                                       .descriptor = -1,
                                       .read = memory_read,
                                       .close = memory_close};
    struct fault fault = {.exit_code = 0};
    struct npy_reader *reader;
    bool good = npy_open_source(&reader, "fuzz.npy", &source, &fault);
    if (good) {
        struct fault unused = {.exit_code = 0};
        good = npy_expect_columns(reader, 2, &unused);
        demand(good || unused.text[0]);
        good = read_rows(reader, precision, &fault);
        npy_close(reader);
    }
    demand(good || (fault.text[0] && fault.exit_code != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_as(data, size, 4, true);
    read_as(data, size, 8, true);
    read_as(data, size, 8, false);
    read_as(data, size, 0, true);
    return 0;
}
