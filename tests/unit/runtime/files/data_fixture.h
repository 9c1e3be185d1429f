/* SPDX-License-Identifier: MIT
 *
 * What the tests of readers and writers share: faults that must say a certain thing, .npy texts put together
 * by hand, and limits that make writing fail. */
#ifndef GPFC_DATA_FIXTURE_H
#define GPFC_DATA_FIXTURE_H

#include "check.h"
#include "ground/fault.h"
#include "scratch.h"

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

/* The call failed, with this code, and its sentence holds `part`. Prints the sentence where it does not. */
static inline void check_fault(bool result, const struct fault *fault, int code, const char *part)
{
    CU_ASSERT_FALSE(result);
    CU_ASSERT_EQUAL(fault->exit_code, code);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault->text, part));
    if (!strstr(fault->text, part))
        (void)printf("\n    \"%s\" lacks \"%s\"\n", fault->text, part);
}

static inline void check_good(bool result, const struct fault *fault)
{
    CU_ASSERT_TRUE_FATAL(result || (printf("\n    \"%s\"\n", fault->text), false));
    CU_ASSERT_EQUAL(fault->exit_code, 0);
}

static inline int files_in(const struct scratch *scratch)
{
    DIR *folder = opendir(scratch->folder);
    int n = -2; /* . and .. */
    while (folder && readdir(folder))
        n++;
    if (folder)
        (void)closedir(folder);
    return n;
}

struct bytes {
    size_t length;
    unsigned char at[1 << 16];
};

static inline void add_bytes(struct bytes *to, const void *from, size_t length)
{
    if (to->length + length <= sizeof to->at) {
        memcpy(to->at + to->length, from, length);
        to->length += length;
    }
}

/* An .npy of this version whose header is `dictionary` and whose data is `data`. */
static inline void make_npy(struct bytes *out, int version, const char *dictionary, const void *data,
                            size_t length)
{
    const size_t text = strlen(dictionary);
    const unsigned char prefix[12] = {0x93,
                                      'N',
                                      'U',
                                      'M',
                                      'P',
                                      'Y',
                                      (unsigned char)version,
                                      0,
                                      (unsigned char)text,
                                      (unsigned char)(text >> 8)};
    out->length = 0;
    add_bytes(out, prefix, version == 1 ? 10 : 12);
    add_bytes(out, dictionary, text);
    add_bytes(out, data, length);
}

/* No file may grow past so many bytes until the limit is lifted: a device that is full. */
static inline void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
}

static inline void lift_limit(void)
{
    limit_files(RLIM_INFINITY);
}

#endif
