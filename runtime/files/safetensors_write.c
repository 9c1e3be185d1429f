/* SPDX-License-Identifier: MIT
 *
 * Takes tensors and texts, gives a safetensors file that appears completely or not at all. */
#include "files/safe_file.h"
#include "files/safetensors.h"
#include "files/safetensors_checksum.h"
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

/* NULL: no memory. */
static json_t *shape_of(const struct tensor *tensor)
{
    json_t *const shape = json_array();
    bool whole = true;
    for (int i = 0; i < tensor->rank; i++)
        whole = json_array_append_new(shape, json_integer(tensor->shape[i])) == 0 && whole;
    if (whole)
        return shape;
    json_decref(shape);
    return NULL;
}

static json_t *entry_of(const struct tensor *tensor, int64_t begin)
{
    json_t *const shape = shape_of(tensor);
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor->dtype, "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + bytes_of(tensor)));
}

/* jansson keeps the order of insertion, so equal input gives equal bytes. */
static json_t *header_of(const struct tensor *tensors, size_t n_tensors, const struct metadata *metadata,
                         size_t n_metadata)
{
    json_t *const header = json_object(), *const texts = json_object();
    bool done = json_object_set_new(texts, CHECKSUM_KEY, json_string(CHECKSUM_NONE)) == 0 &&
                json_object_set_new(texts, FORMAT_KEY, json_string(FORMAT_NOW)) == 0;
    for (size_t i = 0; i < n_metadata; i++)
        done = json_object_set_new(texts, metadata[i].key, json_string(metadata[i].value)) == 0 && done;
    done = json_object_set_new(header, "__metadata__", texts) == 0 && done;
    int64_t begin = 0;
    for (size_t i = 0; i < n_tensors; begin += bytes_of(&tensors[i]), i++)
        done = json_object_set_new(header, tensors[i].name, entry_of(&tensors[i], begin)) == 0 && done;
    if (done)
        return header;
    json_decref(header);
    return NULL;
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

bool safetensors_write(const char *path, const struct tensor *tensors, size_t n_tensors,
                       const struct metadata *metadata, size_t n_metadata, struct fault *fault)
{
    json_t *const header = header_of(tensors, n_tensors, metadata, n_metadata);
    if (!header) /* no memory, or a text that is no UTF-8 */
        return fault_set(fault, FAULT_SYSTEM, "cannot write %s: its header cannot be made", path);
    char *const text = json_text(header, JSON_COMPACT);
    json_decref(header);
    if (!text)
        return fault_memory(fault, 0, "a header");
    const bool done = write_file(path, text, tensors, n_tensors, fault);
    free(text);
    return done;
}
