/* SPDX-License-Identifier: MIT
 *
 * Where rows come from and go to: .npy files, or arrays of an .npz; read and written block by block. An .npz
 * that rows come from may have labels, which an .npz that they go to gets too. */
#ifndef GPFC_ROW_FILES_H
#define GPFC_ROW_FILES_H

#include "files/npy.h"

struct npz;

struct row_files {
    struct npz *npz; /* the rows come from; NULL: a .npy */
    struct npy_reader *in;
    struct npy_writer *out;
    char *path, *rows; /* of what is made; of the .npy that goes into an .npz, NULL where none is made */
    const char *out_name;
};

struct row_files_request {
    const char *in, *out; /* paths; .npz by their endings */
    const char *in_names[2],
        *out_name; /* of the array in an .npz, the first that is there; the second may be NULL */
    int64_t precision;
    int64_t d;
};

/* What request names is lent until row_files_close. */
bool row_files_open(struct row_files *out, const struct row_files_request *request,
                    struct fault *fault) MUST_CHECK;
bool row_files_commit(struct row_files *files, struct fault *fault) MUST_CHECK; /* all rows were written */
void row_files_close(
    struct row_files *files); /* what is not committed is not there; a zeroed one is allowed */

#endif
