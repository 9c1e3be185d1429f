/* SPDX-License-Identifier: MIT
 *
 * The text form of the IR, read. Takes any bytes, gives verified graphs or messages with places. Every node
 * goes through its constructor, so a text that was written by hand may come out simpler than it went in.
 *
 *     graph NAME {
 *       %0 = input "x" sample : varying [2]
 *       %1 = tanh %0 : varying [2]
 *       output "y" %1
 *     }
 */
#include "ir/ir_parse.h"

#include <string.h>

/* ---- words --------------------------------------------------------------------------------------------- */

struct place parse_here(const struct parser *p)
{
    return p->lexer.token.at;
}

/* A word that cannot be read carries its own error message. */
static void expected(struct parser *p, const char *what)
{
    if (p->lexer.token.kind == TOKEN_WRONG)
        diag_error(p->diag, parse_here(p), "%s", p->lexer.token.text);
    else
        diag_error(p->diag, parse_here(p), "expected %s", what);
}

bool parse_sign(struct parser *p, char sign)
{
    const char what[] = {'\'', sign, '\'', '\0'};
    if (p->lexer.token.kind != TOKEN_SIGN || p->lexer.token.sign != sign) {
        expected(p, what);
        return false;
    }
    ir_lex_next(&p->lexer);
    return true;
}

bool parse_is_word(const struct parser *p, const char *word)
{
    return p->lexer.token.kind == TOKEN_WORD && strcmp(p->lexer.token.text, word) == 0;
}

bool parse_word(struct parser *p, const char *word)
{
    if (!parse_is_word(p, word)) {
        expected(p, word);
        return false;
    }
    ir_lex_next(&p->lexer);
    return true;
}

bool parse_number(struct parser *p, double *number)
{
    if (p->lexer.token.kind != TOKEN_NUMBER) {
        expected(p, "a number");
        return false;
    }
    *number = p->lexer.token.number;
    ir_lex_next(&p->lexer);
    return true;
}

bool parse_int(struct parser *p, int low, int high, const char *what, int *number)
{
    const double value = p->lexer.token.number;
    if (p->lexer.token.kind != TOKEN_NUMBER) {
        expected(p, what);
        return false;
    }
    if (!(value >= low && value <= high) || value != (int)value) {
        diag_error(p->diag, parse_here(p), "%s is a whole number from %d to %d", what, low, high);
        return false;
    }
    *number = (int)value;
    ir_lex_next(&p->lexer);
    return true;
}

static bool is_sign(const struct parser *p, char sign)
{
    return p->lexer.token.kind == TOKEN_SIGN && p->lexer.token.sign == sign;
}

bool parse_list(struct parser *p, int most, int low, int high, int *n, int *numbers)
{
    *n = 0;
    if (!parse_sign(p, '['))
        return false;
    while (!is_sign(p, ']')) {
        if (*n == most) {
            diag_error(p->diag, parse_here(p), "more than %d axes", most);
            return false;
        }
        if (*n > 0 && !parse_sign(p, ','))
            return false;
        if (!parse_int(p, low, high, "an extent", &numbers[*n]))
            return false;
        ++*n;
    }
    return parse_sign(p, ']');
}

bool parse_string(struct parser *p, const char **text)
{
    if (p->lexer.token.kind != TOKEN_STRING) {
        expected(p, "a text in quotes");
        return false;
    }
    *text = p->lexer.token.text;
    ir_lex_next(&p->lexer);
    return true;
}

bool parse_name(struct parser *p, const char **name)
{
    if (p->lexer.token.kind != TOKEN_STRING && p->lexer.token.kind != TOKEN_WORD) {
        expected(p, "the name of a graph");
        return false;
    }
    *name = p->lexer.token.text;
    ir_lex_next(&p->lexer);
    return true;
}

/* ---- values -------------------------------------------------------------------------------------------- */

/* Numbers after '%' may come in any order; the table grows to the largest, and is used for all graphs. */
static struct slot *slot_of(struct parser *p, int number)
{
    if (number >= p->n_slots) {
        const int n = 2 * number + 16;
        struct slot *larger = ARENA_ARRAY(p->arena, struct slot, (size_t)n);
        memcpy(larger, p->slots ? p->slots : larger, (size_t)p->n_slots * sizeof *larger);
        p->slots = larger;
        p->n_slots = n;
    }
    return &p->slots[number];
}

static bool is_defined(struct parser *p, int number)
{
    return slot_of(p, number)->owner == p->n_graphs;
}

static bool parse_value_number(struct parser *p, int *number)
{
    if (p->lexer.token.kind != TOKEN_VALUE) {
        expected(p, "a value such as %1");
        return false;
    }
    if (p->lexer.token.number >= TEXT_NUMBER) {
        diag_error(p->diag, parse_here(p), "value numbers end at %d", TEXT_NUMBER - 1);
        return false;
    }
    *number = (int)p->lexer.token.number;
    return true;
}

