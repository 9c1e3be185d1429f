/* SPDX-License-Identifier: MIT
 *
 * Files, folders and child processes of a compile. */
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool fail(struct arena *arena, const char *path, const char *what, const char **fault)
{
    *fault = arena_printf(arena, "%s: cannot %s: %s", path, what, strerror(errno));
    return false;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

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

static bool write_special(struct arena *arena, const char *path, const char *bytes, size_t length,
                          const char **fault)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return fail(arena, path, "open", fault);
    bool written = write_all(file, bytes, length);
    if (!written)
        fail(arena, path, "write", fault);
    if (close(file) != 0 && written)
        return fail(arena, path, "write", fault);
    return written;
}

/* A new file PATH.N. The system takes the umask off its mode: to ask for the mask is to change it, for all threads. */
static int create_beside(struct arena *arena, const char *path, mode_t mode, const char **beside)
{
    enum { MOST_TRIES = 1000 };
    int file = -1;
    for (int i = 0; i < MOST_TRIES && file < 0; i++) {
        *beside = arena_printf(arena, "%s.%ld.%d", path, (long)getpid(), i);
        file = open(*beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (file < 0 && errno != EEXIST)
            break;
    }
    return file;
}

static bool write_beside(struct arena *arena, const char *path, const char *bytes, size_t length, mode_t mode,
                         const char **fault)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return fail(arena, path, "write", fault);
    }
    const char *beside;
    int file = create_beside(arena, path, mode, &beside);
    if (file < 0)
        return fail(arena, path, "create", fault);
    bool done = write_all(file, bytes, length) && fsync(file) == 0;
    if (!done)
        fail(arena, path, "write", fault);
    if (close(file) != 0 && done)
        done = fail(arena, path, "write", fault);
    if (done && rename(beside, path) != 0)
        done = fail(arena, path, "write", fault);
    if (!done)
        unlink(beside);
    return done;
}

bool output_write(struct arena *arena, const char *path, const char *bytes, size_t length, const char **fault)
{
    if (is_special(path))
        return write_special(arena, path, bytes, length, fault);
    return write_beside(arena, path, bytes, length, 0666, fault);
}

bool output_move(struct arena *arena, const char *from, const char *path, bool executable, size_t *length,
                 const char **fault)
{
    struct source bytes;
    if (source_read(arena, from, (size_t)1 << 30, &bytes, fault) != SOURCE_OK)
        return false;
    *length = bytes.length;
    if (is_special(path))
        return write_special(arena, path, bytes.text, bytes.length, fault);
    return write_beside(arena, path, bytes.text, bytes.length, executable ? 0777 : 0666, fault);
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

const char *output_folder_new(struct arena *arena, const char **fault)
{
    const char *where = getenv("TMPDIR");
    char *folder = arena_printf(arena, "%s/gpfc-XXXXXX", where && where[0] ? where : "/tmp");
    if (mkdtemp(folder))
        return folder;
    fail(arena, folder, "create", fault);
    return NULL;
}

void output_folder_remove(const char *folder)
{
    DIR *entries = opendir(folder);
    if (!entries)
        return;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(folder);
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

/* Reads all that the child writes, so that it never waits for us. */
static const char *read_all(struct arena *arena, int file)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    char piece[4096];
    for (;;) {
        ssize_t n = read(file, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return strbuf_text(&text);
        if (text.length < 65536)
            strbuf_addn(&text, piece, (size_t)n);
    }
}

static bool spawn(const char *const *arguments, int errors, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors, STDOUT_FILENO);
    char **list;
    memcpy(&list, &arguments, sizeof list); /* the standard forgot const */
    errno = posix_spawnp(child, arguments[0], &actions, NULL, list, environ);
    posix_spawn_file_actions_destroy(&actions);
    return errno == 0;
}

bool output_run(struct arena *arena, const char *const *arguments, const char **fault)
{
    int ends[2];
    pid_t child;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(arena, arguments[0], "run", fault);
    bool running = spawn(arguments, ends[1], &child);
    int reason = errno;
    close(ends[1]);
    if (!running) {
        close(ends[0]);
        errno = reason;
        return fail(arena, arguments[0], "run", fault);
    }
    const char *said = read_all(arena, ends[0]);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    *fault = arena_printf(arena, "%s failed:\n%s", arguments[0], said);
    return false;
}
