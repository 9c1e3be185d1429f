/* SPDX-License-Identifier: MIT
 *
 * Takes tensors and texts, gives a safetensors file that appears completely or not at all. */
#include "files/safe_file.h"
#include "files/safetensors.h"

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

static json_t *entry_of(const struct tensor *tensor, int64_t begin)
{
    json_t *const shape = json_array();
    for (int i = 0; i < tensor->rank; i++)
        json_array_append_new(shape, json_integer(tensor->shape[i])); /* NULL, checked below, stays NULL */
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor->dtype, "shape", shape, "data_offsets",
                     (json_int_t)begin, (json_int_t)(begin + bytes_of(tensor)));
}

/* jansson keeps the order of insertion, so equal input gives equal bytes. */
static json_t *header_of(const struct tensor *tensors, size_t n_tensors, const struct metadata *metadata,
                         size_t n_metadata)
{
    json_t *const header = json_object(), *const texts = json_object();
    bool done = true;
    for (size_t i = 0; i < n_metadata; i++)
        done = json_object_set_new(texts, metadata[i].key, json_string(metadata[i].value)) == 0 && done;
    if (n_metadata > 0)
        done = json_object_set(header, "__metadata__", texts) == 0 && done;
    json_decref(texts);
    int64_t begin = 0;
    for (size_t i = 0; i < n_tensors; begin += bytes_of(&tensors[i]), i++)
        done = json_object_set_new(header, tensors[i].name, entry_of(&tensors[i], begin)) == 0 && done;
    if (done)
        return header;
    json_decref(header);
    return NULL;
}

/* The length, the text, and spaces up to the alignment. */
static bool write_header(struct safe_file *file, const char *text, struct fault *fault)
{
    char spaces[HEADER_ALIGNMENT];
    memset(spaces, ' ', sizeof spaces);
    const size_t length = strlen(text);
    const size_t padding = (HEADER_ALIGNMENT - (LENGTH_BYTES + length) % HEADER_ALIGNMENT) % HEADER_ALIGNMENT;
    unsigned char prefix[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++)
        prefix[i] = (unsigned char)((uint64_t)(length + padding) >> 8 * i);
    return safe_file_write(file, prefix, sizeof prefix, fault) &&
           safe_file_write(file, text, length, fault) && safe_file_write(file, spaces, padding, fault);
}

static bool write_all(struct safe_file *file, const char *text, const struct tensor *tensors,
                      size_t n_tensors, struct fault *fault)
{
    if (!write_header(file, text, fault))
        return false;
    for (size_t i = 0; i < n_tensors; i++)
        if (!safe_file_write(file, tensors[i].data, (size_t)bytes_of(&tensors[i]), fault))
            return false;
    return true;
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
    char *const text = header ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    if (!text) /* no memory, or a text that is no UTF-8 */
        return fault_set(fault, FAULT_SYSTEM, "cannot write %s: its header cannot be made", path);
    const bool done = write_file(path, text, tensors, n_tensors, fault);
    free(text);
    return done;
}
