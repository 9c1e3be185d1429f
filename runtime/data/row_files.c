/* SPDX-License-Identifier: MIT */
#include "data/row_files.h"

#include "files/npz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_npz(const char *path)
{
    const size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, ".npz") == 0;
}

static bool open_in(struct row_files *files, const struct row_files_request *request, struct fault *fault)
{
    if (!is_npz(request->in))
        return npy_open(&files->in, request->in, fault);
    if (!npz_open(&files->npz, request->in, fault))
        return false;
    const char *const other = request->in_names[1];
    const bool second = !npz_has(files->npz, request->in_names[0]) && other && npz_has(files->npz, other);
    return npz_array(files->npz, request->in_names[second], &files->in, fault);
}

static bool open_out(struct row_files *files, const struct row_files_request *request, struct fault *fault)
{
    const size_t room = strlen(request->out) + 6;
    files->out_name = request->out_name;
    files->path = strdup(request->out);
    if (!files->path)
        return fault_memory(fault, room, "a path");
    if (is_npz(request->out)) {
        files->rows = malloc(room);
        if (!files->rows)
            return fault_memory(fault, room, "a path");
        (void)snprintf(files->rows, room, "%s.rows", request->out);
    }
    return npy_create(&files->out, files->rows ? files->rows : files->path, request->precision,
                      npy_shape(files->in).rows, request->d, fault);
}

bool row_files_open(struct row_files *out, const struct row_files_request *request, struct fault *fault)
{
    *out = (struct row_files){.npz = NULL};
    return open_in(out, request, fault) && npy_expect_columns(out->in, request->d, fault) &&
           open_out(out, request, fault);
}

bool row_files_commit(struct row_files *files, struct fault *fault)
{
    struct npy_writer *const out = files->out;
    files->out = NULL;
    if (!npy_writer_commit(out, fault))
        return false;
    if (!files->rows)
        return true;
    const bool good = npz_make(files->path, files->rows, files->out_name, files->npz, fault);
    (void)unlink(files->rows);
    return good;
}

void row_files_close(struct row_files *files)
{
    npy_writer_abandon(files->out);
    npy_close(files->in);
    npz_close(files->npz);
    free(files->path);
    free(files->rows);
    *files = (struct row_files){.npz = NULL};
}
