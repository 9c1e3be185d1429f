/* SPDX-License-Identifier: MIT
 *
 * Takes rows in blocks, gives an .npy file that appears completely or not at all. */
#include "files/npy.h"
#include "files/npy_format.h"
#include "files/safe_file.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct npy_writer {
    struct safe_file *file;
    size_t row_bytes;
    int64_t rows_left;
};

enum { HEADER_BYTES = 128 }; /* a multiple of 64, so that the data is aligned; the longest text needs 100 */

static bool write_header(struct npy_writer *w, int64_t precision, int64_t rows, int64_t columns,
                         struct fault *fault)
{
    char header[HEADER_BYTES];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(HEADER_BYTES - NPY_PREFIX_1);
    header[9] = 0;
    header[HEADER_BYTES - 1] = '\n';
    char text[HEADER_BYTES - NPY_PREFIX_1];
    const int length =
        snprintf(text, sizeof text,
                 "{'descr': '<f%" PRId64 "', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 "), }",
                 precision, rows, columns);
    assert(length > 0 && (size_t)length < sizeof text);
    memcpy(header + NPY_PREFIX_1, text, (size_t)length);
    return safe_file_write(w->file, header, HEADER_BYTES, fault);
}

bool npy_create(struct npy_writer **out, const char *path, int64_t precision, int64_t rows, int64_t columns,
                struct fault *fault)
{
    assert((precision == 4 || precision == 8) && rows >= 0 && columns >= 0);
    *out = NULL;
    struct npy_writer *const w = calloc(1, sizeof *w);
    if (!w)
        return fault_memory(fault, sizeof *w, "a writer");
    w->row_bytes = (size_t)precision * (size_t)columns;
    w->rows_left = rows;
    if (!safe_file_open(&w->file, path, fault) || !write_header(w, precision, rows, columns, fault)) {
        npy_writer_abandon(w);
        return false;
    }
    *out = w;
    return true;
}

bool npy_write_rows(struct npy_writer *writer, const void *from, int64_t rows, struct fault *fault)
{
    assert(rows <= writer->rows_left);
    writer->rows_left -= rows;
    return safe_file_write(writer->file, from, (size_t)rows * writer->row_bytes, fault);
}

bool npy_writer_commit(struct npy_writer *writer, struct fault *fault)
{
    assert(writer->rows_left == 0);
    const bool done = safe_file_commit(writer->file, fault);
    free(writer);
    return done;
}

void npy_writer_abandon(struct npy_writer *writer)
{
    if (!writer)
        return;
    safe_file_abandon(writer->file);
    free(writer);
}
