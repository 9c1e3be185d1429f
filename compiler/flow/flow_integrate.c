/* SPDX-License-Identifier: MIT
 *
 * The ODE (4) by explicit Runge-Kutta steps, as loops: an outer one over the K time steps with X as its
 * state, and in it one over the stages, so that the velocity's program stands once in the text, however many
 * steps and stages there are. A scheme is a table: stage s evaluates k_s = v(X + a_s dt k_{s-1}, t + c_s dt),
 * and X moves by dt sum_s b_s k_s, which covers Euler's method, the midpoint rule and the classical
 * Runge-Kutta method. The inverse walk has t from 1, and -dt. */
#include "flow/flow.h"

#include <assert.h>

enum { MAX_STAGES = 4 };

struct scheme {
    int stages;
    double a[MAX_STAGES], b[MAX_STAGES], c[MAX_STAGES];
};

static const struct scheme schemes[] = {
    [MODEL_EULER] = {.stages = 1, .a = {0}, .b = {1}, .c = {0}},
    [MODEL_MIDPOINT] = {.stages = 2, .a = {0, 0.5}, .b = {0, 1}, .c = {0, 0.5}},
    [MODEL_RK4] = {.stages = 4,
                   .a = {0, 0.5, 0.5, 1},
                   .b = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6},
                   .c = {0, 0.5, 0.5, 1}},
};

/* A loop that is being put together: operands in the order that `steps` wants. */
enum { MAX_OPERANDS = FLOW_MAX_ARRAYS + 8 };
struct loop {
    struct ir_steps steps;
    int n;
    const struct ir_node *operands[MAX_OPERANDS];
};

static const struct ir_node *loop_input(struct loop *loop, const char *name, enum ir_role role,
                                        enum ir_rate rate, const struct ir_node *operand)
{
    struct ir_shape shape = operand->shape;
    if (role == IR_SEQUENCE) { /* a slice: without the leading axis */
        for (int i = 1; i < shape.rank; i++)
            shape.size[i - 1] = shape.size[i];
        shape.size[--shape.rank] = 0;
    }
    loop->steps.n_carry += role == IR_CARRY;
    loop->steps.n_sequence += role == IR_SEQUENCE;
    loop->steps.n_capture += role == IR_CAPTURE;
    assert(loop->n < MAX_OPERANDS);
    loop->operands[loop->n++] = operand;
    return ir_input(loop->steps.body, name, role, rate, shape);
}

static struct flow_network loop_network(struct loop *loop, const struct flow_network *outer)
{
    assert(loop->n + outer->n <= MAX_OPERANDS);
    for (int i = 0; i < outer->n; i++)
        loop->operands[loop->n++] = outer->array[i];
    loop->steps.n_capture += outer->n;
    return flow_network_capture(loop->steps.body, outer);
}

static const struct ir_node *loop_close(struct ir_graph *graph, const struct loop *loop)
{
    return ir_steps(graph, &loop->steps, loop->operands);
}

/* factor * value[s], s = 0 .. n-1, as a constant [n] */
static const struct ir_node *scaled_table(struct ir_graph *graph, double factor, const double *value, int n)
{
    double table[MAX_STAGES];
    for (int s = 0; s < n; s++)
        table[s] = factor * value[s];
    return ir_const(graph, ir_shape_of(1, n), table);
}

/* sum_s b_s dt k_s [d], by a loop over the stages that carries k_{s-1} and the sum */
static const struct ir_node *stages_sum(struct ir_graph *graph, const struct model *model,
                                        const struct scheme *scheme, double dt,
                                        const struct flow_network *outer, const struct ir_node *X0,
                                        const struct ir_node *t0)
{
    struct ir_graph *body = ir_graph_new(graph->arena, "stage");
    struct loop loop = {.steps = {.count = scheme->stages, .body = body}};
    const struct ir_node *zero = ir_fill(graph, 0.0, X0->shape);
    const struct ir_node *k = loop_input(&loop, "k", IR_CARRY, IR_VARYING, zero);
    const struct ir_node *sum = loop_input(&loop, "sum", IR_CARRY, IR_VARYING, zero);
    const struct ir_node *a =
        loop_input(&loop, "a", IR_SEQUENCE, IR_UNIFORM, scaled_table(graph, dt, scheme->a, scheme->stages));
    const struct ir_node *b =
        loop_input(&loop, "b", IR_SEQUENCE, IR_UNIFORM, scaled_table(graph, dt, scheme->b, scheme->stages));
    const struct ir_node *c =
        loop_input(&loop, "c", IR_SEQUENCE, IR_UNIFORM, scaled_table(graph, dt, scheme->c, scheme->stages));
    const struct ir_node *X = loop_input(&loop, "X", IR_CAPTURE, IR_VARYING, X0);
    const struct ir_node *t = loop_input(&loop, "t", IR_CAPTURE, IR_UNIFORM, t0);
    const struct flow_network network = loop_network(&loop, outer);
    const struct ir_node *position = ir_add2(body, X, ir_ein(body, 1.0, ",i->i", a, k));
    const struct ir_node *v = flow_field(body, model, &network, position, ir_add2(body, t, c));
    ir_output_add(body, "k", v);
    ir_output_add(body, "sum", ir_add2(body, sum, ir_ein(body, 1.0, ",i->i", b, v)));
    return ir_result(graph, loop_close(graph, &loop), 1);
}

