/* SPDX-License-Identifier: MIT */
#include "ground/json_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct growing {
    char *text;
    size_t length, room;
    bool failed; /* once, though the caller went on */
};

static int append(const char *piece, size_t length, void *data)
{
    struct growing *const g = data;
    if (g->room - g->length <= length) {
        const size_t room = 2 * (g->length + length) + 64;
        char *const larger = realloc(g->text, room);
        g->failed = g->failed || !larger;
        if (!larger)
            return -1;
        g->text = larger;
        g->room = room;
    }
    memcpy(g->text + g->length, piece, length);
    g->length += length;
    g->text[g->length] = '\0';
    return 0;
}

char *json_text(const json_t *json, size_t flags)
{
    struct growing g = {.text = NULL};
    if (json && json_dump_callback(json, append, &g, flags) == 0 && !g.failed)
        return g.text;
    free(g.text);
    return NULL;
}

/* ---- marks --------------------------------------------------------------------------------------------- */

struct reading {
    struct json_marks marks;
    int level;
    bool in_text, escaped;
};

static void take_in_text(struct reading *r, char c)
{
    r->in_text = r->escaped || c != '"';
    r->escaped = !r->escaped && c == '\\';
}

static void take_mark(struct reading *r, char c)
{
    r->in_text = c == '"';
    r->marks.mappings += c == '{';
    r->marks.lists += c == '[';
    r->marks.commas += c == ',';
    r->level += (c == '{' || c == '[') - (c == '}' || c == ']');
    if (r->level > r->marks.levels)
        r->marks.levels = r->level;
}

struct json_marks json_text_marks(const char *text, size_t length)
{
    struct reading r = {.level = 0};
    for (size_t i = 0; i < length; i++)
        if (r.in_text)
            take_in_text(&r, text[i]);
        else
            take_mark(&r, text[i]);
    return r.marks;
}
