/* SPDX-License-Identifier: MIT
 *
 * A schedule as one line of text, and back. The fields are those of the .def files. */
#include "sched/sched_space.h"

#include <stdlib.h>
#include <string.h>

static const struct field {
    const char *name;
    size_t offset; /* of an int in struct schedule */
    int least, greatest;
    const char *words; /* blank-separated names of least, least + 1, ..; "": numbers */
    const char *help;
} fields[] = {
#define SCHED_FIELD(field, least, greatest, words, help)                                                     \
    {#field, offsetof(struct schedule, field), least, greatest, words, help},
#include "sched/sched_fields.def"
#define SCHED_FIELD(field, least, greatest, words, help)                                                     \
    {#field, offsetof(struct schedule, cpu.field), least, greatest, words, help},
#include "sched/sched_cpu_fields.def"
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static const char blanks[] = " \t\n,";

static int *value_of(struct schedule *schedule, const struct field *field)
{
    return (int *)(void *)((char *)schedule + field->offset);
}

static int value_in(const struct schedule *schedule, const struct field *field)
{
    return *(const int *)(const void *)((const char *)schedule + field->offset);
}

/* ---- words --------------------------------------------------------------------------------------------- */

/* The word number `which` of a blank-separated list; NULL: there are fewer. */
static const char *word_at(const char *words, int which, size_t *length)
{
    for (; which > 0 && *words; which--) {
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    *length = strcspn(words, " ");
    return *length ? words : NULL;
}

static const char *expected(struct arena *arena, const struct field *field)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    size_t length;
    int i = 0;
    for (; word_at(field->words, i, &length); i++) {
        const char *word = word_at(field->words, i, &length);
        strbuf_addf(&text, "%s%.*s", i ? " or " : "", (int)length, word);
    }
    if (field->least + i <= field->greatest)
        strbuf_addf(&text, "%sa number from %d to %d", i ? " or " : "", field->least + i, field->greatest);
    return strbuf_text(&text);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

void sched_text(const struct schedule *schedule, struct strbuf *out)
{
    for (int i = 0; i < FIELDS; i++) {
        const int value = value_in(schedule, &fields[i]);
        size_t length = 0;
        const char *word = word_at(fields[i].words, value - fields[i].least, &length);
        strbuf_addf(out, "%s%s=", i ? " " : "", fields[i].name);
        if (word)
            strbuf_addn(out, word, length);
        else
            strbuf_addf(out, "%d", value);
    }
}

void sched_help(struct strbuf *out)
{
    strbuf_add(out, "# Fields of target.schedule, separated by blanks; the compiler chooses the rest:\n");
    for (int i = 0; i < FIELDS; i++)
        strbuf_addf(out, "#\n#   %s: %s\n#     %s\n", fields[i].name, expected(out->arena, &fields[i]),
                    fields[i].help);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static const struct field *find_field(const char *name, size_t length)
{
    for (int i = 0; i < FIELDS; i++)
        if (strlen(fields[i].name) == length && memcmp(fields[i].name, name, length) == 0)
            return &fields[i];
    return NULL;
}

/* What a field is called that had another name. */
static const char *new_name(const char *name)
{
    static const char *const renamed[][2] = {{"pass", "window"}, {"steps", "sum_unroll"}};
    for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++)
        if (strcmp(name, renamed[i][0]) == 0)
            return renamed[i][1];
    return NULL;
}

static const char *unknown_field(struct arena *arena, const char *name)
{
    const char *names[FIELDS];
    struct strbuf all;
    strbuf_init(&all, arena);
    for (int i = 0; i < FIELDS; i++) {
        names[i] = fields[i].name;
        strbuf_addf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    const char *shown = text_quotable(arena, name, strlen(name), 40), *near = new_name(name);
    near = near ? near : nearest_word(name, names, FIELDS);
    if (near)
        return arena_printf(arena, "unknown field '%s'; did you mean '%s'?", shown, near);
    return arena_printf(arena, "unknown field '%s'; expected one of %s", shown, strbuf_text(&all));
}

/* Decimal digits only. */
static bool read_number(const struct field *field, const char *text, int *out)
{
    enum { MOST_DIGITS = 9 };
    const size_t length = strlen(text);
    if (length == 0 || length > MOST_DIGITS || strspn(text, "0123456789") != length)
        return false;
    *out = atoi(text);
    return *out >= field->least && *out <= field->greatest;
}

static bool read_value(const struct field *field, const char *text, int *out)
{
    size_t length;
    const char *word;
    int i = 0;
    for (; (word = word_at(field->words, i, &length)); i++)
        if (strlen(text) == length && memcmp(text, word, length) == 0) {
            *out = field->least + i;
            return true;
        }
    return read_number(field, text, out) && *out >= field->least + i;
}

/* One "name=value". */
static const char *read_field(struct arena *arena, const char *item, struct schedule *schedule,
                              sched_fields *given)
{
    const size_t length = strcspn(item, "=");
    const char *name = arena_strndup(arena, item, length);
    if (item[length] == '\0')
        return arena_printf(arena, "expected field=value, found '%s'",
                            text_quotable(arena, item, length, 40));
    const struct field *field = find_field(item, length);
    if (!field)
        return unknown_field(arena, name);
    const sched_fields bit = 1U << (field - fields);
    if (*given & bit)
        return arena_printf(arena, "field %s is given twice", name);
    *given |= bit;
    const char *value = item + length + 1;
    if (!read_value(field, value, value_of(schedule, field)))
        return arena_printf(arena, "%s: expected %s, found '%s'", name, expected(arena, field),
                            text_quotable(arena, value, strlen(value), 40));
    return NULL;
}

bool sched_parse(struct arena *arena, const char *text, struct schedule *schedule, sched_fields *given,
                 const char **fault)
{
    struct schedule read = *schedule;
    sched_fields seen = 0;
    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        const size_t length = strcspn(text, blanks);
        *fault = read_field(arena, arena_strndup(arena, text, length), &read, &seen);
        if (*fault)
            return false;
        text += length;
    }
    *schedule = read;
    if (given)
        *given = seen;
    return true;
}

/* ---- fields by name ------------------------------------------------------------------------------------ */

sched_fields sched_field_bit(const char *name)
{
    const struct field *field = find_field(name, strlen(name));
    return field ? 1U << (field - fields) : 0;
}

bool sched_equal(const struct schedule *a, const struct schedule *b)
{
    for (int i = 0; i < FIELDS; i++)
        if (value_in(a, &fields[i]) != value_in(b, &fields[i]))
            return false;
    return true;
}

void sched_fix(struct schedule *schedule, const struct schedule *fixed, sched_fields given)
{
    const int vectors = schedule->lanes / schedule->cpu.vector;
    for (int i = 0; i < FIELDS; i++)
        if (given & 1U << i)
            *value_of(schedule, &fields[i]) = value_in(fixed, &fields[i]);
    if (!(given & sched_field_bit("lanes")))
        schedule->lanes = vectors * schedule->cpu.vector;
    else if (!(given & sched_field_bit("vector")) && schedule->cpu.vector > schedule->lanes)
        schedule->cpu.vector = schedule->lanes;
    if (!(given & sched_field_bit("accumulators")) && schedule->cpu.accumulators > schedule->cpu.registers)
        schedule->cpu.accumulators = schedule->cpu.registers;
}
