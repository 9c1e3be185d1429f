/* SPDX-License-Identifier: MIT */
#include "data/data_path.h"

#include "files/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one ----------------------------------------------------------------------------------------------- */

/* What cannot be looked for may be there; opening it says what is wrong. */
static bool may_be_there(int error)
{
    return error != ENOENT && error != ENOTDIR && error != EACCES;
}

static bool is_there(const char *path)
{
    return strcmp(path, "-") == 0 || access(path, F_OK) == 0 || errno == EACCES || may_be_there(errno);
}

static bool is_in(const char *folder, const char *path)
{
    const int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool there = (at >= 0 && faccessat(at, path, F_OK, 0) == 0) || may_be_there(errno);
    if (at >= 0)
        (void)close(at);
    return there;
}

/* Is it looked for in the folder, and there? */
static bool is_beside(const char *folder, const char *path)
{
    return folder && folder[0] && path[0] != '/' && strcmp(path, "-") != 0 && is_in(folder, path);
}

static bool tell_nowhere(const char *path, const char *folder, struct fault *fault)
{
    char *const here = getcwd(NULL, 0);
    const bool relative = path[0] != '/',
               two = relative && folder && folder[0] && !(here && strcmp(here, folder) == 0);
    (void)fault_named(fault, NULL, ENOENT, "cannot read %s%s%s%s%s%s", path,
                      two ? ", looked for in the spec's folder " : "", two ? folder : "",
                      two        ? " and in "
                      : relative ? ", looked for in "
                                 : "",
                      relative && here ? here : "",
                      path[0] == '~' ? " (only shells replace ~: write the whole path)" : "");
    free(here);
    return false;
}

/* path: owned; becomes what can be opened. */
static bool find(char **path, const char *folder, struct fault *fault)
{
    if (!is_beside(folder, *path))
        return is_there(*path) || tell_nowhere(*path, folder, fault);
    const size_t room = strlen(folder) + strlen(*path) + 2;
    char *const whole = malloc(room);
    if (!whole)
        return fault_memory(fault, room, "a path");
    (void)snprintf(whole, room, "%s/%s", folder, *path);
    free(*path);
    *path = whole;
    return true;
}

/* ---- one or two ---------------------------------------------------------------------------------------- */

/* The comma between "X.npy" and "Y.npy"; NULL: it is one path, with commas or without. */
static const char *find_comma(const char *file, const char *folder)
{
    const bool one = is_beside(folder, file) || is_there(file);
    for (const char *comma = one ? NULL : strchr(file, ','); comma; comma = strchr(comma + 1, ','))
        if (table_has_suffix(file, (size_t)(comma - file)))
            return comma;
    return NULL;
}

static bool split(struct data_paths *out, const char *file, const char *folder, struct fault *fault)
{
    const char *const comma = find_comma(file, folder);
    *out = (struct data_paths){.x = strndup(file, comma ? (size_t)(comma - file) : strlen(file)),
                               .y = comma ? strdup(comma + 1) : NULL};
    return (out->x && (out->y || !comma)) || fault_memory(fault, strlen(file), "a path");
}

bool data_paths_find(struct data_paths *out, const char *file, const char *folder, struct fault *fault)
{
    if (split(out, file, folder, fault) && find(&out->x, folder, fault) &&
        (!out->y || find(&out->y, folder, fault)))
        return true;
    data_paths_free(out);
    return false;
}

void data_paths_free(struct data_paths *paths)
{
    free(paths->x);
    free(paths->y);
    *paths = (struct data_paths){.x = NULL};
}

/* A stream has only its name. */
static bool make_absolute(char **path, struct fault *fault)
{
    if (table_is_stream(*path))
        return true;
    char *const whole = realpath(*path, NULL);
    if (!whole)
        return fault_system(fault, "realpath", errno, "cannot read %s", *path);
    free(*path);
    *path = whole;
    return true;
}

char *data_path_lasting(const char *file, const char *folder, struct fault *fault)
{
    struct data_paths paths;
    char *all = NULL;
    if (!data_paths_find(&paths, file, folder, fault))
        return NULL;
    if (make_absolute(&paths.x, fault) && (!paths.y || make_absolute(&paths.y, fault))) {
        const size_t room = strlen(paths.x) + (paths.y ? strlen(paths.y) : 0) + 2;
        all = malloc(room);
        if (all)
            (void)snprintf(all, room, "%s%s%s", paths.x, paths.y ? "," : "", paths.y ? paths.y : "");
        else
            (void)fault_memory(fault, room, "a path");
    }
    data_paths_free(&paths);
    return all;
}
