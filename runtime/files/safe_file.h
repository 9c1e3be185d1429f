/* SPDX-License-Identifier: MIT
 *
 * A file that appears completely or not at all: written under another name (side_file.h), then fsync, rename,
 * fsync of the directory. If PATH is a link, the file it leads to is replaced; if it is no regular file (a
 * pipe, /dev/stdout), it is written to directly; "-" is standard output. One writer at a time: a second one
 * for the same path fails. */
#ifndef GPFC_SAFE_FILE_H
#define GPFC_SAFE_FILE_H

#include "ground/fault.h"

#include <stddef.h>
#include <stdint.h>

struct safe_file;

bool safe_file_open(struct safe_file **out, const char *path, struct fault *fault) MUST_CHECK;
bool safe_file_write(struct safe_file *file, const void *data, size_t bytes, struct fault *fault) MUST_CHECK;

/* The next bytes are written to that place. A fault where PATH is no regular file. */
bool safe_file_seek(struct safe_file *file, int64_t place, struct fault *fault) MUST_CHECK;

/* Both take the file (also where they fail) and free it. commit: the file is in place. abandon: PATH is as it
 * was, and nothing is left beside it; NULL is allowed. */
bool safe_file_commit(struct safe_file *file, struct fault *fault) MUST_CHECK;
void safe_file_abandon(struct safe_file *file);

/* A file without a name, in the folder of `path`, for what is to become a part of that: after commit its
 * bytes are read from the descriptor, which is the caller's to close. */
bool safe_file_unnamed(struct safe_file **out, const char *path, int *descriptor,
                       struct fault *fault) MUST_CHECK;

#endif
