/* SPDX-License-Identifier: MIT
 *
 * Runge-Kutta steps. A scheme is a table: stage s evaluates k_s = v(x + a_s dt k_{s-1}, t + c_s dt), and x
 * moves by dt sum_s b_s k_s, which covers Euler's method, the midpoint rule and the classical Runge-Kutta
 * method; an integral of q gets dt sum_s b_s q_s. A walk backwards in time has -dt. */
#include "ode/ode.h"

#include <assert.h>

enum { MAX_STAGES = 4 };

struct scheme {
    int stages, order;
    double a[MAX_STAGES], b[MAX_STAGES], c[MAX_STAGES];
};

static const struct scheme euler = {.stages = 1, .order = 1, .a = {0}, .b = {1}, .c = {0}};
static const struct scheme midpoint = {.stages = 2, .order = 2, .a = {0, 0.5}, .b = {0, 1}, .c = {0, 0.5}};
static const struct scheme rk4 = {.stages = 4,
                                  .order = 4,
                                  .a = {0, 0.5, 0.5, 1},
                                  .b = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6},
                                  .c = {0, 0.5, 0.5, 1}};

static const struct scheme *scheme_of(enum model_integrator integrator)
{
    switch (integrator) {
    case MODEL_EULER:
        return &euler;
    case MODEL_MIDPOINT:
        return &midpoint;
    case MODEL_RK4:
        return &rk4;
    }
    assert(!"ode: no such integrator");
    return &rk4;
}

int ode_order(enum model_integrator integrator)
{
    return scheme_of(integrator)->order;
}

/* ---- loops --------------------------------------------------------------------------------------------- */

struct ode_loop ode_loop_new(struct arena *arena, const char *name, int count)
{
    return (struct ode_loop){.steps = {.count = count, .body = ir_graph_new(arena, name)}};
}

const struct ir_node *ode_loop_input(struct ode_loop *loop, const char *name, enum ir_role role,
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
    assert(loop->n < ODE_MAX_OPERANDS);
    loop->operands[loop->n++] = operand;
    return ir_input(loop->steps.body, name, role, rate, shape);
}

const struct ir_node *ode_loop_close(struct ir_graph *graph, const struct ode_loop *loop)
{
    return ir_steps(graph, &loop->steps, loop->operands);
}

static enum ir_rate captured_rate(const struct ir_node *array)
{
    return array->rate == IR_VARYING ? IR_VARYING : IR_UNIFORM;
}

struct ode_field ode_capture(struct ode_loop *loop, const struct ode_field *field)
{
    const struct ir_node **inner =
        ARENA_ARRAY(loop->steps.body->arena, const struct ir_node *, (size_t)field->n);
    for (int i = 0; i < field->n; i++)
        inner[i] =
            ode_loop_input(loop, field->name[i], IR_CAPTURE, captured_rate(field->array[i]), field->array[i]);
    struct ode_field captured = *field;
    captured.array = inner;
    return captured;
}

/* ---- one step ------------------------------------------------------------------------------------------ */

/* factor * dt * x; x [] or [n] */
static const struct ir_node *by_length(struct ir_graph *graph, double factor, const struct ode_length *dt,
                                       const struct ir_node *x)
{
    if (!dt->unit)
        return ir_scale(graph, factor * dt->factor, x);
    return ir_ein(graph, factor * dt->factor, x->shape.rank == 0 ? ",->" : ",i->i", dt->unit, x);
}

/* dt * value[s], s = 0 .. n-1 [n] */
static const struct ir_node *scaled_table(struct ir_graph *graph, const struct ode_length *dt,
                                          const double *value, int n)
{
    double table[MAX_STAGES];
    for (int s = 0; s < n; s++)
        table[s] = dt->factor * value[s];
    const struct ode_length unit = {.factor = 1, .unit = dt->unit};
    return by_length(graph, 1, &unit, ir_const(graph, ir_shape_of(1, n), table));
}

