/* SPDX-License-Identifier: MIT
 *
 * Takes the bytes of a safetensors file, gives a table of tensors, each inside the file, without overlaps.
 * Nothing in the header is trusted before it was checked. */
#include "files/byte_source.h"
#include "files/half.h"
#include "files/safetensors.h"
#include "files/safetensors_checksum.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, DATA_ALIGNMENT = 16 };

struct safetensors {
    char *name;     /* for faults */
    json_t *header; /* names and texts below point into it */
    char *data;     /* all tensors, aligned as the elements need it */
    struct tensor *tensors;
    size_t count;
};

struct extent { /* of a tensor's data, in bytes from the start of all data */
    int64_t begin, end;
    struct tensor tensor;
};

static const struct {
    const char *dtype;
    int bits;
} dtypes[] = {{"F64", 64}, {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"I64", 64}, {"U64", 64},
              {"I32", 32}, {"U32", 32},    {"I16", 16},    {"U16", 16},    {"I8", 8},   {"U8", 8},
              {"BOOL", 8}, {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"C64", 64}};

static int bytes_of_dtype(const char *dtype)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (strcmp(dtypes[i].dtype, dtype) == 0)
            return dtypes[i].bits / 8;
    return 0;
}

int64_t tensor_elements(const struct tensor *tensor)
{
    int64_t product = 1;
    for (int i = 0; i < tensor->rank; i++)
        product *= tensor->shape[i];
    return product;
}

struct tensor tensor_of(const char *name, int64_t precision, int rank, int64_t first, int64_t second,
                        const void *data)
{
    assert((precision == 4 || precision == 8) && rank >= 0 && rank <= 2);
    return (struct tensor){.name = name,
                           .dtype = precision == 4 ? "F32" : "F64",
                           .rank = rank,
                           .shape = {first, second},
                           .data = data};
}

/* ---- the header ---------------------------------------------------------------------------------------- */

static bool bad(const struct safetensors *file, struct fault *fault, const char *tensor, const char *what)
{
    return fault_set(fault, FAULT_INPUT, "%s: not a valid safetensors file: %s%s%s", file->name, tensor,
                     tensor[0] ? ": " : "", what);
}

/* A whole number that is not negative. */
static bool count_of(const json_t *value, int64_t *out)
{
    *out = json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
    return *out >= 0;
}

/* Extents, and in *bytes what they take. */
static bool read_shape(const struct safetensors *file, const json_t *shape, struct tensor *t, int64_t *bytes,
                       struct fault *fault)
{
    if (!json_is_array(shape) || json_array_size(shape) > TENSOR_MAX_RANK)
        return bad(file, fault, t->name, "its shape is not a list of at most 8 numbers");
    t->rank = (int)json_array_size(shape);
    *bytes = bytes_of_dtype(t->dtype);
    bool fits = true;
    int64_t nonzero = 1; /* product without the zeros, so that no order of extents hides an overflow */
    for (int i = 0; i < t->rank; i++) {
        if (!count_of(json_array_get(shape, (size_t)i), &t->shape[i]))
            return bad(file, fault, t->name, "its shape contains something that is not a count");
        fits = fits && !__builtin_mul_overflow(nonzero, t->shape[i] ? t->shape[i] : 1, &nonzero);
        fits = fits && !__builtin_mul_overflow(*bytes, t->shape[i], bytes);
    }
    return fits || bad(file, fault, t->name, "more elements than can be counted");
}

