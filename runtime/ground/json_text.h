/* SPDX-License-Identifier: MIT
 *
 * A JSON value as text, and what a text is made of. jansson's own function for the first loses characters
 * where memory ends on the way. */
#ifndef GPFC_JSON_TEXT_H
#define GPFC_JSON_TEXT_H

#include <jansson.h>

/* flags: jansson's. To be freed; NULL: no memory, a text that is no UTF-8, or no value. */
char *json_text(const json_t *json, size_t flags);

/* What a text holds, whether it is JSON or not: counted before a reader sees it, which takes some hundred
 * bytes of memory for each mapping or list, of as few as three of text. */
struct json_marks {
    long mappings, lists, commas; /* outside of quoted texts */
    int levels;                   /* the most within each other */
};
struct json_marks json_text_marks(const char *text, size_t length);

#endif
