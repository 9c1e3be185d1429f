/* SPDX-License-Identifier: MIT
 *
 * Takes an open zip file, gives the place of a member's bytes. The numbers are those of PKWARE's APPNOTE.TXT,
 * section 4.3: the directory's end (4.3.16, and 4.3.14 and 4.3.15 for large files), its entries (4.3.12), the
 * header before each member (4.3.7). Anything unusual counts as not found. */
#include "files/npz_place.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum {
    END_BYTES = 22,
    LOCATOR_BYTES = 20, /* of a large file's end of the directory: right before the end */
    LARGE_END_BYTES = 56,
    ENTRY_BYTES = 46,
    HEADER_BYTES = 30,
    MOST_COMMENT = 1024, /* on the whole file */
    MOST_TEXT = 2048,    /* a name and other fields */
    LARGE_EXTRA = 1,     /* the kind of an other field with sizes of 64 bits */
    STORED = 0,
};
static const uint32_t end_mark = 0x06054b50, locator_mark = 0x07064b50, large_end_mark = 0x06064b50,
                      entry_mark = 0x02014b50, header_mark = 0x04034b50;
static const uint32_t in_extra = 0xffffffff; /* in place of a number that has no room there */

struct file {
    int descriptor;
    int64_t bytes;
};

static uint64_t number_at(const unsigned char *from, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

static bool read_at(const struct file *file, uint64_t offset, void *to, size_t bytes)
{
    size_t done = 0;
    if (offset > (uint64_t)file->bytes || bytes > (uint64_t)file->bytes - offset)
        return false;
    while (done < bytes) {
        const ssize_t got = pread(file->descriptor, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

/* ---- the directory ------------------------------------------------------------------------------------- */

/* The position of the last end mark, which may be followed by a comment. */
static bool find_end(const struct file *file, uint64_t *out)
{
    unsigned char tail[END_BYTES + MOST_COMMENT];
    const size_t room = (size_t)file->bytes < sizeof tail ? (size_t)file->bytes : sizeof tail;
    const uint64_t first = (uint64_t)file->bytes - room;
    bool found = false;
    if (!read_at(file, first, tail, room))
        return false;
    for (size_t i = room < END_BYTES ? 0 : room - END_BYTES + 1; !found && i-- > 0;) {
        found = number_at(tail + i, 4) == end_mark;
        *out = first + i;
    }
    return found;
}

/* The place of the first entry. */
static bool find_entries(const struct file *file, uint64_t *out)
{
    unsigned char end[END_BYTES], locator[LOCATOR_BYTES], large[LARGE_END_BYTES];
    uint64_t place;
    if (!find_end(file, &place) || !read_at(file, place, end, sizeof end))
        return false;
    *out = number_at(end + 16, 4);
    if (*out != in_extra)
        return true;
    if (place < LOCATOR_BYTES || !read_at(file, place - LOCATOR_BYTES, locator, sizeof locator) ||
        number_at(locator, 4) != locator_mark ||
        !read_at(file, number_at(locator + 8, 8), large, sizeof large) ||
        number_at(large, 4) != large_end_mark)
        return false;
    *out = number_at(large + 48, 8);
    return true;
}

/* ---- a member ------------------------------------------------------------------------------------------ */

/* Numbers of an entry that are in_extra are in a field after its name, in this order, and only those. */
static bool take_large(const unsigned char *extra, size_t length, uint64_t *const numbers[3])
{
    for (size_t at = 0; at + 4 <= length;) {
        const size_t kind = number_at(extra + at, 2), bytes = number_at(extra + at + 2, 2);
        at += 4;
        if (bytes > length - at)
            return false;
        size_t used = 0;
        for (int i = 0; kind == LARGE_EXTRA && i < 3; i++)
            if (*numbers[i] == in_extra) {
                if (used + 8 > bytes)
                    return false;
                *numbers[i] = number_at(extra + at + used, 8);
                used += 8;
            }
        at += bytes;
    }
    return true;
}

struct entry {
    uint64_t size, packed, header; /* bytes; bytes in the file; place of the member's header */
    int method;
};

/* text: the name and the other fields, one after another. */
static bool parse_entry(const unsigned char raw[ENTRY_BYTES], const unsigned char *text, const char *name,
                        struct entry *out)
{
    const size_t name_length = number_at(raw + 28, 2), extra_length = number_at(raw + 30, 2);
    *out = (struct entry){.packed = number_at(raw + 20, 4),
                          .size = number_at(raw + 24, 4),
                          .header = number_at(raw + 42, 4),
                          .method = (int)number_at(raw + 10, 2)};
    return name_length == strlen(name) && memcmp(text, name, name_length) == 0 &&
           take_large(text + name_length, extra_length,
                      (uint64_t *const[3]){&out->size, &out->packed, &out->header});
}

/* The entry at `place`, if it is this member's. */
static bool read_entry(const struct file *file, uint64_t place, const unsigned char raw[ENTRY_BYTES],
                       const char *name, struct entry *out)
{
    unsigned char text[MOST_TEXT];
    const size_t length = number_at(raw + 28, 2) + number_at(raw + 30, 2);
    return length <= sizeof text && read_at(file, place + ENTRY_BYTES, text, length) &&
           parse_entry(raw, text, name, out);
}

static bool find_entry(const struct file *file, uint64_t index, const char *name, struct entry *out)
{
    unsigned char raw[ENTRY_BYTES];
    uint64_t place;
    if (!find_entries(file, &place))
        return false;
    for (uint64_t i = 0;; i++) {
        if (!read_at(file, place, raw, sizeof raw) || number_at(raw, 4) != entry_mark)
            return false;
        if (i == index)
            return read_entry(file, place, raw, name, out);
        place += ENTRY_BYTES + number_at(raw + 28, 2) + number_at(raw + 30, 2) + number_at(raw + 32, 2);
    }
}

bool npz_place(int descriptor, int64_t file_bytes, uint64_t index, const char *name, int64_t length,
               int64_t *offset)
{
    const struct file file = {.descriptor = descriptor, .bytes = file_bytes};
    struct entry entry;
    unsigned char header[HEADER_BYTES];
    if (!find_entry(&file, index, name, &entry) || entry.method != STORED || entry.size != (uint64_t)length ||
        entry.packed != entry.size || !read_at(&file, entry.header, header, sizeof header) ||
        number_at(header, 4) != header_mark)
        return false;
    const uint64_t first =
        entry.header + HEADER_BYTES + number_at(header + 26, 2) + number_at(header + 28, 2);
    *offset = (int64_t)first;
    return first <= (uint64_t)file_bytes && (uint64_t)length <= (uint64_t)file_bytes - first;
}
