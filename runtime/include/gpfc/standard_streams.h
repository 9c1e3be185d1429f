/* SPDX-License-Identifier: MIT
 *
 * For the first line of a main program, of gpfc and of trainers. */
#ifndef GPFC_STANDARD_STREAMS_H
#define GPFC_STANDARD_STREAMS_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A program may be started with some of its standard streams closed, and the next file that it opens would
 * take that number: what is printed would go into the file. Those that are closed are opened on the null
 * device, the wrong way round, so that reading and writing fail as on a closed stream. */
static inline void gpfc_keep_standard_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
            (void)open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

#endif
