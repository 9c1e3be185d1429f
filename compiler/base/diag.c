/* SPDX-License-Identifier: MIT
 *
 * The user's errors. Takes positions and messages, gives one text: every message with its position, the line
 * and a caret.
 *
 *     specs/moons.yaml:2:12: error: dimension is 1; at least 2 is needed
 *         2 | dimension: 1
 *           |            ^
 */
#include "base/base.h"

#include <string.h>

enum {
    DEFAULT_LIMIT = 20,
    EXCERPT = 96,       /* characters of a line that are shown at most ...                    */
    EXCERPT_BEFORE = 60 /* ... of which so many may stand before the caret, in a longer line  */
};

void diag_init(struct diag *diag, struct arena *arena)
{
    *diag = (struct diag){.arena = arena, .limit = 0};
    strbuf_init(&diag->text, arena);
}

/* ---- the line and the caret ---------------------------------------------------------------------------- */

/* Columns a terminal gives a character: none to combining marks, two to East Asian wide ones and pictures. */
static int terminal_width(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        int width;
    } ranges[] = {
        {0x0300, 0x036F, 0}, {0x1100, 0x115F, 2},   {0x1AB0, 0x1AFF, 0},   {0x20D0, 0x20FF, 0},
        {0x2E80, 0x303E, 2}, {0x3041, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
        {0xFE00, 0xFE0F, 0}, {0xFE20, 0xFE2F, 0},   {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},
        {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1F64F, 2}, {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

/* The bytes of line `number`, without its end; empty past the last line. */
static const char *find_line(const struct source *source, int number, size_t *length)
{
    const char *line = source->text, *end = source->text + source->length;
    if (source->length >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0)
        line += 3; /* a byte order mark is no character of the line */
    for (; number > 1; number--) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) {
            line = end;
            break;
        }
        line = stop + 1;
    }
    const char *stop = memchr(line, '\n', (size_t)(end - line));
    *length = (size_t)((stop ? stop : end) - line);
    if (*length && line[*length - 1] == '\r')
        --*length;
    return line;
}

/* Writes characters first .. first + EXCERPT - 1 of the line (from 1), what cannot be shown as a space or
 * '?', and gives how many terminal columns come before character `column`. */
static int add_excerpt(struct strbuf *out, const char *line, size_t length, int first, int column)
{
    int before = 0, number = 1;
    if (first > 1) {
        strbuf_add(out, "...");
        before = 3;
    }
    for (size_t i = 0; i < length; number++) {
        int bytes;
        const uint32_t c = utf8_decode(line + i, length - i, &bytes);
        if (number == first + EXCERPT) {
            strbuf_add(out, "...");
            break;
        }
        if (number >= first) {
            const bool shown = text_showable(c);
            strbuf_addn(out, shown ? line + i : c == '\t' ? " " : "?", shown ? (size_t)bytes : 1);
            if (number < column)
                before += shown ? terminal_width(c) : 1;
        }
        i += (size_t)bytes;
    }
    return before;
}

static void add_caret(struct strbuf *out, struct place at)
{
    size_t length;
    const char *line = find_line(at.source, at.line, &length);
    const int first = at.column > EXCERPT_BEFORE && length > EXCERPT ? at.column - EXCERPT_BEFORE : 1;
    strbuf_addf(out, length ? "%5d | " : "%5d |", at.line);
    const int before = add_excerpt(out, line, length, first, at.column);
    strbuf_addf(out, "\n      | %*s^\n", before, "");
}

/* ---- messages ------------------------------------------------------------------------------------------ */

static void report(struct diag *diag, struct place at, const char *kind, const char *format, va_list args)
{
    struct strbuf *out = &diag->text;
    const bool has_line = at.source && at.line > 0;
    if (at.source)
        strbuf_addf(out, "%s:", at.source->name);
    if (has_line)
        strbuf_addf(out, "%d:%d:", at.line, at.column);
    strbuf_addf(out, "%s%s: ", at.source ? " " : "", kind);
    strbuf_vaddf(out, format, args);
    strbuf_add(out, "\n");
    if (has_line)
        add_caret(out, at);
}

void diag_error(struct diag *diag, struct place at, const char *format, ...)
{
    diag->errors++;
    diag->muted = diag->errors > (diag->limit > 0 ? diag->limit : DEFAULT_LIMIT);
    if (diag->muted)
        return;
    va_list args;
    va_start(args, format);
    report(diag, at, "error", format, args);
    va_end(args);
}

void diag_warning(struct diag *diag, struct place at, const char *format, ...)
{
    diag->warnings++;
    diag->muted = diag->warnings > (diag->limit > 0 ? diag->limit : DEFAULT_LIMIT);
    if (diag->muted)
        return;
    va_list args;
    va_start(args, format);
    report(diag, at, "warning", format, args);
    va_end(args);
}

void diag_note(struct diag *diag, const char *format, ...)
{
    if (diag->muted)
        return;
    va_list args;
    va_start(args, format);
    strbuf_add(&diag->text, "  note: ");
    strbuf_vaddf(&diag->text, format, args);
    strbuf_add(&diag->text, "\n");
    va_end(args);
}

const char *diag_text(const struct diag *diag)
{
    const int limit = diag->limit > 0 ? diag->limit : DEFAULT_LIMIT;
    if (diag->errors <= limit)
        return strbuf_text(&diag->text);
    const int hidden = diag->errors - limit;
    return arena_printf(diag->arena, "%s... and %d more error%s\n", strbuf_text(&diag->text), hidden,
                        hidden == 1 ? "" : "s");
}
