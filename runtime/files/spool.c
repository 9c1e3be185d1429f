/* SPDX-License-Identifier: MIT */
#include "files/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_PATH = 4096 };

static const char *folder(void)
{
    const char *const given = getenv("TMPDIR");
    return given && given[0] ? given : "/tmp";
}

int spool_open(struct fault *fault)
{
    char path[MOST_PATH];
    const int length = snprintf(path, sizeof path, "%s/gpfc-XXXXXX", folder());
    const int file = (size_t)length < sizeof path ? mkstemp(path) : -1;
    if (file < 0)
        (void)fault_system(fault, "mkstemp", errno, "cannot write a temporary file in %s", folder());
    else
        (void)unlink(path);
    return file;
}

bool spool_write(int file, const void *data, size_t bytes, struct fault *fault)
{
    const char *from = data;
    while (bytes > 0) {
        const ssize_t done = write(file, from, bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fault_system(fault, "write", done < 0 ? errno : ENOSPC,
                                "cannot write a temporary file in %s", folder());
        from += done;
        bytes -= (size_t)done;
    }
    return true;
}

bool spool_read(int file, size_t place, void *to, size_t bytes, size_t *got, struct fault *fault)
{
    *got = 0;
    while (*got < bytes) {
        const ssize_t done = pread(file, (char *)to + *got, bytes - *got, (off_t)(place + *got));
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fault_system(fault, "pread", errno, "cannot read a temporary file in %s", folder());
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return true;
}
