/* SPDX-License-Identifier: MIT
 *
 * Graphs, their inputs and outputs, and the hash table that makes equal nodes one node. Takes drafts of nodes
 * from the constructors, gives nodes in the arena. Simplifies nothing: that is the constructors' work. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <string.h>

struct ir_table {
    const struct ir_node **slot; /* room entries, NULL: free; open addressing */
    uint64_t *hash;
    size_t room; /* a power of two, at least twice the number of nodes */
};

struct ir_graph *ir_graph_new(struct arena *arena, const char *name)
{
    struct ir_graph *graph = ARENA_NEW(arena, struct ir_graph);
    graph->arena = arena;
    graph->name = arena_strdup(arena, name);
    graph->table = ARENA_NEW(arena, struct ir_table);
    return graph;
}

/* ---- equality and hash of nodes ------------------------------------------------------------------------ */

static bool same_bytes(const void *a, const void *b, size_t bytes)
{
    return bytes == 0 || memcmp(a, b, bytes) == 0;
}

/* By bits, so that NaN equals itself. */
static bool same_number(double a, double b)
{
    return same_bytes(&a, &b, sizeof a);
}

static size_t value_bytes(const struct ir_node *node)
{
    return (size_t)ir_elements(node->shape) * sizeof *node->values;
}

static size_t label_bytes(const struct ir_node *node)
{
    return (size_t)node->n_args * sizeof *node->ein.labels;
}

static bool same_operands(const struct ir_node *a, const struct ir_node *b)
{
    return a->op == b->op && ir_shape_equal(a->shape, b->shape) && a->n_args == b->n_args &&
           same_bytes(a->args, b->args, (size_t)a->n_args * sizeof(void *));
}

bool ir_same_form(const struct ir_node *a, const struct ir_node *b)
{
    return same_operands(a, b) && a->ein.n_labels == b->ein.n_labels &&
           same_bytes(a->ein.labels, b->ein.labels, label_bytes(a));
}

static bool same_entries(const struct ir_select *a, const struct ir_select *b)
{
    for (int i = 0; i < a->n_entries; i++) {
        const struct ir_entry p = a->entries[i], q = b->entries[i];
        if (p.row != q.row || p.column != q.column || !same_number(p.value, q.value))
            return false;
    }
    return true;
}

static bool same_select(const struct ir_select *a, const struct ir_select *b)
{
    return a->axis == b->axis && a->n_lead == b->n_lead && a->n_entries == b->n_entries &&
           same_bytes(a->lead, b->lead, (size_t)a->n_lead * sizeof *a->lead) && same_entries(a, b);
}

static bool same_steps(const struct ir_steps *a, const struct ir_steps *b)
{
    return a->body == b->body && a->count == b->count && a->backward == b->backward &&
           a->limited == b->limited && a->n_carry == b->n_carry && a->n_sequence == b->n_sequence &&
           a->n_capture == b->n_capture && a->n_stack == b->n_stack && a->n_sum == b->n_sum;
}

static bool same_node(const struct ir_node *a, const struct ir_node *b)
{
    if (!same_operands(a, b))
        return false;
    if (a->op == IR_INPUT)
        return strcmp(a->input.name, b->input.name) == 0;
    if (a->op == IR_CONST)
        return same_bytes(a->values, b->values, value_bytes(a));
    if (a->op == IR_EIN)
        return same_number(a->ein.coefficient, b->ein.coefficient) && ir_same_form(a, b);
    if (a->op == IR_SELECT)
        return same_select(&a->select, &b->select);
    if (a->op == IR_STEPS)
        return same_steps(a->steps, b->steps);
    if (a->op == IR_RESULT)
        return a->result == b->result;
    if (a->op == IR_CLAMP || a->op == IR_INSIDE)
        return same_number(a->range[0], b->range[0]) && same_number(a->range[1], b->range[1]);
    return true;
}

static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
    return bytes == 0 ? hash : hash_bytes(data, bytes, hash);
}

static uint64_t hash_entries(const struct ir_select *select, uint64_t hash)
{
    for (int i = 0; i < select->n_entries; i++) {
        const struct ir_entry *e = &select->entries[i];
        const double key[3] = {e->row, e->column, e->value};
        hash = mix(hash, key, sizeof key);
    }
    return hash;
}