/* Outputs that the loop sums up, one for each integral. */
static void add_integrals(struct ode_loop *loop, const struct ode_rates *rates, const struct ir_node *factor)
{
    struct ir_graph *body = loop->steps.body;
    for (int i = 0; i < rates->n; i++) {
        ir_output_add(body, arena_printf(body->arena, "integral%d", i),
                      ir_mul(body, factor, rates->integrand[i]));
        loop->steps.n_sum++;
    }
}

static struct ode_rates results_from(struct ir_graph *graph, const struct ir_node *steps, int v, int n)
{
    struct ode_rates results = {.v = ir_result(graph, steps, v), .n = n};
    for (int i = 0; i < n; i++)
        results.integrand[i] = ir_result(graph, steps, v + 1 + i);
    return results;
}

/* What a stage adds: b_s dt k_s, and of the integrals likewise. */
static struct ode_rates scaled(struct ir_graph *graph, double b, const struct ode_length *dt,
                               const struct ode_rates *rates)
{
    struct ode_rates moves = {.v = by_length(graph, b, dt, rates->v), .n = rates->n};
    for (int i = 0; i < rates->n; i++)
        moves.integrand[i] = by_length(graph, b, dt, rates->integrand[i]);
    return moves;
}

static struct ode_rates plus(struct ir_graph *graph, const struct ode_rates *a, const struct ode_rates *b)
{
    struct ode_rates sum = {.v = ir_add2(graph, a->v, b->v), .n = a->n};
    for (int i = 0; i < a->n; i++)
        sum.integrand[i] = ir_add2(graph, a->integrand[i], b->integrand[i]);
    return sum;
}

/* The moves of stages `from` .. by a loop that carries k_{s-1} and the sum; k [d] is that before. */
static struct ode_rates stages_sum(struct ir_graph *graph, const struct scheme *scheme, int from,
                                   const struct ode_length *dt, const struct ode_field *outer,
                                   const struct ir_node *x0, const struct ir_node *t0,
                                   const struct ir_node *before)
{
    const int n = scheme->stages - from;
    struct ode_loop loop = ode_loop_new(graph->arena, "stage", n);
    struct ir_graph *body = loop.steps.body;
    const struct ir_node *zero = ir_fill(graph, 0.0, x0->shape);
    const struct ir_node *k = ode_loop_input(&loop, "k", IR_CARRY, IR_VARYING, before ? before : zero);
    const struct ir_node *sum = ode_loop_input(&loop, "sum", IR_CARRY, IR_VARYING, zero);
    const struct ir_node *a =
        ode_loop_input(&loop, "a", IR_SEQUENCE, IR_UNIFORM, scaled_table(graph, dt, scheme->a + from, n));
    const struct ir_node *b =
        ode_loop_input(&loop, "b", IR_SEQUENCE, IR_UNIFORM, scaled_table(graph, dt, scheme->b + from, n));
    const struct ir_node *c =
        ode_loop_input(&loop, "c", IR_SEQUENCE, IR_UNIFORM, scaled_table(graph, dt, scheme->c + from, n));
    const struct ir_node *x = ode_loop_input(&loop, "X", IR_CAPTURE, IR_VARYING, x0);
    const struct ir_node *t = ode_loop_input(&loop, "t", IR_CAPTURE, IR_UNIFORM, t0);
    const struct ode_field field = ode_capture(&loop, outer);
    const struct ir_node *position = ir_add2(body, x, ir_ein(body, 1.0, ",i->i", a, k));
    const struct ode_rates rates = field.evaluate(body, &field, position, ir_add2(body, t, c));
    ir_output_add(body, "k", rates.v);
    ir_output_add(body, "sum", ir_add2(body, sum, ir_ein(body, 1.0, ",i->i", b, rates.v)));
    add_integrals(&loop, &rates, b);
    return results_from(graph, ode_loop_close(graph, &loop), 1, rates.n);
}

