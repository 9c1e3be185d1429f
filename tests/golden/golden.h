/* SPDX-License-Identifier: MIT
 *
 * Texts of ours compared with files of the source tree. With GPFC_GOLDEN_UPDATE in the environment the files
 * are written anew instead. */
#ifndef GPFC_GOLDEN_H
#define GPFC_GOLDEN_H

#include "base/base.h"

#include <stdlib.h>
#include <string.h>

enum { GOLDEN_MOST_BYTES = 1 << 22 };

static inline bool golden_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    const bool written = fputs(text, file) >= 0;
    return (fclose(file) == 0) && written;
}

/* Prints the first line that differs. */
static inline void golden_show(const char *path, const char *expected, const char *found)
{
    int line = 1;
    const char *start = found;
    while (*expected && *expected == *found) {
        line += *expected == '\n';
        expected++;
        found++;
        if (found[-1] == '\n')
            start = found;
    }
    expected -= found - start;
    printf("  %s: line %d differs\n    expected %.*s\n    found    %.*s\n", path, line,
           (int)strcspn(expected, "\n"), expected, (int)strcspn(start, "\n"), start);
}

static inline bool golden_matches(struct arena *arena, const char *path, const char *found)
{
    struct source expected;
    const char *why = "";
    if (getenv("GPFC_GOLDEN_UPDATE"))
        return golden_write(path, found);
    if (source_read(arena, path, GOLDEN_MOST_BYTES, &expected, &why) != SOURCE_OK) {
        printf("  %s\n", why);
        return false;
    }
    const bool same = strcmp(found, expected.text) == 0;
    if (!same)
        golden_show(path, expected.text, found);
    return same;
}

#endif
