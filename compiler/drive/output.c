/* SPDX-License-Identifier: MIT
 *
 * Intermediate files and child processes of a compile. */
#include "drive/output.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

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
    signals_let(&folder->held_before);
}

/* Not one that programs would take for an option. */
static char *folder_template(struct arena *arena)
{
    const char *given = getenv("TMPDIR"), *where = given && given[0] ? given : "/tmp";
    return arena_printf(arena, "%s%s/gpfc-XXXXXX", where[0] == '-' ? "./" : "", where);
}

struct output_folder *output_folder_new(struct arena *arena, const char **fault)
{
    struct output_folder *folder = ARENA_NEW(arena, struct output_folder);
    char *path = folder_template(arena);
    folder->path = path;
    folder->place = arena_own(arena, release_folder);
    signals_hold(&folder->held_before);
    if (mkdtemp(path)) {
        folder->place->object = folder;
        return folder;
    }
    const int error = errno;
    signals_let(&folder->held_before);
    file_fault(arena, path, "create", "mkdtemp", error, fault);
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

/* 0, or why it could not be run, and the call that failed. */
static int run(const char *const *arguments, char *said, size_t room, int *status, const char **call)
{
    int ends[2];
    pid_t child;
    *call = "pipe2";
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    *call = "posix_spawnp";
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
    const char *call;
    const int error = run(arguments, said, MOST_SAID, &status, &call);
    if (error)
        return file_fault(arena, arguments[0], "run", call, error, fault);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    *fault = WIFSIGNALED(status) ? arena_printf(arena, "%s was ended by signal %d (%s):\n%s", arguments[0],
                                                WTERMSIG(status), strsignal(WTERMSIG(status)), said)
                                 : arena_printf(arena, "%s failed:\n%s", arguments[0], said);
    return false;
}