static bool read_tensor(const struct safetensors *file, const char *name, const json_t *entry,
                        int64_t data_bytes, struct extent *out, struct fault *fault)
{
    const json_t *const offsets = json_object_get(entry, "data_offsets");
    const char *const dtype = json_string_value(json_object_get(entry, "dtype"));
    int64_t bytes = 0;
    out->tensor = (struct tensor){.name = name, .dtype = dtype};
    if (!dtype || bytes_of_dtype(dtype) == 0)
        return bad(file, fault, name, "its dtype is unknown");
    if (!read_shape(file, json_object_get(entry, "shape"), &out->tensor, &bytes, fault))
        return false;
    if (json_array_size(offsets) != 2 || !count_of(json_array_get(offsets, 0), &out->begin) ||
        !count_of(json_array_get(offsets, 1), &out->end))
        return bad(file, fault, name, "its data_offsets are not two counts");
    if (out->begin > out->end || out->end > data_bytes)
        return bad(file, fault, name, "its data are outside the file");
    return out->end - out->begin == bytes ||
           bad(file, fault, name, "its shape and data_offsets do not agree");
}

static bool check_metadata(const struct safetensors *file, json_t *metadata, struct fault *fault)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return bad(file, fault, "__metadata__", "no object");
    json_object_foreach(metadata, key, value) if (!json_is_string(value)) return bad(
        file, fault, key, "a value of __metadata__ is not a string");
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct extent *const a = left, *const b = right;
    return a->begin != b->begin ? (a->begin > b->begin) - (a->begin < b->begin)
                                : (a->end > b->end) - (a->end < b->end);
}

/* In the order of their data, which must cover all of the file's data without a gap. */
static bool place_tensors(struct safetensors *file, struct extent *extents, int64_t data_bytes,
                          struct fault *fault)
{
    int64_t covered = 0;
    qsort(extents, file->count, sizeof *extents, by_place);
    for (size_t i = 0; i < file->count; i++) {
        if (extents[i].begin != covered)
            return bad(file, fault, extents[i].tensor.name,
                       extents[i].begin < covered ? "its data overlap those of another tensor"
                                                  : "a gap before its data");
        covered = extents[i].end;
        file->tensors[i] = extents[i].tensor;
        file->tensors[i].data = file->data + extents[i].begin;
    }
    return covered == data_bytes || bad(file, fault, "", "data that belong to no tensor");
}

static bool read_entries(struct safetensors *file, struct extent *extents, int64_t data_bytes,
                         struct fault *fault)
{
    const char *name;
    json_t *entry;
    json_object_foreach(file->header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0) {
            if (!check_metadata(file, entry, fault))
                return false;
            continue;
        }
        if (!json_is_object(entry))
            return bad(file, fault, name, "no object");
        if (!read_tensor(file, name, entry, data_bytes, &extents[file->count], fault))
            return false;
        file->count++;
    }
    return place_tensors(file, extents, data_bytes, fault);
}

static bool read_header(struct safetensors *file, const char *text, size_t length, int64_t data_bytes,
                        struct fault *fault)
{
    json_error_t error;
    file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!file->header && json_error_code(&error) == json_error_out_of_memory)
        return fault_memory(fault, length, "a list of tensors");
    if (!json_is_object(file->header))
        return fault_set(fault, FAULT_INPUT,
                         "%s: not a valid safetensors file: its header is not a JSON object (%s)", file->name,
                         file->header ? "another kind" : error.text);
    const size_t entries = json_object_size(file->header);
    struct extent *const extents = calloc(entries + 1, sizeof *extents);
    file->tensors = calloc(entries + 1, sizeof *file->tensors);
    const bool done = extents && file->tensors
                          ? read_entries(file, extents, data_bytes, fault)
                          : fault_memory(fault, entries * sizeof *extents, "a list of tensors");
    free(extents);
    return done;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

static bool header_length(const struct safetensors *file, const unsigned char *prefix, uint64_t length,
                          uint64_t *out, struct fault *fault)
{
    if (length < LENGTH_BYTES)
        return bad(file, fault, "", length ? "too short" : "empty");
    *out = 0;
    for (int i = 0; i < LENGTH_BYTES; i++)
        *out |= (uint64_t)prefix[i] << 8 * i;
    if (*out > SAFETENSORS_MAX_HEADER)
        return bad(file, fault, "", "its first eight bytes are not a header length");
    return *out <= length - LENGTH_BYTES || bad(file, fault, "", "it ends inside its header");
}

