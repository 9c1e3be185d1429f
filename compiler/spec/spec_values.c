/* SPDX-License-Identifier: MIT
 *
 * A spec's values as texts, in the order of spec_keys.def: the settings that a trainer carries, and what is
 * hashed to tell models apart. Read back, they are the same values. */
#include "spec/spec.h"
#include "spec/spec_tree.h"

static const char *sizes_text(struct arena *arena, const struct spec_sizes *sizes)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int i = 0; i < sizes->count; i++)
        strbuf_addf(&text, "%s%lld", i ? ", " : "[", (long long)sizes->value[i]);
    strbuf_add(&text, "]");
    return strbuf_text(&text);
}

static struct spec_value value_of(struct arena *arena, const struct spec_row *row, const void *field)
{
    struct spec_value value = {.key = row->path};
    switch (row->kind) {
    case SPEC_KIND_INT:
        value.number = (double)((const struct spec_int *)field)->value;
        value.text = arena_printf(arena, "%lld", (long long)((const struct spec_int *)field)->value);
        break;
    case SPEC_KIND_REAL:
        value.number = ((const struct spec_real *)field)->value;
        value.text = spec_real_text(arena, value.number);
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
    }
    return value;
}

int spec_values(struct arena *arena, const struct spec *spec, bool model_only, struct spec_value **out)
{
    int n = 0;
    *out = ARENA_ARRAY(arena, struct spec_value, SPEC_ROWS);
    for (int i = 0; i < SPEC_ROWS; i++) {
        const struct spec_row *row = &spec_rows[i];
        if (row->model || !model_only)
            (*out)[n++] = value_of(arena, row, (const char *)spec + row->offset);
    }
    return n;
}
