/* SPDX-License-Identifier: MIT
 *
 * Takes the text of an .npy header, gives element type and shape. The text is a Python literal; what NumPy
 * writes is accepted, with any spacing and order of keys, and nothing else. */
#include "files/npy_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct cursor {
    const char *at, *end;
    const char *name; /* of the array, for faults */
    struct fault *fault;
};

enum { TEXT_MAX = 64 }; /* bytes of a quoted text that are kept */

static bool broken(const struct cursor *c, const char *what)
{
    return fault_set(c->fault, FAULT_INPUT, "%s: broken .npy header: %s", c->name, what);
}

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
        c->at++;
}

static bool take(struct cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(struct cursor *c, const char *word)
{
    skip_space(c);
    const size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
        return false;
    c->at += length;
    return true;
}

static bool parse_quoted(struct cursor *c, char out[TEXT_MAX])
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    const char quote = *c->at++;
    const char *const close = memchr(c->at, quote, (size_t)(c->end - c->at));
    if (!close)
        return false;
    snprintf(out, TEXT_MAX, "%.*s", (int)(close - c->at), c->at);
    c->at = close + 1;
    return true;
}

static const char *kind_of(const char *descr)
{
    static const struct {
        char letter;
        const char *kind;
    } kinds[] = {{'f', "floating point of an unsupported size"},
                 {'i', "integers"},
                 {'u', "unsigned integers"},
                 {'b', "truth values"},
                 {'c', "complex numbers"},
                 {'O', "Python objects"},
                 {'U', "text"},
                 {'S', "bytes"},
                 {'V', "raw records"},
                 {'M', "dates"},
                 {'m', "time spans"}};
    const char letter = descr[0] ? descr[strspn(descr, "<>|=")] : 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (letter == kinds[i].letter)
            return kinds[i].kind;
    return "an unknown type";
}

/* "<f4", ">i8", "|u1", ... Truth values are unsigned integers of a byte. */
static bool element_type(const char *descr, struct npy_header *out)
{
    const char *const type = descr + (descr[0] ? 1 : 0);
    out->big_endian = descr[0] == '>';
    out->kind = type[0] == 'b' ? 'u' : type[0];
    out->size = strlen(type) == 2 ? type[1] - '0' : 0;
    const bool whole = strchr("iu", type[0]) && strchr("1248", type[1]);
    const bool truth = type[0] == 'b' && type[1] == '1';
    const bool ordered = strchr("<>", descr[0]) || (descr[0] == '|' && out->size == 1);
    return ordered && out->size > 0 && (whole || truth || (out->kind == 'f' && strchr("248", type[1])));
}

static bool parse_descr(struct cursor *c, struct npy_header *out)
{
    char descr[TEXT_MAX];
    skip_space(c);
    if (c->at < c->end && *c->at == '[')
        return fault_set(c->fault, FAULT_INPUT, "%s: structured records; an array of numbers is needed",
                         c->name);
    if (!parse_quoted(c, descr))
        return broken(c, "'descr' is not a string");
    if (!element_type(descr, out))
        return fault_set(c->fault, FAULT_INPUT, "%s: dtype '%s' (%s); an array of numbers is needed", c->name,
                         descr, kind_of(descr));
    out->shape.precision = out->kind == 'f' ? out->size : 0;
    return true;
}

static bool parse_order(struct cursor *c, struct npy_header *out)
{
    out->columns_first = take_word(c, "True");
    return out->columns_first || take_word(c, "False") ||
           broken(c, "'fortran_order' is neither True nor False");
}

static bool parse_extent(struct cursor *c, int64_t *out)
{
    skip_space(c);
    int64_t value = 0;
    const char *const start = c->at;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *c->at - '0', &value))
            return broken(c, "an extent of 'shape' is too large");
    *out = value;
    return c->at > start || broken(c, "'shape' contains something that is not a number");
}

static bool parse_shape(struct cursor *c, struct npy_shape *out)
{
    if (!take(c, '('))
        return broken(c, "'shape' is not a tuple");
    for (out->rank = 0; !take(c, ')'); out->rank++) {
        if (out->rank == NPY_MAX_RANK)
            return broken(c, "'shape' has too many dimensions");
        if (!parse_extent(c, &out->shape[out->rank]))
            return false;
        if (!take(c, ',') && !(c->at < c->end && *c->at == ')'))
            return broken(c, "'shape' does not end");
    }
    return true;
}

enum { KEY_DESCR = 1, KEY_ORDER = 2, KEY_SHAPE = 4, KEY_ALL = 7 };

static bool parse_entry(struct cursor *c, struct npy_header *out, int *seen)
{
    char key[TEXT_MAX];
    if (!parse_quoted(c, key) || !take(c, ':'))
        return broken(c, "a key is missing");
    const int bit = strcmp(key, "descr") == 0           ? KEY_DESCR
                    : strcmp(key, "fortran_order") == 0 ? KEY_ORDER
                    : strcmp(key, "shape") == 0         ? KEY_SHAPE
                                                        : 0;
    if (bit == 0 || (*seen & bit))
        return broken(c, bit ? "a key occurs twice" : "an unknown key");
    *seen |= bit;
    return bit == KEY_DESCR   ? parse_descr(c, out)
           : bit == KEY_ORDER ? parse_order(c, out)
                              : parse_shape(c, &out->shape);
}

/* Rows, columns and bytes from the extents. */
static bool measure(const struct cursor *c, struct npy_header *out)
{
    struct npy_shape *const s = &out->shape;
    s->rows = s->rank ? s->shape[0] : 1;
    s->columns = 1;
    for (int i = 1; i < s->rank; i++)
        if (__builtin_mul_overflow(s->columns, s->shape[i], &s->columns))
            return broken(c, "more elements than can be counted");
    if (__builtin_mul_overflow(s->rows, s->columns, &out->data_bytes) ||
        __builtin_mul_overflow(out->data_bytes, out->size, &out->data_bytes))
        return broken(c, "more elements than can be counted");
    return true;
}

bool npy_parse_header(struct npy_header *out, const char *name, const char *text, size_t length,
                      struct fault *fault)
{
    struct cursor c = {.at = text, .end = text + length, .name = name, .fault = fault};
    *out = (struct npy_header){.big_endian = false};
    int seen = 0;
    if (!take(&c, '{'))
        return broken(&c, "no dictionary");
    while (!take(&c, '}')) {
        if (!parse_entry(&c, out, &seen))
            return false;
        skip_space(&c);
        if (!take(&c, ',') && !(c.at < c.end && *c.at == '}'))
            return broken(&c, "it does not end");
    }
    skip_space(&c);
    if (c.at != c.end)
        return broken(&c, "unexpected text after its end");
    return seen == KEY_ALL ? measure(&c, out) : broken(&c, "'descr', 'fortran_order' or 'shape' is missing");
}
