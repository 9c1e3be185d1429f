/* SPDX-License-Identifier: MIT
 *
 * Numbers that have an owner: the weights, moments, gradient and totals of a training. Where they are stored
 * is up to the array; to read or write them in host memory, ask for it. */
#ifndef GPFC_ARRAY_H
#define GPFC_ARRAY_H

#include "ground/fault.h"

#include <stdint.h>

struct array { /* zeroed: empty */
    int64_t n, precision;
    void *owned;
};

/* n zeros; `what` they are for, should there be no memory. */
bool array_new(struct array *out, int64_t n, int64_t precision, const char *what,
               struct fault *fault) MUST_CHECK;
void array_free(struct array *array); /* an empty one is allowed */

const void *array_host(const struct array *array);    /* REAL [n], to be read */
void *array_write(struct array *array);               /* the same to be written: all in it is newer then */
void *array_write_at(struct array *array, int64_t i); /* from number i on */
double array_number(const struct array *array, int64_t i);
size_t array_bytes(const struct array *array);
void array_copy(struct array *to, const struct array *from); /* both of n numbers */
void array_fill(struct array *to, const void *from);         /* from host memory, REAL [n] */

#endif
