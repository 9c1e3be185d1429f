/* SPDX-License-Identifier: MIT
 *
 * The ODE (4) by the steps of ode/: a loop over the K time steps with X as its state. What is gathered on the
 * way is gathered at the steps' starts. The inverse walk has t from 1, and -dt. Where the number of steps is
 * an input of the program, n <= K, dt = 1/n and the loop ends after n rounds. */
#include "flow/flow.h"
#include "ode/ode.h"

/* ---- the network's field as an ODE's velocity ---------------------------------------------------------- */

static struct flow_network network_of(const struct ode_field *field)
{
    struct flow_network network = {.n = field->n};
    for (int i = 0; i < field->n; i++)
        network.array[i] = field->array[i];
    return network;
}

static struct ode_rates evaluate(struct ir_graph *graph, const struct ode_field *field,
                                 const struct ir_node *x, const struct ir_node *t)
{
    const struct flow_network network = network_of(field);
    return (struct ode_rates){.v = flow_field(graph, field->data, &network, x, t)};
}

static struct ode_field field_of(struct arena *arena, const struct model *model,
                                 const struct flow_network *network)
{
    const char **names = ARENA_ARRAY(arena, const char *, (size_t)network->n);
    for (int i = 0; i < network->n; i++)
        names[i] = flow_array_name(arena, network, i);
    return (struct ode_field){
        .evaluate = evaluate, .data = model, .n = network->n, .array = network->array, .name = names};
}

/* ---- time ---------------------------------------------------------------------------------------------- */

static struct ode_length length_of(struct ir_graph *graph, const struct model *model, bool inverse)
{
    const double sign = inverse ? -1.0 : 1.0;
    if (!model->automatic_steps)
        return (struct ode_length){.factor = sign / model->steps};
    const struct ir_node *steps = ir_limit(graph);
    if (!steps)
        steps = ir_input(graph, IR_LIMIT, IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    return (struct ode_length){.factor = sign, .unit = ir_unary(graph, IR_RECIP, steps)};
}

static const struct ir_node *starts_of(struct ir_graph *graph, const struct model *model,
                                       const struct ode_length *dt, bool inverse)
{
    return !dt->unit ? ode_times(graph, model->steps, inverse)
                     : ode_times_by(graph, model->steps, dt->unit, inverse);
}

/* What is gathered at a step's start needs the velocity there, which is the first stage's. */
static const struct ir_node *moves(struct ir_graph *body, const struct model *model, struct ode_length dt,
                                   const struct ode_field *field, const struct ir_node *X,
                                   const struct ir_node *t, bool gathers)
{
    if (!gathers)
        return ode_step(body, model->integrator, dt, field, X, t).v;
    const struct ode_rates first = evaluate(body, field, X, t);
    return ode_step_after(body, model->integrator, dt, field, X, t, &first).v;
}

/* ---- the way through time ------------------------------------------------------------------------------ */

/* 1 in the rows k = 0 .. K of positions at and past the end: row K, or k >= n of n steps. */
static const struct ir_node *rows_at_end(struct ir_graph *graph, int K)
{
    static const double most = 1e30;
    double *row = ARENA_ARRAY(graph->arena, double, (size_t)K + 1);
    const struct ir_shape shape = ir_shape_of(1, K + 1);
    row[K] = 1.0;
    if (!ir_limit(graph))
        return ir_const(graph, shape, row);
    for (int k = 0; k <= K; k++)
        row[k] = k < K ? k + 0.5 : most;
    const struct ir_node *steps = ir_broadcast(graph, ir_limit(graph), "->k", shape);
    return ir_inside(graph, ir_sub(graph, ir_const(graph, shape, row), steps), 0, most);
}

/* `stack` [K,d], all positions but the last, with `end` [d] below it. */
static const struct ir_node *path_of(struct ir_graph *graph, const struct ir_node *stack,
                                     const struct ir_node *end)
{
    const int K = stack->shape.size[0], rows = K + 1;
    struct ir_entry *above = ARENA_ARRAY(graph->arena, struct ir_entry, (size_t)K);
    for (int k = 0; k < K; k++)
        above[k] = (struct ir_entry){.row = k, .column = k, .value = 1.0};
    return ir_add2(graph, ir_select(graph, stack, 0, 1, &rows, K, above),
                   ir_ein(graph, 1.0, "k,i->ki", rows_at_end(graph, K), end));
}

/* What the body puts out besides X, in the order in which take_results reads it. */
static void add_gathered(struct ode_loop *loop, const struct model *model, const struct flow_walk *walk,
                         const struct ir_node *unit, const struct flow_network *here)
{
    struct ir_graph *body = loop->steps.body;
    const struct ir_node *X = ir_input_find(body, "X"), *t = ir_input_find(body, "t");
    if (walk->wants_path) {
        ir_output_add(body, "path", X);
        loop->steps.n_stack++;
    }
    if (walk->noise) {
        const struct ir_node *pair = ir_input_find(body, "pair");
        ir_output_add(body, "penalty", flow_penalty(body, model, here, X, t, pair));
        loop->steps.n_sum++;
    }
    if (walk->wants_energy) {
        const struct ir_node *energy = flow_energy(body, flow_field(body, model, here, X, t));
        ir_output_add(body, "energy",
                      !unit ? ir_scale(body, 1.0 / model->steps, energy) : ir_mul(body, unit, energy));
        loop->steps.n_sum++;
    }
}

/* A penalty over n steps counts as one over K, so that its weight means the same. */
static void take_results(struct ir_graph *graph, const struct model *model, const struct ir_node *steps,
                         const struct ir_node *unit, struct flow_walk *walk)
{
    int which = 0;
    walk->end = ir_result(graph, steps, which++);
    walk->path = walk->wants_path ? path_of(graph, ir_result(graph, steps, which++), walk->end) : NULL;
    walk->penalty = walk->noise ? ir_result(graph, steps, which++) : NULL;
    if (walk->penalty && unit)
        walk->penalty = ir_ein(graph, model->steps, ",->", unit, walk->penalty);
    walk->energy = walk->wants_energy ? ir_result(graph, steps, which++) : NULL;
}

void flow_integrate(struct ir_graph *graph, const struct model *model, const struct flow_network *network,
                    struct flow_walk *walk)
{
    const struct ode_length dt = length_of(graph, model, walk->inverse);
    const struct ode_field field = field_of(graph->arena, model, network);
    struct ode_loop loop = ode_loop_new(graph->arena, "step", model->steps);
    struct ode_length inner_dt = dt;
    struct ir_graph *body = loop.steps.body;
    loop.steps.limited = model->automatic_steps;
    const struct ir_node *X = ode_loop_input(&loop, "X", IR_CARRY, IR_VARYING, walk->start);
    const struct ir_node *t =
        ode_loop_input(&loop, "t", IR_SEQUENCE, IR_UNIFORM, starts_of(graph, model, &dt, walk->inverse));
    if (walk->noise)
        (void)ode_loop_input(&loop, "pair", IR_SEQUENCE, walk->noise->rate, walk->noise);
    if (dt.unit)
        inner_dt.unit = ode_loop_input(&loop, "dt", IR_CAPTURE, IR_UNIFORM, dt.unit);
    const struct ode_field inner = ode_capture(&loop, &field);
    const struct flow_network here = network_of(&inner);
    const bool gathers = walk->noise || walk->wants_energy;
    ir_output_add(body, "X", ir_add2(body, X, moves(body, model, inner_dt, &inner, X, t, gathers)));
    add_gathered(&loop, model, walk, inner_dt.unit, &here);
    take_results(graph, model, ode_loop_close(graph, &loop), dt.unit, walk);
}
