/* SPDX-License-Identifier: MIT
 *
 * Takes an .npy from a source of bytes, gives its rows in blocks: checked, in the requested precision. */
#include "files/npy_format.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_ELEMENTS = 8192, GREATEST_ELEMENT = 8 /* bytes */ };
static const double WHOLE_MAX = 9007199254740992; /* 2^53 */

struct npy_reader {
    char *name; /* for faults: "pairs.npz: x_train" */
    struct byte_source source;
    struct npy_header header;
    int64_t row; /* the next one */
    int64_t at;  /* Fortran order: place of the first element in the source; -1: not looked for yet */
    unsigned char buffer[BUFFER_ELEMENTS * GREATEST_ELEMENT];
    double numbers[BUFFER_ELEMENTS];
};

/* ---- opening ------------------------------------------------------------------------------------------- */

static bool read_exactly(struct npy_reader *r, void *to, size_t bytes, struct fault *fault)
{
    size_t got;
    if (!byte_source_read(&r->source, r->name, to, bytes, &got, fault))
        return false;
    return got == bytes || fault_set(fault, FAULT_INPUT, "%s: ends inside its .npy header", r->name);
}

/* The bytes before the header's text; *length: of that text. */
static bool read_prefix(struct npy_reader *r, uint32_t *length, struct fault *fault)
{
    static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    unsigned char prefix[NPY_PREFIX_2] = {0};
    size_t got;
    if (!byte_source_read(&r->source, r->name, prefix, NPY_PREFIX_1, &got, fault))
        return false;
    if (got == 0)
        return fault_set(fault, FAULT_INPUT, "%s: empty", r->name);
    if (got < NPY_PREFIX_1 || memcmp(prefix, magic, sizeof magic) != 0)
        return fault_set(fault, FAULT_INPUT, "%s: not a .npy file (its first bytes differ)", r->name);
    const int version = prefix[6];
    if (version < 1 || version > 3)
        return fault_set(fault, FAULT_INPUT, "%s: .npy version %d; 1 to 3 are known", r->name, version);
    if (version > 1 && !read_exactly(r, prefix + NPY_PREFIX_1, NPY_PREFIX_2 - NPY_PREFIX_1, fault))
        return false;
    *length = prefix[8] | (uint32_t)prefix[9] << 8 | (uint32_t)prefix[10] << 16 | (uint32_t)prefix[11] << 24;
    r->header.data_bytes = version > 1 ? NPY_PREFIX_2 : NPY_PREFIX_1; /* so far: bytes before the text */
    return *length <= NPY_MAX_HEADER ||
           fault_set(fault, FAULT_INPUT, "%s: an .npy header of %" PRIu32 " bytes; at most %d are read",
                     r->name, *length, (int)NPY_MAX_HEADER);
}

/* The promised size against the file's. */
static bool check_length(const struct npy_reader *r, int64_t before, struct fault *fault)
{
    const int64_t there = r->source.length - before, promised = r->header.data_bytes;
    if (r->source.length < 0 || there == promised)
        return true;
    return fault_set(fault, FAULT_INPUT,
                     there < promised ? "%s: truncated: its header announces %" PRId64 " bytes, %" PRId64
                                        " are there"
                                      : "%s: its header announces %" PRId64 " bytes, but %" PRId64 " follow",
                     r->name, promised, there);
}

static bool read_header(struct npy_reader *r, struct fault *fault)
{
    uint32_t length = 0;
    if (!read_prefix(r, &length, fault))
        return false;
    const int64_t before = r->header.data_bytes + length;
    char *const text = malloc((size_t)length + 1);
    if (!text)
        return fault_memory(fault, length, "a header");
    const bool done =
        read_exactly(r, text, length, fault) && npy_parse_header(&r->header, r->name, text, length, fault);
    free(text);
    return done && check_length(r, before, fault);
}

bool npy_open_source(struct npy_reader **out, const char *name, const struct byte_source *source,
                     struct fault *fault)
{
    *out = NULL;
    struct npy_reader *const r = calloc(1, sizeof *r);
    char *const copy = strdup(name);
    if (!r || !copy) {
        free(r);
        free(copy);
        byte_source_close(source);
        return fault_memory(fault, sizeof *r, "a reader");
    }
    r->name = copy;
    r->source = *source;
    r->at = -1;
    if (!read_header(r, fault)) {
        npy_close(r);
        return false;
    }
    *out = r;
    return true;
}

