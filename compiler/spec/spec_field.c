/* SPDX-License-Identifier: MIT
 *
 * One key's value: a node of the YAML tree is checked against its row and put into struct spec; if it is
 * wrong, the message says what was expected and what was found. */
#include "spec/spec.h"
#include "spec/spec_tree.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

enum { QUOTED = 40 }; /* characters of the user's text in a message */

/* ---- words for messages -------------------------------------------------------------------------------- */

static const char *words_text(struct arena *arena, const struct spec_row *row)
{
    struct strbuf text;
    strbuf_init(&text, arena);
    for (int i = 0; i < row->n_words; i++) {
        const char *join = i == 0 ? "" : i + 1 < row->n_words ? ", " : " or ";
        strbuf_addf(&text, "%s%s", join, spec_word_text(row, i));
    }
    return strbuf_text(&text);
}

const char *spec_expected(struct arena *arena, const struct spec_row *row)
{
    const char *least = spec_real_text(arena, row->least), *greatest = spec_real_text(arena, row->greatest);
    switch (row->kind) {
    case SPEC_KIND_INT:
        return arena_printf(arena, "an integer from %s to %s", least, greatest);
    case SPEC_KIND_REAL:
        return arena_printf(arena, "a number from %s to %s", least, greatest);
    case SPEC_KIND_CHOICE:
        return words_text(arena, row);
    case SPEC_KIND_TEXT:
        return "a text";
    case SPEC_KIND_SIZES:
        return arena_printf(arena, "a list of %d to %d integers from %s to %s, such as [15, 15]",
                            spec_fewest_sizes(row), SPEC_MAX_LAYERS, least, greatest);
    case SPEC_KIND_NAMES:
        return arena_printf(arena, "a list of up to %d texts, such as [a, b]", SPEC_MAX_NAMES);
    case SPEC_KIND_INT_OR_AUTO:
        return arena_printf(arena, "an integer from %s to %s, or auto", least, greatest);
    case SPEC_KIND_REAL_OR_AUTO:
        return arena_printf(arena, "a number from %s to %s, or auto", least, greatest);
    case SPEC_KIND_COUNT_OR_FILE:
        return arena_printf(arena,
                            "an integer from %s to %s, or a path with .npy, .npz, .csv, .tsv, .txt, "
                            ".parquet or a / in it",
                            least, greatest);
    }
    return "";
}

static bool is_empty(const struct spec_node *node)
{
    if (node->kind != SPEC_NODE_SCALAR || !node->plain)
        return false;
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        if (strcmp(node->text, nothing[i]) == 0)
            return true;
    return false;
}

const char *spec_found(struct arena *arena, const struct spec_node *node)
{
    if (node->kind == SPEC_NODE_MAPPING)
        return "a mapping";
    if (node->kind == SPEC_NODE_SEQUENCE)
        return node->length == 0 ? "an empty list" : "a list";
    if (is_empty(node))
        return "nothing";
    const char *text = text_quotable(arena, node->text, node->length, QUOTED);
    return arena_printf(arena, node->plain ? "'%s'" : "the text \"%s\"", text);
}