static const struct ir_node *step_taken(struct ir_graph *graph, const struct model *model, double dt,
                                        const struct flow_network *network, const struct ir_node *X,
                                        const struct ir_node *t)
{
    const struct scheme *scheme = &schemes[model->integrator];
    const struct ir_node *move = scheme->stages == 1
                                     ? ir_scale(graph, dt, flow_field(graph, model, network, X, t))
                                     : stages_sum(graph, model, scheme, dt, network, X, t);
    return ir_add2(graph, X, move);
}

/* t_k [K]: k/K, or 1 - k/K backwards */
static const struct ir_node *times(struct ir_graph *graph, int K, bool inverse)
{
    double *t = ARENA_ARRAY(graph->arena, double, (size_t)K);
    for (int k = 0; k < K; k++)
        t[k] = (double)(inverse ? K - k : k) / K;
    return ir_const(graph, ir_shape_of(1, K), t);
}

/* `stack` [K,d], all positions but the last, with `end` [d] below it. */
static const struct ir_node *path_of(struct ir_graph *graph, const struct ir_node *stack,
                                     const struct ir_node *end)
{
    const int K = stack->shape.size[0], d = stack->shape.size[1], rows = K + 1;
    struct ir_entry *above = ARENA_ARRAY(graph->arena, struct ir_entry, (size_t)K);
    for (int k = 0; k < K; k++)
        above[k] = (struct ir_entry){.row = k, .column = k, .value = 1.0};
    const struct ir_entry below = {.row = K, .column = 0, .value = 1.0};
    const struct ir_node *row = ir_broadcast(graph, end, "i->ki", ir_shape_of(2, 1, d));
    return ir_add2(graph, ir_select(graph, stack, 0, 1, &rows, K, above),
                   ir_select(graph, row, 0, 1, &rows, 1, &below));
}

void flow_integrate(struct ir_graph *graph, const struct model *model, const struct flow_network *network,
                    struct flow_walk *walk)
{
    const double dt = (walk->inverse ? -1.0 : 1.0) / model->steps;
    struct ir_graph *body = ir_graph_new(graph->arena, "step");
    struct loop loop = {.steps = {.count = model->steps, .body = body}};
    const struct ir_node *X = loop_input(&loop, "X", IR_CARRY, IR_VARYING, walk->start);
    const struct ir_node *t =
        loop_input(&loop, "t", IR_SEQUENCE, IR_UNIFORM, times(graph, model->steps, walk->inverse));
    const struct ir_node *pair =
        walk->noise == NULL ? NULL : loop_input(&loop, "pair", IR_SEQUENCE, walk->noise->rate, walk->noise);
    const struct flow_network inner = loop_network(&loop, network);
    ir_output_add(body, "X", step_taken(body, model, dt, &inner, X, t));
    if (walk->wants_path) {
        ir_output_add(body, "path", X);
        loop.steps.n_stack++;
    }
    if (pair != NULL) {
        ir_output_add(body, "penalty", flow_penalty(body, model, &inner, X, t, pair));
        loop.steps.n_sum++;
    }
    if (walk->wants_energy) {
        const struct ir_node *energy = flow_energy(body, flow_field(body, model, &inner, X, t));
        ir_output_add(body, "energy", ir_scale(body, 1.0 / model->steps, energy));
        loop.steps.n_sum++;
    }
    const struct ir_node *steps = loop_close(graph, &loop);
    int which = 0;
    walk->end = ir_result(graph, steps, which++);
    walk->path = walk->wants_path ? path_of(graph, ir_result(graph, steps, which++), walk->end) : NULL;
    walk->penalty = pair != NULL ? ir_result(graph, steps, which++) : NULL;
    walk->energy = walk->wants_energy ? ir_result(graph, steps, which++) : NULL;
}