bool npy_open(struct npy_reader **out, const char *path, struct fault *fault)
{
    struct byte_source source;
    *out = NULL;
    return byte_source_open(&source, path, fault) && npy_open_source(out, path, &source, fault);
}

void npy_close(struct npy_reader *reader)
{
    if (!reader)
        return;
    byte_source_close(&reader->source);
    free(reader->name);
    free(reader);
}

/* ---- shape --------------------------------------------------------------------------------------------- */

struct npy_shape npy_shape(const struct npy_reader *reader)
{
    return reader->header.shape;
}

static void print_shape(const struct npy_shape *s, char *out, size_t room)
{
    size_t used = (size_t)snprintf(out, room, "(");
    for (int i = 0; i < s->rank && used < room; i++)
        used += (size_t)snprintf(out + used, room - used, i ? ", %" PRId64 : "%" PRId64, s->shape[i]);
    if (used < room)
        snprintf(out + used, room - used, s->rank == 1 ? ",)" : ")");
}

bool npy_expect_columns(const struct npy_reader *reader, int64_t d, struct fault *fault)
{
    const struct npy_shape *const s = &reader->header.shape;
    if ((s->rank == 2 || (s->rank == 1 && d == 1)) && s->columns == d)
        return true;
    char text[200];
    print_shape(s, text, sizeof text);
    return fault_set(fault, FAULT_INPUT,
                     "%s: shape %s; the dimension is %" PRId64 ", so (rows, %" PRId64 ") is needed%s",
                     reader->name, text, d, d, s->rank == 2 && s->shape[0] == d ? ": its transpose" : "");
}

/* ---- rows ---------------------------------------------------------------------------------------------- */

static void swap_bytes(unsigned char *at, size_t elements, size_t size)
{
    for (size_t i = 0; i < elements; i++, at += size)
        for (size_t k = 0; k < size / 2; k++) {
            const unsigned char byte = at[k];
            at[k] = at[size - 1 - k];
            at[size - 1 - k] = byte;
        }
}

bool npy_tell_number(const struct npy_reader *r, int64_t row, int64_t column, double value,
                     struct fault *fault)
{
    const char *const what = isnan(value)   ? "is not a number"
                             : isinf(value) ? "is infinite"
                                            : "does not fit into float32";
    return fault_set(fault, FAULT_INPUT, "%s: row %" PRId64 ", column %" PRId64 " %s (counted from 0)",
                     r->name, row, column, what);
}

/* Where elements of the buffer belong among those of this call: first, first + step, ... */
struct span {
    int64_t first, step;
    size_t elements;
};

/* What becomes of the buffer's elements. */
typedef bool take_span(struct npy_reader *r, const struct span *span, void *to, struct fault *fault);

static bool tell_element(const struct npy_reader *r, int64_t element, double value, struct fault *fault)
{
    const int64_t columns = r->header.shape.columns;
    return npy_tell_number(r, r->row + element / columns, element % columns, value, fault);
}

static bool take_double(struct npy_reader *r, const struct span *span, void *to, struct fault *fault)
{
    double *at = (double *)to + span->first;
    npy_to_double(&r->header, r->buffer, span->elements, r->numbers);
    for (size_t i = 0; i < span->elements; i++, at += span->step) {
        if (!isfinite(r->numbers[i]))
            return tell_element(r, span->first + (int64_t)i * span->step, r->numbers[i], fault);
        *at = r->numbers[i];
    }
    return true;
}

static bool take_float(struct npy_reader *r, const struct span *span, void *to, struct fault *fault)
{
    float *at = (float *)to + span->first;
    npy_to_double(&r->header, r->buffer, span->elements, r->numbers);
    for (size_t i = 0; i < span->elements; i++, at += span->step) {
        if (!(fabs(r->numbers[i]) <= (double)FLT_MAX))
            return tell_element(r, span->first + (int64_t)i * span->step, r->numbers[i], fault);
        *at = (float)r->numbers[i];
    }
    return true;
}

static bool take_number(struct npy_reader *r, const struct span *span, void *to, struct fault *fault)
{
    double *at = (double *)to + span->first;
    (void)fault;
    npy_to_double(&r->header, r->buffer, span->elements, r->numbers);
    for (size_t i = 0; i < span->elements; i++, at += span->step)
        *at = r->numbers[i];
    return true;
}

