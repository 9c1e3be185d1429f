/* SPDX-License-Identifier: MIT
 *
 * Reference numbers of other implementations, as convert.py writes them (its text describes the format). */
#ifndef GPFC_ORACLE_FILE_H
#define GPFC_ORACLE_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum { ORACLE_MAX_ARRAYS = 256, ORACLE_MAX_RANK = 4, ORACLE_NAME = 24 };

struct oracle_array {
    char name[ORACLE_NAME];
    int rank;
    int shape[ORACLE_MAX_RANK];
    long elements; /* product of shape */
    int stride;    /* element i*stride, row-major, is values[i] */
    long stored;
    double *values;
};

struct oracle_file {
    const char *path; /* of the caller */
    int n;
    struct oracle_array array[ORACLE_MAX_ARRAYS];
};

/* False with *why set when the file cannot be read or is not in the format; nothing is held then. */
bool oracle_read(const char *path, struct oracle_file *file, const char **why);
void oracle_free(struct oracle_file *file);
struct oracle_array *oracle_find(struct oracle_file *file, const char *name); /* NULL: none */

#endif
