/* SPDX-License-Identifier: MIT
 *
 * Takes the tree of a YAML text, gives a spec: finds the row of every key and reports those that are unknown,
 * given twice, missing or of a wrong value, all in one run. Whether the values fit together is checked in
 * model/. */
#include "spec/spec.h"
#include "spec/spec_tree.h"

#include <string.h>

enum { QUOTED = 40 };

struct reader {
    struct arena *arena;
    struct diag *diag;
    struct spec_tree tree;
    struct spec *spec;
    struct place key_at[SPEC_ROWS];     /* line 0: not given */
    struct place section_at[SPEC_ROWS]; /* of the first row of each section: where the section was given */
};

/* ---- looking up ---------------------------------------------------------------------------------------- */

static int find_row(const char *path)
{
    for (int i = 0; i < SPEC_ROWS; i++)
        if (strcmp(spec_rows[i].path, path) == 0)
            return i;
    return -1;
}

/* The first row of the section `path` ("flow"), or -1. */
static int find_section(const char *path)
{
    const size_t length = strlen(path);
    for (int i = 0; i < SPEC_ROWS; i++)
        if (text_starts_with(spec_rows[i].path, path) && spec_rows[i].path[length] == '.')
            return i;
    return -1;
}

/* ---- unknown keys -------------------------------------------------------------------------------------- */

/* The keys and sections that may stand right under `prefix`, each once. */
static size_t known_here(struct arena *arena, const char *prefix, const char **out)
{
    size_t n = 0;
    for (int i = 0; i < SPEC_ROWS; i++) {
        if (!text_starts_with(spec_rows[i].path, prefix))
            continue;
        const char *rest = spec_rows[i].path + strlen(prefix);
        const char *name = arena_strndup(arena, rest, strcspn(rest, "."));
        if (n == 0 || strcmp(out[n - 1], name) != 0) /* rows of a section stand together */
            out[n++] = name;
    }
    return n;
}

/* A key that was misspelt does not count as missing: the misspelling is reported. */
static void mark_meant(struct reader *r, const char *path)
{
    const size_t length = strlen(path);
    for (int i = 0; i < SPEC_ROWS; i++)
        if (text_starts_with(spec_rows[i].path, path) && strchr(".", spec_rows[i].path[length]))
            *spec_field_faulty(r->spec, &spec_rows[i]) = true;
}

/* Every path that ends with this very key, as "'flow.steps' or 'base.steps'"; "" if none. */
static const char *find_elsewhere(struct reader *r, const char *key)
{
    struct strbuf text;
    strbuf_init(&text, r->arena);
    for (int i = 0; i < SPEC_ROWS; i++) {
        const char *path = spec_rows[i].path;
        if (strcmp(path + spec_section_length(path), key) != 0)
            continue;
        strbuf_addf(&text, "%s'%s'", text.length ? " or " : "", path);
        mark_meant(r, path);
    }
    return strbuf_text(&text);
}

static void list_known(struct reader *r, const char *const *names, size_t n)
{
    struct strbuf text;
    strbuf_init(&text, r->arena);
    for (size_t i = 0; i < n; i++)
        strbuf_addf(&text, "%s%s", i ? ", " : "", names[i]);
    diag_note(r->diag, "known here: %s", strbuf_text(&text));
}

static void suggest(struct reader *r, const char *path)
{
    diag_note(r->diag, "did you mean '%s'?", path);
    mark_meant(r, path);
}

static void unknown_key(struct reader *r, const char *prefix, const struct spec_node *node)
{
    const char *names[SPEC_ROWS];
    const size_t n = known_here(r->arena, prefix, names);
    const char *shown = text_quotable(r->arena, node->text, node->length, QUOTED);
    const char *elsewhere = find_elsewhere(r, node->text), *meant = nearest_word(node->text, names, n);

    diag_error(r->diag, node->at, "unknown key '%s%s'", prefix, shown);
    if (strcmp(node->text, "<<") == 0)
        diag_note(r->diag, "merge keys are not allowed in a spec: write the keys out");
    else if (find_row(node->text) >= 0 && strchr(node->text, '.'))
        diag_note(r->diag, "sections are nested: write it as '%.*s: {%s: ...}'",
                  spec_section_length(node->text) - 1, node->text,
                  node->text + spec_section_length(node->text));
    else if (elsewhere[0])
        diag_note(r->diag, "did you mean %s?", elsewhere);
    else if (meant)
        suggest(r, arena_printf(r->arena, "%s%s", prefix, meant));
    else
        list_known(r, names, n);
}

/* ---- known keys ---------------------------------------------------------------------------------------- */

static void read_mapping(struct reader *r, const char *prefix, int index);

