/* SPDX-License-Identifier: MIT
 *
 * The meaning of the language: an interpreter in double precision over a whole batch. Loops run in lockstep,
 * all samples at once. Every transform and every backend is tested against it, so it is plain rather than
 * fast.
 *
 * Values live in blocks of malloc that a pool lists, and are freed after their last use; when memory runs out
 * all blocks go and the failure is passed on through the graph's arena. */
#include "ir/ir_internal.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory -------------------------------------------------------------------------------------------- */

/* Stands before the data of each block: two pointers, after which any number or pointer is aligned. */
struct block {
    struct block *next, *previous;
};

struct pool {
    struct block head; /* of a ring */
    struct arena *arena;
};

static void pool_release(struct pool *pool, void *data)
{
    (void)pool;
    if (!data)
        return;
    struct block *block = (struct block *)data - 1;
    block->next->previous = block->previous;
    block->previous->next = block->next;
    free(block);
}

/* Frees everything and leaves through the arena; does not come back. */
static void pool_fail(struct pool *pool)
{
    while (pool->head.next != &pool->head)
        pool_release(pool, pool->head.next + 1);
    (void)arena_array(pool->arena, SIZE_MAX, 2);
}

static void *pool_take(struct pool *pool, size_t count, size_t bytes_each)
{
    struct block *block = NULL;
    if (count < (SIZE_MAX - sizeof *block) / bytes_each)
        block = malloc(sizeof *block + count * bytes_each);
    if (!block)
        pool_fail(pool);
    assert(block);
    block->next = pool->head.next;
    block->previous = &pool->head;
    block->next->previous = block;
    pool->head.next = block;
    return block + 1;
}

/* ---- one node ------------------------------------------------------------------------------------------ */

static long copies(const struct ir_node *node, int batch)
{
    return node->rate == IR_VARYING ? batch : 1;
}

static void evaluate_eye(const struct ir_node *node, double *out)
{
    const long n = node->shape.size[0];
    for (long i = 0; i < n * n; i++)
        out[i] = i % (n + 1) == 0;
}

static void evaluate_add(const struct ir_node *node, int batch, const struct ir_array *args, double *out)
{
    const long n = ir_elements(node->shape);
    for (long b = 0; b < copies(node, batch); b++) {
        double *sum = out + b * n;
        for (int k = 0; k < node->n_args; k++) {
            const double *term = args[k].data + (args[k].varying ? b * n : 0);
            for (long i = 0; i < n; i++)
                sum[i] = k ? sum[i] + term[i] : term[i];
        }
    }
}

static long elements_between(struct ir_shape shape, int first, int end)
{
    long n = 1;
    for (int axis = first; axis < end; axis++)
        n *= shape.size[axis];
    return n;
}

static void evaluate_select(const struct ir_node *node, int batch, const double *x, double *out)
{
    const struct ir_select *select = &node->select;
    const struct ir_shape shape = node->args[0]->shape;
    const long inner = elements_between(shape, select->axis + 1, shape.rank);
    const long blocks = elements_between(shape, 0, select->axis) * copies(node, batch);
    const long columns = shape.size[select->axis];
    const long rows = elements_between(node->shape, select->axis, select->axis + select->n_lead);
    memset(out, 0, (size_t)(blocks * rows * inner) * sizeof *out);
    for (long b = 0; b < blocks; b++) {
        for (int k = 0; k < select->n_entries; k++) {
            const struct ir_entry e = select->entries[k];
            const double *from = x + (b * columns + e.column) * inner;
            double *to = out + (b * rows + e.row) * inner;
            for (long i = 0; i < inner; i++)
                to[i] += e.value * from[i];
        }
    }
}

static void evaluate_bsum(const struct ir_node *node, int batch, const double *x, double *out)
{
    const long n = ir_elements(node->shape);
    memset(out, 0, (size_t)n * sizeof *out);
    for (long b = 0; b < batch; b++)
        for (long i = 0; i < n; i++)
            out[i] += x[b * n + i];
}

