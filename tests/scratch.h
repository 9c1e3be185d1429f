/* SPDX-License-Identifier: MIT
 *
 * A folder of a test's own, and what one does with files in it. */
#ifndef GPFC_SCRATCH_H
#define GPFC_SCRATCH_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
    char folder[512];
};

static inline bool scratch_make(struct scratch *scratch)
{
    const char *parent = getenv("TMPDIR");
    (void)snprintf(scratch->folder, sizeof scratch->folder, "%s/gpfc-test-XXXXXX",
                   parent && parent[0] != '\0' ? parent : "/tmp");
    return mkdtemp(scratch->folder) != NULL;
}

/* A file, or a folder with all that is in it. */
static inline void scratch_remove_tree(const char *path)
{
    DIR *folder = opendir(path);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        char below[2048];
        int length = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (length < 0 || length >= (int)sizeof below || strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlink(below) != 0)
            scratch_remove_tree(below);
    }
    if (folder)
        (void)closedir(folder);
    (void)rmdir(path);
}

static inline void scratch_remove(const struct scratch *scratch)
{
    scratch_remove_tree(scratch->folder);
}

/* FOLDER/name; valid until eight more calls. */
static inline const char *scratch_path(const struct scratch *scratch, const char *name)
{
    static char paths[8][1024];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", scratch->folder, name);
    return path;
}

/* All of a file with a NUL after it, to be freed; NULL where it cannot be read. */
static inline char *scratch_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t n = 0;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        n = (size_t)ftell(file);
        rewind(file);
        text = malloc(n + 1);
        if (text && fread(text, 1, n, file) != n) {
            free(text);
            text = NULL;
        }
    }
    if (text)
        text[n] = '\0';
    if (length)
        *length = n;
    if (file)
        (void)fclose(file);
    return text;
}

static inline bool scratch_write(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(bytes, 1, length, file) == length;
    return file && fclose(file) == 0 && good;
}

/* Is there a file whose name begins so? */
static inline bool scratch_any(const struct scratch *scratch, const char *start)
{
    DIR *folder = opendir(scratch->folder);
    bool found = false;
    for (const struct dirent *entry; folder && !found && (entry = readdir(folder));)
        found = strncmp(entry->d_name, start, strlen(start)) == 0;
    if (folder)
        (void)closedir(folder);
    return found;
}

static inline bool scratch_there(const char *path)
{
    return access(path, F_OK) == 0;
}

#endif
