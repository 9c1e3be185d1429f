/* SPDX-License-Identifier: MIT
 *
 * Arrays by name out of an .npz (a zip of .npy files, stored or deflated) and into one, through libzip. No
 * other folder knows libzip. */
#ifndef GPFC_NPZ_H
#define GPFC_NPZ_H

#include "files/npy.h"

struct npz;

bool npz_open(struct npz **out, const char *path, struct fault *fault) MUST_CHECK;
void npz_close(struct npz *npz); /* NULL is allowed; readers of its arrays are closed before */

bool npz_has(struct npz *npz, const char *name);

/* A reader of the array `name` (no ".npy"); a missing one is a fault that lists what there is. The checksum
 * is checked when the last row was read. A stored array can be mapped (npy_map_rows), and stays so when the
 * npz is closed. Several readers of one npz may be open, in one thread. */
bool npz_array(struct npz *npz, const char *name, struct npy_reader **out, struct fault *fault) MUST_CHECK;

/* The same for npy_read_integers. */
bool npz_integers(struct npz *npz, const char *name, struct npy_reader **out, struct fault *fault) MUST_CHECK;

/* Makes the .npz `path`, whole or not at all: the .npy file `rows` as its array `name`, and the array
 * "labels" of `labels`, which may be NULL or have none. */
bool npz_make(const char *path, const char *rows, const char *name, struct npz *labels,
              struct fault *fault) MUST_CHECK;

#endif
