/* SPDX-License-Identifier: MIT */
#include "ground/json_make.h"

#include "ground/text.h"

#include <math.h>

/* Of the first two bytes of a character of three or four: neither overlong, nor a surrogate, nor too large.
 * */
static bool is_plain(const unsigned char *at)
{
    return !(at[0] == 0xE0 && at[1] < 0xA0) && !(at[0] == 0xED && at[1] > 0x9F) &&
           !(at[0] == 0xF0 && at[1] < 0x90) && !(at[0] == 0xF4 && at[1] > 0x8F);
}

bool json_takes(const char *text)
{
    int length;
    for (const unsigned char *at = (const unsigned char *)text; *at; at += length) {
        length = utf8_length(at);
        if (length == 0 || !is_plain(at))
            return false;
    }
    return true;
}

static void give_up(json_t **whole)
{
    json_decref(*whole);
    *whole = NULL;
}

void json_put(json_t **object, const char *key, json_t *value)
{
    if (json_object_set_new(*object, key, value) != 0)
        give_up(object);
}

void json_append(json_t **list, json_t *value)
{
    if (json_array_append_new(*list, value) != 0)
        give_up(list);
}

void json_put_count(json_t **object, const char *key, int64_t value)
{
    json_put(object, key, json_integer(value));
}

void json_put_number(json_t **object, const char *key, double value)
{
    json_put(object, key, isfinite(value) ? json_real(value) : json_null());
}

void json_put_text(json_t **object, const char *key, const char *value)
{
    json_put(object, key, value && json_takes(value) ? json_string(value) : json_null());
}
