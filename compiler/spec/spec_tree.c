/* SPDX-License-Identifier: MIT
 *
 * Takes the text of a spec, gives a tree. The only file that knows yaml.h and the subset of YAML that a spec
 * may use: one document of mappings, lists and scalars, without anchors, aliases or tags, up to fixed sizes.
 * What keys mean is left to spec_read.c.
 *
 * libyaml's parser owns memory, and an allocation from an arena may jump away. So all of the arena's memory
 * is taken before the parser is made, and errors are kept and reported when it is gone. */
#include "spec/spec_tree.h"
#include "spec/spec.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

enum { MAX_BYTES = 1 << 20, MAX_DEPTH = 16, MAX_EVENTS = 10000, MAX_FAULTS = 20 };

struct fault {
    struct place at;
    const char *text;    /* static */
    const char *context; /* static, or NULL: "while parsing a block mapping" ... */
    struct place context_at;
};

struct builder {
    const struct source *source;
    yaml_parser_t parser;
    struct { /* where character `index` of libyaml's count stands */
        size_t index, offset;
        int line, column;
    } cursor;
    size_t start; /* bytes before libyaml's first character: a byte order mark */
    struct spec_node *nodes;
    int n_nodes;
    char *text; /* scalars, one after another */
    size_t text_used;
    int open[MAX_DEPTH]; /* nodes that have begun and not ended */
    int depth;
    int n_events, n_documents;
    struct fault faults[MAX_FAULTS];
    int n_faults;
    bool no_memory;
};

/* ---- places -------------------------------------------------------------------------------------------- */

static void rewind_cursor(struct builder *b)
{
    b->cursor.index = 0;
    b->cursor.offset = b->start;
    b->cursor.line = b->cursor.column = 1;
}

/* libyaml counts from 0, and knows more line ends than an editor does; so its count of characters is what is
 * used, and lines are counted here. Marks mostly grow, so the whole text is walked about once. */
static struct place place_of(struct builder *b, yaml_mark_t mark)
{
    if (mark.index < b->cursor.index)
        rewind_cursor(b);
    while (b->cursor.index < mark.index && b->cursor.offset < b->source->length) {
        const char *at = b->source->text + b->cursor.offset;
        int bytes;
        utf8_decode(at, b->source->length - b->cursor.offset, &bytes);
        b->cursor.column++;
        if (*at == '\n') {
            b->cursor.line++;
            b->cursor.column = 1;
        }
        b->cursor.offset += (size_t)bytes;
        b->cursor.index++;
    }
    return (struct place){.source = b->source, .line = b->cursor.line, .column = b->cursor.column};
}

/* NULL: there were too many to keep. */
static struct fault *add_fault(struct builder *b, struct place at, const char *text)
{
    if (b->n_faults == MAX_FAULTS)
        return NULL;
    struct fault *fault = &b->faults[b->n_faults++];
    *fault = (struct fault){.at = at, .text = text};
    return fault;
}

/* ---- libyaml's own faults ------------------------------------------------------------------------------ */

/* In our words, where libyaml's would not help. */
static const char *explain(const struct builder *b, const char *problem)
{
    static const struct {
        const char *problem, *text;
    } known[] = {
        {"mapping values are not allowed in this context",
         "unexpected ':'; is the line indented like its neighbours, and is text that contains ':' in "
         "quotes?"},
        {"did not find expected key", "expected a key; is the line indented like its neighbours?"},
        {"could not find expected ':'", "a key without ':'"},
        {"did not find expected ',' or ']'", "expected ',' or ']': a list was opened and not closed"},
        {"did not find expected ',' or '}'", "expected ',' or '}': a mapping was opened and not closed"},
        {"did not find expected <document start>", "expected the end of the file: a spec is one mapping"},
        {"found unexpected end of stream", "the file ends within a quoted text"},
        {"found a tab character that violates indentation", "a tab; YAML is indented with spaces"},
        {"block sequence entries are not allowed in this context", "unexpected '-': no list can begin here"},
    };
    const size_t at = b->cursor.offset;
    if (at < b->source->length && b->source->text[at] == '\t')
        return "a tab; YAML is indented with spaces";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(problem, known[i].problem) == 0)
            return known[i].text;
    return problem;
}

