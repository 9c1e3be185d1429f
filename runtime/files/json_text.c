/* SPDX-License-Identifier: MIT */
#include "files/json_text.h"

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
