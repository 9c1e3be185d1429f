/* SPDX-License-Identifier: MIT
 *
 * A library to be loaded before others (LD_PRELOAD), with calls of the C library that fail, are short or are
 * written down: those of gpfc, of a trainer and of the libraries that they use.
 *
 *     GPFC_FAIL=KIND:N:ERROR   the call number N of that kind fails, from 1; a negative N: and all after it.
 *                              Of read and write with ERROR 0: it does half of what it was asked for
 *     GPFC_FAIL_COUNT=FILE     how many calls of that kind there were, when the process ends
 *     GPFC_FAIL_HIT=FILE       is made when a call fails
 *     GPFC_FAIL_TRACE=FILE     what changes files, a line for each call; bytes in hexadecimal
 *
 * Memory that hwloc asks for does not fail: it does not check it. Calls count from main on, in the process
 * that is started with these, not in its children. Streams are made of cookies, so that what they read and
 * write goes through the same calls. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_STREAMS = 256, MOST_PATH = 4096 };

static struct {
    bool has_begun;
    char kind[20], hit[MOST_PATH], count[MOST_PATH];
    long nth;
    int error, trace; /* trace: a descriptor, or -1 */
    atomic_long calls;
} now = {.trace = -1};

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* ---- which call fails ---------------------------------------------------------------------------------- */

static void make_file(const char *path, const char *text)
{
    const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file >= 0 && syscall(SYS_write, file, text, strlen(text)) >= 0)
        (void)syscall(SYS_close, file);
}

static bool is_chosen(const char *kind)
{
    if (!now.has_begun || strcmp(kind, now.kind) != 0)
        return false;
    const long call = atomic_fetch_add(&now.calls, 1) + 1, nth = labs(now.nth);
    if (nth == 0 || call < nth || (call > nth && now.nth > 0))
        return false;
    if (call == nth)
        make_file(now.hit, "");
    return true;
}

static bool fails(const char *kind)
{
    if (!is_chosen(kind))
        return false;
    errno = now.error;
    return true;
}

/* What is left of n bytes for a call that may be short or fail (-1). */
static ssize_t allowed(const char *kind, size_t n)
{
    if (!is_chosen(kind))
        return (ssize_t)n;
    errno = now.error;
    return now.error ? -1 : n > 1 ? (ssize_t)(n / 2) : (ssize_t)n;
}

/* ---- what is written down ------------------------------------------------------------------------------ */

static void trace_bytes(const char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * 512];
    while (n > 0) {
        const size_t here = n < 512 ? n : 512;
        for (size_t i = 0; i < here; i++) {
            text[2 * i] = digits[(unsigned char)bytes[i] >> 4];
            text[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
        }
        (void)!syscall(SYS_write, now.trace, text, 2 * here);
        bytes += here;
        n -= here;
    }
}

static pthread_mutex_t trace_lock = PTHREAD_MUTEX_INITIALIZER;

