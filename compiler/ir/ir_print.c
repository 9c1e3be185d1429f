/* SPDX-License-Identifier: MIT
 *
 * A graph as text, one node a line, the bodies of loops before the function that uses them. The same graph
 * gives the same bytes, and ir_parse reads them back to a graph that prints alike. docs/ir.md describes the
 * form. */
#include "ir/ir_internal.h"

#include <ctype.h>
#include <string.h>

struct named { /* a graph and the name it has in this text */
    const struct ir_graph *graph;
    const char *name;
    struct named *next;
};

struct printer {
    struct arena *arena;
    struct strbuf *out;
    struct named *printed; /* latest first */
    const char *reserved;  /* the name of the last graph, which no body may take */
};

/* ---- words --------------------------------------------------------------------------------------------- */

/* Reads back as a word: the lexer takes inf and nan as numbers. */
static bool is_word(const char *text)
{
    if (strcmp(text, "inf") == 0 || strcmp(text, "nan") == 0)
        return false;
    if (!isalpha((unsigned char)text[0]) && text[0] != '_')
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '_' && *text != '.')
            return false;
    return true;
}

static void print_string(struct strbuf *out, const char *text)
{
    strbuf_add(out, "\"");
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            strbuf_addf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            strbuf_addf(out, "\\x%02x", c);
        else
            strbuf_addn(out, text, 1);
    }
    strbuf_add(out, "\"");
}

static void print_name(struct strbuf *out, const char *name)
{
    if (is_word(name))
        strbuf_add(out, name);
    else
        print_string(out, name);
}

static void print_list(struct strbuf *out, int n, const int *numbers)
{
    strbuf_add(out, "[");
    for (int i = 0; i < n; i++)
        strbuf_addf(out, i ? ",%d" : "%d", numbers[i]);
    strbuf_add(out, "]");
}

/* ---- nodes --------------------------------------------------------------------------------------------- */

/* number[id]: how a node is called in the text */
static void print_operands(struct strbuf *out, const struct ir_node *node, const int *number, int first,
                           int count)
{
    for (int i = first; i < first + count; i++)
        strbuf_addf(out, " %%%d", number[node->args[i]->id]);
}

static void print_const(struct strbuf *out, const struct ir_node *node)
{
    const long n = ir_elements(node->shape);
    strbuf_add(out, " {");
    for (long i = 0; i < n; i++)
        strbuf_addf(out, i ? ", %.17g" : "%.17g", node->values[i]);
    strbuf_add(out, "}");
}

static void print_labels(struct strbuf *out, int n, const unsigned char *labels)
{
    for (int i = 0; i < n; i++)
        strbuf_addf(out, "%c", 'a' + labels[i]);
}

