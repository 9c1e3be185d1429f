/* SPDX-License-Identifier: MIT
 *
 * How the runtime reports that something went wrong: one sentence for the user, and the exit code a trainer
 * ends with. Functions that can fail take a `struct fault *` last, return false and fill it; when they return
 * true they do not touch it. The sentence names the file and the thing in it, and ends with the system's
 * reason (errno) if there is one. */
#ifndef GPFC_FAULT_H
#define GPFC_FAULT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef MUST_CHECK
#define MUST_CHECK __attribute__((warn_unused_result))
#endif
#ifndef PRINTF_LIKE
#define PRINTF_LIKE(text, first) __attribute__((__format__(printf, text, first)))
#endif

enum fault_code {
    FAULT_SYSTEM = 1,   /* no space left, no permission, no memory                             */
    FAULT_INPUT = 2,    /* what the user gave: data, model, command line                       */
    FAULT_DIVERGED = 3, /* a number that is not finite came up in training                     */
    FAULT_SIGNAL = 128  /* and the number of the signal that was noted                         */
};

struct fault {
    char text[512]; /* one sentence, no newline, no "error:" before it; cut with "..." where too long */
    int exit_code;  /* enum fault_code; 0: nothing was reported */
};

/* Always false, so that `return fault_set(...)` reports and returns. Control characters and bytes that are no
 * UTF-8 (names out of broken files) are shown as '?'. fault may be NULL: then only false is returned. */
bool fault_set(struct fault *fault, enum fault_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same with ": No space left on device (write)" after it, from `error`, an errno, and the call that
 * failed. call NULL: there was none, or it is not known which. */
bool fault_system(struct fault *fault, const char *call, int error, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Likewise of a file that the user named: FAULT_INPUT where the name is what is wrong (there is no such file,
 * it is a folder, it may not be read), and no call is named; FAULT_SYSTEM where the system failed. */
bool fault_named(struct fault *fault, const char *call, int error, const char *format, ...) PRINTF_LIKE(4, 5);

/* "out of memory: 12.3 MB needed for <what>"; without the number where it is less than one, or not known
 * (0). */
bool fault_memory(struct fault *fault, size_t bytes, const char *what);

/* n zeros of `each` bytes, with free(); or a fault that says what they were for. */
bool fault_calloc(struct fault *fault, void **out, size_t n, size_t each, const char *what) MUST_CHECK;

#endif
