/* SPDX-License-Identifier: MIT
 *
 * What a compile leaves on disk: files that are there whole or not at all, and what the system's cc and ar make of them. */
#ifndef GPFC_OUTPUT_H
#define GPFC_OUTPUT_H

#include "base/base.h"

/* Writes a file beside `path`, syncs it, renames it. Devices and pipes are written to as they are. False: *fault. */
bool output_write(struct arena *arena, const char *path, const char *bytes, size_t length, const char **fault) MUST_CHECK;

/* A fresh folder for intermediate files, in $TMPDIR or /tmp; NULL: *fault. output_folder_remove takes it away with the
 * files directly in it. */
const char *output_folder_new(struct arena *arena, const char **fault) MUST_CHECK;
void output_folder_remove(const char *folder);

/* Runs a program (found by PATH, no shell) to its end. False: it could not be run or failed; *fault then holds what it wrote
 * on standard error. arguments end with NULL. */
bool output_run(struct arena *arena, const char *const *arguments, const char **fault) MUST_CHECK;

/* Moves a finished file to `path`, across file systems too, atomically; *length: its bytes. */
bool output_move(struct arena *arena, const char *from, const char *path, bool executable, size_t *length,
                 const char **fault) MUST_CHECK;

#endif
