/* SPDX-License-Identifier: MIT
 *
 * See random_program.h. A program grows by a pool of values: each step takes some at random, makes one more,
 * and notes a bound on its size, by which the next one is scaled. */
#include "random_program.h"

#include "draw.h"

#include <math.h>
#include <string.h>

enum {
    POOL = 256,
    MAX_EXTENT = 4,
    MAX_ELEMENTS = 128, /* of a value */
    MAX_WORK = 20000,   /* of an `ein` over all its labels */
    MAX_NESTING = 2,
};

struct value {
    const struct ir_node *node;
    double bound; /* |value| is at most this, for inputs in [-1,1] */
};

struct maker {
    struct ir_graph *graph;
    uint64_t *state; /* of the random numbers */
    const struct random_options *options;
    int nesting;
    int n;
    struct value pool[POOL];
};

/* ---- random numbers ------------------------------------------------------------------------------------ */

static int below(struct maker *m, int n)
{
    return (int)(draw_bits(m->state) % (unsigned)n);
}

static double between(uint64_t *state, double low, double high)
{
    return low + (high - low) * draw_uniform(state);
}

static bool chance(struct maker *m, int percent)
{
    return below(m, 100) < percent;
}

/* ---- the pool ------------------------------------------------------------------------------------------ */

/* What has grown too large is scaled down, mostly by a power of two. */
static void put(struct maker *m, const struct ir_node *node, double bound)
{
    if (bound > 2) {
        const double factor = exp2(-ceil(log2(bound))) * (chance(m, 50) ? 1 : -1.5);
        node = ir_scale(m->graph, factor, node);
        bound *= fabs(factor);
    }
    if (m->n < POOL)
        m->pool[m->n++] = (struct value){node, bound};
}

/* Later values more often. */
static struct value pick(struct maker *m)
{
    const int a = below(m, m->n), b = below(m, m->n);
    return m->pool[a > b ? a : b];
}

static struct ir_shape random_shape(struct maker *m)
{
    struct ir_shape shape = {.rank = below(m, 3)};
    for (int i = 0; i < shape.rank; i++)
        shape.size[i] = 1 + below(m, MAX_EXTENT);
    return shape;
}

static double random_factor(struct maker *m)
{
    static const double plain[4] = {1, 1, -1, 0.5};
    return chance(m, 60) ? plain[below(m, 4)] : between(m->state, -1.5, 1.5);
}

/* ---- leaves -------------------------------------------------------------------------------------------- */

static void make_inputs(struct maker *m)
{
    static const struct {
        const char *name;
        enum ir_role role;
        enum ir_rate rate;
        int rank;
    } inputs[] = {
        {"x", IR_SAMPLE, IR_VARYING, 1},    {"z", IR_SAMPLE, IR_VARYING, 2},
        {"e", IR_NOISE, IR_VARYING, 1},     {"W", IR_PARAMETER, IR_UNIFORM, 2},
        {"b", IR_PARAMETER, IR_UNIFORM, 1}, {"V", IR_PARAMETER, IR_UNIFORM, 3},
        {"t", IR_SETTING, IR_UNIFORM, 0},
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct ir_shape shape = {.rank = inputs[i].rank};
        for (int axis = 0; axis < shape.rank; axis++)
            shape.size[axis] = 1 + below(m, MAX_EXTENT);
        put(m, ir_input(m->graph, inputs[i].name, inputs[i].role, inputs[i].rate, shape), 1);
    }
}

static void make_const(struct maker *m)
{
    const struct ir_shape shape = random_shape(m);
    double values[MAX_EXTENT * MAX_EXTENT];
    const bool sparse = chance(m, 50);
    for (int i = 0; i < MAX_EXTENT * MAX_EXTENT; i++)
        values[i] = sparse ? below(m, 2) : between(m->state, -1, 1);
    put(m, ir_const(m->graph, shape, values), 1);
}

static void make_plain(struct maker *m)
{
    if (chance(m, 50))
        put(m, ir_eye(m->graph, 1 + below(m, MAX_EXTENT)), 1);
    else
        put(m, ir_fill(m->graph, below(m, 3) - 1, random_shape(m)), 1);
}

