/* SPDX-License-Identifier: MIT
 *
 * UTF-8 characters, and copies of the user's text that are safe to print. */
#include "base/base.h"

#include <string.h>

/* Bytes of the sequence that `lead` begins, 0 if none; *value gets its payload bits. */
static int sequence_length(unsigned char lead, uint32_t *value)
{
    static const struct {
        unsigned char mask, pattern;
    } forms[] = {{0x80, 0x00}, {0xE0, 0xC0}, {0xF0, 0xE0}, {0xF8, 0xF0}};
    for (int i = 0; i < 4; i++) {
        if ((lead & forms[i].mask) == forms[i].pattern) {
            *value = (uint32_t)(lead & ~forms[i].mask);
            return i + 1;
        }
    }
    return 0;
}

uint32_t utf8_decode(const char *text, size_t left, int *bytes)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000}; /* less would be an overlong form */
    uint32_t value = 0;
    const int length = sequence_length((unsigned char)text[0], &value);
    *bytes = 1;
    if (length == 0 || (size_t)length > left)
        return UTF8_INVALID;
    for (int i = 1; i < length; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if ((byte & 0xC0) != 0x80)
            return UTF8_INVALID;
        value = value << 6 | (byte & 0x3F);
    }
    if (value < least[length - 1] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return UTF8_INVALID;
    *bytes = length;
    return value;
}

bool text_showable(uint32_t c)
{
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    const bool turns_direction = (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
                                 (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
    return !control && !turns_direction && c != UTF8_INVALID;
}

const char *text_quotable(struct arena *arena, const char *text, size_t length, int limit)
{
    struct strbuf copy;
    strbuf_init(&copy, arena);
    int shown = 0;
    for (size_t i = 0; i < length; shown++) {
        int bytes;
        const uint32_t c = utf8_decode(text + i, length - i, &bytes);
        if (shown == limit) {
            strbuf_add(&copy, "...");
            break;
        }
        if (text_showable(c))
            strbuf_addn(&copy, text + i, (size_t)bytes);
        else
            strbuf_add(&copy, "?");
        i += (size_t)bytes;
    }
    return strbuf_text(&copy);
}

bool text_starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}