static uint64_t hash_attributes(const struct ir_node *node, uint64_t hash)
{
    if (node->op == IR_INPUT)
        return mix(hash, node->input.name, strlen(node->input.name));
    if (node->op == IR_CONST)
        return mix(hash, node->values, value_bytes(node));
    if (node->op == IR_EIN) {
        hash = mix(hash, &node->ein.coefficient, sizeof node->ein.coefficient);
        return mix(hash, node->ein.labels, label_bytes(node));
    }
    if (node->op == IR_SELECT)
        return hash_entries(&node->select, mix(hash, &node->select.axis, sizeof node->select.axis));
    if (node->op == IR_STEPS)
        return mix(hash, &node->steps->count, sizeof node->steps->count);
    if (node->op == IR_RESULT)
        return mix(hash, &node->result, sizeof node->result);
    if (node->op == IR_CLAMP || node->op == IR_INSIDE)
        return mix(hash, node->range, sizeof node->range);
    return hash;
}

/* Operands count by id, not by address, so that the table behaves the same in every run. */
static uint64_t hash_node(const struct ir_node *node)
{
    const int head[2] = {(int)node->op, node->n_args};
    uint64_t hash = mix(0, head, sizeof head);
    hash = mix(hash, node->shape.size, sizeof node->shape.size);
    for (int i = 0; i < node->n_args; i++)
        hash = mix(hash, &node->args[i]->id, sizeof node->args[i]->id);
    return hash_attributes(node, hash);
}

/* ---- the table ----------------------------------------------------------------------------------------- */

/* The slot that holds a node equal to `node`, or the free one where it belongs. */
static size_t find_slot(const struct ir_table *table, const struct ir_node *node, uint64_t hash)
{
    size_t at = (size_t)hash & (table->room - 1);
    while (table->slot[at] && (table->hash[at] != hash || !same_node(table->slot[at], node)))
        at = (at + 1) & (table->room - 1);
    return at;
}

static void grow_table(struct ir_graph *graph)
{
    struct ir_table *table = graph->table;
    const struct ir_table old = *table;
    table->room = old.room ? 2 * old.room : 64;
    table->slot = ARENA_ARRAY(graph->arena, const struct ir_node *, table->room);
    table->hash = ARENA_ARRAY(graph->arena, uint64_t, table->room);
    for (size_t i = 0; i < old.room; i++) {
        if (!old.slot[i])
            continue;
        size_t at = (size_t)old.hash[i] & (table->room - 1);
        while (table->slot[at])
            at = (at + 1) & (table->room - 1);
        table->slot[at] = old.slot[i];
        table->hash[at] = old.hash[i];
    }
}

/* Room for one more in a list that has n entries: its size doubles at the powers of two. */
static void *grow_list(struct arena *arena, const void *list, int n, size_t bytes_each)
{
    void *larger = arena_array(arena, n ? 2 * (size_t)n : 8, bytes_each);
    if (n)
        memcpy(larger, list, (size_t)n * bytes_each);
    return larger;
}

static bool list_is_full(int n)
{
    return n == 0 || (n >= 8 && (n & (n - 1)) == 0);
}

static void *arena_copy(struct arena *arena, const void *data, size_t bytes)
{
    if (bytes == 0)
        return NULL;
    void *copy = arena_alloc(arena, bytes);
    memcpy(copy, data, bytes);
    return copy;
}

/* ---- making nodes -------------------------------------------------------------------------------------- */

static void own_attributes(struct arena *arena, struct ir_node *node)
{
    if (node->op == IR_INPUT) {
        node->input.name = arena_strdup(arena, node->input.name);
    } else if (node->op == IR_CONST) {
        node->values = arena_copy(arena, node->values, value_bytes(node));
    } else if (node->op == IR_EIN) {
        node->ein.labels = arena_copy(arena, node->ein.labels, label_bytes(node));
    } else if (node->op == IR_SELECT) {
        const size_t bytes = (size_t)node->select.n_entries * sizeof *node->select.entries;
        node->select.entries = arena_copy(arena, node->select.entries, bytes);
    } else if (node->op == IR_STEPS) {
        node->steps = arena_copy(arena, node->steps, sizeof *node->steps);
    }
}

