/* SPDX-License-Identifier: MIT
 *
 * A ticket is the time of day and a random number. Of several writers the one that drew the earliest goes on;
 * the others report that. If clocks disagree, both go on, and the file is that of the last. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "files/side_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES = 180, TICKET_DIGITS = 24, MOST_TRIES = 64 };
static const char ending[] = ".part";

struct side {
    const char *path;
    char *folder;                /* with the '/' at its end; "" for the present one */
    char prefix[NAME_BYTES + 3]; /* ".NAME." */
    char *beside;
    size_t room;             /* of beside */
    const char *failed_call; /* where opening ended with errno */
};

/* ---- names --------------------------------------------------------------------------------------------- */

static const char *name_of(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool side_start(struct side *side, const char *path, struct fault *fault)
{
    const char *const name = name_of(path);
    *side = (struct side){.path = path, .folder = strndup(path, (size_t)(name - path))};
    (void)snprintf(side->prefix, sizeof side->prefix, ".%.*s.", NAME_BYTES, name);
    side->room = strlen(path) + NAME_BYTES + TICKET_DIGITS + sizeof ending + 3;
    side->beside = malloc(side->room);
    return (side->folder && side->beside) || fault_memory(fault, side->room, "a path");
}

static void put_name(struct side *side, const char *name)
{
    (void)snprintf(side->beside, side->room, "%s%s", side->folder, name);
}

static bool draw_name(struct side *side)
{
    struct timespec now;
    uint32_t chance;
    side->failed_call = "getrandom";
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 ||
        getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance)
        return false;
    side->failed_call = "open"; /* the next one */
    const uint64_t time = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    (void)snprintf(side->beside, side->room, "%s%s%016" PRIx64 "%08" PRIx32 "%s", side->folder, side->prefix,
                   time, chance, ending);
    return true;
}

static bool is_of(const struct side *side, const char *name)
{
    const size_t start = strlen(side->prefix);
    return strncmp(name, side->prefix, start) == 0 &&
           strspn(name + start, "0123456789abcdef") == TICKET_DIGITS &&
           strcmp(name + start + TICKET_DIGITS, ending) == 0;
}

/* ---- other writers ------------------------------------------------------------------------------------- */

/* Is somebody writing this one? If it is a file of our own user's and nobody is, it is removed. */
static bool is_being_written(const char *path)
{
    struct stat there;
    const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool locked = false;
    if (file >= 0 && fstat(file, &there) == 0 && S_ISREG(there.st_mode) && there.st_uid == geteuid()) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0)
            (void)unlink(path);
        else
            locked = errno == EWOULDBLOCK;
    }
    if (file >= 0)
        close(file);
    return locked;
}

/* Looks through the folder; side->beside is overwritten. mine: the own name. */
static bool another_writes(struct side *side, const char *mine)
{
    DIR *const folder = opendir(side->folder[0] ? side->folder : ".");
    bool found = false;
    for (const struct dirent *entry; folder && !found && (entry = readdir(folder));) {
        if (!is_of(side, entry->d_name) || strcmp(entry->d_name, mine) == 0)
            continue;
        put_name(side, entry->d_name);
        found = is_being_written(side->beside) && strcmp(entry->d_name, mine) < 0;
    }
    if (folder)
        (void)closedir(folder);
    return found;
}

static bool is_alone(struct side *side, struct fault *fault)
{
    char mine[NAME_BYTES + TICKET_DIGITS + sizeof ending + 3];
    (void)snprintf(mine, sizeof mine, "%s", name_of(side->beside));
    const bool other = another_writes(side, mine);
    put_name(side, mine);
    return !other ||
           fault_set(fault, FAULT_SYSTEM, "cannot write %s: another process is writing it", side->path);
}

/* ---- opening ------------------------------------------------------------------------------------------- */

enum locking { LOCKED, LOST, FAILED /* errno */ };

