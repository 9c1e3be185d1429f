/* SPDX-License-Identifier: MIT
 *
 * Files that appear completely or not at all, and the signals that are blocked meanwhile. */
#ifndef GPFC_BASE_FILE_H
#define GPFC_BASE_FILE_H

#include "base/base.h"

#include <signal.h>
#include <sys/types.h>

/* The signals that ask a process to end (HUP, INT, TERM) wait, in this thread. */
void signals_hold(sigset_t *held_before);
void signals_let(const sigset_t *held_before); /* one that came meanwhile may end the process here */

/* The file that a link leads to; `path` itself where it is no link, or leads nowhere yet. */
const char *file_followed(struct arena *arena, const char *path);

/* Writes a file beside `path`, or beside the file that it leads to as a link, syncs it, renames it. The
 * system takes the umask off `mode`. Devices and pipes are written to as they are. False: *fault. */
bool file_put(struct arena *arena, const char *path, const char *bytes, size_t length, mode_t mode,
              const char **fault) MUST_CHECK;

/* "PATH: cannot WHAT: <error> (<call>)" into *fault; false. call NULL: none failed, the path is wrong. */
bool file_fault(struct arena *arena, const char *path, const char *what, const char *call, int error,
                const char **fault);

#endif