/* ---- ein ----------------------------------------------------------------------------------------------- */

struct product {
    int n_args;
    const struct ir_node *args[4];
    unsigned char labels[4][IR_MAX_RANK];
    int n_labels;
    int size[2 * IR_MAX_LABELS];
    int n_out;
    unsigned char out[IR_MAX_RANK];
    double bound;
};

/* A label that has this extent, or a new one. */
static int random_label(struct maker *m, struct product *p, int extent)
{
    const int start = p->n_labels > 0 ? below(m, p->n_labels) : 0;
    for (int i = 0; i < p->n_labels; i++) {
        const int label = (start + i) % p->n_labels;
        if (p->size[label] == extent && chance(m, 70))
            return label;
    }
    p->size[p->n_labels] = extent;
    return p->n_labels++;
}

static void random_operands(struct maker *m, struct product *p)
{
    p->n_args = 1 + below(m, 4) % 3;
    for (int k = 0; k < p->n_args; k++) {
        const struct value v = pick(m);
        p->args[k] = v.node;
        p->bound *= v.bound;
        for (int axis = 0; axis < v.node->shape.rank; axis++)
            p->labels[k][axis] = (unsigned char)random_label(m, p, v.node->shape.size[axis]);
    }
}

/* Labels of the result in random order; what is left is summed. Rarely one that no operand has. */
static void random_result(struct maker *m, struct product *p)
{
    if (chance(m, 15)) {
        p->size[p->n_labels] = 1 + below(m, MAX_EXTENT);
        p->out[p->n_out++] = (unsigned char)p->n_labels++;
    }
    unsigned char order[2 * IR_MAX_LABELS];
    for (int i = 0; i < p->n_labels; i++) {
        const int at = below(m, i + 1);
        order[i] = order[at];
        order[at] = (unsigned char)i;
    }
    for (int i = 0; i < p->n_labels && p->n_out < 3; i++)
        if ((p->n_out == 0 || order[i] != p->out[0]) && chance(m, 60))
            p->out[p->n_out++] = order[i];
}

static bool is_modest(const struct product *p)
{
    double work = 1, elements = 1;
    for (int label = 0; label < p->n_labels; label++)
        work *= p->size[label];
    for (int i = 0; i < p->n_out; i++)
        elements *= p->size[p->out[i]];
    return work <= MAX_WORK && elements <= MAX_ELEMENTS && p->n_labels <= IR_MAX_LABELS;
}

static void make_ein(struct maker *m)
{
    struct product p = {.bound = 1};
    random_operands(m, &p);
    random_result(m, &p);
    if (!is_modest(&p))
        return;
    double summed = 1;
    for (int label = 0; label < p.n_labels; label++)
        if (!memchr(p.out, label, (size_t)p.n_out))
            summed *= p.size[label];
    double factor = random_factor(m);
    if (summed * p.bound > 4)
        factor /= summed;
    const struct ir_node *node =
        ir_ein_labels(m->graph, factor, p.n_args, p.args, (const unsigned char(*)[IR_MAX_RANK])p.labels,
                      p.n_out, p.out, p.size);
    put(m, node, fabs(factor) * summed * p.bound);
}

/* A value of the wanted shape, whatever the shape of x: its mean, spread out, unless the shape is right
 * already. */
static const struct ir_node *fit(struct maker *m, struct value x, struct ir_shape shape)
{
    static const unsigned char out[IR_MAX_RANK] = {6, 7, 8, 9, 10, 11};
    static const unsigned char labels[1][IR_MAX_RANK] = {{0, 1, 2, 3, 4, 5}};
    if (ir_shape_equal(x.node->shape, shape))
        return x.node;
    int size[2 * IR_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++)
        size[out[i]] = shape.size[i];
    return ir_ein_labels(m->graph, 1.0 / (double)ir_elements(x.node->shape), 1, &x.node, labels, shape.rank,
                         out, size);
}

/* ---- sums, functions, choices -------------------------------------------------------------------------- */