/* Bytes of an integer, the lowest first, widened. */
static int64_t integer_of(const unsigned char *from, const struct npy_header *header)
{
    uint64_t value = 0;
    for (int k = header->size; k-- > 0;)
        value = value << 8 | from[k];
    const uint64_t sign = (uint64_t)1 << (8 * header->size - 1);
    return header->kind == 'i' ? (int64_t)((value ^ sign) - sign) : (int64_t)value;
}

/* Element i of the buffer, where it is a whole number that fits. */
static bool whole_of(const struct npy_reader *r, size_t i, int64_t *out)
{
    const struct npy_header *const header = &r->header;
    const unsigned char *const from = r->buffer + i * (size_t)header->size;
    if (header->kind == 'f') {
        double value;
        npy_to_double(header, from, 1, &value);
        *out = fabs(value) <= WHOLE_MAX ? (int64_t)value : 0;
        return fabs(value) <= WHOLE_MAX && value == floor(value);
    }
    *out = integer_of(from, header);
    return header->kind == 'i' || *out >= 0;
}

static bool take_integer(struct npy_reader *r, const struct span *span, void *to, struct fault *fault)
{
    int64_t element = span->first;
    for (size_t i = 0; i < span->elements; i++, element += span->step)
        if (!whole_of(r, i, (int64_t *)to + element))
            return fault_set(fault, FAULT_INPUT,
                             "%s: row %" PRId64 " is not a whole number, or is too large (counted from 0)",
                             r->name, r->row + element / r->header.shape.columns);
    return true;
}

/* libzip reports a wrong checksum only when reading past the last byte; a pipe would block. */
static bool check_end(struct npy_reader *r, struct fault *fault)
{
    size_t got = 0;
    if (r->source.length < 0)
        return true;
    if (!byte_source_read(&r->source, r->name, r->buffer, 1, &got, fault))
        return false;
    return got == 0 || fault_set(fault, FAULT_INPUT, "%s: bytes after its end", r->name);
}

/* The elements from `first` of this call, as many as the buffer takes of `left`. */
static bool fill_buffer(struct npy_reader *r, int64_t first, int64_t left, size_t *part, struct fault *fault)
{
    const struct npy_shape *const s = &r->header.shape;
    const size_t size = (size_t)r->header.size;
    size_t bytes;
    *part = left < BUFFER_ELEMENTS ? (size_t)left : BUFFER_ELEMENTS;
    if (!byte_source_read(&r->source, r->name, r->buffer, *part * size, &bytes, fault))
        return false;
    if (bytes < *part * size)
        return fault_set(fault, FAULT_INPUT, "%s: truncated: it ends in row %" PRId64 " of %" PRId64, r->name,
                         r->row + (first + (int64_t)(bytes / size)) / s->columns, s->rows);
    if (r->header.big_endian)
        swap_bytes(r->buffer, *part, size);
    return true;
}

static bool read_in_order(struct npy_reader *r, int64_t elements, take_span *take, void *to,
                          struct fault *fault)
{
    size_t part;
    for (int64_t first = 0; first < elements; first += (int64_t)part)
        if (!fill_buffer(r, first, elements - first, &part, fault) ||
            !take(r, &(struct span){first, 1, part}, to, fault))
            return false;
    return true;
}

/* ---- columns first ------------------------------------------------------------------------------------- */

/* Elements of a row lie far from one another: in a file that is no harm, anything else becomes one. */
static bool find_columns(struct npy_reader *r, struct fault *fault)
{
    const bool is_file = r->source.descriptor >= 0 && r->source.offset == 0;
    if (!is_file && !byte_source_spool(&r->source, r->name, &r->source, fault)) {
        r->source = byte_source_none();
        return false;
    }
    r->at = r->source.length - r->header.data_bytes;
    return r->at == 0 || is_file ||
           fault_set(fault, FAULT_INPUT,
                     r->at < 0 ? "%s: truncated: %" PRId64 " bytes are missing"
                               : "%s: %" PRId64 " bytes after its end",
                     r->name, r->at < 0 ? -r->at : r->at);
}

/* Column c counts with the last index fastest; its place in the file with the first. */
static int64_t column_in_file(const struct npy_shape *s, int64_t c)
{
    int64_t place = 0, stride = s->columns;
    for (int i = s->rank; i-- > 1;) {
        stride /= s->shape[i];
        place += c % s->shape[i] * stride;
        c /= s->shape[i];
    }
    return place;
}

