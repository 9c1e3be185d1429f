/* SPDX-License-Identifier: MIT
 *
 * Calls that fail on command. With --enable-faults the linker puts these before the calls that gpfc's own
 * code and the runtime's make (not those of other libraries): the call number $GPFC_FAULT, counted from 1,
 * fails as a full machine would let it fail, and the file $GPFC_FAULT_HIT is made, so that a test knows when
 * there is no such call any more. How many calls there were is written to the file $GPFC_FAULT_CALLS when the
 * program ends. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* One call: what it gives, its name, its parameters, their names, what it gives when it fails, errno then. */
#define CALLS                                                                                                \
    CALL(void *, malloc, (size_t bytes), (bytes), NULL, ENOMEM)                                              \
    CALL(void *, calloc, (size_t n, size_t bytes), (n, bytes), NULL, ENOMEM)                                 \
    CALL(void *, realloc, (void *old, size_t bytes), (old, bytes), NULL, ENOMEM)                             \
    CALL(void *, aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes), NULL, ENOMEM)          \
    CALL(char *, strdup, (const char *text), (text), NULL, ENOMEM)                                           \
    CALL(char *, strndup, (const char *text, size_t length), (text, length), NULL, ENOMEM)                   \
    CALL(ssize_t, write, (int file, const void *bytes, size_t n), (file, bytes, n), -1, ENOSPC)              \
    CALL(size_t, fwrite, (const void *bytes, size_t size, size_t n, FILE *to), (bytes, size, n, to), 0,      \
         ENOSPC)                                                                                             \
    CALL(int, fsync, (int file), (file), -1, EIO)                                                            \
    CALL(int, rename, (const char *from, const char *to), (from, to), -1, EIO)                               \
    CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)                              \
    CALL(int, mkostemp, (char *path, int flags), (path, flags), -1, ENOSPC)                                  \
    CALL(char *, mkdtemp, (char *path), (path), NULL, ENOSPC)                                                \
    CALL(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL, EMFILE)

#define CALL(type, name, parameters, arguments, failure, error)                                              \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;
CALLS
#undef CALL

static long calls; /* so far; of all threads together */

static bool fails(int error)
{
    const char *chosen = getenv("GPFC_FAULT"), *hit = getenv("GPFC_FAULT_HIT");
    const long call = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    if (!chosen || call != strtol(chosen, NULL, 10))
        return false;
    if (hit) {
        const int file = open(hit, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (file >= 0)
            (void)close(file);
    }
    errno = error;
    return true;
}

#define CALL(type, name, parameters, arguments, failure, error)                                              \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        return fails(error) ? (failure) : __real_##name arguments;                                           \
    }
CALLS
#undef CALL

__attribute__((destructor)) static void tell_calls(void)
{
    const char *path = getenv("GPFC_FAULT_CALLS");
    const int file = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
    if (file < 0)
        return;
    (void)dprintf(file, "%ld\n", __atomic_load_n(&calls, __ATOMIC_RELAXED));
    (void)close(file);
}
