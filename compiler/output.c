/* SPDX-License-Identifier: MIT
 *
 * Files, folders and child processes of a compile. */
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool fail(struct arena *arena, const char *path, const char *what, int error, const char **fault)
{
    *fault = arena_printf(arena, "%s: cannot %s: %s", path, what, strerror(error));
    return false;
}

/* ---- signals ------------------------------------------------------------------------------------------- */

static void hold_signals(sigset_t *held_before)
{
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &ending, held_before);
}

/* One that came meanwhile may end the process here. */
static void let_signals(const sigset_t *held_before)
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

static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static int close_written(int file, bool written)
{
    int error = written ? 0 : errno;
    if (close(file) != 0 && !error)
        error = errno;
    return error;
}

static bool write_special(struct arena *arena, const char *path, const char *bytes, size_t length,
                          const char **fault)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return fail(arena, path, "open", errno, fault);
    int error = close_written(file, write_all(file, bytes, length));
    return !error || fail(arena, path, "write", error, fault);
}

/* A new file PATH.N. The system takes the umask off its mode: to ask for the mask is to change it, for all threads. */
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

/* 0, or what went wrong, and then the file is gone. */
static int fill_beside(int file, const char *beside, const char *path, const char *bytes, size_t length)
{
    int error = close_written(file, write_all(file, bytes, length) && fsync(file) == 0);
    if (!error && rename(beside, path) != 0)
        error = errno;
    if (error)
        unlink(beside);
    return error;
}

/* Between the file's making and its renaming nothing may jump away or end the process. */
static bool write_beside(struct arena *arena, const char *path, const char *bytes, size_t length, mode_t mode,
                         const char **fault)
{
    enum { NUMBERS = 48 };
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return fail(arena, path, "write", EISDIR, fault);
    const size_t room = strlen(path) + NUMBERS;
    char *beside = arena_alloc(arena, room);
    sigset_t held_before;
    hold_signals(&held_before);
    int file = create_beside(path, mode, beside, room);
    int error = file < 0 ? errno : fill_beside(file, beside, path, bytes, length);
    let_signals(&held_before);
    return !error || fail(arena, path, file < 0 ? "create" : "write", error, fault);
}

bool output_write(struct arena *arena, const char *path, const char *bytes, size_t length, bool executable,
                  const char **fault)
{
    if (is_special(path))
        return write_special(arena, path, bytes, length, fault);
    return write_beside(arena, path, bytes, length, executable ? 0777 : 0666, fault);
}

/* ---- folders ------------------------------------------------------------------------------------------- */

static void remove_with_files(const char *path)
{
    DIR *entries = opendir(path);
    if (!entries)
        return;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(path);
}

static void release_folder(void *object)
{
    const struct output_folder *folder = object;
    remove_with_files(folder->path);
    let_signals(&folder->held_before);
}

struct output_folder *output_folder_new(struct arena *arena, const char **fault)
{
    const char *where = getenv("TMPDIR");
    struct output_folder *folder = ARENA_NEW(arena, struct output_folder);
    char *path = arena_printf(arena, "%s/gpfc-XXXXXX", where && where[0] ? where : "/tmp");
    folder->path = path;
    folder->place = arena_own(arena, release_folder);
    hold_signals(&folder->held_before);
    if (mkdtemp(path)) {
        folder->place->object = folder;
        return folder;
    }
    const int error = errno;
    let_signals(&folder->held_before);
    fail(arena, path, "create", error, fault);
    return NULL;
}

void output_folder_remove(struct output_folder *folder)
{
    arena_release(folder->place);
}

/* ---- programs ------------------------------------------------------------------------------------------ */

/* Reads all that the child writes, so that it never waits for us; keeps the beginning. */
static void read_all(int file, char *text, size_t room)
{
    char piece[4096];
    for (size_t length = 0;;) {
        const ssize_t n = read(file, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        const size_t kept = (size_t)n < room - length ? (size_t)n : room - length;
        memcpy(text + length, piece, kept);
        length += kept;
    }
}

/* 0, or why not. The child holds no signals back: who interrupts us all in a terminal need not wait. */
static int spawn(const char *const *arguments, int output, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        sigset_t none;
        sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
        char **list;
        memcpy(&list, &arguments, sizeof list); /* the standard forgot const */
        error = posix_spawnp(child, arguments[0], &actions, &attributes, list, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* 0, or why it could not be run. */
static int run(const char *const *arguments, char *said, size_t room, int *status)
{
    int ends[2];
    pid_t child;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    const int error = spawn(arguments, ends[1], &child);
    close(ends[1]);
    if (!error)
        read_all(ends[0], said, room);
    close(ends[0]);
    while (!error && waitpid(child, status, 0) < 0 && errno == EINTR)
        continue;
    return error;
}

bool output_run(struct arena *arena, const char *const *arguments, const char **fault)
{
    enum { MOST_SAID = 1 << 16 };
    char *said = arena_alloc(arena, MOST_SAID + 1); /* before anything runs: the arena may jump away */
    int status = -1;
    const int error = run(arguments, said, MOST_SAID, &status);
    if (error)
        return fail(arena, arguments[0], "run", error, fault);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    *fault = arena_printf(arena, "%s failed:\n%s", arguments[0], said);
    return false;
}
