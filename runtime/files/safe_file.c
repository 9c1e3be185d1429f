/* SPDX-License-Identifier: MIT
 *
 * Takes bytes, gives a file that appears completely or not at all. The only file that knows how files are
 * written to the device. */
#include "files/safe_file.h"

#include "files/side_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct safe_file {
    int descriptor;
    char *path;   /* as the user knows it, links followed */
    char *beside; /* of another name, renamed to path (side_file.h); NULL: path is written to directly */
    bool kept;    /* is to be on the device before commit ends */
};

static void release(struct safe_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    free(file->path);
    free(file->beside);
    free(file);
}

/* What the link at `path` says, from where that link is; NULL: it is none, or no memory. */
static char *link_target(const char *path)
{
    char target[PATH_MAX];
    const ssize_t length = readlink(path, target, sizeof target - 1);
    const char *const slash = strrchr(path, '/');
    const size_t folder = slash && length > 0 && target[0] != '/' ? (size_t)(slash - path) + 1 : 0;
    char *const whole = length > 0 ? malloc(folder + (size_t)length + 1) : NULL;
    if (!whole)
        return NULL;
    memcpy(whole, path, folder);
    memcpy(whole + folder, target, (size_t)length);
    whole[folder + (size_t)length] = '\0';
    return whole;
}

/* The file that a link leads to, whether it is there already or, as for a shell's `>`, is still to be made; a
 * copy of path where that is no link. NULL: no memory. */
static char *followed(const char *path)
{
    enum { MOST_LINKS = 40 };
    char *at = strdup(path);
    for (int i = 0; at && i < MOST_LINKS; i++) {
        char *const real = realpath(at, NULL), *const next = real ? real : link_target(at);
        if (!next)
            return at;
        free(at);
        if (real)
            return real;
        at = next;
    }
    return at;
}

static bool is_irregular(const char *path)
{
    struct stat there;
    return stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
}

static bool open_directly(struct safe_file *file, struct fault *fault)
{
    file->descriptor = open(file->path, O_WRONLY | O_CLOEXEC);
    return file->descriptor >= 0 || fault_system(fault, "open", errno, "cannot write %s", file->path);
}

/* As /dev/stdout is, wherever that leads: a file of its own would replace the link, or be lost. */
static bool is_standard_output(const char *path)
{
    struct stat there, output;
    return stat(path, &there) == 0 && fstat(STDOUT_FILENO, &output) == 0 && there.st_dev == output.st_dev &&
           there.st_ino == output.st_ino && S_ISREG(there.st_mode);
}

static bool open_standard(struct safe_file *file, struct fault *fault)
{
    file->path = strdup("standard output");
    file->descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (!file->path)
        return fault_memory(fault, 0, "a path");
    return file->descriptor >= 0 || fault_system(fault, "fcntl", errno, "cannot write %s", file->path);
}

static bool open_somehow(struct safe_file *file, const char *path, struct fault *fault)
{
    if (strcmp(path, "-") == 0 || is_standard_output(path))
        return open_standard(file, fault);
    file->path = is_irregular(path) ? strdup(path) : followed(path);
    if (!file->path)
        return fault_memory(fault, strlen(path), "a path");
    if (is_irregular(file->path))
        return open_directly(file, fault);
    struct stat there;
    if (stat(file->path, &there) == 0 && S_ISDIR(there.st_mode))
        return fault_system(fault, NULL, EISDIR, "cannot write %s", file->path);
    file->descriptor = side_file_open(file->path, &file->beside, fault);
    return file->descriptor >= 0;
}

static bool file_new(struct safe_file **out, struct fault *fault)
{
    if (!fault_calloc(fault, (void **)out, 1, sizeof **out, "a file"))
        return false;
    (*out)->descriptor = -1;
    (*out)->kept = true;
    return true;
}

bool safe_file_open(struct safe_file **out, const char *path, struct fault *fault)
{
    struct safe_file *file;
    *out = NULL;
    if (!file_new(&file, fault))
        return false;
    if (!open_somehow(file, path, fault)) {
        release(file);
        return false;
    }
    *out = file;
    return true;
}

bool safe_file_unnamed(struct safe_file **out, const char *path, int *descriptor, struct fault *fault)
{
    struct safe_file *file;
    *out = NULL;
    *descriptor = -1;
    if (!file_new(&file, fault))
        return false;
    file->kept = false;
    file->path = strdup(path);
    file->descriptor = file->path ? side_file_unnamed(path, fault) : -1;
    if (file->descriptor >= 0)
        *descriptor = fcntl(file->descriptor, F_DUPFD_CLOEXEC, 0);
    if (*descriptor >= 0) {
        *out = file;
        return true;
    }
    if (!file->path)
        (void)fault_memory(fault, strlen(path), "a path");
    else if (file->descriptor >= 0)
        (void)fault_system(fault, "fcntl", errno, "cannot write %s", path);
    release(file);
    return false;
}

bool safe_file_write(struct safe_file *file, const void *data, size_t bytes, struct fault *fault)
{
    const char *from = data;
    while (bytes > 0) {
        const ssize_t done = write(file->descriptor, from, bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fault_system(fault, "write", done < 0 ? errno : ENOSPC, "cannot write %s", file->path);
        from += done;
        bytes -= (size_t)done;
    }
    return true;
}

bool safe_file_seek(struct safe_file *file, int64_t place, struct fault *fault)
{
    if (!file->beside)
        return fault_set(fault, FAULT_SYSTEM, "cannot write %s: it is no regular file", file->path);
    return lseek(file->descriptor, (off_t)place, SEEK_SET) >= 0 ||
           fault_system(fault, "lseek", errno, "cannot write %s", file->path);
}

/* The name in the directory is on the device only after this; some file systems cannot do it, and say
 * EINVAL. */
static bool sync_directory(const struct safe_file *file, struct fault *fault)
{
    char *const copy = strdup(file->path);
    if (!copy)
        return fault_memory(fault, strlen(file->path), "a path");
    const int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (directory < 0)
        return true; /* may be written to, not read: nothing more can be done */
    const bool done = fsync(directory) == 0 || errno == EINVAL || errno == EROFS;
    const int error = errno;
    close(directory);
    return done || fault_system(fault, "fsync", error, "cannot write %s", file->path);
}

static bool commit(struct safe_file *file, struct fault *fault)
{
    if (file->kept && fsync(file->descriptor) != 0 && errno != EINVAL &&
        errno != EROFS) /* pipes say EINVAL */
        return fault_system(fault, "fsync", errno, "cannot write %s", file->path);
    if (!file->beside)
        return true;
    if (rename(file->beside, file->path) != 0)
        return fault_system(fault, "rename", errno, "cannot write %s", file->path);
    free(file->beside);
    file->beside = NULL;
    return sync_directory(file, fault);
}

bool safe_file_commit(struct safe_file *file, struct fault *fault)
{
    const bool done = commit(file, fault);
    safe_file_abandon(file);
    return done;
}

void safe_file_abandon(struct safe_file *file)
{
    if (!file)
        return;
    if (file->beside)
        unlink(file->beside);
    release(file);
}
