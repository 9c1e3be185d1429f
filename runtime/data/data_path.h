/* SPDX-License-Identifier: MIT
 *
 * What a user calls the file of the data, as files that can be opened. */
#ifndef GPFC_DATA_PATH_H
#define GPFC_DATA_PATH_H

#include "ground/fault.h"

struct data_paths {
    char *x, *y; /* owned; y NULL: x is all there is */
};

/* "X.npy,Y.npy" is two. A relative path is looked for in `folder`, where the spec was, and then in the
 * working directory; NULL or "": only there. A file that is nowhere is a fault that says where it was looked
 * for. */
bool data_paths_find(struct data_paths *out, const char *file, const char *folder,
                     struct fault *fault) MUST_CHECK;
void data_paths_free(struct data_paths *paths); /* a zeroed one is allowed */

/* The same as one text with absolute paths, which means the same in every working directory; the caller's to
 * free. NULL with a fault: as above, or no memory. */
char *data_path_lasting(const char *file, const char *folder, struct fault *fault) MUST_CHECK;

#endif