/* Files from elsewhere have no checksum, nor what says of which form of ours they are. */
static bool check_form(const struct safetensors *file, struct fault *fault)
{
    const char *const form = safetensors_metadata(file, FORMAT_KEY);
    if (form && strcmp(form, FORMAT_NOW) != 0)
        return fault_set(fault, FAULT_INPUT, "%s: of form '%s', and %s is known: a newer gpfc wrote it",
                         file->name, form, FORMAT_NOW);
    return !form || safetensors_metadata(file, CHECKSUM_KEY) ||
           fault_set(fault, FAULT_INPUT, "%s: damaged: its checksum is missing", file->name);
}

/* Of all bytes, whose header has `header` of them; before any of them is believed. */
static bool check_sum(const struct safetensors *file, const unsigned char *bytes, size_t length,
                      size_t header, struct fault *fault)
{
    const char *const text = (const char *)bytes, *const place = checksum_place(text + LENGTH_BYTES, header);
    char digits[CHECKSUM_DIGITS + 1];
    if (!place)
        return true;
    const size_t before = (size_t)(place - text), after = before + CHECKSUM_DIGITS;
    checksum_of(
        (struct piece[]){{text, before}, {CHECKSUM_NONE, CHECKSUM_DIGITS}, {text + after, length - after}}, 3,
        digits);
    return memcmp(digits, place, CHECKSUM_DIGITS) == 0 ||
           fault_set(fault, FAULT_INPUT,
                     "%s: damaged, or changed by another program: its checksum is %s, and %.*s is announced",
                     file->name, digits, CHECKSUM_DIGITS, place);
}

/* The data follows a header of any length; copied out of the way of its odd start. */
static bool parse(struct safetensors *file, const unsigned char *bytes, size_t length, struct fault *fault)
{
    uint64_t header = 0;
    if (!header_length(file, bytes, length, &header, fault))
        return false;
    if (!check_sum(file, bytes, length, header, fault))
        return false;
    const unsigned char *const data = bytes + LENGTH_BYTES + header;
    const size_t data_bytes = length - LENGTH_BYTES - header;
    file->data = aligned_alloc(DATA_ALIGNMENT, (data_bytes / DATA_ALIGNMENT + 1) * DATA_ALIGNMENT);
    if (!file->data)
        return fault_memory(fault, data_bytes, "tensors");
    memcpy(file->data, data, data_bytes);
    return read_header(file, (const char *)bytes + LENGTH_BYTES, header, (int64_t)data_bytes, fault) &&
           check_form(file, fault);
}

static struct safetensors *new_file(const char *name, struct fault *fault)
{
    struct safetensors *const file = calloc(1, sizeof *file);
    if (file)
        file->name = strdup(name);
    if (!file || !file->name) {
        free(file);
        fault_memory(fault, sizeof *file, "a table of tensors");
        return NULL;
    }
    return file;
}

bool safetensors_parse(struct safetensors **out, const char *name, const void *bytes, size_t length,
                       struct fault *fault)
{
    *out = NULL;
    struct safetensors *const file = new_file(name, fault);
    if (!file)
        return false;
    if (!parse(file, bytes, length, fault)) {
        safetensors_free(file);
        return false;
    }
    *out = file;
    return true;
}

/* All bytes of a source of known length. */
static bool read_all(const struct byte_source *source, const char *path, void **out, struct fault *fault)
{
    if (source->length < 0)
        return fault_set(fault, FAULT_INPUT, "cannot read %s: a model must be a file", path);
    const size_t wanted = (size_t)source->length;
    void *const bytes = malloc(wanted + 1);
    if (!bytes)
        return fault_memory(fault, wanted, path);
    size_t got;
    if (byte_source_read(source, path, bytes, wanted, &got, fault) &&
        (got == wanted || fault_set(fault, FAULT_INPUT, "cannot read %s: it became shorter", path))) {
        *out = bytes;
        return true;
    }
    free(bytes);
    return false;
}