/* *node NULL: the line of that value has an error, which was reported. */
static bool parse_value(struct parser *p, const struct ir_node **node)
{
    int number;
    if (!parse_value_number(p, &number))
        return false;
    if (!is_defined(p, number)) {
        diag_error(p->diag, parse_here(p), "value %%%d is not defined before this", number);
        return false;
    }
    *node = slot_of(p, number)->node;
    ir_lex_next(&p->lexer);
    return true;
}

bool parse_operands(struct parser *p, struct statement *s, int *count)
{
    *count = 0;
    while (p->lexer.token.kind == TOKEN_VALUE) {
        const int n = s->draft.n_args;
        if (n == TEXT_OPERANDS) {
            diag_error(p->diag, parse_here(p), "more than %d operands", TEXT_OPERANDS);
            return false;
        }
        if (n % 16 == 0 && (n & (n - 1)) == 0) {
            const struct ir_node **larger =
                ARENA_ARRAY(p->arena, const struct ir_node *, n ? 2 * (size_t)n : 16);
            memcpy(larger, s->args ? s->args : larger, (size_t)n * sizeof *larger);
            s->args = larger;
        }
        if (!parse_value(p, &s->args[n]))
            return false;
        s->faulty |= !s->args[n];
        s->draft.n_args++;
        ++*count;
    }
    return true;
}

/* ---- statements ---------------------------------------------------------------------------------------- */

static bool parse_op(struct parser *p, enum ir_op *op)
{
    const char *names[IR_OP_COUNT];
    for (int i = 0; i < IR_OP_COUNT; i++) {
        names[i] = ir_op_name((enum ir_op)i);
        if (parse_is_word(p, names[i])) {
            *op = (enum ir_op)i;
            ir_lex_next(&p->lexer);
            return true;
        }
    }
    if (p->lexer.token.kind != TOKEN_WORD) {
        expected(p, "an operation");
        return false;
    }
    const char *near = nearest_word(p->lexer.token.text, names, IR_OP_COUNT);
    diag_error(p->diag, parse_here(p), "unknown operation %s", p->lexer.token.text);
    if (near)
        diag_note(p->diag, "did you mean %s?", near);
    return false;
}

static bool parse_rate(struct parser *p, enum ir_rate *rate)
{
    for (*rate = IR_CONSTANT; *rate <= IR_VARYING; ++*rate) {
        if (!parse_is_word(p, ir_rate_name(*rate)))
            continue;
        ir_lex_next(&p->lexer);
        return true;
    }
    expected(p, "constant, uniform or varying");
    return false;
}

static bool parse_shape(struct parser *p, struct ir_shape *shape)
{
    const struct place at = parse_here(p);
    if (!parse_list(p, IR_MAX_RANK, 1, IR_MAX_SIZE, &shape->rank, shape->size))
        return false;
    long elements = 1; /* below 2^24 * 2^12 */
    for (int i = 0; i < shape->rank && elements <= TEXT_ELEMENTS; i++)
        elements *= shape->size[i];
    if (elements > TEXT_ELEMENTS)
        diag_error(p->diag, at, "more than %d elements", TEXT_ELEMENTS);
    return elements <= TEXT_ELEMENTS;
}

/* : rate shape. A loop has no shape. */
static bool parse_type(struct parser *p, struct statement *s)
{
    if (!parse_sign(p, ':') || !parse_rate(p, &s->draft.rate))
        return false;
    return s->draft.op == IR_STEPS || parse_shape(p, &s->draft.shape);
}

/* Because constructors simplify, a value may be slower than its text says, but not faster. */
static bool check_rate(struct parser *p, struct statement *s)
{
    const enum ir_rate rate = ir_rate_rule(&s->draft);
    if (s->draft.rate < rate)
        diag_error(p->diag, s->at, "this is %s, not %s", ir_rate_name(rate), ir_rate_name(s->draft.rate));
    return s->draft.rate >= rate;
}

static const struct ir_node *construct(struct parser *p, const struct statement *s)
{
    struct ir_graph *graph = p->current->graph;
    if (s->draft.op != IR_INPUT)
        return ir_rebuild(graph, &s->draft, s->args);
    if (graph->n_inputs == TEXT_PORTS) {
        diag_error(p->diag, s->at, "more than %d inputs", TEXT_PORTS);
        return NULL;
    }
    return ir_input(graph, s->draft.input.name, s->draft.input.role, s->draft.rate, s->draft.shape);
}

/* The node of the line that begins at the operation; NULL: an error, reported here or earlier. */
static const struct ir_node *parse_node(struct parser *p)
{
    struct statement s = {.at = parse_here(p)};
    int count;
    if (!parse_op(p, &s.draft.op) || !parse_attributes(p, &s) || !parse_operands(p, &s, &count) ||
        !parse_type(p, &s) || s.faulty)
        return NULL;
    s.draft.args = s.args;
    if (!parse_finish_draft(p, &s) || !check_rate(p, &s))
        return NULL;
    if (p->current->depth > TEXT_DEPTH) {
        diag_error(p->diag, s.at, "more than %d loops within loops", TEXT_DEPTH);
        return NULL;
    }
    return construct(p, &s);
}

