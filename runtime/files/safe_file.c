/* SPDX-License-Identifier: MIT
 *
 * Takes bytes, gives a file that appears completely or not at all. The only file that knows how files are
 * written to the device. */
#include "files/safe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct safe_file {
    int descriptor;
    char *path;   /* as the user knows it, links followed */
    char *beside; /* PATH.part, renamed to path; NULL: path is written to directly */
};

static void release(struct safe_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    free(file->path);
    free(file->beside);
    free(file);
}

/* The file that a link leads to; a copy of path where there is none yet. NULL: no memory. */
static char *followed(const char *path)
{
    char *const real = realpath(path, NULL);
    return real ? real : strdup(path);
}

static bool is_irregular(const char *path)
{
    struct stat there;
    return stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
}

/* Is the open file still the one of this name? Another writer may have renamed or removed it in between. */
static bool is_named(int descriptor, const char *path)
{
    struct stat opened, named;
    return fstat(descriptor, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

/* Opens PATH.part and locks it, so that two writers of one file do not mix. Truncated only once it is
 * ours. */
static bool open_beside(struct safe_file *file, struct fault *fault)
{
    for (;;) {
        file->descriptor = open(file->beside, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (file->descriptor < 0)
            return fault_system(fault, errno, "cannot write %s", file->path);
        if (flock(file->descriptor, LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK)
                return fault_set(fault, FAULT_SYSTEM, "cannot write %s: another process is writing it",
                                 file->path);
            /* a file system without locks: go on without */
        } else if (!is_named(file->descriptor, file->beside)) {
            close(file->descriptor);
            continue;
        }
        if (ftruncate(file->descriptor, 0) != 0)
            return fault_system(fault, errno, "cannot write %s", file->path);
        return true;
    }
}

static bool open_directly(struct safe_file *file, struct fault *fault)
{
    file->descriptor = open(file->path, O_WRONLY | O_CLOEXEC);
    return file->descriptor >= 0 || fault_system(fault, errno, "cannot write %s", file->path);
}

static bool open_standard(struct safe_file *file, struct fault *fault)
{
    file->path = strdup("standard output");
    file->descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (!file->path)
        return fault_memory(fault, 0, "a path");
    return file->descriptor >= 0 || fault_system(fault, errno, "cannot write %s", file->path);
}

static bool open_somehow(struct safe_file *file, const char *path, struct fault *fault)
{
    if (strcmp(path, "-") == 0)
        return open_standard(file, fault);
    file->path = is_irregular(path) ? strdup(path) : followed(path);
    if (!file->path)
        return fault_memory(fault, strlen(path), "a path");
    if (is_irregular(file->path))
        return open_directly(file, fault);
    struct stat there;
    if (stat(file->path, &there) == 0 && S_ISDIR(there.st_mode))
        return fault_system(fault, EISDIR, "cannot write %s", file->path);
    const size_t room = strlen(file->path) + sizeof ".part";
    file->beside = malloc(room);
    if (!file->beside)
        return fault_memory(fault, room, "a path");
    snprintf(file->beside, room, "%s.part", file->path);
    return open_beside(file, fault);
}

bool safe_file_open(struct safe_file **out, const char *path, struct fault *fault)
{
    *out = NULL;
    struct safe_file *file = calloc(1, sizeof *file);
    if (!file)
        return fault_memory(fault, sizeof *file, "a file");
    file->descriptor = -1;
    if (!open_somehow(file, path, fault)) {
        release(file); /* PATH.part, if there is one, is another writer's */
        return false;
    }
    *out = file;
    return true;
}

bool safe_file_write(struct safe_file *file, const void *data, size_t bytes, struct fault *fault)
{
    const char *from = data;
    while (bytes > 0) {
        const ssize_t done = write(file->descriptor, from, bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return fault_system(fault, done < 0 ? errno : ENOSPC, "cannot write %s", file->path);
        from += done;
        bytes -= (size_t)done;
    }
    return true;
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
    return done || fault_system(fault, error, "cannot write %s", file->path);
}

static bool commit(struct safe_file *file, struct fault *fault)
{
    if (fsync(file->descriptor) != 0 && errno != EINVAL && errno != EROFS) /* pipes say EINVAL */
        return fault_system(fault, errno, "cannot write %s", file->path);
    if (!file->beside)
        return true;
    if (rename(file->beside, file->path) != 0)
        return fault_system(fault, errno, "cannot write %s", file->path);
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

bool safe_file_place(const char *beside, const char *path, struct fault *fault)
{
    struct safe_file *file = calloc(1, sizeof *file);
    if (!file) {
        unlink(beside);
        return fault_memory(fault, sizeof *file, "a file");
    }
    *file = (struct safe_file){.descriptor = open(beside, O_RDONLY | O_CLOEXEC), .path = strdup(path)};
    const int error = errno;
    file->beside = strdup(beside);
    if (file->path && file->beside && file->descriptor >= 0)
        return safe_file_commit(file, fault);
    const bool opened = file->descriptor >= 0;
    unlink(beside);
    release(file);
    return opened ? fault_memory(fault, strlen(path), "a path")
                  : fault_system(fault, error, "cannot write %s", path);
}
