/* SPDX-License-Identifier: MIT */
#include "train/run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *run_folder_path(const char *folder, const char *file)
{
    size_t room = strlen(folder) + strlen(file) + 2;
    char *path = malloc(room);
    if (path)
        (void)snprintf(path, room, "%s/%s", folder, file);
    return path;
}

/* The folder, and those above it that are missing. */
static bool make_folder(const char *folder, struct fault *fault)
{
    char *path = strdup(folder);
    if (!path)
        return fault_memory(fault, strlen(folder), "a path");
    int failed = 0;
    for (char *at = path + (*path == '/'); failed == 0 && at;) {
        at = strchr(at, '/');
        if (at)
            *at = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            failed = errno;
        if (at)
            *at++ = '/';
    }
    free(path);
    struct stat found;
    if (failed == 0 && stat(folder, &found) == 0 && !S_ISDIR(found.st_mode))
        failed = ENOTDIR;
    return failed == 0 || fault_system(fault, "mkdir", failed, "%s: cannot make the folder", folder);
}

/* Two trainings in one folder would mix their files. The system lets go of the folder when the process ends,
 * however that comes. */
static bool lock_folder(struct run_folder *folder, struct fault *fault)
{
    folder->locked = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->locked < 0)
        return errno == EACCES ||
               fault_system(fault, "open", errno, "%s: cannot open the folder", folder->path);
    if (flock(folder->locked, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return true; /* a file system without locks: go on without */
    return fault_set(fault, FAULT_SYSTEM, "%s: another process is training there", folder->path);
}

/* Moves a file to FILE.old, if it is there. */
static bool set_aside(struct run_folder *folder, const char *path, struct fault *fault)
{
    struct stat found;
    if (lstat(path, &found) != 0 || !S_ISREG(found.st_mode))
        return true;
    size_t room = strlen(path) + 5;
    char *old = malloc(room);
    if (!old)
        return fault_memory(fault, room, "a path");
    (void)snprintf(old, room, "%s.old", path);
    bool moved = rename(path, old) == 0;
    int error = errno;
    free(old);
    folder->kept_earlier |= moved;
    return moved || fault_system(fault, "rename", error, "%s: cannot move it aside", path);
}

static bool take_paths(struct run_folder *folder, const char *path, struct fault *fault)
{
    folder->path = strdup(path);
    folder->log = run_folder_path(path, RUN_METRICS);
    bool good = folder->path && folder->log;
    for (int i = 0; i < STAGES; i++) {
        folder->files[i].model = run_folder_path(path, stage_kinds[i].model);
        folder->files[i].checkpoint = run_folder_path(path, stage_kinds[i].checkpoint);
        good = good && folder->files[i].model && folder->files[i].checkpoint;
    }
    return good || fault_memory(fault, strlen(path), "a path");
}

static bool folder_new(struct run_folder **out, const char *path, struct fault *fault)
{
    struct run_folder *folder = malloc(sizeof *folder);
    *out = folder;
    if (!folder)
        return fault_memory(fault, sizeof *folder, "a folder");
    *folder = (struct run_folder){.locked = -1};
    return take_paths(folder, path, fault);
}

static bool given(struct run_folder **out, bool good)
{
    if (!good) {
        run_folder_free(*out);
        *out = NULL;
    }
    return good;
}

static bool all_aside(struct run_folder *folder, enum stage_number first, struct fault *fault)
{
    bool good = set_aside(folder, folder->log, fault);
    for (int i = 0; good && i < STAGES; i++)
        good = set_aside(folder, folder->files[i].checkpoint, fault) &&
               (i < (int)first || set_aside(folder, folder->files[i].model, fault));
    return good;
}

bool run_folder_make(struct run_folder **out, const char *path, enum stage_number first, struct fault *fault)
{
    return given(out, folder_new(out, path, fault) && make_folder(path, fault) && lock_folder(*out, fault) &&
                          all_aside(*out, first, fault));
}

bool run_folder_open(struct run_folder **out, const char *path, struct fault *fault)
{
    return given(out, folder_new(out, path, fault) && lock_folder(*out, fault));
}

void run_folder_unlock(struct run_folder *folder)
{
    if (folder->locked >= 0)
        (void)close(folder->locked);
    folder->locked = -1;
}

void run_folder_free(struct run_folder *folder)
{
    if (!folder)
        return;
    run_folder_unlock(folder);
    free(folder->path);
    free(folder->log);
    for (int i = 0; i < STAGES; i++) {
        free(folder->files[i].model);
        free(folder->files[i].checkpoint);
    }
    free(folder);
}
