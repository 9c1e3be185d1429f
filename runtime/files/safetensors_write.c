/* SPDX-License-Identifier: MIT
 *
 * Takes tensors and texts, gives a safetensors file that appears completely or not at all. */
#include "files/safe_file.h"
#include "files/safetensors.h"
#include "files/safetensors_checksum.h"
#include "ground/json_make.h"
#include "ground/json_text.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, HEADER_ALIGNMENT = 64 /* of the data in the file, for those who map it */ };

static int64_t bytes_of(const struct tensor *tensor)
{
    assert(strcmp(tensor->dtype, "F32") == 0 || strcmp(tensor->dtype, "F64") == 0);
    return tensor_elements(tensor) * (tensor->dtype[1] == '3' ? 4 : 8);
}

static json_t *shape_of(const struct tensor *tensor)
{
    json_t *shape = json_array();
    for (int i = 0; i < tensor->rank; i++)
        json_append(&shape, json_integer(tensor->shape[i]));
    return shape;
}

static json_t *offsets_of(const struct tensor *tensor, int64_t begin)
{
    json_t *offsets = json_array();
    json_append(&offsets, json_integer(begin));
    json_append(&offsets, json_integer(begin + bytes_of(tensor)));
    return offsets;
}

static json_t *entry_of(const struct tensor *tensor, int64_t begin)
{
    json_t *entry = json_object();
    json_put_text(&entry, "dtype", tensor->dtype);
    json_put(&entry, "shape", shape_of(tensor));
    json_put(&entry, "data_offsets", offsets_of(tensor, begin));
    return entry;
}

/* jansson keeps the order of insertion, so equal input gives equal bytes. NULL: no memory. */
static json_t *header_of(const struct tensor *tensors, size_t n_tensors, const struct metadata *metadata,
                         size_t n_metadata)
{
    json_t *header = json_object(), *texts = json_object();
    json_put_text(&texts, CHECKSUM_KEY, CHECKSUM_NONE);
    json_put_text(&texts, FORMAT_KEY, FORMAT_NOW);
    for (size_t i = 0; i < n_metadata; i++)
        json_put(&texts, metadata[i].key, json_string(metadata[i].value));
    json_put(&header, "__metadata__", texts);
    int64_t begin = 0;
    for (size_t i = 0; i < n_tensors; begin += bytes_of(&tensors[i]), i++)
        json_put(&header, tensors[i].name, entry_of(&tensors[i], begin));
    return header;
}

/* The length, the text, and spaces up to the alignment; NULL: no memory. */
static char *block_of(const char *text, size_t *bytes)
{
    const size_t length = strlen(text);
    const size_t padding = (HEADER_ALIGNMENT - (LENGTH_BYTES + length) % HEADER_ALIGNMENT) % HEADER_ALIGNMENT;
    *bytes = LENGTH_BYTES + length + padding;
    char *const block = malloc(*bytes);
    if (!block)
        return NULL;
    for (int i = 0; i < LENGTH_BYTES; i++)
        block[i] = (char)((uint64_t)(length + padding) >> 8 * i);
    memcpy(block + LENGTH_BYTES, text, length);
    memset(block + LENGTH_BYTES + length, ' ', padding);
    return block;
}

/* Puts the checksum into the first piece, which is the header's. */
static void put_checksum(char *block, const struct piece *pieces, size_t n)
{
    char digits[CHECKSUM_DIGITS + 1];
    const char *const place = checksum_place(block, pieces[0].length);
    checksum_of(pieces, n, digits);
    memcpy(block + (place - block), digits, CHECKSUM_DIGITS);
}

static bool write_pieces(struct safe_file *file, const struct piece *pieces, size_t n, struct fault *fault)
{
    for (size_t i = 0; i < n; i++)
        if (!safe_file_write(file, pieces[i].bytes, pieces[i].length, fault))
            return false;
    return true;
}

static bool write_all(struct safe_file *file, const char *text, const struct tensor *tensors,
                      size_t n_tensors, struct fault *fault)
{
    struct piece *pieces;
    size_t header;
    char *const block = block_of(text, &header);
    if (!block)
        return fault_memory(fault, strlen(text), "a header");
    bool done = fault_calloc(fault, (void **)&pieces, n_tensors + 1, sizeof *pieces, "a list of tensors");
    if (done) {
        pieces[0] = (struct piece){block, header};
        for (size_t i = 0; i < n_tensors; i++)
            pieces[i + 1] = (struct piece){tensors[i].data, (size_t)bytes_of(&tensors[i])};
        put_checksum(block, pieces, n_tensors + 1);
        done = write_pieces(file, pieces, n_tensors + 1, fault);
        free(pieces);
    }
    free(block);
    return done;
}

static bool write_file(const char *path, const char *text, const struct tensor *tensors, size_t n_tensors,
                       struct fault *fault)
{
    struct safe_file *file;
    if (!safe_file_open(&file, path, fault))
        return false;
    if (write_all(file, text, tensors, n_tensors, fault))
        return safe_file_commit(file, fault);
    safe_file_abandon(file);
    return false;
}

/* JSON has no other texts. */
static bool check_texts(const char *path, const struct metadata *metadata, size_t n, struct fault *fault)
{
    for (size_t i = 0; i < n; i++)
        if (!json_takes(metadata[i].value))
            return fault_set(fault, FAULT_SYSTEM, "cannot write %s: its %s would be no UTF-8: %s", path,
                             metadata[i].key, metadata[i].value);
    return true;
}

bool safetensors_write(const char *path, const struct tensor *tensors, size_t n_tensors,
                       const struct metadata *metadata, size_t n_metadata, struct fault *fault)
{
    if (!check_texts(path, metadata, n_metadata, fault))
        return false;
    json_t *const header = header_of(tensors, n_tensors, metadata, n_metadata);
    char *const text = json_text(header, JSON_COMPACT);
    json_decref(header);
    if (!text)
        return fault_memory(fault, 0, "a header");
    const bool done = write_file(path, text, tensors, n_tensors, fault);
    free(text);
    return done;
}