static void print_ein(struct strbuf *out, const struct ir_node *node)
{
    static const unsigned char result[IR_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    strbuf_addf(out, " %.17g \"", node->ein.coefficient);
    for (int k = 0; k < node->n_args; k++) {
        strbuf_add(out, k ? "," : "");
        print_labels(out, node->args[k]->shape.rank, node->ein.labels[k]);
    }
    strbuf_add(out, "->");
    print_labels(out, node->shape.rank, result);
    strbuf_add(out, "\"");
}

static void print_select(struct strbuf *out, const struct ir_select *select)
{
    strbuf_addf(out, " %d ", select->axis);
    print_list(out, select->n_lead, select->lead);
    strbuf_add(out, " {");
    for (int i = 0; i < select->n_entries; i++) {
        const struct ir_entry e = select->entries[i];
        strbuf_addf(out, i ? ", %d %d %.17g" : "%d %d %.17g", e.row, e.column, e.value);
    }
    strbuf_add(out, "}");
}

static const char *name_of(const struct printer *p, const struct ir_graph *graph)
{
    const struct named *n = p->printed;
    while (n && n->graph != graph)
        n = n->next;
    return n ? n->name : graph->name;
}

static void print_steps(struct printer *p, const struct ir_node *node, const int *number)
{
    const struct ir_steps *steps = node->steps;
    strbuf_add(p->out, " ");
    print_name(p->out, name_of(p, steps->body));
    strbuf_addf(p->out, " %d %s%s carry", steps->count, steps->backward ? "backward" : "forward",
                steps->limited ? " limited" : "");
    print_operands(p->out, node, number, 0, steps->n_carry);
    strbuf_add(p->out, " sequence");
    print_operands(p->out, node, number, steps->n_carry, steps->n_sequence);
    strbuf_add(p->out, " capture");
    print_operands(p->out, node, number, steps->n_carry + steps->n_sequence, steps->n_capture);
    strbuf_addf(p->out, " stack %d sum %d", steps->n_stack, steps->n_sum);
}

static void print_attributes(struct strbuf *out, const struct ir_node *node)
{
    if (node->op == IR_INPUT) {
        strbuf_add(out, " ");
        print_string(out, node->input.name);
        strbuf_addf(out, " %s", ir_role_name(node->input.role));
    } else if (node->op == IR_CONST) {
        print_const(out, node);
    } else if (node->op == IR_EIN) {
        print_ein(out, node);
    } else if (node->op == IR_SELECT) {
        print_select(out, &node->select);
    } else if (node->op == IR_RESULT) {
        strbuf_addf(out, " %d", node->result);
    } else if (node->op == IR_CLAMP || node->op == IR_INSIDE) {
        strbuf_addf(out, " %.17g %.17g", node->range[0], node->range[1]);
    }
}

static void print_node(struct printer *p, const struct ir_node *node, const int *number)
{
    strbuf_addf(p->out, "  %%%d = %s", number[node->id], ir_op_name(node->op));
    if (node->op == IR_STEPS) {
        print_steps(p, node, number);
        strbuf_addf(p->out, " : %s\n", ir_rate_name(node->rate));
        return;
    }
    print_attributes(p->out, node);
    print_operands(p->out, node, number, 0, node->n_args);
    strbuf_addf(p->out, " : %s ", ir_rate_name(node->rate));
    print_list(p->out, node->shape.rank, node->shape.size);
    strbuf_add(p->out, "\n");
}

/* ---- graphs -------------------------------------------------------------------------------------------- */

static bool name_is_taken(const struct printer *p, const char *name)
{
    for (const struct named *n = p->printed; n; n = n->next)
        if (strcmp(n->name, name) == 0)
            return true;
    return strcmp(p->reserved, name) == 0;
}

static bool is_printed(const struct printer *p, const struct ir_graph *graph)
{
    const struct named *n = p->printed;
    while (n && n->graph != graph)
        n = n->next;
    return n != NULL;
}

/* Its own name, if need be followed by .2, .3, ... */
static const char *free_name(const struct printer *p, const struct ir_graph *graph)
{
    const char *name = graph->name;
    for (int i = 2; name_is_taken(p, name); i++)
        name = arena_printf(p->arena, "%s.%d", graph->name, i);
    return name;
}

/* Inputs belong to the text even where nothing reads them. */
static bool *printed_nodes(const struct ir_graph *graph, struct arena *arena)
{
    bool *needed = ARENA_ARRAY(arena, bool, (size_t)graph->n_nodes);
    ir_mark_needed(graph, needed);
    for (int i = 0; i < graph->n_inputs; i++)
        needed[graph->inputs[i]->id] = true;
    return needed;
}

static void print_graph(struct printer *p, const struct ir_graph *graph, const char *name);

static void print_bodies(struct printer *p, const struct ir_graph *graph, const bool *needed)
{
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (!needed[id] || node->op != IR_STEPS || is_printed(p, node->steps->body))
            continue;
        print_graph(p, node->steps->body, NULL);
        strbuf_add(p->out, "\n");
    }
}

static void print_nodes(struct printer *p, const struct ir_graph *graph, const bool *needed)
{
    int *number = ARENA_ARRAY(p->arena, int, (size_t)graph->n_nodes);
    int count = 0;
    for (int id = 0; id < graph->n_nodes; id++) {
        if (!needed[id])
            continue;
        number[id] = count++;
        print_node(p, graph->nodes[id], number);
    }
    for (int i = 0; i < graph->n_outputs; i++) {
        strbuf_add(p->out, "  output ");
        print_string(p->out, graph->outputs[i].name);
        strbuf_addf(p->out, " %%%d\n", number[graph->outputs[i].value->id]);
    }
}

/* name NULL: one that no other graph of the text has. */
static void print_graph(struct printer *p, const struct ir_graph *graph, const char *name)
{
    const bool *needed = printed_nodes(graph, p->arena);
    print_bodies(p, graph, needed);
    struct named *entry = ARENA_NEW(p->arena, struct named);
    *entry = (struct named){.graph = graph, .name = name ? name : free_name(p, graph), .next = p->printed};
    p->printed = entry;
    strbuf_add(p->out, "graph ");
    print_name(p->out, entry->name);
    strbuf_add(p->out, " {\n");
    print_nodes(p, graph, needed);
    strbuf_add(p->out, "}\n");
}

void ir_print(const struct ir_graph *graph, struct strbuf *out)
{
    struct printer p = {.arena = out->arena, .out = out, .reserved = graph->name};
    print_graph(&p, graph, graph->name);
}
