/* SPDX-License-Identifier: MIT */
#ifndef GPFC_TEXT_H
#define GPFC_TEXT_H

#include <stdbool.h>
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

#endif
