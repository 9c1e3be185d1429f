/* SPDX-License-Identifier: MIT
 *
 * Changes of a safetensors file: of its header, whose length is kept right, of its numbers, or of anything.
 */
#include "files/safetensors_checksum.h"
#include "fuzz/fuzz.h"
#include "fuzz/mutate.h"

#include <string.h>

enum { LENGTH = 8 /* bytes before the header: its length */ };

/* The parts of a file, which is sound so far. */
struct parts {
    uint8_t *header;
    size_t header_length, data_length;
};

static bool find_parts(uint8_t *data, size_t size, struct parts *parts)
{
    uint64_t length;
    if (size < LENGTH + 2)
        return false;
    memcpy(&length, data, LENGTH);
    if (length < 2 || length > size - LENGTH)
        return false;
    *parts = (struct parts){data + LENGTH, (size_t)length, size - LENGTH - (size_t)length};
    return true;
}

/* `was` bytes at `at` of the header become `n`, the data follow; gives the new size. */
static size_t replace(uint8_t *data, const struct parts *parts, size_t at, size_t was, const void *bytes,
                      size_t n)
{
    const uint64_t length = parts->header_length - was + n;
    memmove(parts->header + at + n, parts->header + at + was,
            parts->header_length - at - was + parts->data_length);
    memcpy(parts->header + at, bytes, n);
    memcpy(data, &length, LENGTH);
    return LENGTH + (size_t)length + parts->data_length;
}

static size_t change_header(uint8_t *data, const struct parts *parts, size_t room)
{
    const size_t most = room - LENGTH - parts->data_length;
    uint8_t *const header = malloc(most);
    if (!header)
        return LENGTH + parts->header_length + parts->data_length;
    memcpy(header, parts->header, parts->header_length);
    const size_t n = LLVMFuzzerMutate(header, parts->header_length, most);
    const size_t size = replace(data, parts, 0, parts->header_length, header, n);
    free(header);
    return size;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* A number of the header becomes one at the end of some range. */
static size_t change_number(uint8_t *data, const struct parts *parts, size_t room, uint64_t *state)
{
    static const char *const numbers[] = {"0",
                                          "1",
                                          "2",
                                          "-1",
                                          "3",
                                          "15",
                                          "16",
                                          "17",
                                          "65536",
                                          "2147483648",
                                          "1e300",
                                          "nan",
                                          "inf",
                                          "0x1p+1023",
                                          "-0x1p+3",
                                          "4294967296",
                                          "999999",
                                          "9223372036854775807",
                                          "9223372036854775808",
                                          "18446744073709551615"};
    const char *const number = numbers[draw(state, sizeof numbers / sizeof numbers[0])];
    const size_t size = LENGTH + parts->header_length + parts->data_length;
    size_t at = draw(state, parts->header_length), end;
    while (at < parts->header_length && !is_digit(parts->header[at]))
        at++;
    for (end = at; end < parts->header_length && is_digit(parts->header[end]);)
        end++;
    if (end == at || size - (end - at) + strlen(number) > room)
        return size;
    return replace(data, parts, at, end - at, number, strlen(number));
}

/* Numbers of the data, of either precision. */
static void change_data(const struct parts *parts, uint64_t *state)
{
    static const double numbers[] = {0,     -0.0, 1,    -1,    0.5,   1e6,    -1e6,   1e-6,   89,      1e19,
                                     -1e19, 1e38, 3e38, 1e-38, 1e308, -1e308, 1e-310, 5e-324, -1e-300, 700};
    uint8_t *const data = parts->header + parts->header_length;
    const size_t bytes = draw(state, 2) ? sizeof(float) : sizeof(double);
    if (parts->data_length < bytes)
        return;
    uint8_t *const at = data + draw(state, parts->data_length / bytes) * bytes;
    const double number = numbers[draw(state, sizeof numbers / sizeof numbers[0])];
    const float single = (float)number;
    memcpy(at, bytes == sizeof single ? (const void *)&single : &number, bytes);
    if (draw(state, 4) == 0) /* any bits, NaN and infinity too */
        at[draw(state, bytes)] ^= (uint8_t)draw(state, 256);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    uint64_t state = seed;
    struct parts parts;
    const size_t what = draw(&state, 8);
    if (what == 0 || !find_parts(data, size, &parts))
        return LLVMFuzzerMutate(data, size, room);
    if (what == 1)
        return change_header(data, &parts, room);
    if (what < 4)
        return change_number(data, &parts, room, &state);
    change_data(&parts, &state);
    return size;
}

uint8_t *seal_safetensors(const uint8_t *data, size_t size)
{
    struct parts parts;
    char digits[CHECKSUM_DIGITS + 1];
    uint8_t *const copy = malloc(size ? size : 1);
    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, data, size);
    const char *place = NULL;
    if (find_parts(copy, size, &parts))
        place = checksum_place((const char *)parts.header, parts.header_length);
    if (!place) {
        free(copy);
        return NULL;
    }
    uint8_t *const written = copy + ((const uint8_t *)place - copy);
    memcpy(written, CHECKSUM_NONE, CHECKSUM_DIGITS);
    checksum_of(&(struct piece){copy, size}, 1, digits);
    memcpy(written, digits, CHECKSUM_DIGITS);
    if (memcmp(copy, data, size) != 0)
        return copy;
    free(copy);
    return NULL;
}
