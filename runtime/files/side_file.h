/* SPDX-License-Identifier: MIT
 *
 * A new file beside another, to be written and then renamed to it. Its name, ".NAME.TICKET.part", is one that
 * nobody can foresee, and no file of that name was there before. While it is open it is locked: a second
 * writer of the same file sees it. One that a killed writer left behind is removed by the next. */
#ifndef GPFC_SIDE_FILE_H
#define GPFC_SIDE_FILE_H

#include "ground/fault.h"

/* Gives a descriptor for writing, and the path, which is the caller's to free; -1 with a fault where there is
 * none. */
int side_file_open(const char *path, char **beside, struct fault *fault) MUST_CHECK;

/* In the folder of `path`, of no name at all: gone when it is closed. Readable and writable. */
int side_file_unnamed(const char *path, struct fault *fault) MUST_CHECK;

/* Those that this process is writing, before it ends by a signal: may be called from a handler. */
void side_file_remove_all(void);

#endif
