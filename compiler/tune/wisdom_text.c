/* SPDX-License-Identifier: MIT
 *
 * Records as text. A line is a JSON object with its members in alphabetical order, of which "check" is the
 * hash of all the others' text. One from elsewhere may do without that. */
#include "tune/wisdom.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 2, MOST_TEXT = 4096 /* bytes of one member */, MOST_LINE = 65536, MOST_RECORDS = 20000 };

static const struct member {
    const char *name;
    size_t offset;
    bool is_key, is_number;
} members[] = {
#define TEXT(field, is_key)                                                                                  \
    {                                                                                                        \
#field, offsetof(struct wisdom_record, field), is_key, false                                         \
    }
#define NUMBER(field)                                                                                        \
    {                                                                                                        \
#field, offsetof(struct wisdom_record, field), false, true                                           \
    }
    TEXT(machine, true),   TEXT(target, true), TEXT(features, true),  TEXT(program, true),
    TEXT(precision, true), TEXT(fixed, true),  TEXT(toolchain, true), TEXT(gpfc, true),
    TEXT(schedule, false), TEXT(name, false),  TEXT(part, false),     TEXT(effort, false),
    NUMBER(default_ns),    NUMBER(tuned_ns),   NUMBER(when),
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static const char **text_of(struct wisdom_record *record, const struct member *member)
{
    return (const char **)(void *)((char *)record + member->offset);
}

static const char *text_in(const struct wisdom_record *record, const struct member *member)
{
    return *(const char *const *)(const void *)((const char *)record + member->offset);
}

static int64_t *number_of(struct wisdom_record *record, const struct member *member)
{
    return (int64_t *)(void *)((char *)record + member->offset);
}

static int64_t number_in(const struct wisdom_record *record, const struct member *member)
{
    return *(const int64_t *)(const void *)((const char *)record + member->offset);
}

static void write_hash(uint64_t hash, char out[WISDOM_KEY])
{
    (void)snprintf(out, WISDOM_KEY, "%016llx", (unsigned long long)hash);
}

/* ---- keys ---------------------------------------------------------------------------------------------- */

void wisdom_key(struct wisdom_record *record)
{
    uint64_t hash = FORMAT;
    for (int i = 0; i < MEMBERS; i++)
        if (members[i].is_key) {
            const char *text = text_in(record, &members[i]);
            hash = hash_bytes(text, strlen(text) + 1, hash);
        }
    write_hash(hash, record->key);
}

const struct wisdom_record *wisdom_find(const struct wisdom *wisdom, const char *key)
{
    for (int i = 0; i < wisdom->n; i++)
        if (strcmp(wisdom->records[i].key, key) == 0)
            return &wisdom->records[i];
    return NULL;
}

/* ---- JSON in the arena's care -------------------------------------------------------------------------- */

static void free_json(void *json)
{
    json_decref(json);
}

/* Takes the value; it ends with the arena. Without one there was no memory. */
static json_t *keep_json(struct arena *arena, struct owned *place, json_t *json)
{
    place->object = json;
    if (!json)
        arena_fail(arena);
    return json;
}

/* The text of an object without its checksum. */
static const char *text_without_check(struct arena *arena, json_t *object)
{
    struct owned *place = arena_own(arena, free);
    (void)json_object_del(object, "check");
    place->object = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    if (!place->object)
        arena_fail(arena);
    return place->object;
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static json_t *json_of_member(const struct wisdom_record *record, const struct member *member)
{
    return member->is_number ? json_integer(number_in(record, member)) : json_string(text_in(record, member));
}

static void print_record(struct arena *arena, const struct wisdom_record *record, struct strbuf *out)
{
    struct owned *place = arena_own(arena, free_json);
    char check[WISDOM_KEY];
    json_t *object = keep_json(arena, place, json_object());
    bool good = json_object_set_new(object, "format", json_integer(FORMAT)) == 0;
    for (int i = 0; i < MEMBERS; i++)
        good &= json_object_set_new(object, members[i].name, json_of_member(record, &members[i])) == 0;
    if (!good)
        arena_fail(arena);
    const char *text = text_without_check(arena, object);
    write_hash(hash_bytes(text, strlen(text), 0), check);
    strbuf_addf(out, "{\"check\":\"%s\",%s\n", check, text + 1);
    arena_release(place);
}

const char *wisdom_print(struct arena *arena, const struct wisdom *wisdom)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int i = 0; i < wisdom->n; i++)
        print_record(arena, &wisdom->records[i], &text);
    return strbuf_text(&text);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

/* No control characters: it is shown to people. */
static bool is_plain(const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < length;) {
        int bytes;
        if (!text_showable(utf8_decode(text + i, length - i, &bytes)))
            return false;
        i += (size_t)bytes;
    }
    return length <= MOST_TEXT;
}

