/* SPDX-License-Identifier: MIT
 *
 * Takes what went wrong, gives one printable sentence. Names in it may come from broken files, so every byte
 * is checked before a terminal sees it. */
#include "ground/fault.h"

#include "ground/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* C0 controls and DEL, and C1 controls (U+0080 .. U+009F), which some terminals obey too. */
static bool is_control(const unsigned char *text)
{
    return text[0] < 0x20 || text[0] == 0x7F || (text[0] == 0xC2 && text[1] < 0xA0);
}

static void make_printable(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at;) {
        const int length = utf8_length(at);
        if (length > 0 && !is_control(at)) {
            at += length;
            continue;
        }
        memset(at, '?', length > 0 ? (size_t)length : 1);
        at += length > 0 ? length : 1;
    }
}

/* text: room for `room` bytes, of which a sentence of `length` bytes was to fit. */
static bool report(struct fault *fault, enum fault_code code, char *text, size_t room, int length,
                   const char *tail)
{
    const size_t most = room - strlen(tail) - 1;
    if (length < 0)
        strcpy(text, "(no text)");
    else if ((size_t)length > most)
        strcpy(text + most - 3, "...");
    make_printable(text);
    snprintf(fault->text, sizeof fault->text, "%s%s", text, tail);
    fault->exit_code = (int)code;
    return false;
}

/* The sentence is made in a buffer of its own: its arguments may point into fault->text, when a fault is
 * reported again with more context. */
bool fault_set(struct fault *fault, enum fault_code code, const char *format, ...)
{
    char text[sizeof fault->text];
    if (!fault)
        return false;
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return report(fault, code, text, sizeof text, length, "");
}

static bool report_error(struct fault *fault, enum fault_code code, const char *call, int error,
                         const char *format, va_list arguments)
{
    char text[sizeof fault->text], reason[128], tail[180];
    if (strerror_r(error, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", error);
    snprintf(tail, sizeof tail, call ? ": %s (%s)" : ": %s", reason, call);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    return report(fault, code, text, sizeof text, length, tail);
}

bool fault_system(struct fault *fault, const char *call, int error, const char *format, ...)
{
    if (!fault)
        return false;
    va_list arguments;
    va_start(arguments, format);
    (void)report_error(fault, FAULT_SYSTEM, call, error, format, arguments);
    va_end(arguments);
    return false;
}

/* What is wrong with a name, and not with the machine. */
static bool is_of_a_name(int error)
{
    static const int of_names[] = {ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG, ENXIO};
    for (size_t i = 0; i < sizeof of_names / sizeof of_names[0]; i++)
        if (error == of_names[i])
            return true;
    return false;
}

bool fault_named(struct fault *fault, const char *call, int error, const char *format, ...)
{
    if (!fault)
        return false;
    va_list arguments;
    va_start(arguments, format);
    (void)(is_of_a_name(error) ? report_error(fault, FAULT_INPUT, NULL, error, format, arguments)
                               : report_error(fault, FAULT_SYSTEM, call, error, format, arguments));
    va_end(arguments);
    return false;
}

bool fault_memory(struct fault *fault, size_t bytes, const char *what)
{
    enum { WORTH_NAMING = 1000000 };
    if (bytes < WORTH_NAMING)
        return fault_set(fault, FAULT_SYSTEM, "out of memory for %s", what);
    return fault_set(fault, FAULT_SYSTEM, "out of memory: %.1f MB needed for %s", (double)bytes * 1e-6, what);
}

bool fault_calloc(struct fault *fault, void **out, size_t n, size_t each, const char *what)
{
    *out = calloc(n, each);
    return *out || fault_memory(fault, n * each, what);
}
