/* SPDX-License-Identifier: MIT
 *
 * Reads .oracle files. Everything in them is checked against the file's length before it is believed. */
#include "oracle/oracle_file.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ELEMENTS = 1 << 20, HEADER_INTS = 7 };

static bool read_header(FILE *in, int *n)
{
    char magic[8];
    uint32_t numbers[2];
    if (fread(magic, sizeof magic, 1, in) != 1 || memcmp(magic, "gpfcnums", sizeof magic) != 0)
        return false;
    if (fread(numbers, sizeof numbers, 1, in) != 1 || numbers[0] != 1 || numbers[1] > ORACLE_MAX_ARRAYS)
        return false;
    *n = (int)numbers[1];
    return true;
}

static bool shape_is_sound(struct oracle_array *array)
{
    if (array->rank < 0 || array->rank > ORACLE_MAX_RANK || array->stride < 1)
        return false;
    array->elements = 1;
    for (int i = 0; i < array->rank; i++) {
        if (array->shape[i] < 1 || array->shape[i] > MAX_ELEMENTS / array->elements)
            return false;
        array->elements *= array->shape[i];
    }
    return array->stored == (array->elements + array->stride - 1) / array->stride;
}

static bool read_array(FILE *in, struct oracle_array *array)
{
    int32_t numbers[HEADER_INTS];
    if (fread(array->name, ORACLE_NAME, 1, in) != 1 || array->name[ORACLE_NAME - 1] != '\0')
        return false;
    if (fread(numbers, sizeof numbers, 1, in) != 1)
        return false;
    array->rank = numbers[0];
    for (int i = 0; i < ORACLE_MAX_RANK; i++)
        array->shape[i] = numbers[1 + i];
    array->stride = numbers[5];
    array->stored = numbers[6];
    if (!shape_is_sound(array))
        return false;
    array->values = malloc((size_t)array->stored * sizeof *array->values);
    return array->values &&
           fread(array->values, sizeof *array->values, (size_t)array->stored, in) == (size_t)array->stored;
}

bool oracle_read(const char *path, struct oracle_file *file, const char **why)
{
    *file = (struct oracle_file){.path = path};
    FILE *in = fopen(path, "rb");
    if (!in) {
        *why = "cannot be opened";
        return false;
    }
    int n = 0;
    bool good = read_header(in, &n);
    while (good && file->n < n)
        good = read_array(in, &file->array[file->n++]);
    good = good && fgetc(in) == EOF;
    (void)fclose(in);
    if (!good) {
        *why = "is not a file of reference numbers, version 1, or is cut off";
        oracle_free(file);
    }
    return good;
}

void oracle_free(struct oracle_file *file)
{
    for (int i = 0; i < file->n; i++)
        free(file->array[i].values);
    file->n = 0;
}

struct oracle_array *oracle_find(struct oracle_file *file, const char *name)
{
    for (int i = 0; i < file->n; i++) {
        if (strcmp(file->array[i].name, name) == 0)
            return &file->array[i];
    }
    return NULL;
}
