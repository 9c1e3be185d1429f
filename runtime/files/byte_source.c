/* SPDX-License-Identifier: MIT
 *
 * Takes a path, gives its bytes in order. */
#include "files/byte_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct open_file {
    int descriptor;
};

static bool file_read(void *state, const char *name, void *to, size_t bytes, size_t *got, struct fault *fault)
{
    const struct open_file *const file = state;
    *got = 0;
    while (*got < bytes) {
        const ssize_t done = read(file->descriptor, (char *)to + *got, bytes - *got);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fault_system(fault, errno, "cannot read %s", name);
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return true;
}

static void file_close(void *state)
{
    const struct open_file *const file = state;
    close(file->descriptor);
    free(state);
}

static bool cannot_open(struct fault *fault, const char *path, int error)
{
    fault_system(fault, error, "cannot read %s", path);
    if (fault && error != ENOMEM)
        fault->exit_code = FAULT_INPUT; /* the user named it */
    return false;
}

bool byte_source_open(struct byte_source *out, const char *path, struct fault *fault)
{
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return cannot_open(fault, path, errno);
    struct stat what;
    int error = fstat(descriptor, &what) != 0 ? errno : S_ISDIR(what.st_mode) ? EISDIR : 0;
    struct open_file *file = error ? NULL : malloc(sizeof *file);
    if (!file) {
        close(descriptor);
        return cannot_open(fault, path, error ? error : ENOMEM);
    }
    file->descriptor = descriptor;
    *out = (struct byte_source){.state = file,
                                .length = S_ISREG(what.st_mode) ? (int64_t)what.st_size : -1,
                                .descriptor = S_ISREG(what.st_mode) ? descriptor : -1,
                                .read = file_read,
                                .close = file_close};
    return true;
}
