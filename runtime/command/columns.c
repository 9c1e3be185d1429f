/* SPDX-License-Identifier: MIT */
#include "command/columns.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    USUAL = 80,
    FEWEST = 30,
    MOST_TEXT = 2000,
    MARGIN = 2,
    LABEL = 9,
    WIDE_LABEL = 16,
    WHAT = 36,  /* the first column of a table */
    NUMBER = 11 /* the others, with the blank before them */
};

int columns_of(FILE *out)
{
    const char *named = getenv("COLUMNS");
    struct winsize size;
    int columns = named ? atoi(named) : 0;
    if (columns <= 0 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    if (columns <= 0)
        columns = USUAL;
    return columns < FEWEST ? FEWEST : columns;
}

/* How much of the text goes into a line of `room` columns: whole words, but one word at least. */
static size_t line_length(const char *text, size_t room)
{
    size_t length = strcspn(text, " ");
    while (text[length] == ' ') {
        const size_t next = length + 1 + strcspn(text + length + 1, " ");
        if (next > room)
            break;
        length = next;
    }
    return length;
}

static void print_item(FILE *out, int width, const char *label, const char *format, va_list arguments)
{
    char text[MOST_TEXT];
    const size_t indent = (size_t)width + MARGIN + 1, room = (size_t)columns_of(out);
    (void)vsnprintf(text, sizeof text, format, arguments);
    (void)fprintf(out, "%*s%-*s", MARGIN, "", width, label);
    for (const char *at = text;;) {
        const size_t length = line_length(at, room > indent ? room - indent : 0);
        (void)fprintf(out, " %.*s\n", (int)length, at);
        at += length;
        if (*at == '\0')
            return;
        at++;
        (void)fprintf(out, "%*s", (int)indent - 1, "");
    }
}

void columns_item(FILE *out, const char *label, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_item(out, LABEL, label, format, arguments);
    va_end(arguments);
}

void columns_wide_item(FILE *out, const char *label, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_item(out, WIDE_LABEL, label, format, arguments);
    va_end(arguments);
}

/* Where the label needs several lines, the numbers are in the last. */
void columns_row(FILE *out, const char *what, const char *before, const char *after)
{
    const int room = columns_of(out) - MARGIN - 2 * NUMBER, width = room < WHAT ? room : WHAT;
    size_t length;
    while (what[length = line_length(what, (size_t)width)] != '\0') {
        (void)fprintf(out, "%*s%.*s\n", MARGIN, "", (int)length, what);
        what += length + 1;
    }
    (void)fprintf(out, "%*s%-*s%*s%*s\n", MARGIN, "", width, what, NUMBER, before, NUMBER, after);
}
