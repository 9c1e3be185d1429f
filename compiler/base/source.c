/* SPDX-License-Identifier: MIT
 *
 * Source texts: reading a whole file, and positions in a text. */
#include "base/base.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool is_standard_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

static const char *source_name(const char *path)
{
    return is_standard_input(path) ? "<stdin>" : path;
}

/* The call is named where the system failed, and not where the path is wrong. */
static enum source_status unreadable(struct arena *arena, const char *path, const char *call, int error,
                                     const char **why)
{
    const bool is_of_system = error == EIO || error == EMFILE || error == ENFILE || error == ENOMEM;
    *why = arena_printf(arena, is_of_system ? "%s: cannot be read: %s (%s)" : "%s: cannot be read: %s",
                        source_name(path), strerror(error), call);
    return is_of_system ? SOURCE_FAILED : SOURCE_UNREADABLE;
}

/* Reads up to `room` bytes. How many there were, or -1 with errno and the call that failed. */
static long read_whole(const char *path, char *text, size_t room, const char **call)
{
    FILE *file = is_standard_input(path) ? stdin : fopen(path, "rb");
    *call = file ? "read" : "open";
    if (!file)
        return -1;
    errno = 0;
    const size_t length = fread(text, 1, room, file);
    const int error = !ferror(file) ? 0 : errno ? errno : EIO;
    if (file != stdin)
        fclose(file);
    errno = error;
    return error ? -1 : (long)length;
}

/* How many bytes to make room for: the file's, or the limit where its size is not known or is too large. */
static size_t expected_bytes(const char *path, size_t limit)
{
    struct stat info;
    if (!is_standard_input(path) && stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 &&
        (uintmax_t)info.st_size < limit)
        return (size_t)info.st_size;
    return limit;
}

/* All memory is taken before the file is opened: the arena may jump away, and then nothing must be open. */
enum source_status source_read(struct arena *arena, const char *path, size_t limit, struct source *out,
                               const char **why)
{
    const size_t room = expected_bytes(path, limit);
    const char *name = arena_strdup(arena, source_name(path));
    char *text =
        arena_alloc(arena, room + 2); /* one byte more than expected shows that there are too many; a NUL */
    const char *call;
    const long length = read_whole(path, text, room + 1, &call);
    if (length < 0)
        return unreadable(arena, path, call, errno, why);
    if ((size_t)length > limit) {
        *why = arena_printf(arena, "%s: larger than the limit of %zu bytes", name, limit);
        return SOURCE_TOO_LARGE;
    }
    if ((size_t)length > room)
        return unreadable(arena, path, call, EBUSY, why); /* it grew meanwhile */
    *out = (struct source){.name = name, .text = text, .length = (size_t)length};
    return SOURCE_OK;
}

struct place source_place(const struct source *source, size_t offset)
{
    struct place at = {.source = source, .line = 1, .column = 1};
    if (offset > source->length)
        offset = source->length;
    for (size_t i = 0; i < offset;) {
        int bytes;
        utf8_decode(source->text + i, source->length - i, &bytes);
        at.column++;
        if (source->text[i] == '\n') {
            at.line++;
            at.column = 1;
        }
        i += (size_t)bytes;
    }
    return at;
}
