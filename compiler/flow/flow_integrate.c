/* SPDX-License-Identifier: MIT
 *
 * The ODE (4) by the steps of ode/: a loop over the K time steps with X as its state. What is gathered on the
 * way is gathered at the steps' starts. The inverse walk has t from 1, and -dt. */
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

/* What is gathered at a step's start needs the velocity there, which is the first stage's. */
static const struct ir_node *moves(struct ir_graph *body, const struct model *model, double dt,
                                   const struct ode_field *field, const struct ir_node *X,
                                   const struct ir_node *t, bool gathers)
{
    if (!gathers)
        return ode_step(body, model->integrator, dt, field, X, t).v;
    const struct ode_rates first = evaluate(body, field, X, t);
    return ode_step_after(body, model->integrator, dt, field, X, t, &first).v;
}

/* ---- the way through time ------------------------------------------------------------------------------ */

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
    const struct ode_field field = field_of(graph->arena, model, network);
    struct ode_loop loop = ode_loop_new(graph->arena, "step", model->steps);
    struct ir_graph *body = loop.steps.body;
    const struct ir_node *X = ode_loop_input(&loop, "X", IR_CARRY, IR_VARYING, walk->start);
    const struct ir_node *t = ode_loop_input(&loop, "t", IR_SEQUENCE, IR_UNIFORM,
                                             ode_times(graph, model->steps, walk->inverse));
    const struct ir_node *pair =
        walk->noise == NULL ? NULL
                            : ode_loop_input(&loop, "pair", IR_SEQUENCE, walk->noise->rate, walk->noise);
    const struct ode_field inner = ode_capture(&loop, &field);
    const struct flow_network here = network_of(&inner);
    const bool gathers = pair != NULL || walk->wants_energy;
    ir_output_add(body, "X", ir_add2(body, X, moves(body, model, dt, &inner, X, t, gathers)));
    if (walk->wants_path) {
        ir_output_add(body, "path", X);
        loop.steps.n_stack++;
    }
    if (pair != NULL) {
        ir_output_add(body, "penalty", flow_penalty(body, model, &here, X, t, pair));
        loop.steps.n_sum++;
    }
    if (walk->wants_energy) {
        const struct ir_node *energy = flow_energy(body, flow_field(body, model, &here, X, t));
        ir_output_add(body, "energy", ir_scale(body, 1.0 / model->steps, energy));
        loop.steps.n_sum++;
    }
    const struct ir_node *steps = ode_loop_close(graph, &loop);
    int which = 0;
    walk->end = ir_result(graph, steps, which++);
    walk->path = walk->wants_path ? path_of(graph, ir_result(graph, steps, which++), walk->end) : NULL;
    walk->penalty = pair != NULL ? ir_result(graph, steps, which++) : NULL;
    walk->energy = walk->wants_energy ? ir_result(graph, steps, which++) : NULL;
}