bool ir_evaluate_node(const struct ir_node *node, int batch, const struct ir_array *args, double *out)
{
    const long n = ir_elements(node->shape) * copies(node, batch);
    if (node->op == IR_EIN)
        return ir_evaluate_ein(node, batch, args, out);
    if (node->op == IR_LOGDET || node->op == IR_INVERSE)
        return ir_evaluate_matrix(node, copies(node, batch), args[0].data, out);
    if (node->op == IR_CONST)
        memcpy(out, node->values, (size_t)n * sizeof *out);
    else if (node->op == IR_EYE)
        evaluate_eye(node, out);
    else if (node->op == IR_ADD)
        evaluate_add(node, batch, args, out);
    else if (node->op == IR_SELECT)
        evaluate_select(node, batch, args[0].data, out);
    else if (node->op == IR_BSUM)
        evaluate_bsum(node, batch, args[0].data, out);
    else
        ir_evaluate_function(node, n, args[0].data, out);
    return true;
}

/* ---- one graph ----------------------------------------------------------------------------------------- */

/* What does not change between runs of a graph. */
struct plan {
    const struct ir_graph *graph;
    bool *needed;
    int *last_use; /* id of the last node that reads this one; INT_MAX: kept to the end */
    int most_operands;
};

struct value {
    double *data;     /* of most nodes */
    double **results; /* of a loop */
    bool owned;       /* false: inputs, which are the caller's, and results, which are their loop's */
};

struct frame {
    struct pool *pool;
    const struct plan *plan;
    int batch;
    const double *const *in; /* by input */
    struct value *values;    /* by id */
    struct ir_array *args;
};

/* A result is memory of its loop, so reading the one keeps the other. */
static void note_uses(struct plan *plan, const struct ir_node *node)
{
    const int use = node->op == IR_RESULT ? plan->last_use[node->id] : node->id;
    for (int i = 0; i < node->n_args; i++) {
        int *last = &plan->last_use[node->args[i]->id];
        if (use > *last)
            *last = use;
    }
    if (node->n_args > plan->most_operands)
        plan->most_operands = node->n_args;
}

static void plan_make(struct pool *pool, struct plan *plan, const struct ir_graph *graph)
{
    const size_t n = (size_t)graph->n_nodes;
    *plan = (struct plan){.graph = graph};
    plan->needed = pool_take(pool, n, sizeof *plan->needed);
    plan->last_use = pool_take(pool, n, sizeof *plan->last_use);
    ir_mark_needed(graph, plan->needed);
    for (size_t i = 0; i < n; i++)
        plan->last_use[i] = -1;
    for (int i = 0; i < graph->n_outputs; i++)
        plan->last_use[graph->outputs[i].value->id] = INT_MAX;
    for (int id = graph->n_nodes - 1; id >= 0; id--)
        if (plan->needed[id])
            note_uses(plan, graph->nodes[id]);
}

static void plan_release(struct pool *pool, struct plan *plan)
{
    pool_release(pool, plan->needed);
    pool_release(pool, plan->last_use);
}

static void value_release(const struct frame *frame, const struct ir_node *node)
{
    struct value *value = &frame->values[node->id];
    if (value->owned && value->results) {
        for (int i = 0; i < ir_result_count(node); i++)
            pool_release(frame->pool, value->results[i]);
        pool_release(frame->pool, value->results);
    } else if (value->owned) {
        pool_release(frame->pool, value->data);
    }
    *value = (struct value){.data = NULL};
}

static void release_after(const struct frame *frame, const struct ir_node *node, int use)
{
    if (frame->plan->last_use[node->id] != use)
        return;
    value_release(frame, node);
    if (node->op == IR_RESULT)
        release_after(frame, node->args[0], use);
}

static void evaluate_steps(const struct frame *frame, const struct ir_node *node);

static void evaluate(const struct frame *frame, const struct ir_node *node)
{
    struct value *value = &frame->values[node->id];
    if (node->op == IR_STEPS) {
        evaluate_steps(frame, node);
        return;
    }
    if (node->op == IR_RESULT) {
        value->data = frame->values[node->args[0]->id].results[node->result];
        return;
    }
    const long n = ir_elements(node->shape) * copies(node, frame->batch);
    value->data = pool_take(frame->pool, (size_t)n, sizeof *value->data);
    value->owned = true;
    for (int i = 0; i < node->n_args; i++) {
        const struct ir_node *arg = node->args[i];
        frame->args[i] = (struct ir_array){frame->values[arg->id].data, arg->rate == IR_VARYING};
    }
    if (!ir_evaluate_node(node, frame->batch, frame->args, value->data))
        pool_fail(frame->pool);
}

