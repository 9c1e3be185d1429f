/* SPDX-License-Identifier: MIT
 *
 * Takes the bytes of a safetensors file, gives a table of tensors, each inside the file, without overlaps.
 * Nothing in the header is trusted before it was checked. */
#include "files/byte_source.h"
#include "files/half.h"
#include "files/safetensors.h"
#include "files/safetensors_checksum.h"
#include "ground/json_text.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, DATA_ALIGNMENT = 16 };
enum {
    MOST_LEVELS = 3, /* the header, a tensor, its shape */
    MOST_MAPPINGS = SAFETENSORS_MAX_TENSORS + 2,
    MOST_LISTS = 2 * SAFETENSORS_MAX_TENSORS,
    MOST_COMMAS = (TENSOR_MAX_RANK + 8) * SAFETENSORS_MAX_TENSORS /* dtype, shape, two offsets, and some */
};

struct safetensors {
    char *name;     /* for faults */
    json_t *header; /* names and texts below point into it */
    char *data;     /* all tensors, aligned as the elements need it; read after the header was checked */
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
    if (strlen(name) > SAFETENSORS_MAX_NAME)
        return bad(file, fault, "", "a name of more than 1024 bytes");
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

static bool check_marks(const struct safetensors *file, const char *text, size_t length, struct fault *fault)
{
    const struct json_marks marks = json_text_marks(text, length);
    if (marks.levels > MOST_LEVELS)
        return bad(file, fault, "", "its header is nested deeper than 3 levels");
    return (marks.mappings <= MOST_MAPPINGS && marks.lists <= MOST_LISTS && marks.commas <= MOST_COMMAS) ||
           bad(file, fault, "", "its header lists more than 65536 tensors");
}

static bool read_header(struct safetensors *file, const char *text, size_t length, int64_t data_bytes,
                        struct fault *fault)
{
    json_error_t error;
    if (!check_marks(file, text, length, fault))
        return false;
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

/* A file of `length` bytes begins with prefix. */
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

struct head { /* of a file: all of it that is not data */
    char *bytes;
    size_t length;
    uint64_t text; /* bytes of the header, after its length */
    size_t data_bytes;
};

static const char *text_of(const struct head *head)
{
    return head->bytes + LENGTH_BYTES;
}

/* Of the whole file, where it has one. */
static bool check_sum(const struct safetensors *file, const struct head *head, struct fault *fault)
{
    const char *const place = checksum_place(text_of(head), head->text);
    char digits[CHECKSUM_DIGITS + 1];
    if (!place)
        return true;
    const size_t before = (size_t)(place - head->bytes), after = before + CHECKSUM_DIGITS;
    checksum_of((struct piece[]){{head->bytes, before},
                                 {CHECKSUM_NONE, CHECKSUM_DIGITS},
                                 {head->bytes + after, head->length - after},
                                 {file->data, head->data_bytes}},
                4, digits);
    return memcmp(digits, place, CHECKSUM_DIGITS) == 0 ||
           fault_set(fault, FAULT_INPUT,
                     "%s: damaged, or changed by another program: its checksum is %s, and %.*s is announced",
                     file->name, digits, CHECKSUM_DIGITS, place);
}

static bool read_exactly(const struct safetensors *file, const struct byte_source *source, void *to,
                         size_t bytes, struct fault *fault)
{
    size_t got;
    return byte_source_read(source, file->name, to, bytes, &got, fault) &&
           (got == bytes || fault_set(fault, FAULT_INPUT, "cannot read %s: it became shorter", file->name));
}

/* head->bytes is the caller's to free, also after a fault. */
static bool read_head(const struct safetensors *file, const struct byte_source *source, struct head *head,
                      struct fault *fault)
{
    const uint64_t length = (uint64_t)source->length;
    unsigned char prefix[LENGTH_BYTES];
    if (!read_exactly(file, source, prefix, length < LENGTH_BYTES ? length : LENGTH_BYTES, fault) ||
        !header_length(file, prefix, length, &head->text, fault))
        return false;
    head->length = LENGTH_BYTES + head->text;
    head->data_bytes = length - head->length;
    head->bytes = malloc(head->length);
    if (!head->bytes)
        return fault_memory(fault, head->length, "the header of a model");
    memcpy(head->bytes, prefix, LENGTH_BYTES);
    return read_exactly(file, source, head->bytes + LENGTH_BYTES, head->text, fault);
}

/* To a place that is aligned as the elements need it, which they need not be in the file. */
static bool read_data(struct safetensors *file, const struct byte_source *source, size_t bytes,
                      struct fault *fault)
{
    file->data = aligned_alloc(DATA_ALIGNMENT, (bytes / DATA_ALIGNMENT + 1) * DATA_ALIGNMENT);
    if (!file->data)
        return fault_memory(fault, bytes, "tensors");
    const char *at = file->data;
    for (size_t i = 0; i < file->count; i++) {
        file->tensors[i].data = at;
        at += tensor_elements(&file->tensors[i]) * bytes_of_dtype(file->tensors[i].dtype);
    }
    return read_exactly(file, source, file->data, bytes, fault);
}

/* A header that is wrong is one of a damaged file, if there is a checksum that says so. */
static bool take_file(struct safetensors *file, const struct byte_source *source, const struct head *head,
                      struct fault *fault)
{
    const bool valid = read_header(file, text_of(head), head->text, (int64_t)head->data_bytes, fault);
    if (!valid) {
        file->count = 0;
        if (fault->exit_code != FAULT_INPUT || !checksum_place(text_of(head), head->text))
            return false;
    }
    return read_data(file, source, head->data_bytes, fault) && check_sum(file, head, fault) && valid &&
           check_form(file, fault);
}

static bool read_file(struct safetensors *file, const struct byte_source *source, struct fault *fault)
{
    struct head head = {.bytes = NULL};
    const bool done = read_head(file, source, &head, fault) && take_file(file, source, &head, fault);
    free(head.bytes);
    return done;
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

static bool read_source(struct safetensors **out, const char *name, const struct byte_source *source,
                        struct fault *fault)
{
    struct safetensors *const file = new_file(name, fault);
    if (!file)
        return false;
    if (!read_file(file, source, fault)) {
        safetensors_free(file);
        return false;
    }
    *out = file;
    return true;
}

struct memory {
    const char *at;
    size_t left;
};

static bool memory_read(void *state, const char *name, void *to, size_t bytes, size_t *got,
                        struct fault *fault)
{
    (void)name, (void)fault;
    struct memory *const memory = state;
    *got = bytes < memory->left ? bytes : memory->left;
    if (*got > 0)
        memcpy(to, memory->at, *got);
    memory->at += *got;
    memory->left -= *got;
    return true;
}

bool safetensors_parse(struct safetensors **out, const char *name, const void *bytes, size_t length,
                       struct fault *fault)
{
    struct memory memory = {.at = bytes, .left = length};
    const struct byte_source source = {
        .state = &memory, .length = (int64_t)length, .descriptor = -1, .read = memory_read};
    *out = NULL;
    return read_source(out, name, &source, fault);
}

bool safetensors_read(struct safetensors **out, const char *path, struct fault *fault)
{
    *out = NULL;
    struct byte_source source;
    if (!byte_source_open(&source, path, fault))
        return false;
    const bool done = source.length < 0
                          ? fault_set(fault, FAULT_INPUT, "cannot read %s: a model must be a file", path)
                          : read_source(out, path, &source, fault);
    byte_source_close(&source);
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

void safetensors_each_metadata(const struct safetensors *file,
                               void (*take)(void *data, const struct metadata *metadata), void *data)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(file->header, "__metadata__"), key, value)
    {
        if (strcmp(key, CHECKSUM_KEY) != 0 && strcmp(key, FORMAT_KEY) != 0)
            take(data, &(struct metadata){.key = key, .value = json_string_value(value)});
    }
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