static bool parse_definition(struct parser *p)
{
    const struct place at = parse_here(p);
    int number;
    if (!parse_value_number(p, &number))
        return false;
    ir_lex_next(&p->lexer);
    if (is_defined(p, number)) {
        diag_error(p->diag, at, "value %%%d is already defined", number);
        return false;
    }
    const struct ir_node *node = NULL;
    if (parse_sign(p, '='))
        node = parse_node(p);
    *slot_of(p, number) = (struct slot){.owner = p->n_graphs, .node = node};
    return node != NULL;
}

static bool parse_output(struct parser *p)
{
    const char *name;
    const struct ir_node *value;
    struct ir_graph *graph = p->current->graph;
    if (!parse_word(p, "output"))
        return false;
    const struct place at = parse_here(p);
    if (!parse_string(p, &name) || !parse_value(p, &value))
        return false;
    const char *fault = graph->n_outputs == TEXT_PORTS   ? "there are too many outputs"
                        : !name[0]                       ? "an output needs a name"
                        : ir_output_find(graph, name)    ? "an output of that name already exists"
                        : value && value->op == IR_STEPS ? "a loop can be read only through its results"
                                                         : NULL;
    if (fault)
        diag_error(p->diag, at, "%s", fault);
    else if (value)
        ir_output_add(graph, name, value);
    return !fault && value;
}

/* ---- graphs -------------------------------------------------------------------------------------------- */

/* To the next word that begins a line and may begin a statement, at least one further than `from`. */
static void recover(struct parser *p, size_t from)
{
    while (p->lexer.token.kind != TOKEN_END) {
        const struct ir_token *token = &p->lexer.token;
        const bool start = token->kind == TOKEN_VALUE || parse_is_word(p, "output") ||
                           parse_is_word(p, "graph") || is_sign(p, '}');
        if (token->first && start && p->lexer.at > from)
            return;
        ir_lex_next(&p->lexer);
    }
}

static void parse_statement(struct parser *p)
{
    const size_t from = p->lexer.at;
    const bool good = p->lexer.token.kind == TOKEN_VALUE ? parse_definition(p) : parse_output(p);
    if (good)
        return;
    p->current->faulty = true;
    recover(p, from);
}

static void parse_statements(struct parser *p)
{
    while (!is_sign(p, '}')) {
        if (p->lexer.token.kind == TOKEN_END || parse_is_word(p, "graph")) {
            diag_error(p->diag, parse_here(p), "expected '}': the graph \"%s\" does not end",
                       p->current->name);
            p->current->faulty = true;
            return;
        }
        parse_statement(p);
    }
    ir_lex_next(&p->lexer);
}

static bool parse_head(struct parser *p)
{
    return parse_word(p, "graph") && parse_name(p, &p->current->name) && parse_sign(p, '{');
}

static void check_graph(struct parser *p, struct place at)
{
    const char *fault = p->current->faulty ? NULL : ir_verify(p->current->graph);
    if (!fault)
        return;
    diag_error(p->diag, at, "%s", fault);
    p->current->faulty = true;
}

static void parse_graph(struct parser *p)
{
    const size_t from = p->lexer.at;
    const struct place at = parse_here(p);
    p->current = &p->graphs[p->n_graphs];
    *p->current = (struct parsed){.depth = 1};
    if (!parse_head(p)) {
        while (p->lexer.token.kind != TOKEN_END && (p->lexer.at <= from || !parse_is_word(p, "graph")))
            ir_lex_next(&p->lexer);
        return;
    }
    p->n_graphs++;
    p->current->graph = ir_graph_new(p->arena, p->current->name);
    parse_statements(p);
    check_graph(p, at);
}

static struct ir_graph **whole_graphs(const struct parser *p, int *n)
{
    struct ir_graph **graphs = ARENA_ARRAY(p->arena, struct ir_graph *, (size_t)p->n_graphs);
    for (int i = 0; i < p->n_graphs; i++)
        if (!p->graphs[i].is_body)
            graphs[(*n)++] = p->graphs[i].graph;
    return graphs;
}

struct ir_graph **ir_parse(struct arena *arena, const struct source *source, struct diag *diag, int *n)
{
    const int errors = diag->errors;
    struct parser p = {.arena = arena, .diag = diag};
    p.graphs = ARENA_ARRAY(arena, struct parsed, TEXT_GRAPHS);
    ir_lex_start(&p.lexer, arena, source);
    *n = 0;
    while (p.lexer.token.kind != TOKEN_END && p.n_graphs < TEXT_GRAPHS)
        parse_graph(&p);
    if (p.n_graphs == TEXT_GRAPHS)
        diag_error(diag, parse_here(&p), "more than %d graphs", TEXT_GRAPHS - 1);
    else if (p.n_graphs == 0 && diag->errors == errors)
        diag_error(diag, parse_here(&p), "no graph in this text");
    return diag->errors == errors ? whole_graphs(&p, n) : NULL;
}
