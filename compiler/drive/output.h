/* SPDX-License-Identifier: MIT
 *
 * The folder of a compile's intermediate files, and what the system's cc and ar make of them. */
#ifndef GPFC_OUTPUT_H
#define GPFC_OUTPUT_H

#include "base/base.h"

#include <signal.h>

/* A folder for intermediate files. The arena owns it, and takes it away with the files directly in it. As
 * long as it is there, the signals that ask a process to end (HUP, INT, TERM) wait, in this thread: nobody
 * else would take it away. So what can last, as compiling or writing to a pipe, comes before or after. */
struct output_folder {
    const char *path;
    struct owned *place;
    sigset_t held_before; /* signals that waited already */
};

/* A fresh one in $TMPDIR or /tmp; NULL: *fault. */
struct output_folder *output_folder_new(struct arena *arena, const char **fault) MUST_CHECK;
void output_folder_remove(struct output_folder *folder); /* now, not with the arena */

/* Runs a program (found by PATH, no shell), which signals do reach, to its end. False: it could not be run or
 * failed; *fault then holds what it wrote. arguments end with NULL. */
bool output_run(struct arena *arena, const char *const *arguments, const char **fault) MUST_CHECK;

#endif