/* format has one line; bytes, if any, come at its end. */
static void trace(const void *bytes, size_t n, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void trace(const void *bytes, size_t n, const char *format, ...)
{
    char line[2 * MOST_PATH];
    va_list words;
    if (now.trace < 0 || !now.has_begun)
        return;
    va_start(words, format);
    const int length = vsnprintf(line, sizeof line, format, words);
    va_end(words);
    const int error = errno;
    (void)pthread_mutex_lock(&trace_lock);
    (void)!syscall(SYS_write, now.trace, line, (size_t)length);
    trace_bytes(bytes, n);
    (void)!syscall(SYS_write, now.trace, "\n", 1);
    (void)pthread_mutex_unlock(&trace_lock);
    errno = error;
}

/* ---- begin and end ------------------------------------------------------------------------------------- */

static void copy_setting(const char *name, char *to, size_t bytes)
{
    const char *const given = getenv(name);
    (void)snprintf(to, bytes, "%s", given ? given : "");
    (void)unsetenv(name);
}

static void tell_count(void)
{
    char text[30];
    now.has_begun = false;
    (void)snprintf(text, sizeof text, "%ld\n", atomic_load(&now.calls));
    if (now.count[0])
        make_file(now.count, text);
}

static void begin(void)
{
    char fail[60], path[MOST_PATH];
    copy_setting("GPFC_FAIL", fail, sizeof fail);
    copy_setting("GPFC_FAIL_HIT", now.hit, sizeof now.hit);
    copy_setting("GPFC_FAIL_COUNT", now.count, sizeof now.count);
    copy_setting("GPFC_FAIL_TRACE", path, sizeof path);
    (void)unsetenv("LD_PRELOAD");
    (void)sscanf(fail, "%19[^:]:%ld:%d", now.kind, &now.nth, &now.error);
    if (path[0])
        now.trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    (void)atexit(tell_count);
    now.has_begun = true;
}

static int (*real_main)(int, char **, char **);

static int begin_main(int argc, char **argv, char **environment)
{
    begin();
    return real_main(argc, argv, environment);
}

int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(int (*program)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    real_main = program;
    return REAL(__libc_start_main)(begin_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* ---- files --------------------------------------------------------------------------------------------- */

static void trace_open(int file, const char *path, int flags)
{
    if (file >= 0 && (flags & (O_WRONLY | O_RDWR)))
        trace(NULL, 0, "open %d %d %d %s", file, (flags & O_TRUNC) != 0, (flags & O_APPEND) != 0, path);
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list more;
    if (flags & O_CREAT) {
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    if (fails("open"))
        return -1;
    const int file = REAL(open)(path, flags, mode);
    trace_open(file, path, flags);
    return file;
}

int mkstemp(char *path)
{
    if (fails("open"))
        return -1;
    const int file = REAL(mkstemp)(path);
    trace_open(file, path, O_RDWR);
    return file;
}

ssize_t read(int file, void *bytes, size_t n)
{
    const ssize_t most = allowed("read", n);
    return most < 0 ? -1 : REAL(read)(file, bytes, (size_t)most);
}

ssize_t pread(int file, void *bytes, size_t n, off_t at)
{
    const ssize_t most = allowed("read", n);
    return most < 0 ? -1 : REAL(pread)(file, bytes, (size_t)most, at);
}

ssize_t write(int file, const void *bytes, size_t n)
{
    const ssize_t most = allowed("write", n);
    if (most < 0)
        return -1;
    const off_t at = now.trace < 0 ? 0 : lseek(file, 0, SEEK_CUR);
    const ssize_t written = REAL(write)(file, bytes, (size_t)most);
    if (written > 0 && at >= 0)
        trace(bytes, (size_t)written, "write %d %lld ", file, (long long)at);
    return written;
}

int close(int file)
{
    const int result = REAL(close)(file);
    if (fails("close"))
        return -1;
    trace(NULL, 0, "close %d", file);
    return result;
}

int ftruncate(int file, off_t length)
{
    if (fails("truncate"))
        return -1;
    trace(NULL, 0, "truncate %d %lld", file, (long long)length);
    return REAL(ftruncate)(file, length);
}

int fsync(int file)
{
    if (fails("sync"))
        return -1;
    trace(NULL, 0, "sync %d", file);
    return REAL(fsync)(file);
}

int rename(const char *from, const char *to)
{
    if (fails("rename"))
        return -1;
    const int result = REAL(rename)(from, to);
    if (result == 0)
        trace(NULL, 0, "rename %s\t%s", from, to);
    return result;
}

int unlink(const char *path)
{
    if (fails("unlink"))
        return -1;
    const int result = REAL(unlink)(path);
    if (result == 0)
        trace(NULL, 0, "unlink %s", path);
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    if (fails("mkdir"))
        return -1;
    const int result = REAL(mkdir)(path, mode);
    if (result == 0)
        trace(NULL, 0, "mkdir %s", path);
    return result;
}

char *mkdtemp(char *path)
{
    return fails("mkdir") ? NULL : REAL(mkdtemp)(path);
}

int stat(const char *path, struct stat *out)
{
    return fails("stat") ? -1 : REAL(stat)(path, out);
}

int lstat(const char *path, struct stat *out)
{
    return fails("stat") ? -1 : REAL(lstat)(path, out);
}

int fstat(int file, struct stat *out)
{
    return fails("stat") ? -1 : REAL(fstat)(file, out);
}

int flock(int file, int operation)
{
    return fails("lock") ? -1 : REAL(flock)(file, operation);
}

void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return fails("mmap") ? MAP_FAILED : REAL(mmap)(at, bytes, protection, flags, file, offset);
}

/* ---- streams ------------------------------------------------------------------------------------------- */

static struct stream {
    FILE *stream;
    int file;
} streams[MOST_STREAMS];

static ssize_t cookie_read(void *cookie, char *bytes, size_t n)
{
    return read(((struct stream *)cookie)->file, bytes, n);
}

/* As the C library does: until all is written, or a call fails. */
static ssize_t cookie_write(void *cookie, const char *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t written = write(((struct stream *)cookie)->file, bytes + done, n - done);
        if (written < 0)
            break;
        done += (size_t)written;
    }
    return (ssize_t)done;
}

static int cookie_seek(void *cookie, off64_t *offset, int whence)
{
    *offset = lseek(((struct stream *)cookie)->file, *offset, whence);
    return *offset < 0 ? -1 : 0;
}

static int cookie_close(void *cookie)
{
    struct stream *const stream = cookie;
    const int file = stream->file;
    *stream = (struct stream){.stream = NULL};
    return close(file);
}

static FILE *stream_of(int file, const char *mode)
{
    const cookie_io_functions_t calls = {
        .read = cookie_read, .write = cookie_write, .seek = cookie_seek, .close = cookie_close};
    int i = 0;
    while (i < MOST_STREAMS && streams[i].stream)
        i++;
    if (i == MOST_STREAMS)
        abort();
    streams[i].stream = fopencookie(&streams[i], mode, calls);
    streams[i].file = file;
    return streams[i].stream;
}

FILE *fdopen(int file, const char *mode)
{
    return fails("open") ? NULL : stream_of(file, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    const int access = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
    const int make = mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT | O_APPEND : 0;
    const int file = open(path, access | make | O_CLOEXEC, 0666);
    return file < 0 ? NULL : stream_of(file, mode);
}

int fileno(FILE *stream)
{
    for (int i = 0; i < MOST_STREAMS; i++)
        if (streams[i].stream == stream)
            return streams[i].file;
    return REAL(fileno)(stream);
}

/* ---- processes, threads, memory ------------------------------------------------------------------------ */

int posix_spawnp(pid_t *child, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
    return fails("spawn") ? now.error
                          : REAL(posix_spawnp)(child, file, actions, attributes, arguments, environment);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *data)
{
    return fails("thread") ? now.error : REAL(pthread_create)(thread, attributes, start, data);
}

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static bool lacks_memory(const void *caller)
{
    Dl_info info;
    const bool fails_here = fails("memory");
    const bool is_exempt = fails_here && dladdr(caller, &info) && strstr(info.dli_fname, "libhwloc");
    return fails_here && !is_exempt;
}

#define CALLER __builtin_return_address(0)

void *malloc(size_t bytes)
{
    return lacks_memory(CALLER) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    return lacks_memory(CALLER) ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *old, size_t bytes)
{
    return lacks_memory(CALLER) ? NULL : __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return lacks_memory(CALLER) ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    if (lacks_memory(CALLER))
        return ENOMEM;
    *out = __libc_memalign(alignment, bytes);
    return *out ? 0 : ENOMEM;
}
