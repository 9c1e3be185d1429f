/* SPDX-License-Identifier: MIT */
#include "parquet/parquet_thrift.h"

#include "ground/text.h"

#include <assert.h>

enum type { TYPE_I32 = 5, TYPE_I64 = 6, TYPE_TEXT = 8, TYPE_LIST = 9, TYPE_STRUCT = 12 };
enum { SHORT_LIST = 15, FURTHEST = 15 };

static void put_byte(struct thrift *s, int byte)
{
    (void)putc(byte, s->to);
}

/* Seven bits a byte, the lowest first; all but the last byte have the eighth one set. */
static void put_unsigned(struct thrift *s, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put_byte(s, (int)(value & 0x7F) | 0x80);
    put_byte(s, (int)value);
}

/* 0, -1, 1, -2, ... as 0, 1, 2, 3, ... */
static void put_signed(struct thrift *s, int64_t value)
{
    put_unsigned(s, value < 0 ? ~((uint64_t)value << 1) : (uint64_t)value << 1);
}

static void put_field(struct thrift *s, int field, enum type type)
{
    const int step = field - s->last;
    assert(step > 0 && step <= FURTHEST); /* further ones have a longer form */
    put_byte(s, step << 4 | (int)type);
    s->last = field;
}

static void put_list(struct thrift *s, int field, enum type type, int64_t n)
{
    put_field(s, field, TYPE_LIST);
    put_byte(s, (n < SHORT_LIST ? (int)n << 4 : 0xF0) | (int)type);
    if (n >= SHORT_LIST)
        put_unsigned(s, (uint64_t)n);
}

/* ---- fields -------------------------------------------------------------------------------------------- */

void thrift_i32(struct thrift *s, int field, int32_t value)
{
    put_field(s, field, TYPE_I32);
    put_signed(s, value);
}

void thrift_i64(struct thrift *s, int field, int64_t value)
{
    put_field(s, field, TYPE_I64);
    put_signed(s, value);
}

void thrift_text(struct thrift *s, int field, const char *value)
{
    put_field(s, field, TYPE_TEXT);
    thrift_item_text(s, value);
}

struct thrift thrift_open(struct thrift *s, int field)
{
    put_field(s, field, TYPE_STRUCT);
    return (struct thrift){.to = s->to};
}

void thrift_close(struct thrift *s)
{
    put_byte(s, 0);
}

void thrift_utf8(const char *text, FILE *to)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        const int length = utf8_length(at);
        (void)(length > 0 ? (int)fwrite(at, (size_t)length, 1, to) : putc('?', to));
        at += length > 0 ? length : 1;
    }
}

/* ---- lists --------------------------------------------------------------------------------------------- */

void thrift_list_i32(struct thrift *s, int field, int64_t n)
{
    put_list(s, field, TYPE_I32, n);
}

void thrift_list_text(struct thrift *s, int field, int64_t n)
{
    put_list(s, field, TYPE_TEXT, n);
}

void thrift_list_open(struct thrift *s, int field, int64_t n)
{
    put_list(s, field, TYPE_STRUCT, n);
}

void thrift_item_i32(struct thrift *s, int32_t value)
{
    put_signed(s, value);
}

void thrift_item_text(struct thrift *s, const char *value)
{
    put_unsigned(s, strlen(value));
    thrift_utf8(value, s->to);
}