/* True if the key is new; remembers it. */
static bool is_first(struct reader *r, struct place *seen, const struct spec_node *key, const char *path)
{
    if (seen->line == 0) {
        *seen = key->at;
        return true;
    }
    diag_error(r->diag, key->at, "'%s' is given twice", path);
    diag_note(r->diag, "first on line %d", seen->line);
    return false;
}

static void read_row(struct reader *r, int row, const struct spec_node *key, int value)
{
    if (!is_first(r, &r->key_at[row], key, spec_rows[row].path))
        return;
    spec_field_place(r->spec, &spec_rows[row], r->tree.nodes[value].at, true);
    spec_field_read(r->diag, &spec_rows[row], &r->tree, value, r->spec);
}

/* An empty section is one whose keys were all taken out: no fault. */
static void read_section(struct reader *r, int first_row, const char *path, const struct spec_node *key,
                         int value)
{
    const struct spec_node *node = &r->tree.nodes[value];
    if (!is_first(r, &r->section_at[first_row], key, path))
        return;
    if (node->kind == SPEC_NODE_MAPPING)
        read_mapping(r, arena_printf(r->arena, "%s.", path), value);
    else if (node->kind != SPEC_NODE_REFUSED && !(node->plain && node->length == 0))
        diag_error(r->diag, node->at, "%s: expected keys of its own, such as '%s: ...', found %s", path,
                   spec_rows[first_row].path + strlen(path) + 1, spec_found(r->arena, node));
}

static void read_key(struct reader *r, const char *prefix, const struct spec_node *key, int value)
{
    if (key->kind == SPEC_NODE_REFUSED)
        return;
    if (key->kind != SPEC_NODE_SCALAR) {
        diag_error(r->diag, key->at, "expected a key, found %s", spec_found(r->arena, key));
        return;
    }
    const char *path = arena_printf(r->arena, "%s%s", prefix, key->text);
    const bool one_word = strlen(key->text) == key->length && !strchr(key->text, '.');
    const int row = one_word ? find_row(path) : -1, section = one_word ? find_section(path) : -1;
    if (row >= 0)
        read_row(r, row, key, value);
    else if (section >= 0)
        read_section(r, section, path, key, value);
    else
        unknown_key(r, prefix, key);
}

/* A text that ends early may end with a key that has no value. */
static void read_mapping(struct reader *r, const char *prefix, int index)
{
    const struct spec_node *nodes = r->tree.nodes;
    for (int i = 0; i < SPEC_ROWS; i++)
        if (text_starts_with(spec_rows[i].path, prefix) && r->key_at[i].line == 0)
            spec_field_place(r->spec, &spec_rows[i], nodes[index].at, false);
    for (int key = index + 1; key < nodes[index].end;) {
        const int value = nodes[key].end;
        if (value >= nodes[index].end)
            break;
        read_key(r, prefix, &nodes[key], value);
        key = nodes[value].end;
    }
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

static void set_defaults(const struct source *source, struct spec *out)
{
    *out = (struct spec){.source = source};
    for (int i = 0; i < SPEC_ROWS; i++) {
        spec_field_default(&spec_rows[i], out);
        spec_field_place(out, &spec_rows[i], (struct place){source, 1, 1}, false);
    }
}

static void tell_missing(struct reader *r)
{
    for (int i = 0; i < SPEC_ROWS; i++) {
        if (!spec_is_required(&spec_rows[i]) || r->key_at[i].line > 0 ||
            *spec_field_faulty(r->spec, &spec_rows[i]))
            continue;
        diag_error(r->diag, r->tree.nodes[0].at, "'%s' is missing; expected %s", spec_rows[i].path,
                   spec_expected(r->arena, &spec_rows[i]));
        *spec_field_faulty(r->spec, &spec_rows[i]) = true;
    }
}

static void read_root(struct reader *r)
{
    const struct spec_node *root = r->tree.nodes;
    if (r->tree.count == 0) {
        if (r->tree.complete)
            diag_error(r->diag, (struct place){r->spec->source, 1, 1},
                       "no spec here: the file is empty, or contains only comments");
        return;
    }
    if (root->kind == SPEC_NODE_MAPPING)
        read_mapping(r, "", 0);
    else if (root->kind != SPEC_NODE_REFUSED && r->tree.complete)
        diag_error(r->diag, root->at, "expected a mapping ('dimension: 2' ...), found %s",
                   spec_found(r->arena, root));
    r->spec->whole = r->tree.complete && root->kind == SPEC_NODE_MAPPING;
    if (r->spec->whole)
        tell_missing(r);
}

bool spec_read(struct arena *arena, const struct source *source, struct diag *diag, struct spec *out)
{
    const int errors_before = diag->errors;
    struct reader *r = ARENA_NEW(arena, struct reader);
    r->arena = arena;
    r->diag = diag;
    r->spec = out;
    set_defaults(source, out);
    spec_tree_read(arena, source, diag, &r->tree);
    read_root(r);
    out->good = diag->errors == errors_before;
    return out->good;
}