static void add_parser_fault(struct builder *b)
{
    const yaml_parser_t *parser = &b->parser;
    /* Where memory ends within a tag, libyaml fails without giving a reason; for all else it has one. */
    if (parser->error == YAML_MEMORY_ERROR || parser->error == YAML_NO_ERROR) {
        b->no_memory = true;
        return;
    }
    assert(parser->problem && "spec: libyaml failed and says nothing");
    const struct place at = place_of(b, parser->problem_mark);
    struct fault *fault = add_fault(b, at, explain(b, parser->problem));
    if (fault && parser->context && parser->context_mark.index < parser->problem_mark.index) {
        fault->context = parser->context;
        fault->context_at = place_of(b, parser->context_mark);
    }
}

/* ---- nodes --------------------------------------------------------------------------------------------- */

static struct spec_node *add_node(struct builder *b, enum spec_node_kind kind, struct place at)
{
    struct spec_node *node = &b->nodes[b->n_nodes++];
    *node = (struct spec_node){.kind = kind, .at = at, .text = "", .end = b->n_nodes};
    return node;
}

static void add_scalar(struct builder *b, const yaml_event_t *event, struct place at)
{
    struct spec_node *node = add_node(b, SPEC_NODE_SCALAR, at);
    node->text = b->text + b->text_used;
    node->length = event->data.scalar.length;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    memcpy(b->text + b->text_used, event->data.scalar.value, node->length);
    b->text[b->text_used + node->length] = '\0';
    b->text_used += node->length + 1;
}

static bool open_node(struct builder *b, enum spec_node_kind kind, struct place at)
{
    if (b->depth == MAX_DEPTH) {
        add_fault(b, at, "nested deeper than 16 levels; a spec needs two");
        return false;
    }
    add_node(b, kind, at);
    b->open[b->depth++] = b->n_nodes - 1;
    return true;
}

static void close_node(struct builder *b)
{
    const int open = b->open[--b->depth];
    b->nodes[open].end = b->n_nodes;
    b->nodes[open].length = (size_t)(b->n_nodes - open - 1);
}

static void refuse_extras(struct builder *b, const yaml_char_t *anchor, const yaml_char_t *tag,
                          struct place at)
{
    if (anchor)
        add_fault(b, at, "anchors (&name) are not allowed in a spec");
    if (tag)
        add_fault(b, at, "tags (!name) are not allowed in a spec: types follow from the keys");
}

/* ---- events -------------------------------------------------------------------------------------------- */

static bool begin_document(struct builder *b, struct place at)
{
    if (b->n_documents++ == 0)
        return true;
    add_fault(b, at, "a second document begins here; a spec is a single document");
    return false;
}

/* False: the reading ends here. */
static bool take_event(struct builder *b, const yaml_event_t *event)
{
    const struct place at = place_of(b, event->start_mark);
    if (++b->n_events > MAX_EVENTS) {
        add_fault(b, at, "more than 10000 keys, values and brackets; a spec has about a hundred");
        return false;
    }
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    case YAML_STREAM_END_EVENT:
        return false;
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(b, at);
    case YAML_ALIAS_EVENT:
        add_fault(b, at, "aliases (*name) are not allowed in a spec: write the value out");
        add_node(b, SPEC_NODE_REFUSED, at);
        return true;
    case YAML_SCALAR_EVENT:
        refuse_extras(b, event->data.scalar.anchor, event->data.scalar.tag, at);
        add_scalar(b, event, at);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        refuse_extras(b, event->data.sequence_start.anchor, event->data.sequence_start.tag, at);
        return open_node(b, SPEC_NODE_SEQUENCE, at);
    case YAML_MAPPING_START_EVENT:
        refuse_extras(b, event->data.mapping_start.anchor, event->data.mapping_start.tag, at);
        return open_node(b, SPEC_NODE_MAPPING, at);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_node(b);
        return true;
    }
    return true;
}

