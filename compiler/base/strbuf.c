/* SPDX-License-Identifier: MIT
 *
 * A growing text. Takes pieces and formats, gives one NUL-terminated text in an arena. */
#include "base/base.h"

#include <assert.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

void strbuf_init(struct strbuf *buf, struct arena *arena)
{
    *buf = (struct strbuf){.arena = arena};
}

/* Makes room for `more` bytes and a NUL. Doubling: the pieces left behind in the arena are at most as long as
 * the text. */
static void reserve(struct strbuf *buf, size_t more)
{
    if (buf->room > buf->length && more < buf->room - buf->length)
        return;
    size_t room = buf->room ? buf->room : FIRST_ROOM;
    while (room - buf->length <= more && room <= SIZE_MAX / 2)
        room *= 2;
    if (room - buf->length <= more)
        room = SIZE_MAX;
    char *text = arena_alloc(buf->arena, room);
    if (buf->length)
        memcpy(text, buf->text, buf->length);
    buf->text = text;
    buf->room = room;
}

void strbuf_addn(struct strbuf *buf, const char *text, size_t length)
{
    reserve(buf, length);
    if (length)
        memcpy(buf->text + buf->length, text, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void strbuf_add(struct strbuf *buf, const char *text)
{
    strbuf_addn(buf, text, strlen(text));
}

/* Into the room that is there; where that was too little, once more into enough. */
void strbuf_vaddf(struct strbuf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    reserve(buf, 0);
    const size_t room = buf->room - buf->length;
    const int length = vsnprintf(buf->text + buf->length, room, format, args);
    assert(length >= 0 && "base: a format that cannot be printed");
    if ((size_t)length >= room) {
        reserve(buf, (size_t)length);
        vsnprintf(buf->text + buf->length, (size_t)length + 1, format, again);
    }
    va_end(again);
    buf->length += (size_t)length;
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    strbuf_vaddf(buf, format, args);
    va_end(args);
}

const char *strbuf_text(const struct strbuf *buf)
{
    return buf->text ? buf->text : "";
}
