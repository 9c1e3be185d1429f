/* SPDX-License-Identifier: MIT
 *
 * Named arrays in one file, in the safetensors format: eight bytes of header length (little endian), a JSON
 * header with dtype, shape and data offsets of each tensor and a text-to-text "__metadata__", then the data.
 * Models and checkpoints are such files. No other file parses or writes the format.
 *
 * What is written has a checksum in its metadata, "gpfc.checksum", and the form of the file, "gpfc.format";
 * where they are, they are verified before any number is believed. Files from elsewhere have neither.
 *
 * A reader checks the header before it reads the data, and holds the whole file in memory, once. Whatever the
 * bytes are, reading ends in a table of valid tensors or in a fault. */
#ifndef GPFC_SAFETENSORS_H
#define GPFC_SAFETENSORS_H

#include "ground/fault.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TENSOR_MAX_RANK = 8,
    SAFETENSORS_MAX_HEADER = 64 << 20, /* bytes */
    SAFETENSORS_MAX_TENSORS = 1 << 16,
    SAFETENSORS_MAX_NAME = 1024, /* bytes */
};

struct tensor {
    const char *name; /* "flow.layer0.weight" */
    const char
        *dtype; /* "F32", "F64"; other types of the format are listed, but not all can be taken as numbers */
    int rank;
    int64_t shape[TENSOR_MAX_RANK];
    const void *data; /* row-major, little endian; where read from a file, aligned to the element */
};

struct metadata {
    const char *key, *value;
};

int64_t tensor_elements(const struct tensor *tensor);

/* A tensor of `precision` 4 or 8 (F32, F64) whose data is lent. rank <= 2: shape [first], or [first,
 * second]. */
struct tensor tensor_of(const char *name, int64_t precision, int rank, int64_t first, int64_t second,
                        const void *data);

struct safetensors;

bool safetensors_read(struct safetensors **out, const char *path, struct fault *fault) MUST_CHECK;
/* The same from memory; `name` stands for the path in faults, the bytes are copied. */
bool safetensors_parse(struct safetensors **out, const char *name, const void *bytes, size_t length,
                       struct fault *fault) MUST_CHECK;
void safetensors_free(struct safetensors *file); /* NULL is allowed */

size_t safetensors_count(const struct safetensors *file);
const struct tensor *safetensors_at(const struct safetensors *file,
                                    size_t i); /* in the order of their data */
const struct tensor *safetensors_find(const struct safetensors *file,
                                      const char *name);                           /* NULL: there is none */
const char *safetensors_metadata(const struct safetensors *file, const char *key); /* NULL: there is none */
/* All of it, in the file's order, but for what safetensors_write adds itself. */
void safetensors_each_metadata(const struct safetensors *file,
                               void (*take)(void *data, const struct metadata *metadata), void *data);

/* Copies tensor `name` to `to`, [elements] of `precision`: it must be there with this rank and shape, and be
 * of floating-point numbers (F64, F32, F16 or BF16), which are converted; otherwise the fault says what does
 * not fit and what the file holds. */
bool safetensors_take(const struct safetensors *file, const char *name, int64_t precision, int rank,
                      const int64_t *shape, void *to, struct fault *fault) MUST_CHECK;

/* Writes tensors (F32, F64) in the given order, through safe_file.h: path holds all of it or what it held
 * before. The same input gives the same bytes. */
bool safetensors_write(const char *path, const struct tensor *tensors, size_t n_tensors,
                       const struct metadata *metadata, size_t n_metadata, struct fault *fault) MUST_CHECK;

#endif