/* True if the text was read to its end. */
static bool take_all(struct builder *b)
{
    bool more = true;
    while (more) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event)) {
            add_parser_fault(b);
            return false;
        }
        more = take_event(b, &event);
        const bool ended = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (ended)
            return true;
    }
    return false;
}

static bool parse(struct builder *b)
{
    if (!yaml_parser_initialize(&b->parser)) {
        b->no_memory = true;
        return false;
    }
    const unsigned char *bytes = (const unsigned char *)b->source->text;
    yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b->parser, bytes + b->start, b->source->length - b->start);
    const bool complete = take_all(b);
    yaml_parser_delete(&b->parser);
    return complete;
}

/* ---- what is looked at before the parser is ------------------------------------------------------------ */

/* Characters that YAML allows in a text. */
static bool is_text(uint32_t c, int bytes)
{
    if (c == UTF8_INVALID)
        return bytes > 1; /* the character U+FFFD itself */
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0x7E) || c == 0x85 ||
           (c >= 0xA0 && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF);
}

static bool check_characters(const struct source *source, size_t start, struct diag *diag)
{
    for (size_t i = start; i < source->length;) {
        int bytes;
        const uint32_t c = utf8_decode(source->text + i, source->length - i, &bytes);
        if (!is_text(c, bytes)) {
            diag_error(diag, source_place(source, i), "not text: byte 0x%02X; a spec is YAML in UTF-8",
                       (unsigned char)source->text[i]);
            return false;
        }
        i += (size_t)bytes;
    }
    return true;
}

/* What a fault left open is closed; of the last value and of open lists nothing is said, as they are not
 * whole. */
static void refuse_rest(struct builder *b)
{
    if (b->n_nodes > 0 && b->nodes[b->n_nodes - 1].kind == SPEC_NODE_SCALAR)
        b->nodes[b->n_nodes - 1].kind = SPEC_NODE_REFUSED;
    while (b->depth > 0) {
        struct spec_node *open = &b->nodes[b->open[b->depth - 1]];
        if (open->kind == SPEC_NODE_SEQUENCE)
            open->kind = SPEC_NODE_REFUSED;
        close_node(b);
    }
}

static void report(const struct builder *b, struct diag *diag)
{
    for (int i = 0; i < b->n_faults; i++) {
        const struct fault *fault = &b->faults[i];
        diag_error(diag, fault->at, "%s", fault->text);
        if (fault->context)
            diag_note(diag, "%s that began at line %d, column %d", fault->context, fault->context_at.line,
                      fault->context_at.column);
    }
}

void spec_tree_read(struct arena *arena, const struct source *source, struct diag *diag,
                    struct spec_tree *out)
{
    *out = (struct spec_tree){.count = 0};
    if (source->length > MAX_BYTES) {
        diag_error(diag, (struct place){.source = source}, "%zu bytes; a spec has at most %d", source->length,
                   MAX_BYTES);
        return;
    }
    struct builder *b = ARENA_NEW(arena, struct builder);
    b->source = source;
    b->start = source->length >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (!check_characters(source, b->start, diag))
        return;
    rewind_cursor(b);
    const size_t n = 4 * source->length + 8; /* a lone "?" is the most: a mapping, a key and a value */
    b->nodes = ARENA_ARRAY(arena, struct spec_node, n < MAX_EVENTS ? n : MAX_EVENTS);
    /* A scalar is at most 3/2 as long as its text ("\L" gives three bytes); each has a NUL. */
    b->text = arena_alloc(arena, 2 * source->length + MAX_EVENTS);

    out->complete = parse(b);
    if (b->no_memory)
        arena_fail(arena);
    if (!out->complete)
        refuse_rest(b);
    report(b, diag);
    out->nodes = b->nodes;
    out->count = b->n_nodes;
}
