/* SPDX-License-Identifier: MIT
 *
 * Takes a path, gives its bytes in order. */
#include "files/byte_source.h"

#include "files/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 65536 };

struct open_file {
    int descriptor;
    size_t ahead, used; /* bytes of `first` that were read to look at, and those given since */
    unsigned char first[BYTE_SOURCE_AHEAD];
};

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool read_on(const struct open_file *file, const char *name, void *to, size_t bytes, size_t *got,
                    struct fault *fault)
{
    *got = 0;
    while (*got < bytes) {
        const ssize_t done = read(file->descriptor, (char *)to + *got, bytes - *got);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fault_system(fault, "read", errno, "cannot read %s", name);
        if (done == 0)
            break;
        *got += (size_t)done;
    }
    return true;
}

static bool file_read(void *state, const char *name, void *to, size_t bytes, size_t *got, struct fault *fault)
{
    struct open_file *const file = state;
    const size_t left = file->ahead - file->used, again = left < bytes ? left : bytes;
    memcpy(to, file->first + file->used, again);
    file->used += again;
    if (!read_on(file, name, (char *)to + again, bytes - again, got, fault))
        return false;
    *got += again;
    return true;
}

static void file_close(void *state)
{
    const struct open_file *const file = state;
    close(file->descriptor);
    free(state);
}

bool byte_source_peek(const struct byte_source *source, const char *name, unsigned char to[BYTE_SOURCE_AHEAD],
                      size_t *got, struct fault *fault)
{
    struct open_file *const file = source->state;
    if (!read_on(file, name, file->first, sizeof file->first, &file->ahead, fault))
        return false;
    memcpy(to, file->first, file->ahead);
    *got = file->ahead;
    return true;
}

bool byte_source_at(const struct byte_source *source, const char *name, int64_t place, void *to, size_t bytes,
                    struct fault *fault)
{
    for (size_t got = 0; got < bytes;) {
        const ssize_t done = pread(source->descriptor, (char *)to + got, bytes - got,
                                   (off_t)(source->offset + place) + (off_t)got);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fault_system(fault, "pread", errno, "cannot read %s", name);
        if (done == 0)
            return fault_set(fault, FAULT_INPUT, "%s: became shorter while it was read", name);
        got += (size_t)done;
    }
    return true;
}

static void close_nothing(void *state)
{
    (void)state;
}

struct byte_source byte_source_none(void)
{
    return (struct byte_source){.length = -1, .descriptor = -1, .close = close_nothing};
}

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

const char *byte_source_name(const char *path)
{
    return is_standard(path) ? "standard input" : path;
}

static bool cannot_open(struct fault *fault, const char *path, const char *call, int error)
{
    char *const folder = path[0] != '/' && error == ENOENT ? getcwd(NULL, 0) : NULL;
    if (folder)
        fault_named(fault, call, error, "cannot read %s in %s", path, folder);
    else
        fault_named(fault, call, error, "cannot read %s", path);
    free(folder);
    return false;
}

/* A file that was read in part already (a shell's `{ head -1; NAME ...; } <FILE`) is one of unknown
 * length. */
static bool is_whole_file(int descriptor, const struct stat *what)
{
    return S_ISREG(what->st_mode) && lseek(descriptor, 0, SEEK_CUR) == 0;
}

bool byte_source_of(struct byte_source *out, int descriptor, const char *name, struct fault *fault)
{
    struct stat what;
    const int error = fstat(descriptor, &what) != 0 ? errno : S_ISDIR(what.st_mode) ? EISDIR : 0;
    struct open_file *file = error ? NULL : calloc(1, sizeof *file);
    if (!file) {
        close(descriptor);
        return error ? cannot_open(fault, name, "fstat", error)
                     : fault_memory(fault, sizeof *file, "a reader");
    }
    const bool whole = is_whole_file(descriptor, &what);
    file->descriptor = descriptor;
    *out = (struct byte_source){.state = file,
                                .length = whole ? (int64_t)what.st_size : -1,
                                .descriptor = whole ? descriptor : -1,
                                .read = file_read,
                                .close = file_close};
    return true;
}

bool byte_source_open(struct byte_source *out, const char *path, struct fault *fault)
{
    const bool standard = is_standard(path);
    const int descriptor =
        standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
    const char *const name = byte_source_name(path);
    return descriptor < 0 ? cannot_open(fault, name, standard ? "fcntl" : "open", errno)
                          : byte_source_of(out, descriptor, name, fault);
}

/* ---- into a file --------------------------------------------------------------------------------------- */

static bool copy_all(const struct byte_source *source, const char *name, int to, struct fault *fault)
{
    char block[COPY_BYTES];
    size_t got = sizeof block;
    while (got == sizeof block)
        if (!byte_source_read(source, name, block, sizeof block, &got, fault) ||
            !spool_write(to, block, got, fault))
            return false;
    return lseek(to, 0, SEEK_SET) == 0 || fault_system(fault, "lseek", errno, "cannot read %s", name);
}

bool byte_source_spool(struct byte_source *out, const char *name, const struct byte_source *source,
                       struct fault *fault)
{
    const int file = spool_open(fault);
    const bool good = file >= 0 && copy_all(source, name, file, fault);
    byte_source_close(source);
    if (good)
        return byte_source_of(out, file, name, fault);
    if (file >= 0)
        close(file);
    return false;
}