static bool wrong_type(struct diag *diag, const struct spec_row *row, const struct spec_node *node)
{
    diag_error(diag, node->at, "%s: expected %s, found %s", row->path, spec_expected(diag->arena, row),
               spec_found(diag->arena, node));
    return false;
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

static bool wrong_number(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                         enum spec_number why)
{
    wrong_type(diag, row, node);
    switch (why) {
    case SPEC_NUMBER_GOOD:
    case SPEC_NUMBER_NOT:
        break;
    case SPEC_NUMBER_FRACTION:
        diag_note(diag, "integers are written without '.' and exponent");
        break;
    case SPEC_NUMBER_ZEROS:
        diag_note(diag, "numbers are decimal, without leading zeros");
        break;
    case SPEC_NUMBER_TOO_LARGE:
        diag_note(diag, "the number is too large");
        break;
    }
    return false;
}

static bool in_range(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                     double value)
{
    if (value >= row->least && value <= row->greatest)
        return true;
    diag_error(diag, node->at, "%s: %s is out of range; expected %s", row->path,
               text_quotable(diag->arena, node->text, node->length, QUOTED), spec_expected(diag->arena, row));
    return false;
}

/* A number is written without quotes; a quoted one is a text, and is reported as such. */
static bool is_number_text(struct diag *diag, const struct spec_row *row, const struct spec_node *node)
{
    double value;
    if (node->kind == SPEC_NODE_SCALAR && node->plain && !is_empty(node))
        return true;
    wrong_type(diag, row, node);
    if (node->kind == SPEC_NODE_SCALAR &&
        spec_parse_real(node->text, node->length, &value) == SPEC_NUMBER_GOOD)
        diag_note(diag, "without quotes it is a number");
    return false;
}

static bool read_int(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                     int64_t *out)
{
    if (!is_number_text(diag, row, node))
        return false;
    const enum spec_number number = spec_parse_int(node->text, node->length, out);
    if (number != SPEC_NUMBER_GOOD)
        return wrong_number(diag, row, node, number);
    return in_range(diag, row, node, (double)*out);
}

static bool read_real(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                      double *out)
{
    if (!is_number_text(diag, row, node))
        return false;
    const enum spec_number number = spec_parse_real(node->text, node->length, out);
    if (number != SPEC_NUMBER_GOOD)
        return wrong_number(diag, row, node, number);
    return in_range(diag, row, node, *out);
}

/* ---- words and texts ----------------------------------------------------------------------------------- */

static void suggest_word(struct diag *diag, const struct spec_row *row, const char *word)
{
    const char **words = ARENA_ARRAY(diag->arena, const char *, row->n_words);
    for (int i = 0; i < row->n_words; i++)
        words[i] = spec_word_text(row, i);
    const char *meant = nearest_word(word, words, (size_t)row->n_words);
    if (meant)
        diag_note(diag, "did you mean '%s'?", meant);
}

static bool read_choice(struct diag *diag, const struct spec_row *row, const struct spec_node *node, int *out)
{
    if (node->kind == SPEC_NODE_SCALAR) {
        for (int i = 0; i < row->n_words; i++) {
            const char *word = spec_word_text(row, i);
            if (strlen(word) == node->length && memcmp(word, node->text, node->length) == 0) {
                *out = i;
                return true;
            }
        }
    }
    wrong_type(diag, row, node);
    if (node->kind == SPEC_NODE_SCALAR)
        suggest_word(diag, row, node->text);
    return false;
}

static bool read_text(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                      const char **out)
{
    if (node->kind != SPEC_NODE_SCALAR || is_empty(node))
        return wrong_type(diag, row, node);
    if (memchr(node->text, '\0', node->length)) {
        diag_error(diag, node->at, "%s: the text contains a character NUL (\\0)", row->path);
        return false;
    }
    *out = node->text;
    return true;
}

/* ---- a number, or the compiler's choice ---------------------------------------------------------------- */

static bool is_auto(const struct spec_node *node)
{
    return node->kind == SPEC_NODE_SCALAR && node->length == strlen(SPEC_AUTO) &&
           memcmp(node->text, SPEC_AUTO, node->length) == 0;
}

static bool read_int_or_auto(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                             struct spec_int_or_auto *out)
{
    out->automatic = is_auto(node);
    if (out->automatic)
        out->value = 0;
    return out->automatic || read_int(diag, row, node, &out->value);
}

static bool read_real_or_auto(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                              struct spec_real_or_auto *out)
{
    out->automatic = is_auto(node);
    if (out->automatic)
        out->value = 0;
    return out->automatic || read_real(diag, row, node, &out->value);
}

/* ---- a count, or a file's path ------------------------------------------------------------------------- */

/* What has a suffix of files of rows is a path, and what is no name in the spec's own folder. */
static bool is_path(const char *path)
{
    static const char *const endings[] = {".npy", ".npz", ".csv", ".tsv", ".txt", ".parquet"};
    const size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (length > strlen(endings[i]) && strcasecmp(path + length - strlen(endings[i]), endings[i]) == 0)
            return true;
    return strchr(path, '/');
}

/* All else is read as a count, and reported if it is not one. */
static bool read_count_or_file(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                               struct spec_count_or_file *out)
{
    if (node->kind == SPEC_NODE_SCALAR && is_path(node->text))
        return read_text(diag, row, node, &out->file);
    return read_int(diag, row, node, &out->value);
}

/* ---- lists --------------------------------------------------------------------------------------------- */

static bool read_sizes(struct diag *diag, const struct spec_row *row, const struct spec_tree *tree, int index,
                       struct spec_sizes *out)
{
    const struct spec_node *list = &tree->nodes[index];
    if (list->kind != SPEC_NODE_SEQUENCE || (list->length == 0 && spec_fewest_sizes(row) > 0))
        return wrong_type(diag, row, list);
    const struct spec_row item = {
        .path = row->path, .kind = SPEC_KIND_INT, .least = row->least, .greatest = row->greatest};
    bool good = true;
    out->count = 0;
    for (int i = index + 1; i < list->end; i = tree->nodes[i].end) {
        const struct spec_node *node = &tree->nodes[i];
        if (out->count == SPEC_MAX_LAYERS) {
            diag_error(diag, node->at, "%s: expected %s, found more", row->path,
                       spec_expected(diag->arena, row));
            return false;
        }
        out->item_at[out->count] = node->at;
        if (node->kind == SPEC_NODE_REFUSED || !read_int(diag, &item, node, &out->value[out->count]))
            good = false;
        out->count++;
    }
    return good;
}

static bool is_among(const char *name, int n, const char *const names[])
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool read_name(struct diag *diag, const struct spec_row *row, const struct spec_node *node,
                      const char **names, int n)
{
    const struct spec_row item = {.path = row->path, .kind = SPEC_KIND_TEXT};
    if (node->kind == SPEC_NODE_REFUSED || !read_text(diag, &item, node, &names[n]))
        return false;
    if (!is_among(names[n], n, names))
        return true;
    diag_error(diag, node->at, "%s: '%s' is given twice", row->path,
               text_quotable(diag->arena, node->text, node->length, QUOTED));
    return false;
}

static bool read_names(struct diag *diag, const struct spec_row *row, const struct spec_tree *tree, int index,
                       struct spec_names *out)
{
    const struct spec_node *list = &tree->nodes[index];
    if (list->kind != SPEC_NODE_SEQUENCE)
        return wrong_type(diag, row, list);
    const char **const names = ARENA_ARRAY(diag->arena, const char *, SPEC_MAX_NAMES);
    bool good = true;
    int n = 0;
    for (int i = index + 1; i < list->end; i = tree->nodes[i].end) {
        if (n == SPEC_MAX_NAMES) {
            diag_error(diag, tree->nodes[i].at, "%s: expected %s, found more", row->path,
                       spec_expected(diag->arena, row));
            return false;
        }
        if (read_name(diag, row, &tree->nodes[i], names, n))
            n++;
        else
            good = false;
    }
    out->count = n;
    out->value = names;
    return good;
}

/* ---- the row's field ----------------------------------------------------------------------------------- */

void spec_field_place(struct spec *spec, const struct spec_row *row, struct place at, bool is_given)
{
    *(struct place *)(void *)((char *)spec + row->at_offset) = at;
    *(bool *)((char *)spec + row->given_offset) = is_given;
}

bool *spec_field_faulty(struct spec *spec, const struct spec_row *row)
{
    return (bool *)((char *)spec + row->faulty_offset);
}

static bool read_field(struct diag *diag, const struct spec_row *row, const struct spec_tree *tree, int index,
                       void *field)
{
    const struct spec_node *node = &tree->nodes[index];
    if (node->kind == SPEC_NODE_REFUSED)
        return false;
    switch (row->kind) {
    case SPEC_KIND_INT:
        return read_int(diag, row, node, &((struct spec_int *)field)->value);
    case SPEC_KIND_REAL:
        return read_real(diag, row, node, &((struct spec_real *)field)->value);
    case SPEC_KIND_CHOICE:
        return read_choice(diag, row, node, &((struct spec_choice *)field)->value);
    case SPEC_KIND_TEXT:
        return read_text(diag, row, node, &((struct spec_text *)field)->value);
    case SPEC_KIND_SIZES:
        return read_sizes(diag, row, tree, index, field);
    case SPEC_KIND_NAMES:
        return read_names(diag, row, tree, index, field);
    case SPEC_KIND_INT_OR_AUTO:
        return read_int_or_auto(diag, row, node, field);
    case SPEC_KIND_REAL_OR_AUTO:
        return read_real_or_auto(diag, row, node, field);
    case SPEC_KIND_COUNT_OR_FILE:
        return read_count_or_file(diag, row, node, field);
    }
    return false;
}

/* ---- defaults: the table's own texts, so a fault in them is ours --------------------------------------- */

static void default_sizes(const char *text, struct spec_sizes *out)
{
    out->count = 0;
    for (const char *at = text + strcspn(text, "0123456789"); *at; at += strcspn(at, "0123456789")) {
        const size_t length = strspn(at, "0123456789");
        const enum spec_number number = spec_parse_int(at, length, &out->value[out->count++]);
        assert(number == SPEC_NUMBER_GOOD && out->count <= SPEC_MAX_LAYERS &&
               "spec: a default in spec_keys.def");
        (void)number;
        at += length;
    }
}

static int default_word(const struct spec_row *row)
{
    int word = 0;
    while (word < row->n_words && strcmp(row->words[word].word, row->initial) != 0)
        word++;
    assert(word < row->n_words && "spec: a default in spec_keys.def is no word of spec_choices.def");
    return word;
}

static enum spec_number default_int_or_auto(const struct spec_row *row, struct spec_int_or_auto *out)
{
    out->automatic = strcmp(row->initial, SPEC_AUTO) == 0;
    out->value = 0;
    return out->automatic ? SPEC_NUMBER_GOOD
                          : spec_parse_int(row->initial, strlen(row->initial), &out->value);
}

static enum spec_number default_real_or_auto(const struct spec_row *row, struct spec_real_or_auto *out)
{
    out->automatic = strcmp(row->initial, SPEC_AUTO) == 0;
    out->value = 0;
    return out->automatic ? SPEC_NUMBER_GOOD
                          : spec_parse_real(row->initial, strlen(row->initial), &out->value);
}

void spec_field_default(const struct spec_row *row, struct spec *spec)
{
    void *field = (char *)spec + row->offset;
    enum spec_number number = SPEC_NUMBER_GOOD;
    if (spec_is_required(row)) {
        assert(row->kind == SPEC_KIND_INT && "spec: a required key of a kind that has no stand-in");
        ((struct spec_int *)field)->value = (int64_t)row->least;
        return;
    }
    switch (row->kind) {
    case SPEC_KIND_INT:
        number = spec_parse_int(row->initial, strlen(row->initial), &((struct spec_int *)field)->value);
        break;
    case SPEC_KIND_REAL:
        number = spec_parse_real(row->initial, strlen(row->initial), &((struct spec_real *)field)->value);
        break;
    case SPEC_KIND_CHOICE:
        ((struct spec_choice *)field)->value = default_word(row);
        break;
    case SPEC_KIND_TEXT:
        ((struct spec_text *)field)->value = row->initial;
        break;
    case SPEC_KIND_SIZES:
        default_sizes(row->initial, field);
        break;
    case SPEC_KIND_NAMES:
        assert(strcmp(row->initial, "[]") == 0 && "spec: a default in spec_keys.def");
        ((struct spec_names *)field)->count = 0;
        break;
    case SPEC_KIND_INT_OR_AUTO:
        number = default_int_or_auto(row, field);
        break;
    case SPEC_KIND_REAL_OR_AUTO:
        number = default_real_or_auto(row, field);
        break;
    case SPEC_KIND_COUNT_OR_FILE:
        number =
            spec_parse_int(row->initial, strlen(row->initial), &((struct spec_count_or_file *)field)->value);
        ((struct spec_count_or_file *)field)->file = "";
        break;
    }
    assert(number == SPEC_NUMBER_GOOD && "spec: a default in spec_keys.def is no number");
    (void)number;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

void spec_field_read(struct diag *diag, const struct spec_row *row, const struct spec_tree *tree, int index,
                     struct spec *spec)
{
    if (read_field(diag, row, tree, index, (char *)spec + row->offset))
        return;
    spec_field_default(row, spec);
    *spec_field_faulty(spec, row) = true;
}
