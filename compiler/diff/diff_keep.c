/* SPDX-License-Identifier: MIT
 *
 * Which values of a loop's body the backward loop finds stored. Takes the body's forward part and which of
 * its values the backward part reads; says for each value whether it is stored, so that the whole is
 * cheapest: a stored element costs `price` operations, what is not stored is computed again, from what is.
 * What the forward loop has no use for is computed only in the backward loop, at no extra cost, and not
 * stored.
 *
 * That is a minimum cut of a network: value v is the edge v_read -> v_made with the capacity of storing it;
 * v_made -> sink has that of computing it; v_made -> a_read, without limit, says that v needs its operand a;
 * the source leads to what the backward part reads. What the source reaches in the end is read, or computed
 * again. */
#include "diff/diff_internal.h"

#include <string.h>

typedef long long capacity;
static const capacity no_limit = 1LL << 60;

struct edge { /* and the one the other way at index ^ 1 */
    int to, next;
    capacity room;
};

struct network {
    int n;
    int *first;     /* by vertex: its list of edges, -1 ends it */
    int *came_from; /* by vertex: the edge by which a search came there, -1: not reached */
    int *queue;
    int n_edges;
    struct edge *edges;
};

enum { SOURCE, SINK, VALUES };

static int read_vertex(const struct ir_node *node)
{
    return VALUES + 2 * node->id;
}

static int made_vertex(const struct ir_node *node)
{
    return VALUES + 2 * node->id + 1;
}

/* ---- the network --------------------------------------------------------------------------------------- */

static void half_edge(struct network *net, int from, int to, capacity room)
{
    net->edges[net->n_edges] = (struct edge){.to = to, .next = net->first[from], .room = room};
    net->first[from] = net->n_edges++;
}

static void add_edge(struct network *net, int from, int to, capacity room)
{
    half_edge(net, from, to, room);
    half_edge(net, to, from, 0);
}

/* Breadth first, so that paths are short. True: the sink is reached. */
static bool search(struct network *net)
{
    int head = 0, tail = 0;
    memset(net->came_from, -1, (size_t)net->n * sizeof *net->came_from);
    net->queue[tail++] = SOURCE;
    while (head < tail) {
        const int from = net->queue[head++];
        for (int e = net->first[from]; e >= 0; e = net->edges[e].next) {
            const int to = net->edges[e].to;
            if (net->edges[e].room == 0 || to == SOURCE || net->came_from[to] >= 0)
                continue;
            net->came_from[to] = e;
            net->queue[tail++] = to;
        }
    }
    return net->came_from[SINK] >= 0;
}

static void send_along_path(struct network *net)
{
    capacity most = no_limit;
    for (int at = SINK; at != SOURCE; at = net->edges[net->came_from[at] ^ 1].to)
        if (most > net->edges[net->came_from[at]].room)
            most = net->edges[net->came_from[at]].room;
    for (int at = SINK; at != SOURCE; at = net->edges[net->came_from[at] ^ 1].to) {
        net->edges[net->came_from[at]].room -= most;
        net->edges[net->came_from[at] ^ 1].room += most;
    }
}

/* ---- what values cost ---------------------------------------------------------------------------------- */

static bool is_carry(const struct ir_node *node)
{
    return node->op == IR_INPUT && node->input.role == IR_CARRY;
}

/* Results of loops inside, so that they run once, and sums over the batch, which wait for all samples. */
static bool is_made_once(const struct ir_node *node)
{
    return node->op == IR_RESULT || node->op == IR_BSUM || is_carry(node);
}

static capacity function_cost(enum ir_op op)
{
    static const capacity cost[IR_OP_COUNT] = {
#define IR_ELEMENTWISE(name, text, flops) [IR_##name] = (capacity)(flops),
#include "ir/ops.def"
    };
    return cost[op];
}

/* Operations of computing a value, a sample; uniform ones are done once for all. */
static capacity cost_of(const struct ir_node *node)
{
    const capacity elements = ir_elements(node->shape);
    if (node->rate != IR_VARYING)
        return 0;
    if (node->op == IR_EIN) {
        capacity products = 1;
        for (int label = 0; label < node->ein.n_labels; label++)
            products *= node->ein.size[label];
        return products;
    }
    if (node->op == IR_LOGDET || node->op == IR_INVERSE)
        return elements * node->args[0]->shape.size[0];
    return ir_op_is_elementwise(node->op) ? elements * function_cost(node->op)
                                          : elements * (node->n_args - 1);
}

static void add_value(struct network *net, const struct ir_node *node, bool is_read, bool is_late,
                      capacity price)
{
    is_late = is_late && !is_made_once(node);
    if (is_read)
        add_edge(net, SOURCE, read_vertex(node), no_limit);
    if (node->op == IR_STEPS || (node->op == IR_INPUT && !is_carry(node)))
        return;
    add_edge(net, read_vertex(node), made_vertex(node),
             is_late ? no_limit : price * ir_elements(node->shape));
    add_edge(net, made_vertex(node), SINK, is_late ? 0 : is_made_once(node) ? no_limit : cost_of(node));
    for (int i = 0; i < node->n_args && !is_made_once(node); i++)
        add_edge(net, made_vertex(node), read_vertex(node->args[i]), no_limit);
}

static struct network *network_of(const struct ir_graph *graph, int n_forward, const bool *read,
                                  const bool *late, capacity price)
{
    struct network *net = ARENA_NEW(graph->arena, struct network);
    size_t edges = 0;
    for (int id = 0; id < n_forward; id++)
        edges += 3 + (size_t)graph->nodes[id]->n_args;
    *net = (struct network){.n = VALUES + 2 * n_forward};
    net->first = ARENA_ARRAY(graph->arena, int, (size_t)net->n);
    net->came_from = ARENA_ARRAY(graph->arena, int, (size_t)net->n);
    net->queue = ARENA_ARRAY(graph->arena, int, (size_t)net->n);
    net->edges = ARENA_ARRAY(graph->arena, struct edge, 2 * edges + 1);
    memset(net->first, -1, (size_t)net->n * sizeof *net->first);
    for (int id = 0; id < n_forward; id++)
        add_value(net, graph->nodes[id], read[id], late[id], price);
    return net;
}

static capacity price_of(enum diff_keep keep)
{
    enum { LEAST = 8, MOST = 1 << 20 }; /* a store, a load, and room in a cache; only the state */
    if (keep == DIFF_KEEP_STATE)
        return MOST;
    return (int)keep < LEAST ? LEAST : (capacity)keep;
}

void diff_choose_kept(const struct ir_graph *graph, int n_forward, const bool *read, const bool *late,
                      enum diff_keep keep, bool *kept)
{
    struct network *net = network_of(graph, n_forward, read, late, price_of(keep));
    while (search(net))
        send_along_path(net);
    for (int id = 0; id < n_forward; id++) {
        const struct ir_node *node = graph->nodes[id];
        const bool is_cut = net->came_from[read_vertex(node)] >= 0 && net->came_from[made_vertex(node)] < 0;
        kept[id] = is_cut && net->first[made_vertex(node)] >= 0;
    }
}