/* Rows from r->row + first on of a column, as many as the buffer takes of `left`. */
static bool fill_from_column(struct npy_reader *r, int64_t column, int64_t first, int64_t left, size_t *part,
                             struct fault *fault)
{
    const struct npy_shape *const s = &r->header.shape;
    const size_t size = (size_t)r->header.size;
    *part = left < BUFFER_ELEMENTS ? (size_t)left : BUFFER_ELEMENTS;
    const int64_t element = column_in_file(s, column) * s->rows + r->row + first;
    if (!byte_source_at(&r->source, r->name, r->at + element * (int64_t)size, r->buffer, *part * size, fault))
        return false;
    if (r->header.big_endian)
        swap_bytes(r->buffer, *part, size);
    return true;
}

static bool read_columns(struct npy_reader *r, int64_t rows, take_span *take, void *to, struct fault *fault)
{
    const int64_t columns = r->header.shape.columns;
    size_t part;
    if (r->at < 0 && rows > 0 && !find_columns(r, fault))
        return false;
    for (int64_t c = 0; c < columns; c++)
        for (int64_t first = 0; first < rows; first += (int64_t)part)
            if (!fill_from_column(r, c, first, rows - first, &part, fault) ||
                !take(r, &(struct span){first * columns + c, columns, part}, to, fault))
                return false;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static bool is_in_order(const struct npy_header *header)
{
    return !header->columns_first || header->shape.columns <= 1;
}

static bool read_rows(struct npy_reader *r, int64_t rows, take_span *take, void *to, int64_t *got,
                      struct fault *fault)
{
    const struct npy_shape *const s = &r->header.shape;
    const bool in_order = is_in_order(&r->header);
    *got = s->rows - r->row < rows ? s->rows - r->row : rows;
    if (!(in_order ? read_in_order(r, *got * s->columns, take, to, fault)
                   : read_columns(r, *got, take, to, fault)))
        return false;
    r->row += *got;
    return *got == 0 || r->row < s->rows || !in_order || check_end(r, fault);
}

bool npy_read_rows(struct npy_reader *r, int64_t precision, int64_t rows, void *to, int64_t *got,
                   struct fault *fault)
{
    return read_rows(r, rows, precision == 4 ? take_float : take_double, to, got, fault);
}

bool npy_read_numbers(struct npy_reader *r, int64_t rows, double *to, int64_t *got, struct fault *fault)
{
    return read_rows(r, rows, take_number, to, got, fault);
}

bool npy_read_integers(struct npy_reader *r, int64_t rows, int64_t *to, int64_t *got, struct fault *fault)
{
    return read_rows(r, rows, take_integer, to, got, fault);
}

/* ---- rows where they lie ------------------------------------------------------------------------------- */

/* What the buffer holds is what is mapped there, and finite. */
static bool check_part(struct npy_reader *r, const struct file_map *map, int64_t first, size_t elements,
                       struct fault *fault)
{
    const size_t size = (size_t)r->header.size;
    npy_to_double(&r->header, r->buffer, elements, r->numbers);
    for (size_t i = 0; i < elements; i++)
        if (!isfinite(r->numbers[i]))
            return tell_element(r, first + (int64_t)i, r->numbers[i], fault);
    return memcmp((const char *)map->bytes + (size_t)first * size, r->buffer, elements * size) == 0 ||
           fault_set(fault, FAULT_INPUT, "%s: changed while it was read", r->name);
}

static bool check_mapped(struct npy_reader *r, const struct file_map *map, struct fault *fault)
{
    const int64_t elements = r->header.shape.rows * r->header.shape.columns;
    size_t part;
    for (int64_t first = 0; first < elements; first += (int64_t)part)
        if (!fill_buffer(r, first, elements - first, &part, fault) || !check_part(r, map, first, part, fault))
            return false;
    r->row = r->header.shape.rows;
    return check_end(r, fault);
}

bool npy_map_rows(struct npy_reader *r, int64_t precision, struct file_map *out, struct fault *fault)
{
    const struct npy_header *const header = &r->header;
    const struct byte_source *const source = &r->source;
    *out = (struct file_map){.pages = NULL};
    assert(r->row == 0);
    if (header->kind != 'f' || header->size != precision || header->big_endian || !is_in_order(header) ||
        source->length < 0 ||
        !file_map(out, source->descriptor, source->offset + source->length - header->data_bytes,
                  header->data_bytes))
        return true;
    if (check_mapped(r, out, fault))
        return true;
    file_unmap(out);
    return false;
}
