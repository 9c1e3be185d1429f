/* SPDX-License-Identifier: MIT
 *
 * Every key of a spec as a text of 80 columns that is itself YAML: comments above each key say what it means,
 * a comment after it says which values it takes. */
#include "spec/spec.h"
#include "spec/spec_tree.h"

#include <string.h>

enum { COLUMNS = 80 };

/* "# " and the text, broken at spaces, each line indented. */
static void add_comment(struct strbuf *out, int indent, const char *text)
{
    const int room = COLUMNS - indent - 2;
    while (*text) {
        int length = (int)strlen(text);
        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ')
                length--;
            if (length == 0)
                length = room;
        }
        strbuf_addf(out, "%*s# %.*s\n", indent, "", length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static void add_words(struct strbuf *out, int indent, const struct spec_row *row)
{
    for (int i = 0; i < row->n_words; i++) {
        const char *word = spec_word_text(row, i), *help = row->words[i].help;
        const char *line = help[0] ? arena_printf(out->arena, "  %-15s  %s", word, help)
                                   : arena_printf(out->arena, "  %s", word);
        add_comment(out, indent, line);
    }
}

/* After the key, in short. */
static const char *row_values(struct arena *arena, const struct spec_row *row)
{
    if (row->kind == SPEC_KIND_SIZES)
        return arena_printf(arena, "a list of %d to %d integers from %s to %s", spec_fewest_sizes(row),
                            SPEC_MAX_LAYERS, spec_real_text(arena, row->least),
                            spec_real_text(arena, row->greatest));
    if (row->kind == SPEC_KIND_COUNT_OR_FILE)
        return arena_printf(arena, "%s to %s, or a file", spec_real_text(arena, row->least),
                            spec_real_text(arena, row->greatest));
    return spec_expected(arena, row);
}

static void add_row(struct strbuf *out, const struct spec_row *row)
{
    const int section = spec_section_length(row->path), indent = section ? 2 : 0;
    const char *key = row->path + section;
    const bool required = spec_is_required(row), is_text = row->kind == SPEC_KIND_TEXT;
    const char *value = required  ? ""
                        : is_text ? arena_printf(out->arena, "\"%s\"", row->initial)
                                  : row->initial;

    add_comment(out, indent, row->help);
    if (row->kind == SPEC_KIND_CHOICE)
        add_words(out, indent, row);
    const char *line = arena_printf(out->arena, "%*s%s: %s", indent, "", key, value);
    if (row->kind == SPEC_KIND_CHOICE)
        strbuf_addf(out, "%s\n\n", line);
    else
        strbuf_addf(out, "%-32s # %s%s\n\n", line, required ? "must be given: " : "",
                    row_values(out->arena, row));
}

void spec_help(struct strbuf *out)
{
    strbuf_add(out, "# Every key of a spec with its default. A spec is YAML: a key that is left out\n"
                    "# has its default, and one-line forms such as  data: {source: moons}  are fine.\n\n");
    const char *section = "";
    for (int i = 0; i < SPEC_ROWS; i++) {
        const char *path = spec_rows[i].path;
        const int length = spec_section_length(path);
        if (length > 0 && strncmp(section, path, (size_t)length) != 0)
            strbuf_addf(out, "%.*s:\n", length - 1, path);
        section = path;
        add_row(out, &spec_rows[i]);
    }
}
