/* SPDX-License-Identifier: MIT
 *
 * Arrays by name out of an .npz (a zip of .npy files, stored or deflated) and into one, through libzip. No
 * other folder knows libzip. */
#ifndef GPFC_NPZ_H
#define GPFC_NPZ_H

#include "files/byte_source.h"
#include "files/npy.h"
#include "files/safe_file.h"

struct npz;

enum { NPZ_NAME_BYTES = 256 }; /* of "NAME.npy" and its end; no array has a longer one */

/* path may also be a pipe, which is then copied to a file without a name. */
bool npz_open(struct npz **out, const char *path, struct fault *fault) MUST_CHECK;
/* Takes the source, also where it fails. name: for faults. */
bool npz_open_source(struct npz **out, const char *name, const struct byte_source *source,
                     struct fault *fault) MUST_CHECK;
void npz_close(struct npz *npz); /* NULL is allowed; readers of its arrays are closed before */

bool npz_has(struct npz *npz, const char *name);

/* A reader of the array `name` (no ".npy"); a missing one is a fault that lists what there is. The checksum
 * is checked when the last row was read. A stored array can be mapped (npy_map_rows), and stays so when the
 * npz is closed. Several readers of one npz may be open, in one thread. */
bool npz_array(struct npz *npz, const char *name, struct npy_reader **out, struct fault *fault) MUST_CHECK;

/* Makes an .npz of .npy files under the names of arrays, and takes its file. path: for faults. The same
 * arrays give the same bytes: all members are of 1 January 1980. */
struct npz_member {
    const char *name;
    int descriptor; /* of the .npy, which is read from its beginning */
};
bool npz_make(struct safe_file *file, const char *path, const struct npz_member *members, int n,
              struct fault *fault) MUST_CHECK;

#endif