/* Another writer may take the file for one left behind before it is locked: then it is lost. */
static enum locking lock(int file, const char *path)
{
    struct stat opened, named;
    if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return LOST; /* other errors: a file system without locks */
    if (fstat(file, &opened) != 0)
        return FAILED;
    if (stat(path, &named) != 0)
        return errno == ENOENT ? LOST : FAILED;
    return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino ? LOCKED : LOST;
}

/* Removes the file of a lock that failed. errno stays. */
static void give_up(const struct side *side, int file, enum locking locking)
{
    const int error = errno;
    if (locking == FAILED)
        (void)unlink(side->beside);
    close(file);
    errno = error;
}

static int create(struct side *side)
{
    for (int i = 0; i < MOST_TRIES && draw_name(side); i++) {
        const int file = open(side->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST)
            return -1;
        const enum locking locking = file < 0 ? LOST : lock(file, side->beside);
        if (locking == LOCKED)
            return file;
        if (file >= 0)
            give_up(side, file, locking);
        if (locking == FAILED) {
            side->failed_call = "stat";
            return -1;
        }
    }
    return -1;
}

static int open_side(struct side *side, struct fault *fault)
{
    const int file = create(side);
    if (file < 0)
        (void)fault_system(fault, side->failed_call, errno, "cannot write %s", side->path);
    if (file < 0 || is_alone(side, fault))
        return file;
    (void)unlink(side->beside);
    close(file);
    return -1;
}

int side_file_open(const char *path, char **beside, struct fault *fault)
{
    struct side side;
    const int file = side_start(&side, path, fault) ? open_side(&side, fault) : -1;
    *beside = file >= 0 ? side.beside : NULL;
    if (file < 0)
        free(side.beside);
    free(side.folder);
    return file;
}

/* Some file systems have no files without a name: there it loses the one that it has at first. */
static int open_unnamed(struct side *side, struct fault *fault)
{
    int file = open(side->folder[0] ? side->folder : ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (file >= 0)
        return file;
    if (draw_name(side))
        file = open(side->beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file >= 0 && unlink(side->beside) == 0)
        return file;
    (void)fault_system(fault, file < 0 ? side->failed_call : "unlink", errno,
                       "cannot write a temporary file beside %s", side->path);
    if (file >= 0)
        close(file);
    return -1;
}

int side_file_unnamed(const char *path, struct fault *fault)
{
    struct side side;
    const int file = side_start(&side, path, fault) ? open_unnamed(&side, fault) : -1;
    free(side.folder);
    free(side.beside);
    return file;
}

/* ---- when the process ends ----------------------------------------------------------------------------- */

static bool is_side_name(const char *name)
{
    static const char digits[] = "0123456789abcdef";
    const size_t length = strlen(name), tail = TICKET_DIGITS + sizeof ending - 1;
    const char *const ticket = length > tail ? name + length - tail : NULL;
    return name[0] == '.' && ticket && ticket[-1] == '.' && strspn(ticket, digits) == TICKET_DIGITS &&
           strcmp(ticket + TICKET_DIGITS, ending) == 0;
}

/* "/proc/self/fd/12". snprintf is nothing for a signal handler. */
static const char *link_of(int file, char room[32])
{
    static const char folder[] = "/proc/self/fd/";
    char *at = room + 31;
    *at = '\0';
    do
        *--at = (char)('0' + file % 10);
    while ((file /= 10) > 0);
    at -= sizeof folder - 1;
    memcpy(at, folder, sizeof folder - 1);
    return at;
}

void side_file_remove_all(void)
{
    enum { MOST_FILES = 1024 };
    char room[32], path[PATH_MAX];
    for (int file = 0; file < MOST_FILES; file++) {
        const int flags = fcntl(file, F_GETFL);
        const bool writes = flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
        const ssize_t length = writes ? readlink(link_of(file, room), path, sizeof path - 1) : -1;
        if (length <= 0)
            continue;
        path[length] = '\0';
        if (is_side_name(name_of(path)))
            (void)unlink(path);
    }
}
