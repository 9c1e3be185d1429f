/* SPDX-License-Identifier: MIT
 *
 * Runge-Kutta steps of an equation whose solution is known, dx/dt = (1 + t) A x with a rotation's A, and of
 * integrals along it: exact in the limit, and with the order of each scheme. Through the interpreter. */
#include "bindings.h"
#include "check.h"
#include "ode/ode.h"
#include "spec/spec.h"

#include <math.h>

/* v = (1 + t) A x, integrands (1 + t) x_1 and t */
static struct ode_rates evaluate(struct ir_graph *graph, const struct ode_field *field,
                                 const struct ir_node *x, const struct ir_node *t)
{
    const struct ir_node *speed = ir_add2(graph, t, ir_fill(graph, 1.0, t->shape));
    const struct ir_node *first = ir_mul(graph, speed, ir_pick(graph, x, 0, 0));
    return (struct ode_rates){
        .v = ir_ein(graph, 1.0, "ij,j,->i", field->array[0], x, speed),
        .n = 2,
        .integrand = {first, ir_mul(graph, t, ir_pick(graph, ir_mul(graph, x, x), 0, 1))},
    };
}

enum { X0, X1, FIRST, SECOND, RESULTS };

static void solve(enum model_integrator integrator, int steps, double result[RESULTS])
{
    static const double rotation[] = {0.0, -1.0, 1.0, 0.0}, start[] = {1.0, 0.0};
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    struct ir_graph *graph = ir_graph_new(arena, "main");
    const struct ir_node *A = ir_input(graph, "A", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 2, 2));
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 2));
    static const char *const name = "A";
    const struct ode_field field = {.evaluate = evaluate, .n = 1, .array = &A, .name = &name};
    const struct ode_rates end = ode_solve(graph, integrator, steps, &field, x);
    ir_output_add(graph, "x", end.v);
    ir_output_add(graph, "first", end.integrand[0]);
    ir_output_add(graph, "second", end.integrand[1]);
    CU_ASSERT_PTR_NULL(ir_verify(graph));
    struct bindings bindings = {.n = 0};
    bind(&bindings, "A", rotation);
    bind(&bindings, "x", start);
    double *const *out = evaluate_bound(graph, 1, &bindings, evaluate_by_interpreter, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    result[X0] = output_of(graph, out, "x")[0];
    result[X1] = output_of(graph, out, "x")[1];
    result[FIRST] = *output_of(graph, out, "first");
    result[SECOND] = *output_of(graph, out, "second");
    arena_free(arena);
}

/* x = (cos s, sin s) with s = t + t^2/2, 3/2 at the end. The first integral is that of cos s ds; the second,
 * of t sin^2 s dt, comes from Simpson's rule. */
static void exact(double result[RESULTS])
{
    enum { PARTS = 2000 };
    double sum = 0.0;
    for (int i = 0; i <= PARTS; i++) {
        const double t = (double)i / PARTS, s = t + t * t / 2.0;
        sum += (i == 0 || i == PARTS ? 1 : i % 2 ? 4 : 2) * t * sin(s) * sin(s);
    }
    result[X0] = cos(1.5);
    result[X1] = sin(1.5);
    result[FIRST] = sin(1.5);
    result[SECOND] = sum / (3.0 * PARTS);
}

/* Errors of n and 2n steps are apart by a factor of 2 to the order; a scheme of higher order, or of lower,
 * would show. */
static void check_order(enum model_integrator integrator, int order)
{
    double want[RESULTS], coarse[RESULTS], fine[RESULTS];
    exact(want);
    solve(integrator, 40, coarse);
    solve(integrator, 80, fine);
    for (int i = 0; i < RESULTS; i++) {
        const double found = log2(fabs(coarse[i] - want[i]) / fabs(fine[i] - want[i]));
        CU_ASSERT_DOUBLE_EQUAL(found, order, 0.4);
        CU_ASSERT_TRUE(fabs(fine[i] - want[i]) < pow(0.1, order));
    }
}

static void schemes_have_their_orders(void)
{
    CU_ASSERT_EQUAL(ode_order(MODEL_EULER), 1);
    CU_ASSERT_EQUAL(ode_order(MODEL_RK4), 4);
    for (int i = 0; i < SPEC_integrator_words; i++)
        check_order((enum model_integrator)i, ode_order((enum model_integrator)i));
}

/* ---- a step whose first stage is known ----------------------------------------------------------------- */

static void step_outputs(struct ir_graph *graph, const char *prefix, const struct ode_rates *moves)
{
    ir_output_add(graph, arena_printf(graph->arena, "%s.x", prefix), moves->v);
    for (int i = 0; i < moves->n; i++)
        ir_output_add(graph, arena_printf(graph->arena, "%s.%d", prefix, i), moves->integrand[i]);
}

static void check_after(enum model_integrator integrator, bool given, double *moved)
{
    static const double rotation[] = {0.3, -1.0, 1.0, 0.2}, start[] = {1.0, -0.4}, third = 1.0 / 3;
    static const char *const name = "A";
    struct arena *arena = arena_new();
    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    struct ir_graph *graph = ir_graph_new(arena, "main");
    const struct ir_node *A = ir_input(graph, "A", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 2, 2));
    const struct ir_node *x = ir_input(graph, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 2));
    const struct ir_node *t = ir_fill(graph, 0.25, ir_shape_of(0));
    const struct ode_field field = {.evaluate = evaluate, .n = 1, .array = &A, .name = &name};
    const struct ir_node *unit = given ? ir_input(graph, "dt", IR_SETTING, IR_UNIFORM, ir_shape_of(0)) : NULL;
    const struct ode_length length = {.factor = given ? 0.9 : 0.3, .unit = unit};
    const struct ode_rates plain = ode_step(graph, integrator, length, &field, x, t);
    const struct ode_rates first = evaluate(graph, &field, x, t);
    const struct ode_rates after = ode_step_after(graph, integrator, length, &field, x, t, &first);
    step_outputs(graph, "plain", &plain);
    step_outputs(graph, "after", &after);
    CU_ASSERT_PTR_NULL(ir_verify(graph));
    struct bindings bindings = {.n = 0};
    bind(&bindings, "A", rotation);
    bind(&bindings, "x", start);
    bind(&bindings, "dt", &third);
    double *const *out = evaluate_bound(graph, 1, &bindings, evaluate_by_interpreter, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(graph->n_outputs, 6);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < (k == 0 ? 2 : 1); i++)
            CU_ASSERT_DOUBLE_EQUAL(out[k][i], out[k + 3][i], 1e-15);
    CU_ASSERT_TRUE(fabs(out[0][0]) > 0.1);
    *moved = out[0][0];
    arena_free(arena);
}

static void first_stage_may_be_given(void)
{
    for (int i = 0; i < SPEC_integrator_words; i++) {
        double by_number, by_input;
        check_after((enum model_integrator)i, false, &by_number);
        check_after((enum model_integrator)i, true, &by_input);
        CU_ASSERT_DOUBLE_EQUAL(by_number, by_input, 1e-15);
    }
}

static const struct check_case cases[] = {
    {"schemes have their orders", schemes_have_their_orders},
    {"the first stage may be given", first_stage_may_be_given},
};

int main(void)
{
    return check_main("ode", cases, CHECK_COUNT(cases));
}
