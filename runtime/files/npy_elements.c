/* SPDX-License-Identifier: MIT
 *
 * Takes the elements of an .npy, of any type that it may have, gives numbers. */
#include "files/half.h"
#include "files/npy_format.h"

#include <assert.h>
#include <string.h>

#define PLAIN(value) (double)(value)
#define CONVERTER(name, type, number)                                                                        \
    static void name(const void *from, size_t elements, double *to)                                          \
    {                                                                                                        \
        for (size_t i = 0; i < elements; i++) {                                                              \
            type value;                                                                                      \
            memcpy(&value, (const char *)from + i * sizeof value, sizeof value);                             \
            to[i] = number(value);                                                                           \
        }                                                                                                    \
    }

CONVERTER(from_half, uint16_t, half_number)
CONVERTER(from_single, float, PLAIN)
CONVERTER(from_double, double, PLAIN)
CONVERTER(from_i8, int8_t, PLAIN)
CONVERTER(from_i16, int16_t, PLAIN)
CONVERTER(from_i32, int32_t, PLAIN)
CONVERTER(from_i64, int64_t, PLAIN)
CONVERTER(from_u8, uint8_t, PLAIN)
CONVERTER(from_u16, uint16_t, PLAIN)
CONVERTER(from_u32, uint32_t, PLAIN)
CONVERTER(from_u64, uint64_t, PLAIN)

static const struct {
    char kind;
    int size;
    void (*convert)(const void *from, size_t elements, double *to);
} types[] = {{'f', 2, from_half}, {'f', 4, from_single}, {'f', 8, from_double}, {'i', 1, from_i8},
             {'i', 2, from_i16},  {'i', 4, from_i32},    {'i', 8, from_i64},    {'u', 1, from_u8},
             {'u', 2, from_u16},  {'u', 4, from_u32},    {'u', 8, from_u64}};

void npy_to_double(const struct npy_header *header, const void *from, size_t elements, double *to)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].kind == header->kind && types[i].size == header->size) {
            types[i].convert(from, elements, to);
            return;
        }
    assert(!"a type that the header's reader refuses");
}