/* The moves of a last stage that is the only one. */
static struct ode_rates last_stage(struct ir_graph *graph, const struct scheme *scheme,
                                   const struct ode_length *dt, const struct ode_field *field,
                                   const struct ir_node *x, const struct ir_node *t,
                                   const struct ir_node *before)
{
    const int s = scheme->stages - 1;
    const struct ir_node *position = ir_add2(graph, x, by_length(graph, scheme->a[s], dt, before));
    const struct ir_node *time =
        ir_add2(graph, t, by_length(graph, scheme->c[s], dt, ir_fill(graph, 1, t->shape)));
    const struct ode_rates rates = field->evaluate(graph, field, position, time);
    return scaled(graph, scheme->b[s], dt, &rates);
}

struct ode_rates ode_step(struct ir_graph *graph, enum model_integrator integrator, struct ode_length dt,
                          const struct ode_field *field, const struct ir_node *x, const struct ir_node *t)
{
    const struct scheme *scheme = scheme_of(integrator);
    if (scheme->stages > 1)
        return stages_sum(graph, scheme, 0, &dt, field, x, t, NULL);
    const struct ode_rates rates = field->evaluate(graph, field, x, t);
    return scaled(graph, 1, &dt, &rates);
}

struct ode_rates ode_step_after(struct ir_graph *graph, enum model_integrator integrator,
                                struct ode_length dt, const struct ode_field *field, const struct ir_node *x,
                                const struct ir_node *t, const struct ode_rates *first)
{
    const struct scheme *scheme = scheme_of(integrator);
    const struct ode_rates moves = scaled(graph, scheme->b[0], &dt, first);
    if (scheme->stages == 1)
        return moves;
    const struct ode_rates rest = scheme->stages == 2
                                      ? last_stage(graph, scheme, &dt, field, x, t, first->v)
                                      : stages_sum(graph, scheme, 1, &dt, field, x, t, first->v);
    return plus(graph, &moves, &rest);
}

/* ---- all steps ----------------------------------------------------------------------------------------- */

const struct ir_node *ode_times(struct ir_graph *graph, int K, bool inverse)
{
    double *t = ARENA_ARRAY(graph->arena, double, (size_t)K);
    for (int k = 0; k < K; k++)
        t[k] = (double)(inverse ? K - k : k) / K;
    return ir_const(graph, ir_shape_of(1, K), t);
}

const struct ir_node *ode_times_by(struct ir_graph *graph, int K, const struct ir_node *dt, bool inverse)
{
    double *number = ARENA_ARRAY(graph->arena, double, (size_t)K);
    for (int k = 0; k < K; k++)
        number[k] = inverse ? -k : k;
    const struct ir_node *gone = ir_ein(graph, 1.0, ",k->k", dt, ir_const(graph, ir_shape_of(1, K), number));
    return inverse ? ir_add2(graph, ir_fill(graph, 1.0, ir_shape_of(1, K)), gone) : gone;
}

struct ode_rates ode_solve(struct ir_graph *graph, enum model_integrator integrator, int K,
                           const struct ode_field *field, const struct ir_node *x)
{
    struct ode_loop loop = ode_loop_new(graph->arena, "step", K);
    struct ir_graph *body = loop.steps.body;
    const struct ir_node *X = ode_loop_input(&loop, "X", IR_CARRY, IR_VARYING, x);
    const struct ir_node *t = ode_loop_input(&loop, "t", IR_SEQUENCE, IR_UNIFORM, ode_times(graph, K, false));
    const struct ode_field inner = ode_capture(&loop, field);
    const struct ode_rates moves =
        ode_step(body, integrator, (struct ode_length){.factor = 1.0 / K}, &inner, X, t);
    ir_output_add(body, "X", ir_add2(body, X, moves.v));
    add_integrals(&loop, &moves, ir_fill(body, 1.0, ir_shape_of(0)));
    return results_from(graph, ode_loop_close(graph, &loop), 0, moves.n);
}