static void make_add(struct maker *m)
{
    const struct ir_node *terms[4];
    const int n = 2 + below(m, 3);
    const struct ir_shape shape = pick(m).node->shape;
    double bound = 0;
    for (int i = 0; i < n; i++) {
        const struct value x = pick(m);
        const double factor = random_factor(m);
        terms[i] = ir_scale(m->graph, factor, fit(m, x, shape));
        bound += fabs(factor) * x.bound;
    }
    put(m, ir_add(m->graph, n, terms), bound);
}

/* x + bound + 1/2 is at least 1/2 */
static const struct ir_node *positive(struct maker *m, struct value x)
{
    return ir_add2(m->graph, x.node, ir_fill(m->graph, x.bound + 0.5, x.node->shape));
}

static void make_positive_function(struct maker *m, enum ir_op op)
{
    const struct value x = pick(m);
    const double most = 2 * x.bound + 0.5;
    const double bound = op == IR_SQRT ? sqrt(most) : op == IR_LOG ? fmax(0.7, log(most)) : 2;
    put(m, ir_unary(m->graph, op, positive(m, x)), bound);
}

static void make_function(struct maker *m)
{
    static const enum ir_op bounded[5] = {IR_TANH, IR_SIN, IR_COS, IR_ERF, IR_SIGMOID};
    static const enum ir_op positive_only[3] = {IR_LOG, IR_SQRT, IR_RECIP};
    const struct value x = pick(m);
    const int kind = below(m, 10);
    if (kind < 5)
        put(m, ir_unary(m->graph, bounded[kind], x.node), 1);
    else if (kind == 5)
        put(m, ir_unary(m->graph, IR_EXP, x.node), exp(x.bound));
    else if (kind == 6)
        put(m, ir_unary(m->graph, IR_SOFTPLUS, x.node), 1 + x.bound);
    else if (kind == 7)
        put(m, ir_unary(m->graph, IR_ERFINV, ir_scale(m->graph, 0.8 / fmax(1, x.bound), x.node)), 1);
    else
        make_positive_function(m, positive_only[below(m, 3)]);
}

static void make_kink(struct maker *m)
{
    const struct value x = pick(m);
    const double low = between(m->state, -0.6, 0), high = between(m->state, 0, 0.6);
    if (chance(m, 60))
        put(m, ir_clamp(m->graph, x.node, low, high), 0.6);
    else
        put(m, ir_inside(m->graph, x.node, low, high), 1);
}

/* 1 + c sum_k b_ik b_jk, with eigenvalues from 1 up. */
static const struct ir_node *positive_matrix(struct maker *m, double *bound)
{
    static const unsigned char labels[2][IR_MAX_RANK] = {{0, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 5, 6}};
    const struct value x = pick(m);
    const struct ir_shape square = ir_shape_of(2, 1 + below(m, MAX_EXTENT), 1 + below(m, MAX_EXTENT));
    const struct ir_node *b = x.node->shape.rank > 0 ? x.node : fit(m, x, square);
    const struct ir_node *const args[2] = {b, b};
    const double factor = between(m->state, 0.2, 1.5);
    *bound = 1 + factor * (double)ir_elements(b->shape) * x.bound * x.bound;
    return ir_add2(m->graph, ir_eye(m->graph, b->shape.size[0]),
                   ir_ein_labels(m->graph, factor, 2, args, labels, 2, (const unsigned char[]){0, 1}, NULL));
}

static void make_matrix_function(struct maker *m)
{
    double bound;
    const struct ir_node *matrix = positive_matrix(m, &bound);
    if (chance(m, 50))
        put(m, ir_logdet(m->graph, matrix), matrix->shape.size[0] * log(bound));
    else
        put(m, ir_inverse(m->graph, matrix), 1);
}

static void make_hold(struct maker *m)
{
    const struct value x = pick(m);
    put(m, ir_unary(m->graph, IR_HOLD, x.node), x.bound);
}

