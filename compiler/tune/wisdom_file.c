/* SPDX-License-Identifier: MIT
 *
 * The file of wisdom: where it is, who may read it, how it is replaced. */
#include "base/clock.h"
#include "base/file.h"
#include "tune/wisdom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 26, MOST_WAIT = 10 /* seconds, for another process */ };

static const char *set_to(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

const char *wisdom_path(struct arena *arena)
{
    if (set_to("GPFC_WISDOM"))
        return set_to("GPFC_WISDOM");
    if (set_to("XDG_CACHE_HOME"))
        return arena_printf(arena, "%s/gpfc/wisdom", set_to("XDG_CACHE_HOME"));
    if (set_to("HOME"))
        return arena_printf(arena, "%s/.cache/gpfc/wisdom", set_to("HOME"));
    return NULL;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

/* Why the file may hold what others wrote; NULL: only this user may. */
static const char *doubt(const struct stat *status)
{
    if (status->st_uid != geteuid() && status->st_uid != 0)
        return "because it belongs to another user";
    if (status->st_mode & (S_IWGRP | S_IWOTH))
        return "because others could have written to it (chmod 600)";
    return NULL;
}

bool wisdom_read(struct arena *arena, const char *path, bool is_own, struct wisdom *out, const char **fault)
{
    struct source source;
    struct stat status;
    *out = (struct wisdom){.why = ""};
    const bool there = stat(path, &status) == 0;
    if (is_own && ((!there && (errno == ENOENT || errno == ENOTDIR)) || (there && !S_ISREG(status.st_mode))))
        return true; /* nowhere, or a device, which keeps nothing */
    if (is_own && there && doubt(&status)) {
        *fault = arena_printf(arena, "%s: not read, %s", path, doubt(&status));
        return false;
    }
    if (source_read(arena, path, MOST_BYTES, &source, fault) != SOURCE_OK)
        return false;
    wisdom_parse(arena, source.text, source.length, out);
    return true;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

/* The folder of a file and its parents, accessible to the user only. An existing one is left as it is. */
static bool make_folders(struct arena *arena, const char *path, const char **fault)
{
    char *folder = arena_strdup(arena, path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return file_fault(arena, folder, "create", "mkdir", errno, fault);
        *slash = '/';
    }
    return true;
}

struct lock {
    int file;
};

static void release_lock(void *object)
{
    const struct lock *lock = object;
    (void)close(lock->file);
}

/* errno says why not. */
static bool lock_within(int file, double seconds)
{
    const double end = wall_seconds() + seconds;
    while (flock(file, LOCK_EX | LOCK_NB) != 0)
        if ((errno != EWOULDBLOCK && errno != EINTR) || wall_seconds() > end ||
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL) != 0)
            return false;
    return true;
}

/* Held until it is released, or the arena ends. The file stays: to remove it would let two in. */
static struct owned *lock_new(struct arena *arena, const char *path, const char **fault)
{
    const char *name = arena_printf(arena, "%s.lock", path);
    struct lock *lock = ARENA_NEW(arena, struct lock);
    struct owned *place = arena_own(arena, release_lock);
    lock->file = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->file < 0) {
        file_fault(arena, name, "create", "open", errno, fault);
        return NULL;
    }
    place->object = lock;
    if (lock_within(lock->file, MOST_WAIT))
        return place;
    file_fault(arena, name, errno == EWOULDBLOCK ? "lock, which another process holds" : "lock", "flock",
               errno, fault);
    arena_release(place);
    return NULL;
}

static bool change_locked(struct arena *arena, const char *path,
                          bool (*change)(void *, struct arena *, struct wisdom *), void *data,
                          const char **fault)
{
    struct wisdom wisdom;
    if (!wisdom_read(arena, path, true, &wisdom, fault))
        return false;
    if (!change(data, arena, &wisdom))
        return true;
    const char *text = wisdom_print(arena, &wisdom);
    return file_put(arena, path, text, strlen(text), 0600, fault);
}

bool wisdom_change(struct arena *arena, const char *path,
                   bool (*change)(void *, struct arena *, struct wisdom *), void *data, const char **fault)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return true;                   /* a device keeps nothing */
    path = file_followed(arena, path); /* one lock for all its names */
    if (!make_folders(arena, path, fault))
        return false;
    struct owned *lock = lock_new(arena, path, fault);
    if (!lock)
        return false;
    const bool good = change_locked(arena, path, change, data, fault);
    arena_release(lock);
    return good;
}

struct addition {
    int n;
    const struct wisdom_record *records;
};

static bool add(void *data, struct arena *arena, struct wisdom *wisdom)
{
    const struct addition *addition = data;
    struct wisdom_record *all =
        ARENA_ARRAY(arena, struct wisdom_record, (size_t)wisdom->n + (size_t)addition->n + 1);
    if (wisdom->n > 0)
        memcpy(all, wisdom->records, (size_t)wisdom->n * sizeof *all);
    wisdom->records = all;
    for (int i = 0; i < addition->n; i++) {
        const struct wisdom_record *old = wisdom_find(wisdom, addition->records[i].key);
        all[old ? old - all : wisdom->n++] = addition->records[i];
    }
    return addition->n > 0;
}

bool wisdom_put(struct arena *arena, const char *path, int n, const struct wisdom_record *records,
                const char **fault)
{
    struct addition addition = {.n = n, .records = records};
    return wisdom_change(arena, path, add, &addition, fault);
}
