/* SPDX-License-Identifier: MIT */
#ifndef GPFC_TEXT_H
#define GPFC_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static inline bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* In upper or lower case. */
static inline bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

/* After a noun: "1 row", "2 rows". */
static inline const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* Bytes of the UTF-8 character at text, 0 where there is none. Overlong forms and surrogates pass: no
 * terminal is hurt. */
static inline int utf8_length(const unsigned char *text)
{
    const unsigned char first = text[0];
    const int length = first < 0x80   ? 1
                       : first < 0xC2 ? 0
                       : first < 0xE0 ? 2
                       : first < 0xF0 ? 3
                       : first < 0xF5 ? 4
                                      : 0;
    for (int i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80) /* also the NUL at the end */
            return 0;
    return length;
}

#endif