/* An axis in two, or backwards. */
static void make_even_steps(struct maker *m, struct value x, int axis, bool in_two)
{
    const int n = x.node->shape.size[axis], half = in_two && n % 2 == 0 ? 2 : 1, lead[2] = {half, n / half};
    const double factor = chance(m, 70) ? 1 : -0.75;
    struct ir_entry entries[MAX_EXTENT];
    for (int i = 0; i < n && n <= MAX_EXTENT; i++)
        entries[i] = (struct ir_entry){i, in_two ? i : n - 1 - i, factor};
    if (n <= MAX_EXTENT && x.node->shape.rank < IR_MAX_RANK - 1)
        put(m, ir_select(m->graph, x.node, axis, 2, lead, n, entries), x.bound);
}

/* A value and its sine put together along one axis, with or without a common row. */
static void make_parts(struct maker *m, struct value x, int axis)
{
    const int n = x.node->shape.size[axis], rows = 2 * n - below(m, 2);
    struct ir_entry entries[2][MAX_EXTENT];
    if (n > MAX_EXTENT)
        return;
    for (int i = 0; i < n; i++) {
        entries[0][i] = (struct ir_entry){i, i, 1};
        entries[1][i] = (struct ir_entry){rows - n + i, i, random_factor(m)};
    }
    const struct ir_node *sine = ir_unary(m->graph, IR_SIN, x.node);
    put(m,
        ir_add2(m->graph, ir_select(m->graph, x.node, axis, 1, &rows, n, entries[0]),
                ir_select(m->graph, sine, axis, 1, &rows, n, entries[1])),
        x.bound + 1.5);
}

static void make_slice(struct maker *m, struct value x, int axis)
{
    const int extent = x.node->shape.size[axis];
    const int first = below(m, extent), count = 1 + below(m, extent - first), kind = below(m, 4);
    if (kind == 0)
        put(m, ir_pick(m->graph, x.node, axis, first), x.bound);
    else if (kind == 1)
        put(m, ir_slice(m->graph, x.node, axis, first, count), x.bound);
    else
        make_even_steps(m, x, axis, kind == 2);
}

static void make_select(struct maker *m)
{
    const struct value x = pick(m);
    if (x.node->shape.rank == 0)
        return;
    const int axis = below(m, x.node->shape.rank), n_lead = below(m, 3), extent = x.node->shape.size[axis];
    if (chance(m, 40) || x.node->shape.rank + n_lead > 4) {
        make_slice(m, x, axis);
        return;
    }
    if (chance(m, 20)) {
        make_parts(m, x, axis);
        return;
    }
    int lead[2] = {0}, rows = 1;
    for (int i = 0; i < n_lead; i++)
        rows *= lead[i] = 1 + below(m, MAX_EXTENT);
    struct ir_entry entries[12];
    const int n = below(m, 12);
    double bound = 0;
    for (int i = 0; i < n; i++) {
        entries[i] = (struct ir_entry){below(m, rows), below(m, extent), random_factor(m)};
        bound += fabs(entries[i].value) * x.bound;
    }
    put(m, ir_select(m->graph, x.node, axis, n_lead, lead, n, entries), bound);
}