bool safetensors_read(struct safetensors **out, const char *path, struct fault *fault)
{
    *out = NULL;
    struct byte_source source;
    if (!byte_source_open(&source, path, fault))
        return false;
    void *bytes = NULL;
    const size_t length = source.length < 0 ? 0 : (size_t)source.length;
    const bool there = read_all(&source, path, &bytes, fault);
    byte_source_close(&source);
    const bool done = there && safetensors_parse(out, path, bytes, length, fault);
    free(bytes);
    return done;
}

void safetensors_free(struct safetensors *file)
{
    if (!file)
        return;
    json_decref(file->header);
    free(file->data);
    free(file->tensors);
    free(file->name);
    free(file);
}

/* ---- what is in it ------------------------------------------------------------------------------------- */

size_t safetensors_count(const struct safetensors *file)
{
    return file->count;
}

const struct tensor *safetensors_at(const struct safetensors *file, size_t i)
{
    return &file->tensors[i];
}

const struct tensor *safetensors_find(const struct safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

const char *safetensors_metadata(const struct safetensors *file, const char *key)
{
    return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

static void print_shape(int rank, const int64_t *shape, char *out, size_t room)
{
    size_t used = (size_t)snprintf(out, room, "[");
    for (int i = 0; i < rank && used < room; i++)
        used += (size_t)snprintf(out + used, room - used, i ? ", %" PRId64 : "%" PRId64, shape[i]);
    if (used < room)
        snprintf(out + used, room - used, "]");
}

static bool tell_shape(const struct safetensors *file, const struct tensor *t, int rank, const int64_t *shape,
                       struct fault *fault)
{
    char found[180], wanted[180];
    print_shape(t->rank, t->shape, found, sizeof found);
    print_shape(rank, shape, wanted, sizeof wanted);
    return fault_set(fault, FAULT_INPUT, "%s: tensor %s has shape %s; %s is needed", file->name, t->name,
                     found, wanted);
}

static double number_of(const struct tensor *t, int64_t i)
{
    uint16_t bits;
    float single;
    double twice;
    if (strcmp(t->dtype, "F64") == 0) {
        memcpy(&twice, (const char *)t->data + 8 * i, sizeof twice);
        return twice;
    }
    if (strcmp(t->dtype, "F32") == 0) {
        memcpy(&single, (const char *)t->data + 4 * i, sizeof single);
        return (double)single;
    }
    memcpy(&bits, (const char *)t->data + 2 * i, sizeof bits);
    return strcmp(t->dtype, "F16") == 0 ? half_number(bits) : bfloat_number(bits);
}

static bool is_floating(const char *dtype)
{
    static const char *const known[] = {"F64", "F32", "F16", "BF16"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(dtype, known[i]) == 0)
            return true;
    return false;
}

bool safetensors_take(const struct safetensors *file, const char *name, int64_t precision, int rank,
                      const int64_t *shape, void *to, struct fault *fault)
{
    const struct tensor *const t = safetensors_find(file, name);
    if (!t)
        return fault_set(fault, FAULT_INPUT, "%s: no tensor %s (%zu others)", file->name, name, file->count);
    if (t->rank != rank || (rank > 0 && memcmp(t->shape, shape, sizeof *shape * (size_t)rank) != 0))
        return tell_shape(file, t, rank, shape, fault);
    if (!is_floating(t->dtype))
        return fault_set(fault, FAULT_INPUT, "%s: tensor %s is %s; %s is needed", file->name, name, t->dtype,
                         precision == 4 ? "F32" : "F64");
    for (int64_t i = 0; i < tensor_elements(t); i++)
        if (precision == 4)
            ((float *)to)[i] = (float)number_of(t, i);
        else
            ((double *)to)[i] = number_of(t, i);
    return true;
}
