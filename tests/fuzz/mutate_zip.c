/* SPDX-License-Identifier: MIT
 *
 * Changes of a zip archive: of a member's bytes, which keeps its place and size, of a number of the central
 * directory or the member's own header, or of anything. */
#include "fuzz/fuzz.h"
#include "fuzz/mutate.h"

#include <string.h>

/* Places in the entry of the central directory, and in the header before a member's bytes. */
enum {
    ENTRY_METHOD = 10,
    ENTRY_CHECKSUM = 16,
    ENTRY_SIZE = 20,
    ENTRY_OFFSET = 42,
    ENTRY_BYTES = 46,
    HEADER_CHECKSUM = 14,
    HEADER_NAME = 26,
    HEADER_EXTRA = 28,
    HEADER_BYTES = 30,
    MOST_MEMBERS = 16
};

static const uint32_t ENTRY_MAGIC = 0x02014b50, HEADER_MAGIC = 0x04034b50, NOT_HERE = 0xffffffff;

struct member {
    uint8_t *entry, *header, *bytes;
    uint32_t size;
};

static uint32_t number(const uint8_t *at, int bytes)
{
    uint32_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static void put(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* The CRC of zip archives, bit by bit: members are small. */
static uint32_t checksum(const uint8_t *bytes, size_t n)
{
    uint32_t sum = ~(uint32_t)0;
    for (size_t i = 0; i < n; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum;
}

/* A member that is stored as it is, within the archive. Of an archive with 64-bit sizes (zip64) these are in
 * the entry's extra field: two numbers of eight bytes and the place, which are small here. */
static bool find_member(uint8_t *data, size_t size, uint8_t *entry, struct member *out)
{
    const size_t left = size - (size_t)(entry - data), name = number(entry + 28, 2);
    uint64_t bytes = number(entry + ENTRY_SIZE, 4), offset = number(entry + ENTRY_OFFSET, 4);
    if (bytes == NOT_HERE && offset == NOT_HERE && left >= ENTRY_BYTES + name + 28) {
        const uint8_t *const extra = entry + ENTRY_BYTES + name;
        bytes = number(extra + 4, 4);
        offset = number(extra + 20, 4);
    }
    if (number(entry + ENTRY_METHOD, 2) != 0 || offset + HEADER_BYTES > size ||
        number(data + offset, 4) != HEADER_MAGIC)
        return false;
    uint8_t *const header = data + offset;
    const uint64_t at =
        offset + HEADER_BYTES + number(header + HEADER_NAME, 2) + number(header + HEADER_EXTRA, 2);
    if (bytes == 0 || at > size || bytes > size - at)
        return false;
    *out = (struct member){entry, header, data + at, (uint32_t)bytes};
    return true;
}

static int find_members(uint8_t *data, size_t size, struct member members[MOST_MEMBERS])
{
    int n = 0;
    for (size_t i = 0; n < MOST_MEMBERS && i + ENTRY_BYTES <= size; i++)
        if (number(data + i, 4) == ENTRY_MAGIC && find_member(data, size, data + i, &members[n]))
            n++;
    return n;
}

static void change_bytes(const struct member *member)
{
    uint8_t *const copy = malloc(member->size);
    if (!copy)
        return;
    memcpy(copy, member->bytes, member->size);
    const size_t n = LLVMFuzzerMutate(copy, member->size, member->size);
    memcpy(member->bytes, copy, n);
    free(copy);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    uint64_t state = seed;
    struct member members[MOST_MEMBERS];
    const int n = find_members(data, size, members);
    if (n == 0 || draw(&state, 4) == 0)
        return LLVMFuzzerMutate(data, size, room);
    const struct member *const member = &members[draw(&state, (size_t)n)];
    if (draw(&state, 4) > 0)
        change_bytes(member);
    else if (draw(&state, 2))
        member->entry[4 + draw(&state, ENTRY_BYTES - 4)] = (uint8_t)draw(&state, 256);
    else
        member->header[4 + draw(&state, HEADER_BYTES - 4)] = (uint8_t)draw(&state, 256);
    return size;
}

uint8_t *seal_zip(const uint8_t *data, size_t size)
{
    struct member members[MOST_MEMBERS];
    uint8_t *const copy = malloc(size ? size : 1);
    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, data, size);
    for (int i = find_members(copy, size, members); i-- > 0;) {
        const uint32_t sum = checksum(members[i].bytes, members[i].size);
        put(members[i].entry + ENTRY_CHECKSUM, sum);
        put(members[i].header + HEADER_CHECKSUM, sum);
    }
    if (size > 0 && memcmp(copy, data, size) != 0)
        return copy;
    free(copy);
    return NULL;
}