static bool read_member(struct arena *arena, const json_t *object, const struct member *member,
                        struct wisdom_record *out)
{
    const json_t *value = json_object_get(object, member->name);
    if (member->is_number) {
        *number_of(out, member) = json_integer_value(value);
        return json_is_integer(value) && json_integer_value(value) >= 0;
    }
    const char *text = json_string_value(value);
    if (!text || !is_plain(text))
        return false;
    *text_of(out, member) = arena_strdup(arena, text);
    return true;
}

static bool check_holds(struct arena *arena, json_t *object)
{
    char wanted[WISDOM_KEY] = "", found[WISDOM_KEY];
    const char *check = json_string_value(json_object_get(object, "check"));
    if (!check || strlen(check) != WISDOM_KEY - 1)
        return false;
    memcpy(wanted, check, WISDOM_KEY);
    const char *text = text_without_check(arena, object);
    write_hash(hash_bytes(text, strlen(text), 0), found);
    return strcmp(wanted, found) == 0;
}

/* Nor had it one, unless there is another member, whose name may be what damage made of "check". */
static bool has_no_check(const json_t *object)
{
    return !json_object_get(object, "check") && json_object_size(object) <= MEMBERS + 1; /* and "format" */
}

/* NULL: it is sound; else what is wrong with it. */
static const char *read_object(struct arena *arena, json_t *object, struct wisdom_record *out)
{
    if (!json_is_object(object))
        return "not a JSON object";
    if (json_integer_value(json_object_get(object, "format")) != FORMAT)
        return "its format is unknown";
    if (!has_no_check(object) && !check_holds(arena, object))
        return "its checksum is wrong";
    for (int i = 0; i < MEMBERS; i++)
        if (!read_member(arena, object, &members[i], out))
            return arena_printf(arena, "no valid \"%s\"", members[i].name);
    wisdom_key(out);
    return NULL;
}

static const char *read_line(struct arena *arena, const char *line, size_t length, struct wisdom_record *out)
{
    if (length > MOST_LINE)
        return "too long";
    struct owned *place = arena_own(arena, free_json);
    json_error_t error;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    place->object = object;
    if (!object && json_error_code(&error) == json_error_out_of_memory)
        arena_fail(arena);
    const char *why = object ? read_object(arena, object, out) : "not a JSON object";
    arena_release(place);
    return why;
}

static void add_record(struct wisdom *wisdom, const struct wisdom_record *record)
{
    for (int i = 0; i < wisdom->n; i++)
        if (strcmp(wisdom->records[i].key, record->key) == 0) {
            wisdom->records[i] = *record;
            return;
        }
    wisdom->records[wisdom->n++] = *record;
}

static int count_lines(const char *text, size_t length)
{
    int n = 1;
    for (size_t i = 0; i < length && n < MOST_RECORDS; i++)
        n += text[i] == '\n';
    return n;
}

void wisdom_parse(struct arena *arena, const char *text, size_t length, struct wisdom *out)
{
    const int most = count_lines(text, length);
    *out = (struct wisdom){.records = ARENA_ARRAY(arena, struct wisdom_record, (size_t)most), .why = ""};
    size_t at = 0;
    for (int line = 1; at < length && line <= most; line++) {
        const char *end = memchr(text + at, '\n', length - at);
        const size_t bytes = end ? (size_t)(end - text) - at : length - at;
        struct wisdom_record record = {.key = ""};
        const char *why = bytes > 0 ? read_line(arena, text + at, bytes, &record) : NULL;
        if (why && out->broken++ == 0) {
            out->broken_line = line;
            out->why = why;
        }
        if (bytes > 0 && !why)
            add_record(out, &record);
        at += bytes + 1;
    }
    if (at < length && out->broken++ == 0) {
        out->broken_line = most + 1;
        out->why = "too many records";
    }
}
