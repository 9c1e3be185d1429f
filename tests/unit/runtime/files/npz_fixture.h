/* SPDX-License-Identifier: MIT
 *
 * Makes .npz files for tests, sound ones and ones with a fault put in. */
#ifndef GPFC_NPZ_FIXTURE_H
#define GPFC_NPZ_FIXTURE_H

#include "unit/runtime/files/data_fixture.h"

#include <inttypes.h>
#include <zip.h>

struct member {
    const char *name;      /* "x_train.npy" */
    int64_t rows, columns; /* columns 0: a list of numbers [rows] */
    const double *data;
    int method; /* ZIP_CM_STORE, ZIP_CM_DEFLATE, ... */
};

static inline bool add_member(zip_t *zip, const struct member *m, struct bytes *npy)
{
    char header[128], columns[24] = "";
    if (m->columns > 0)
        (void)snprintf(columns, sizeof columns, " %" PRId64, m->columns);
    (void)snprintf(header, sizeof header,
                   "{'descr': '<f8', 'fortran_order': False, 'shape': (%" PRId64 ",%s), }", m->rows, columns);
    make_npy(npy, 1, header, m->data, (size_t)m->rows * (size_t)(m->columns > 0 ? m->columns : 1) * 8);
    zip_source_t *source = zip_source_buffer(zip, npy->at, npy->length, 0);
    const zip_int64_t index = source ? zip_file_add(zip, m->name, source, 0) : -1;
    return index >= 0 && zip_set_file_compression(zip, (zip_uint64_t)index, m->method, 0) == 0;
}

/* Up to 8 members. */
static inline bool make_npz(const char *path, const struct member *members, size_t n)
{
    static struct bytes npy[8]; /* libzip reads them when the zip is closed */
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    bool good = zip && n <= 8;
    for (size_t i = 0; good && i < n; i++)
        good = add_member(zip, &members[i], &npy[i]);
    return zip && zip_close(zip) == 0 && good;
}

/* Changes bytes of a file that are found `from` the first (or the last) place where `mark` stands. */
static inline bool patch_file(const char *path, const char *mark, size_t mark_length, bool last, size_t from,
                              const void *bytes, size_t length)
{
    size_t size, place = 0;
    char *const text = scratch_read(path, &size);
    bool found = false;
    for (size_t i = 0; text && i + mark_length <= size && (last || !found); i++)
        if (memcmp(text + i, mark, mark_length) == 0) {
            place = i + from;
            found = true;
        }
    if (found && place + length <= size)
        memcpy(text + place, bytes, length);
    found = found && scratch_write(path, text, size);
    free(text);
    return found;
}

#endif
