/* SPDX-License-Identifier: MIT */
#include "numbers/array.h"

#include "numbers/rows.h"

#include <stdlib.h>
#include <string.h>

bool array_new(struct array *out, int64_t n, int64_t precision, const char *what, struct fault *fault)
{
    *out = (struct array){.n = n, .precision = precision};
    return fault_calloc(fault, &out->owned, (size_t)n, (size_t)precision, what);
}

void array_free(struct array *array)
{
    free(array->owned);
    *array = (struct array){0};
}

const void *array_host(const struct array *array)
{
    return array->owned;
}

void *array_write(struct array *array)
{
    return array->owned;
}

void *array_write_at(struct array *array, int64_t i)
{
    return (char *)array_write(array) + i * array->precision;
}

double array_number(const struct array *array, int64_t i)
{
    return rows_number(array->owned, i, array->precision);
}

size_t array_bytes(const struct array *array)
{
    return (size_t)(array->n * array->precision);
}

void array_fill(struct array *to, const void *from)
{
    memcpy(array_write(to), from, array_bytes(to));
}

void array_copy(struct array *to, const struct array *from)
{
    array_fill(to, array_host(from));
}