static const struct ir_node *own(struct ir_graph *graph, const struct ir_node *draft)
{
    struct ir_node *node = ARENA_NEW(graph->arena, struct ir_node);
    *node = *draft;
    node->id = graph->n_nodes;
    node->rate = ir_rate_rule(draft);
    node->args = arena_copy(graph->arena, draft->args, (size_t)draft->n_args * sizeof(void *));
    own_attributes(graph->arena, node);
    if (list_is_full(graph->n_nodes))
        graph->nodes = grow_list(graph->arena, graph->nodes, graph->n_nodes, sizeof *graph->nodes);
    graph->nodes[graph->n_nodes++] = node;
    return node;
}

static void check_operands(const struct ir_graph *graph, const struct ir_node *draft)
{
    for (int i = 0; i < draft->n_args; i++) {
        const struct ir_node *arg = draft->args[i];
        assert(arg->id < graph->n_nodes && graph->nodes[arg->id] == arg && "operand of another graph");
        (void)arg;
    }
    (void)graph;
}

const struct ir_node *ir_intern(struct ir_graph *graph, const struct ir_node *draft)
{
    check_operands(graph, draft);
    assert(ir_shape_is_legal(draft->shape));
    if (2 * ((size_t)graph->n_nodes + 1) > graph->table->room)
        grow_table(graph);
    struct ir_table *table = graph->table;
    const uint64_t hash = hash_node(draft);
    const size_t at = find_slot(table, draft, hash);
    if (!table->slot[at]) {
        table->slot[at] = own(graph, draft);
        table->hash[at] = hash;
    }
    return table->slot[at];
}

const struct ir_node *ir_find(const struct ir_graph *graph, const struct ir_node *draft)
{
    if (graph->table->room == 0)
        return NULL;
    return graph->table->slot[find_slot(graph->table, draft, hash_node(draft))];
}

/* ---- inputs and outputs -------------------------------------------------------------------------------- */

const struct ir_node *ir_input_find(const struct ir_graph *graph, const char *name)
{
    for (int i = 0; i < graph->n_inputs; i++)
        if (strcmp(graph->inputs[i]->input.name, name) == 0)
            return graph->inputs[i];
    return NULL;
}

const struct ir_node *ir_output_find(const struct ir_graph *graph, const char *name)
{
    for (int i = 0; i < graph->n_outputs; i++)
        if (strcmp(graph->outputs[i].name, name) == 0)
            return graph->outputs[i].value;
    return NULL;
}

const struct ir_node *ir_input(struct ir_graph *graph, const char *name, enum ir_role role, enum ir_rate rate,
                               struct ir_shape shape)
{
    assert(!ir_input_find(graph, name) && "two inputs of one name");
    const struct ir_node draft = {
        .op = IR_INPUT, .rate = rate, .shape = shape, .input = {.name = name, .role = role}};
    const struct ir_node *node = ir_intern(graph, &draft);
    if (list_is_full(graph->n_inputs))
        graph->inputs = grow_list(graph->arena, graph->inputs, graph->n_inputs, sizeof *graph->inputs);
    graph->inputs[graph->n_inputs++] = node;
    return node;
}

void ir_output_add(struct ir_graph *graph, const char *name, const struct ir_node *value)
{
    assert(!ir_output_find(graph, name) && "two outputs of one name");
    assert(graph->nodes[value->id] == value && value->op != IR_STEPS);
    if (list_is_full(graph->n_outputs))
        graph->outputs = grow_list(graph->arena, graph->outputs, graph->n_outputs, sizeof *graph->outputs);
    graph->outputs[graph->n_outputs++] =
        (struct ir_output){.name = arena_strdup(graph->arena, name), .value = value};
}

void ir_output_drop(struct ir_graph *graph, const char *name)
{
    int kept = 0;
    for (int i = 0; i < graph->n_outputs; i++)
        if (strcmp(graph->outputs[i].name, name) != 0)
            graph->outputs[kept++] = graph->outputs[i];
    graph->n_outputs = kept;
}