static void run_nodes(const struct frame *frame)
{
    const struct ir_graph *graph = frame->plan->graph;
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_node *node = graph->nodes[id];
        if (!frame->plan->needed[id] || node->op == IR_INPUT)
            continue;
        evaluate(frame, node);
        for (int i = 0; i < node->n_args; i++)
            release_after(frame, node->args[i], id);
    }
}

/* out[i] is laid out by the rate of the graph's i-th output. */
static void run(struct pool *pool, const struct plan *plan, int batch, const double *const *in,
                double *const *out)
{
    const struct ir_graph *graph = plan->graph;
    struct frame frame = {.pool = pool, .plan = plan, .batch = batch, .in = in};
    frame.values = pool_take(pool, (size_t)graph->n_nodes, sizeof *frame.values);
    frame.args = pool_take(pool, (size_t)plan->most_operands, sizeof *frame.args);
    memset(frame.values, 0, (size_t)graph->n_nodes * sizeof *frame.values);
    for (int i = 0; i < graph->n_inputs; i++)
        frame.values[graph->inputs[i]->id].data = (double *)(uintptr_t)in[i]; /* only read: not owned */
    run_nodes(&frame);
    for (int i = 0; i < graph->n_outputs; i++) {
        const struct ir_node *value = graph->outputs[i].value;
        const long n = ir_elements(value->shape) * copies(value, batch);
        memcpy(out[i], frame.values[value->id].data, (size_t)n * sizeof **out);
    }
    for (int id = 0; id < graph->n_nodes; id++)
        value_release(&frame, graph->nodes[id]);
    pool_release(pool, frame.args);
    pool_release(pool, frame.values);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

struct loop {
    const struct frame *outer;
    const struct ir_node *node;
    const struct ir_steps *steps;
    const struct ir_graph *body;
    double **in;  /* what the body reads: buffers of its inputs' shape and rate */
    double **out; /* what it writes: buffers of its outputs' shape and rate     */
    double **results;
    int rounds;
};

static int rounds_of(const struct frame *frame, const struct ir_steps *steps)
{
    if (!steps->limited)
        return steps->count;
    const struct ir_graph *graph = frame->plan->graph;
    int which = 0, rounds = 0;
    while (graph->inputs[which] != ir_limit(graph))
        which++;
    while (rounds < steps->count && rounds + 0.5 <= frame->in[which][0])
        rounds++;
    return rounds;
}

static long size_of(const struct loop *loop, const struct ir_node *node)
{
    return ir_elements(node->shape) * copies(node, loop->outer->batch);
}

/* Copies n numbers a sample from an array whose samples lie `stride` apart (0: one for all) to a buffer of
 * `to`. */
static void gather(const struct loop *loop, const struct ir_node *to, double *buffer, const double *from,
                   long stride)
{
    const long n = ir_elements(to->shape);
    for (long b = 0; b < copies(to, loop->outer->batch); b++)
        memcpy(buffer + b * n, from + b * stride, (size_t)n * sizeof *buffer);
}

static long sample_stride(const struct ir_node *node)
{
    return node->rate == IR_VARYING ? ir_elements(node->shape) : 0;
}

static void load_operand(const struct loop *loop, int i, const double *data)
{
    gather(loop, loop->body->inputs[i], loop->in[i], data, sample_stride(loop->node->args[i]));
}

static const double *operand_data(const struct loop *loop, int i)
{
    return loop->outer->values[loop->node->args[i]->id].data;
}

/* Carries and captures are loaded before the loop; sequences in each iteration. */
static bool is_sequence(const struct loop *loop, int i)
{
    return i >= loop->steps->n_carry && i < loop->steps->n_carry + loop->steps->n_sequence;
}

static void loop_make(struct loop *loop)
{
    struct pool *pool = loop->outer->pool;
    const struct ir_graph *body = loop->body;
    loop->in = pool_take(pool, (size_t)body->n_inputs, sizeof *loop->in);
    loop->out = pool_take(pool, (size_t)body->n_outputs, sizeof *loop->out);
    loop->results = pool_take(pool, (size_t)body->n_outputs, sizeof *loop->results);
    for (int i = 0; i < body->n_inputs; i++) {
        loop->in[i] = pool_take(pool, (size_t)size_of(loop, body->inputs[i]), sizeof **loop->in);
        if (!is_sequence(loop, i))
            load_operand(loop, i, operand_data(loop, i));
    }
    for (int i = 0; i < body->n_outputs; i++) {
        const long n = size_of(loop, body->outputs[i].value);
        const enum ir_result_kind kind = ir_result_kind(loop->steps, i);
        const size_t size = (size_t)(kind == IR_RESULT_STACK ? n * loop->steps->count : n);
        loop->out[i] = pool_take(pool, (size_t)n, sizeof **loop->out);
        loop->results[i] = kind == IR_RESULT_CARRY ? NULL : pool_take(pool, size, sizeof **loop->out);
        if (kind != IR_RESULT_CARRY)
            memset(loop->results[i], 0, size * sizeof **loop->out);
    }
}

static void load_sequences(const struct loop *loop, int k)
{
    for (int i = 0; i < loop->body->n_inputs; i++)
        if (is_sequence(loop, i))
            load_operand(loop, i, operand_data(loop, i) + k * ir_elements(loop->body->inputs[i]->shape));
}

static void store_stack(const struct loop *loop, int i, int k)
{
    const struct ir_node *value = loop->body->outputs[i].value;
    const long n = ir_elements(value->shape);
    for (long b = 0; b < copies(value, loop->outer->batch); b++)
        memcpy(loop->results[i] + (b * loop->steps->count + k) * n, loop->out[i] + b * n,
               (size_t)n * sizeof **loop->out);
}

static void store_outputs(const struct loop *loop, int k)
{
    for (int i = 0; i < loop->body->n_outputs; i++) {
        const struct ir_node *value = loop->body->outputs[i].value;
        const enum ir_result_kind kind = ir_result_kind(loop->steps, i);
        if (kind == IR_RESULT_CARRY)
            gather(loop, loop->body->inputs[i], loop->in[i], loop->out[i], sample_stride(value));
        else if (kind == IR_RESULT_STACK)
            store_stack(loop, i, k);
        else
            for (long e = 0; e < size_of(loop, value); e++)
                loop->results[i][e] += loop->out[i][e];
    }
}

/* The buffers of the carries become results; the rest goes. */
static void loop_finish(struct loop *loop)
{
    struct pool *pool = loop->outer->pool;
    for (int i = 0; i < loop->body->n_inputs; i++) {
        if (i < loop->steps->n_carry)
            loop->results[i] = loop->in[i];
        else
            pool_release(pool, loop->in[i]);
    }
    for (int i = 0; i < loop->body->n_outputs; i++)
        pool_release(pool, loop->out[i]);
    pool_release(pool, loop->in);
    pool_release(pool, loop->out);
    loop->outer->values[loop->node->id] = (struct value){.results = loop->results, .owned = true};
}

static void evaluate_steps(const struct frame *frame, const struct ir_node *node)
{
    struct loop loop = {.outer = frame, .node = node, .steps = node->steps, .body = node->steps->body};
    struct plan plan;
    loop.rounds = rounds_of(frame, loop.steps);
    plan_make(frame->pool, &plan, loop.body);
    loop_make(&loop);
    for (int i = 0; i < loop.rounds; i++) {
        const int k = loop.steps->backward ? loop.rounds - 1 - i : i;
        load_sequences(&loop, k);
        run(frame->pool, &plan, frame->batch, (const double *const *)loop.in, loop.out);
        store_outputs(&loop, k);
    }
    loop_finish(&loop);
    plan_release(frame->pool, &plan);
}

void ir_eval(const struct ir_graph *graph, int batch, const double *const *in, double *const *out)
{
    assert(batch > 0);
    struct pool pool = {.head = {.next = &pool.head, .previous = &pool.head}, .arena = graph->arena};
    struct plan plan;
    plan_make(&pool, &plan, graph);
    run(&pool, &plan, batch, in, out);
    plan_release(&pool, &plan);
}
