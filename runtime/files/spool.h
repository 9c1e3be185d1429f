/* SPDX-License-Identifier: MIT
 *
 * A file without a name, for bytes that are needed in another order than they come in. It is gone when it is
 * closed, or when the process ends. */
#ifndef GPFC_SPOOL_H
#define GPFC_SPOOL_H

#include "ground/fault.h"

/* In $TMPDIR, or /tmp. A descriptor; -1 with a fault where there is none. */
int spool_open(struct fault *fault) MUST_CHECK;
bool spool_write(int file, const void *data, size_t bytes, struct fault *fault) MUST_CHECK;

/* Bytes from a place on, as many as there are up to `bytes`. */
bool spool_read(int file, size_t place, void *to, size_t bytes, size_t *got, struct fault *fault) MUST_CHECK;

#endif
