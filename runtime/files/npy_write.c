/* SPDX-License-Identifier: MIT
 *
 * Takes rows in blocks, gives an .npy file that appears completely or not at all. */
#include "files/npy.h"
#include "files/npy_format.h"
#include "files/safe_file.h"
#include "files/spool.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct npy_writer {
    struct safe_file *file;
    size_t row_bytes;
    int64_t precision, columns;
    int64_t rows; /* -1: not known; then they go to `spool` first */
    int64_t done;
    int spool; /* -1: there is none */
};

enum {
    COPY_BYTES = 65536,
    HEADER_BYTES = 128
}; /* a multiple of 64, so that the data is aligned; the longest text needs 100 */

static bool write_header(const struct npy_writer *w, int64_t rows, struct fault *fault)
{
    char header[HEADER_BYTES];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(HEADER_BYTES - NPY_PREFIX_1);
    header[9] = 0;
    header[HEADER_BYTES - 1] = '\n';
    char text[HEADER_BYTES - NPY_PREFIX_1], columns[32] = "";
    if (w->columns != NPY_LIST)
        (void)snprintf(columns, sizeof columns, " %" PRId64, w->columns);
    const int length =
        snprintf(text, sizeof text, "{'descr': '<%s', 'fortran_order': False, 'shape': (%" PRId64 ",%s), }",
                 w->precision == 0   ? "i8"
                 : w->precision == 4 ? "f4"
                                     : "f8",
                 rows, columns);
    assert(length > 0 && (size_t)length < sizeof text);
    memcpy(header + NPY_PREFIX_1, text, (size_t)length);
    return safe_file_write(w->file, header, HEADER_BYTES, fault);
}

static bool start(struct npy_writer *w, const char *path, int *descriptor, struct fault *fault)
{
    if (!(descriptor ? safe_file_unnamed(&w->file, path, descriptor, fault)
                     : safe_file_open(&w->file, path, fault)))
        return false;
    if (w->rows >= 0)
        return write_header(w, w->rows, fault);
    w->spool = spool_open(fault);
    return w->spool >= 0;
}

/* descriptor NULL: a file of that path. */
static bool create(struct npy_writer **out, const char *path, int *descriptor, const struct npy_writer *form,
                   struct fault *fault)
{
    const int64_t precision = form->precision, columns = form->columns;
    assert((precision == 0 || precision == 4 || precision == 8) && form->rows >= -1 && columns >= NPY_LIST);
    *out = NULL;
    struct npy_writer *const w = calloc(1, sizeof *w);
    if (!w)
        return fault_memory(fault, sizeof *w, "a writer");
    *w = *form;
    w->spool = -1;
    w->row_bytes = (size_t)(precision ? precision : 8) * (columns == NPY_LIST ? 1 : (size_t)columns);
    if (!start(w, path, descriptor, fault)) {
        npy_writer_abandon(w);
        return false;
    }
    *out = w;
    return true;
}

bool npy_create(struct npy_writer **out, const char *path, int64_t precision, int64_t rows, int64_t columns,
                struct fault *fault)
{
    const struct npy_writer form = {.precision = precision, .columns = columns, .rows = rows};
    return create(out, path, NULL, &form, fault);
}

bool npy_create_unnamed(struct npy_writer **out, const char *path, int *descriptor, int64_t precision,
                        int64_t rows, int64_t columns, struct fault *fault)
{
    const struct npy_writer form = {.precision = precision, .columns = columns, .rows = rows};
    *descriptor = -1;
    return create(out, path, descriptor, &form, fault);
}

bool npy_write_rows(struct npy_writer *writer, const void *from, int64_t rows, struct fault *fault)
{
    const size_t bytes = (size_t)rows * writer->row_bytes;
    writer->done += rows;
    assert(writer->rows < 0 || writer->done <= writer->rows);
    return writer->spool >= 0 ? spool_write(writer->spool, from, bytes, fault)
                              : safe_file_write(writer->file, from, bytes, fault);
}

static bool write_spooled(const struct npy_writer *w, struct fault *fault)
{
    char block[COPY_BYTES];
    for (size_t got = sizeof block, place = 0; got == sizeof block; place += got)
        if (!spool_read(w->spool, place, block, sizeof block, &got, fault) ||
            !safe_file_write(w->file, block, got, fault))
            return false;
    return true;
}

bool npy_writer_commit(struct npy_writer *writer, struct fault *fault)
{
    assert(writer->rows < 0 || writer->done == writer->rows);
    const bool whole =
        writer->spool < 0 || (write_header(writer, writer->done, fault) && write_spooled(writer, fault));
    const bool done = whole && safe_file_commit(writer->file, fault);
    if (whole)
        writer->file = NULL;
    npy_writer_abandon(writer);
    return done;
}

void npy_writer_abandon(struct npy_writer *writer)
{
    if (!writer)
        return;
    safe_file_abandon(writer->file);
    if (writer->spool >= 0)
        (void)close(writer->spool);
    free(writer);
}
