/* SPDX-License-Identifier: MIT */
#ifndef GPFC_TEXT_H
#define GPFC_TEXT_H

#include <stdbool.h>
#include <string.h>

static inline bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

#endif