/* The bound of a batch sum depends on the batch: a bounded function comes over it. */
static void make_bsum(struct maker *m)
{
    const struct value x = pick(m);
    if (x.node->rate == IR_VARYING)
        put(m, ir_unary(m->graph, IR_TANH, ir_scale(m->graph, 0.25, ir_bsum(m->graph, x.node))), 1);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

struct loop {
    struct ir_steps steps;
    const struct ir_node *args[8];
    int n_args;
    struct maker body;
};

static enum ir_rate promoted(struct maker *m, enum ir_rate rate)
{
    if (chance(m, 70))
        return rate;
    return chance(m, 50) ? IR_VARYING : rate < IR_UNIFORM ? IR_UNIFORM : rate;
}

static void add_port(struct maker *m, struct loop *loop, enum ir_role role, const struct value *arg,
                     struct ir_shape shape)
{
    static const char *const names[8] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"};
    const enum ir_rate rate = promoted(m, arg->node->rate);
    const struct ir_node *input = ir_input(loop->body.graph, names[loop->n_args], role, rate, shape);
    put(&loop->body, input, fmax(1, arg->bound));
    loop->args[loop->n_args++] = arg->node;
}

static struct ir_shape slice_of(struct ir_shape shape)
{
    struct ir_shape slice = {.rank = shape.rank - 1};
    for (int i = 0; i < slice.rank; i++)
        slice.size[i] = shape.size[i + 1];
    return slice;
}

static void add_ports(struct maker *m, struct loop *loop)
{
    struct ir_steps *steps = &loop->steps;
    steps->n_carry = 1 + below(m, 2);
    for (int i = 0; i < steps->n_carry; i++) {
        const struct value v = pick(m);
        add_port(m, loop, IR_CARRY, &v, v.node->shape);
    }
    for (int i = 0; i < 4 && steps->n_sequence < 2; i++) {
        const struct value v = pick(m);
        if (v.node->shape.rank == 0 || v.node->shape.size[0] != steps->count)
            continue;
        add_port(m, loop, IR_SEQUENCE, &v, slice_of(v.node->shape));
        steps->n_sequence++;
    }
    steps->n_capture = below(m, 3);
    for (int i = 0; i < steps->n_capture; i++) {
        const struct value v = pick(m);
        add_port(m, loop, IR_CAPTURE, &v, v.node->shape);
    }
}

/* tanh(carry + something), so that it stays bounded; what it adds may not be faster than the carry. */
static const struct ir_node *next_carry(struct maker *m, const struct ir_node *carry)
{
    struct value x = pick(m);
    if (x.node->rate > carry->rate)
        x = (struct value){carry, 1};
    const struct ir_node *sum = ir_add2(m->graph, carry, fit(m, x, carry->shape));
    if (chance(m, 10))
        return carry;
    return chance(m, 60) ? ir_unary(m->graph, IR_TANH, sum)
                         : ir_scale(m->graph, 0.5, ir_unary(m->graph, IR_SIN, sum));
}

static void add_results(struct loop *loop)
{
    static const char *const names[8] = {"q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7"};
    struct maker *m = &loop->body;
    int n = 0;
    for (; n < loop->steps.n_carry; n++)
        ir_output_add(m->graph, names[n], next_carry(m, m->graph->inputs[n]));
    loop->steps.n_stack = below(m, 3);
    loop->steps.n_sum = below(m, 2);
    for (int i = 0; i < loop->steps.n_stack + loop->steps.n_sum; i++) {
        const struct value v = pick(m);
        ir_output_add(m->graph, names[n++], ir_scale(m->graph, 0.5, v.node));
    }
}

static void grow(struct maker *m, int nodes);

static void make_steps(struct maker *m)
{
    struct loop *loop = ARENA_NEW(m->graph->arena, struct loop);
    loop->body = (struct maker){.state = m->state, .options = m->options, .nesting = m->nesting + 1};
    loop->body.graph = ir_graph_new(m->graph->arena, "body");
    loop->steps.count = 1 + below(m, MAX_EXTENT);
    loop->steps.backward = chance(m, 30);
    loop->steps.limited = m->nesting == 0 && ir_limit(m->graph);
    loop->steps.body = loop->body.graph;
    add_ports(m, loop);
    grow(&loop->body, 3 + below(m, 6));
    add_results(loop);
    const struct ir_node *node = ir_steps(m->graph, &loop->steps, loop->args);
    const int n = ir_result_count(node);
    for (int i = 0; i < n; i++) {
        const struct ir_node *result = ir_result(m->graph, node, i);
        if (ir_elements(result->shape) <= MAX_ELEMENTS)
            put(m, result, i < loop->steps.n_carry ? 2 : 2 * loop->steps.count);
    }
}

/* ---- programs ------------------------------------------------------------------------------------------ */

static void grow(struct maker *m, int nodes)
{
    for (int i = 0; i < nodes; i++) {
        const int kind = below(m, 100);
        if (kind < 37)
            make_ein(m);
        else if (kind < 40)
            make_matrix_function(m);
        else if (kind < 60)
            make_add(m);
        else if (kind < 75)
            make_function(m);
        else if (kind < 83)
            make_select(m);
        else if (kind < 87)
            make_const(m);
        else if (kind < 90)
            make_plain(m);
        else if (kind < 93)
            make_bsum(m);
        else if (kind < 95 && !m->options->smooth)
            chance(m, 70) ? make_kink(m) : make_hold(m);
        else if (kind >= 95 && m->options->loops && m->nesting < MAX_NESTING)
            make_steps(m);
    }
}

/* The latest varying value that is no input; else a function of x. */
static const struct ir_node *last_varying(struct maker *m)
{
    for (int i = m->n - 1; i >= 0; i--) {
        const struct ir_node *node = m->pool[i].node;
        if (node->rate == IR_VARYING && node->op != IR_INPUT)
            return node;
    }
    return ir_unary(m->graph, IR_TANH, m->graph->inputs[0]);
}

/* "y0" mixes the latest varying value with two others. */
static void add_outputs(struct maker *m)
{
    static const char *const names[3] = {"y1", "y2", "y3"};
    const struct ir_node *main_value = last_varying(m);
    const struct ir_node *mixed = ir_unary(m->graph, IR_SIN, fit(m, pick(m), main_value->shape));
    const struct ir_node *other = fit(m, pick(m), main_value->shape);
    const struct ir_node *terms[3] = {main_value, mixed, ir_mul(m->graph, main_value, other)};
    const struct ir_node *sum = ir_add(m->graph, 3, terms);
    ir_output_add(m->graph, "y0", sum->rate == IR_VARYING && sum->op != IR_INPUT ? sum : main_value);
    const int more = below(m, 4);
    for (int i = 0; i < more; i++)
        ir_output_add(m->graph, names[i], pick(m).node);
}

struct ir_graph *random_program(struct arena *arena, uint64_t seed, const struct random_options *options)
{
    uint64_t state = seed * 0xd1342543de82ef95u + 1;
    struct maker *m = ARENA_NEW(arena, struct maker);
    m->graph = ir_graph_new(arena, "random");
    m->state = &state;
    m->options = options;
    make_inputs(m);
    if (options->loops && seed % 3 == 0) /* not in the pool: its range is another */
        (void)ir_input(m->graph, IR_LIMIT, IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    grow(m, options->nodes > 0 ? options->nodes : 20);
    if (options->loops && m->n < POOL)
        make_steps(m);
    add_outputs(m);
    return m->graph;
}

/* ---- values -------------------------------------------------------------------------------------------- */

long random_count(const struct ir_node *node, int batch)
{
    return ir_elements(node->shape) * (node->rate == IR_VARYING ? batch : 1);
}

double **random_inputs(struct arena *arena, const struct ir_graph *graph, int batch, uint64_t seed)
{
    uint64_t state = seed * 0x9e6c63d0876a9a47u + 7;
    double **in = ARENA_ARRAY(arena, double *, (size_t)graph->n_inputs);
    for (int i = 0; i < graph->n_inputs; i++) {
        const long n = random_count(graph->inputs[i], batch);
        in[i] = ARENA_ARRAY(arena, double, (size_t)n);
        const bool limit = graph->inputs[i] == ir_limit(graph);
        for (long e = 0; e < n; e++)
            in[i][e] = limit ? between(&state, 0, MAX_EXTENT) : between(&state, -1, 1);
    }
    return in;
}

double **random_outputs(struct arena *arena, const struct ir_graph *graph, int batch)
{
    double **out = ARENA_ARRAY(arena, double *, (size_t)graph->n_outputs);
    for (int i = 0; i < graph->n_outputs; i++)
        out[i] = ARENA_ARRAY(arena, double, (size_t)random_count(graph->outputs[i].value, batch));
    return out;
}

bool random_has_totals(const struct ir_graph *graph)
{
    for (int id = 0; id < graph->n_nodes; id++) {
        if (graph->nodes[id]->op == IR_BSUM)
            return true;
        if (graph->nodes[id]->op == IR_STEPS && random_has_totals(graph->nodes[id]->steps->body))
            return true;
    }
    return false;
}
