/* SPDX-License-Identifier: MIT
 *
 * A spec's values as texts, in the order of spec_keys.def: the settings that a trainer carries, and what is
 * hashed to distinguish models. Read back, they are the same values. */
#include "spec/spec.h"
#include "spec/spec_tree.h"

static const char *sizes_text(struct arena *arena, const struct spec_sizes *sizes)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_add(&text, "[");
    for (int i = 0; i < sizes->count; i++)
        strbuf_addf(&text, "%s%lld", i ? ", " : "", (long long)sizes->value[i]);
    strbuf_add(&text, "]");
    return strbuf_text(&text);
}

/* As YAML and as JSON. */
static void add_quoted(struct strbuf *text, const char *name)
{
    strbuf_add(text, "\"");
    for (const char *c = name; *c; c++)
        if (*c == '"' || *c == '\\')
            strbuf_addf(text, "\\%c", *c);
        else
            strbuf_addf(text, (unsigned char)*c < ' ' ? "\\u%04x" : "%c", *c);
    strbuf_add(text, "\"");
}

static const char *names_text(struct arena *arena, const struct spec_names *names)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    strbuf_add(&text, "[");
    for (int i = 0; i < names->count; i++) {
        strbuf_add(&text, i ? ", " : "");
        add_quoted(&text, names->value[i]);
    }
    strbuf_add(&text, "]");
    return strbuf_text(&text);
}

static void put_count(struct arena *arena, int64_t count, struct spec_value *out)
{
    out->number = (double)count;
    out->text = arena_printf(arena, "%lld", (long long)count);
}

static void put_real(struct arena *arena, double number, struct spec_value *out)
{
    out->number = number;
    out->text = spec_real_text(arena, number);
}

static struct spec_value value_of(struct arena *arena, const struct spec_row *row, const void *field)
{
    struct spec_value value = {.key = row->path, .decides = row->model};
    switch (row->kind) {
    case SPEC_KIND_INT:
        put_count(arena, ((const struct spec_int *)field)->value, &value);
        break;
    case SPEC_KIND_REAL:
        put_real(arena, ((const struct spec_real *)field)->value, &value);
        break;
    case SPEC_KIND_CHOICE:
        value.text = spec_word_text(row, ((const struct spec_choice *)field)->value);
        break;
    case SPEC_KIND_TEXT:
        value.text = ((const struct spec_text *)field)->value;
        break;
    case SPEC_KIND_SIZES:
        value.text = sizes_text(arena, field);
        break;
    case SPEC_KIND_NAMES:
        value.text = names_text(arena, field);
        break;
    case SPEC_KIND_INT_OR_AUTO:
        put_count(arena, ((const struct spec_int_or_auto *)field)->value, &value);
        if (((const struct spec_int_or_auto *)field)->automatic)
            value.text = SPEC_AUTO;
        break;
    case SPEC_KIND_REAL_OR_AUTO:
        put_real(arena, ((const struct spec_real_or_auto *)field)->value, &value);
        if (((const struct spec_real_or_auto *)field)->automatic)
            value.text = SPEC_AUTO;
        break;
    case SPEC_KIND_COUNT_OR_FILE:
        put_count(arena, ((const struct spec_count_or_file *)field)->value, &value);
        break;
    }
    return value;
}

static struct spec_value file_of(const struct spec_row *row, const struct spec_count_or_file *field)
{
    return (struct spec_value){.key = row->file, .text = field->file, .decides = row->model};
}

int spec_values(struct arena *arena, const struct spec *spec, enum spec_part part, struct spec_value **out)
{
    int n = 0;
    *out = ARENA_ARRAY(arena, struct spec_value, 2 * SPEC_ROWS);
    for (int i = 0; i < SPEC_ROWS; i++) {
        const struct spec_row *row = &spec_rows[i];
        const void *field = (const char *)spec + row->offset;
        if (part != SPEC_ALL && !(row->model & (int)part))
            continue;
        (*out)[n++] = value_of(arena, row, field);
        if (row->kind == SPEC_KIND_COUNT_OR_FILE)
            (*out)[n++] = file_of(row, field);
    }
    return n;
}
