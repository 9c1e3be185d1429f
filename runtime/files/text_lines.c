/* SPDX-License-Identifier: MIT
 *
 * Takes bytes, gives their lines. */
#include "files/text_lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 65536, FIRST_ROOM = 256 };

struct text_lines {
    char *name; /* for faults */
    struct byte_source source;
    size_t most;
    char *line;
    size_t length, room; /* of the line */
    int64_t number;
    size_t at, filled; /* of the buffer */
    bool after_cr;     /* the last line ended with CR: an LF that follows belongs to it */
    bool at_end;       /* of the source */
    char buffer[BUFFER_BYTES];
};

bool text_lines_open(struct text_lines **out, const char *name, const struct byte_source *source, size_t most,
                     struct fault *fault)
{
    *out = NULL;
    struct text_lines *const lines = calloc(1, sizeof *lines);
    char *const copy = strdup(name), *const line = malloc(FIRST_ROOM);
    if (!lines || !copy || !line) {
        free(lines);
        free(copy);
        free(line);
        byte_source_close(source);
        return fault_memory(fault, sizeof *lines, "a reader");
    }
    lines->name = copy;
    lines->source = *source;
    lines->most = most;
    lines->line = line;
    lines->room = FIRST_ROOM;
    *out = lines;
    return true;
}

void text_lines_close(struct text_lines *lines)
{
    if (!lines)
        return;
    byte_source_close(&lines->source);
    free(lines->name);
    free(lines->line);
    free(lines);
}

int64_t text_lines_number(const struct text_lines *lines)
{
    return lines->number;
}

static bool fill_buffer(struct text_lines *t, struct fault *fault)
{
    t->at = t->filled = 0;
    if (t->at_end)
        return true;
    if (!byte_source_read(&t->source, t->name, t->buffer, BUFFER_BYTES, &t->filled, fault))
        return false;
    t->at_end = t->filled < BUFFER_BYTES;
    return true;
}

/* Bytes of the line, and room for a NUL. */
static bool append(struct text_lines *t, const char *from, size_t bytes, struct fault *fault)
{
    const char *const zero = memchr(from, 0, bytes);
    if (t->length + bytes > t->most)
        return fault_set(fault, FAULT_INPUT, "%s:%" PRId64 ": a line of more than %zu bytes", t->name,
                         t->number, t->most);
    if (zero)
        return fault_set(fault, FAULT_INPUT,
                         "%s:%" PRId64 ":%zu: a NUL byte; it is not text in ASCII or UTF-8", t->name,
                         t->number, t->length + (size_t)(zero - from) + 1);
    if (t->length + bytes + 1 > t->room) {
        const size_t room = 2 * (t->length + bytes + 1);
        char *const line = realloc(t->line, room);
        if (!line)
            return fault_memory(fault, room, "a line");
        t->line = line;
        t->room = room;
    }
    memcpy(t->line + t->length, from, bytes);
    t->length += bytes;
    return true;
}

static size_t bytes_before_end(const char *from, size_t bytes)
{
    size_t n = 0;
    while (n < bytes && from[n] != '\n' && from[n] != '\r')
        n++;
    return n;
}

/* What is left of the buffer, up to the line's end. *ended: it is there. */
static bool take_part(struct text_lines *t, bool *ended, struct fault *fault)
{
    if (t->after_cr && t->buffer[t->at] == '\n')
        t->at++;
    t->after_cr = false;
    const size_t part = bytes_before_end(t->buffer + t->at, t->filled - t->at);
    if (!append(t, t->buffer + t->at, part, fault))
        return false;
    t->at += part;
    *ended = t->at < t->filled;
    if (*ended)
        t->after_cr = t->buffer[t->at++] == '\r';
    return true;
}

static void drop_byte_order_mark(struct text_lines *t)
{
    if (t->number == 1 && t->length >= 3 && memcmp(t->line, "\xEF\xBB\xBF", 3) == 0)
        memmove(t->line, t->line + 3, t->length -= 3);
}

bool text_lines_next(struct text_lines *lines, const char **line, struct fault *fault)
{
    bool ended = false, any = false;
    *line = NULL;
    lines->length = 0;
    lines->number++;
    while (!ended) {
        if (lines->at == lines->filled && !fill_buffer(lines, fault))
            return false;
        if (lines->filled == 0)
            break;
        if (!take_part(lines, &ended, fault))
            return false;
        any = any || ended || lines->length > 0;
    }
    drop_byte_order_mark(lines);
    lines->line[lines->length] = 0;
    if (any)
        *line = lines->line;
    return true;
}
