/* SPDX-License-Identifier: MIT
 *
 * Files are written under a temporary name in the same folder, then renamed. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_fault(struct arena *arena, const char *path, const char *what, const char *call, int error,
                const char **fault)
{
    const char *const where = call ? arena_printf(arena, " (%s)", call) : "";
    *fault = arena_printf(arena, "%s: cannot %s: %s%s", path, what, strerror(error), where);
    return false;
}

/* ---- signals ------------------------------------------------------------------------------------------- */

void signals_hold(sigset_t *held_before)
{
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &ending, held_before);
}

void signals_let(const sigset_t *held_before)
{
    (void)pthread_sigmask(SIG_SETMASK, held_before, NULL);
}

/* ---- files --------------------------------------------------------------------------------------------- */

static bool write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(file, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

/* What the link at `path` says, from where that link is; NULL: it is none. */
static const char *link_target(struct arena *arena, const char *path)
{
    char target[PATH_MAX];
    const ssize_t length = readlink(path, target, sizeof target - 1);
    const char *const slash = strrchr(path, '/');
    const int folder = slash && length > 0 && target[0] != '/' ? (int)(slash - path) + 1 : 0;
    return length > 0 ? arena_printf(arena, "%.*s%.*s", folder, path, (int)length, target) : NULL;
}

const char *file_followed(struct arena *arena, const char *path)
{
    enum { MOST_LINKS = 40 };
    for (int i = 0; i < MOST_LINKS; i++) {
        const char *const next = link_target(arena, path);
        if (!next)
            return path;
        path = next;
    }
    return path;
}

static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

struct failure {
    int error;        /* 0: none */
    const char *call; /* that failed */
};

/* Takes the file. failed: the call that failed before, with errno, or NULL. */
static struct failure close_written(int file, const char *failed)
{
    const struct failure before = {.error = errno, .call = failed};
    const bool closed = close(file) == 0;
    return failed   ? before
           : closed ? (struct failure){.error = 0}
                    : (struct failure){.error = errno, .call = "close"};
}

static bool write_special(struct arena *arena, const char *path, const char *bytes, size_t length,
                          const char **fault)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return file_fault(arena, path, "open", "open", errno, fault);
    const struct failure failure = close_written(file, write_all(file, bytes, length) ? NULL : "write");
    return !failure.error || file_fault(arena, path, "write", failure.call, failure.error, fault);
}

/* A new file PATH.N. The system takes the umask off its mode: to ask for the mask is to change it, for all
 * threads. */
static int create_beside(const char *path, mode_t mode, char *beside, size_t room)
{
    enum { MOST_TRIES = 1000 };
    int file = -1;
    for (int i = 0; i < MOST_TRIES && file < 0; i++) {
        (void)snprintf(beside, room, "%s.%ld.%d", path, (long)getpid(), i);
        file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (file < 0 && errno != EEXIST)
            break;
    }
    return file;
}

/* Where anything fails the file is gone. */
static struct failure fill_beside(int file, const char *beside, const char *path, const char *bytes,
                                  size_t length)
{
    struct failure failure = close_written(file, !write_all(file, bytes, length) ? "write"
                                                 : fsync(file) != 0              ? "fsync"
                                                                                 : NULL);
    if (!failure.error && rename(beside, path) != 0)
        failure = (struct failure){.error = errno, .call = "rename"};
    if (failure.error)
        unlink(beside);
    return failure;
}

/* Between the file's making and its renaming nothing may jump away or end the process. */
static bool write_beside(struct arena *arena, const char *path, const char *bytes, size_t length, mode_t mode,
                         const char **fault)
{
    enum { NUMBERS = 48 };
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return file_fault(arena, path, "write", NULL, EISDIR, fault);
    const size_t room = strlen(path) + NUMBERS;
    char *beside = arena_alloc(arena, room);
    sigset_t held_before;
    signals_hold(&held_before);
    int file = create_beside(path, mode, beside, room);
    const struct failure failure = file < 0 ? (struct failure){.error = errno, .call = "open"}
                                            : fill_beside(file, beside, path, bytes, length);
    signals_let(&held_before);
    return !failure.error ||
           file_fault(arena, path, file < 0 ? "create" : "write", failure.call, failure.error, fault);
}

bool file_put(struct arena *arena, const char *path, const char *bytes, size_t length, mode_t mode,
              const char **fault)
{
    if (is_special(path))
        return write_special(arena, path, bytes, length, fault);
    return write_beside(arena, file_followed(arena, path), bytes, length, mode, fault);
}
