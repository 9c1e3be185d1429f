/* SPDX-License-Identifier: MIT
 *
 * What of libzip's errors is the system's: an errno, and the call that failed. */
#ifndef GPFC_NPZ_ERROR_H
#define GPFC_NPZ_ERROR_H

#include <errno.h>
#include <stddef.h>
#include <zip.h>

struct npz_error {
    int number;       /* 0: the archive is what is wrong */
    const char *call; /* NULL: not known */
};

static inline struct npz_error npz_error_of(const zip_error_t *error)
{
    const int kind = zip_error_code_zip(error);
    if (kind == ZIP_ER_MEMORY)
        return (struct npz_error){.number = ENOMEM};
    if (zip_error_system_type(error) != ZIP_ET_SYS)
        return (struct npz_error){.number = 0};
    return (struct npz_error){.number = zip_error_code_system(error),
                              .call = kind == ZIP_ER_READ   ? "read"
                                      : kind == ZIP_ER_SEEK ? "lseek"
                                      : kind == ZIP_ER_OPEN ? "open"
                                                            : NULL};
}

#endif
