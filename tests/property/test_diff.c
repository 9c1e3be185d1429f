/* SPDX-License-Identifier: MIT
 *
 * Derivatives: every operation against central differences, forward against reverse, and both on top of each
 * other. */
#include "check.h"
#include "diff_fixture.h"
#include "pass/pass.h"

#include <math.h>
#include <string.h>

static const char *const x_name[] = {"x"};
static const char *const x_and_w[] = {"x", "w"};
static const struct fixture small = {.batch = 3, .seed = 5, .n_wrt = 2, .wrt = x_and_w};

static const struct ir_node *vector_input(struct ir_graph *g, int n)
{
    return ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, n));
}

static const struct ir_node *matrix_input(struct ir_graph *g, int rows, int columns)
{
    return ir_input(g, "w", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, rows, columns));
}

/* Gradients of output "y" by fixture->wrt against differences, for both policies, before and after all
 * passes. */
static void check_gradient(const struct fixture *f, const struct ir_graph *g, const char *of,
                           double tolerance)
{
    const double expected = fixture_difference(f, g, of);
    const char *prefix = "grad";
    while (ir_output_find(g, arena_printf(g->arena, "%s.%s", prefix, f->wrt[0])))
        prefix = arena_printf(g->arena, "grad%d", prefix[4] ? prefix[4] - '0' + 1 : 2);
    for (int keep = 0; keep < 2; keep++) {
        const struct ir_graph *d = diff_reverse(g, "reverse", of, f->n_wrt, f->wrt, (enum diff_keep)keep);
        const char *fault = ir_verify(d);
        CU_ASSERT_PTR_NULL_FATAL(fault);
        const double slope = fixture_slope(f, d, prefix);
        CU_ASSERT_TRUE(fixture_gap(slope, expected) < tolerance);
        if (fixture_gap(slope, expected) >= tolerance)
            printf("%s of %s: %.12g, by differences %.12g\n", of, g->name, slope, expected);
        d = pass_run(d, false, &fault, NULL, NULL);
        CU_ASSERT_PTR_NULL_FATAL(fault);
        CU_ASSERT_TRUE(fixture_gap(fixture_slope(f, d, prefix), slope) < 1e-11);
    }
}

/* ---- operations ---------------------------------------------------------------------------------------- */

/* Into the open interval where f is smooth: |x| < 1 is given. */
static const struct ir_node *domain(struct ir_graph *g, enum ir_op op, const struct ir_node *x)
{
    if (op == IR_LOG || op == IR_SQRT || op == IR_RECIP)
        return ir_add2(g, x, ir_fill(g, 1.5, x->shape));
    return op == IR_ERFINV ? ir_scale(g, 0.9, x) : x;
}

static const struct ir_node *apply(struct ir_graph *g, enum ir_op op, const struct ir_node *x)
{
    if (op == IR_CLAMP)
        return ir_clamp(g, x, -0.31, 0.42);
    return op == IR_INSIDE ? ir_inside(g, x, -0.31, 0.42) : ir_unary(g, op, x);
}

static void elementwise_functions(void)
{
    const struct fixture f = {.batch = 3, .seed = 11, .n_wrt = 1, .wrt = x_name};
    for (int op = 0; op < IR_OP_COUNT; op++) {
        if (!ir_op_is_elementwise((enum ir_op)op) || op == IR_HOLD || op == IR_BFLOAT)
            continue;
        struct arena *arena = arena_new();
        struct ir_graph *g = ir_graph_new(arena, ir_op_name((enum ir_op)op));
        const struct ir_node *x = vector_input(g, 4),
                             *y = apply(g, (enum ir_op)op, domain(g, (enum ir_op)op, x));
        ir_output_add(g, "y", ir_mul(g, y, x));
        check_gradient(&f, g, "y", 1e-8);
        const struct ir_graph *d = diff_reverse(g, g->name, "y", 1, x_name, DIFF_KEEP_STATE);
        check_gradient(&f, d, "grad.x", 1e-6);
        arena_free(arena);
    }
}

static void check_output(struct arena *arena, struct ir_graph *g, const struct ir_node *y)
{
    ir_output_add(g, "y", ir_unary(g, IR_SIN, y)); /* so that the second derivative is not zero */
    check_gradient(&small, g, "y", 1e-8);
    const struct ir_graph *d = diff_reverse(g, g->name, "y", 2, x_and_w, DIFF_KEEP_STATE);
    check_gradient(&small, d, "grad.x", 1e-7);
    check_gradient(&small, d, "grad.w", 1e-7);
    arena_free(arena);
}

static void products(void)
{
    static const char *const specs[] = {"ij,j->i", "ij,j->ij", "ij,j->j",   "ii,j->ij", "ii,i->i",
                                        "ij,i->",  "ii,j->",   "ij,k->kji", "jj,j->"};
    for (size_t i = 0; i < CHECK_COUNT(specs); i++) {
        struct arena *arena = arena_new();
        struct ir_graph *g = ir_graph_new(arena, specs[i]);
        const struct ir_node *x = vector_input(g, 3), *w = matrix_input(g, 3, 3);
        check_output(arena, g, ir_ein(g, 0.7, specs[i], w, x));
    }
}

static void powers_and_broadcasts(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "powers");
    const struct ir_node *x = vector_input(g, 3), *w = matrix_input(g, 3, 3);
    const struct ir_node *cube = ir_ein(g, -0.4, "i,i,i->i", x, x, x);
    const struct ir_node *wide = ir_broadcast(g, cube, "i->ji", ir_shape_of(2, 2, 3));
    check_output(arena, g, ir_ein(g, 1, "ji,ii,ik->jk", wide, w, w));
}

static void selections(void)
{
    static const struct ir_entry entries[] = {
        {0, 1, 1.0}, {2, 0, -0.5}, {2, 2, 2.0}, {3, 2, 1.0}, {5, 1, 1.5}};
    static const int leads[3][3] = {{6}, {2, 3}, {3, 2, 1}};
    for (int n_lead = 1; n_lead <= 3; n_lead++) {
        for (int axis = 0; axis < 2; axis++) {
            struct arena *arena = arena_new();
            struct ir_graph *g = ir_graph_new(arena, "select");
            const struct ir_node *x = vector_input(g, 3), *w = matrix_input(g, 3, 3);
            const struct ir_node *both = ir_ein(g, 1, "ij,j->ij", w, x);
            check_output(arena, g, ir_select(g, both, axis, n_lead, leads[n_lead - 1], 5, entries));
        }
    }
}

static void slices(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "slices");
    const struct ir_node *x = vector_input(g, 4), *w = matrix_input(g, 3, 4);
    const struct ir_node *row = ir_pick(g, w, 0, 1), *part = ir_slice(g, ir_mul(g, row, x), 0, 1, 2);
    check_output(arena, g, ir_ein(g, 1, "i,j->ij", part, ir_pick(g, ir_ein(g, 1, "i,j->ij", x, row), 1, 3)));
}

/* B times a uniform value, a varying one, both; sums in the middle that go on into varying work. */
static void batch_sums(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "bsum");
    const struct ir_node *x = vector_input(g, 3), *w = matrix_input(g, 3, 3);
    const struct ir_node *row = ir_pick(g, w, 0, 0);
    const struct ir_node *sum = ir_bsum(g, ir_add2(g, row, ir_ein(g, 0.3, "ij,j->i", w, ir_mul(g, x, x))));
    check_output(arena, g, ir_add2(g, row, ir_mul(g, x, ir_unary(g, IR_TANH, ir_scale(g, 0.2, sum)))));
}

/* 1 + (W W' + x x')/2 */
static const struct ir_node *positive_matrix(struct ir_graph *g, const struct ir_node *x,
                                             const struct ir_node *w)
{
    const struct ir_node *const terms[] = {ir_eye(g, x->shape.size[0]), ir_ein(g, 0.5, "ik,jk->ij", w, w),
                                           ir_ein(g, 0.5, "i,j->ij", x, x)};
    return ir_add(g, 3, terms);
}

static void matrix_functions(void)
{
    for (int n = 1; n <= 5; n += 2)
        for (int op = IR_LOGDET; op <= IR_INVERSE; op++) {
            struct arena *arena = arena_new();
            struct ir_graph *g = ir_graph_new(arena, ir_op_name((enum ir_op)op));
            const struct ir_node *x = vector_input(g, n), *w = matrix_input(g, n, n);
            const struct ir_node *matrix = positive_matrix(g, x, w);
            check_output(arena, g, op == IR_LOGDET ? ir_logdet(g, matrix) : ir_inverse(g, matrix));
        }
}

/* In a loop, both policies: x' = tanh(1/A(x) x), and the determinants summed up. */
static void matrix_functions_in_a_loop(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "loop"), *b = ir_graph_new(arena, "body");
    const struct ir_node *x = ir_input(b, "x", IR_CARRY, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *w = ir_input(b, "w", IR_CAPTURE, IR_UNIFORM, ir_shape_of(2, 3, 3));
    const struct ir_node *matrix = positive_matrix(b, x, w);
    ir_output_add(b, "x", ir_unary(b, IR_TANH, ir_ein(b, 1, "ij,j->i", ir_inverse(b, matrix), x)));
    ir_output_add(b, "sum", ir_logdet(b, matrix));
    const struct ir_steps steps = {.count = 3, .n_carry = 1, .n_capture = 1, .n_sum = 1, .body = b};
    const struct ir_node *const args[] = {vector_input(g, 3), matrix_input(g, 3, 3)};
    const struct ir_node *loop = ir_steps(g, &steps, args);
    check_output(arena, g, ir_ein(g, 1, "i,->i", ir_result(g, loop, 0), ir_result(g, loop, 1)));
}

/* y = hold(exp x) x + hold(x): the derivative is exp x, the next one zero; no node is made for them. */
static void hold_is_a_constant(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "hold");
    const struct ir_node *x = vector_input(g, 3), *e = ir_unary(g, IR_EXP, x), *tangent;
    const struct ir_node *y = ir_add2(g, ir_mul(g, ir_unary(g, IR_HOLD, e), x), ir_unary(g, IR_HOLD, x));
    ir_output_add(g, "y", y);
    ir_output_add(g, "exp", e);
    const struct ir_graph *d = diff_reverse(g, "d", "y", 1, x_name, DIFF_KEEP_STATE);
    double **out = fixture_eval(&small, d, 0);
    for (int i = 0; i < 9; i++)
        CU_ASSERT_EQUAL(out[2][i], out[1][i]);
    const struct ir_graph *dd = diff_reverse(d, "dd", "grad.x", 1, x_name, DIFF_KEEP_ALL);
    CU_ASSERT_TRUE(ir_is_zero(ir_output_find(dd, "grad2.x")));
    const struct ir_node *held = ir_unary(g, IR_HOLD, e), *seed = ir_eye(g, 3);
    diff_forward(g, 1, &x, &seed, 3, 1, &held, &tangent, NULL);
    CU_ASSERT_PTR_NULL(tangent);
    arena_free(arena);
}

/* y = bfloat(x) x: the derivative is that of x x, but for what was rounded. */
static void derivatives_pass_through_bfloat(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "bfloat");
    const struct ir_node *x = vector_input(g, 3), *rounded = ir_unary(g, IR_BFLOAT, x);
    ir_output_add(g, "y", ir_mul(g, rounded, x));
    ir_output_add(g, "expected", ir_add2(g, rounded, x));
    const struct ir_graph *d = diff_reverse(g, "d", "y", 1, x_name, DIFF_KEEP_STATE);
    double **out = fixture_eval(&small, d, 0);
    for (int i = 0; i < 9; i++)
        CU_ASSERT_EQUAL(out[2][i], out[1][i]);
    arena_free(arena);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

/* (position, speed) carried; forces a sequence; w captured, uniform; x captured, varying. */
static struct ir_graph *loop_body(struct arena *arena)
{
    struct ir_graph *b = ir_graph_new(arena, "swing");
    const struct ir_node *p = ir_input(b, "p", IR_CARRY, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *v = ir_input(b, "v", IR_CARRY, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *force = ir_input(b, "force", IR_SEQUENCE, IR_UNIFORM, ir_shape_of(1, 3));
    const struct ir_node *w = ir_input(b, "w", IR_CAPTURE, IR_UNIFORM, ir_shape_of(2, 3, 3));
    const struct ir_node *x = ir_input(b, "x", IR_CAPTURE, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *bend = ir_unary(b, IR_TANH, ir_add2(b, force, ir_ein(b, 1, "ij,j->i", w, p)));
    const struct ir_node *push = ir_add2(b, bend, ir_mul(b, x, v));
    ir_output_add(b, "p", ir_add2(b, p, ir_scale(b, 0.1, v)));
    ir_output_add(b, "v", ir_add2(b, v, ir_scale(b, 0.1, push)));
    ir_output_add(b, "trace", ir_mul(b, push, p));
    ir_output_add(b, "energy", ir_ein(b, 0.5, "i,i->", v, v));
    ir_output_add(b, "mean", ir_bsum(b, ir_scale(b, 0.1, push)));
    return b;
}

static const struct ir_node *swing(struct ir_graph *g, const struct ir_node *x, const struct ir_node *w,
                                   bool backward)
{
    const struct ir_steps steps = {.count = 4,
                                   .backward = backward,
                                   .n_carry = 2,
                                   .n_sequence = 1,
                                   .n_capture = 2,
                                   .n_stack = 1,
                                   .n_sum = 2,
                                   .body = loop_body(g->arena)};
    const struct ir_node *forces = ir_broadcast(g, w, "ij->kij", ir_shape_of(3, 4, 3, 3));
    forces = ir_ein(g, 1, "kij,k->kj", forces,
                    ir_const(g, ir_shape_of(1, 4), (const double[]){0.3, -0.2, 0.9, 0.5}));
    const struct ir_node *args[] = {x, ir_fill(g, 0.1, x->shape), forces, w, x};
    return ir_steps(g, &steps, args);
}

static struct ir_graph *loop_graph(struct arena *arena, bool backward)
{
    struct ir_graph *g = ir_graph_new(arena, "loop");
    const struct ir_node *x = vector_input(g, 3), *w = matrix_input(g, 3, 3);
    const struct ir_node *loop = swing(g, x, w, backward);
    const struct ir_node *trace = ir_ein(g, 1, "ki,ki->i", ir_result(g, loop, 2), ir_result(g, loop, 2));
    const struct ir_node *sum = ir_add2(g, ir_mul(g, trace, ir_result(g, loop, 0)), ir_result(g, loop, 4));
    ir_output_add(g, "y", ir_ein(g, 1, "i,->i", sum, ir_result(g, loop, 3)));
    return g;
}

static void loops(void)
{
    for (int backward = 0; backward < 2; backward++) {
        struct arena *arena = arena_new();
        struct ir_graph *g = loop_graph(arena, backward);
        CU_ASSERT_PTR_NULL_FATAL(ir_verify(g));
        check_gradient(&small, g, "y", 1e-9);
        for (int keep = 0; keep < 2; keep++) {
            const struct ir_graph *d = diff_reverse(g, "d", "y", 2, x_and_w, (enum diff_keep)keep);
            check_gradient(&small, d, "grad.w", 1e-8);
            check_gradient(&small, d, "grad.x", 1e-8);
        }
        arena_free(arena);
    }
}

struct waiting {
    int forward; /* sums of the forward loop */
    int late;    /* of the backward loop, that are the program's own */
};

static struct waiting count_sums(const struct ir_graph *graph)
{
    struct waiting sums = {-1, 0};
    for (int id = 0; id < graph->n_nodes; id++) {
        const struct ir_steps *steps = graph->nodes[id]->op == IR_STEPS ? graph->nodes[id]->steps : NULL;
        if (steps && sums.forward < 0)
            sums.forward = steps->n_sum;
        for (int o = 0; steps && o < steps->body->n_outputs; o++)
            sums.late += strncmp(steps->body->outputs[o].name, "late", 4) == 0;
    }
    return sums;
}

/* What the loops of d/dx (position + f(energy)) add up. */
static struct waiting sums_of(struct arena *arena, bool is_square)
{
    struct ir_graph *g = ir_graph_new(arena, "waits");
    const struct ir_node *x = vector_input(g, 3), *loop = swing(g, x, matrix_input(g, 3, 3), false);
    const struct ir_node *energy = ir_result(g, loop, 3), *two = ir_fill(g, 2, energy->shape);
    const struct ir_node *f = ir_mul(g, energy, is_square ? energy : two);
    ir_output_add(g, "y", ir_add2(g, ir_ein(g, 1, "i->", ir_result(g, loop, 0)), f));
    ir_output_add(g, "energy", energy);
    CU_ASSERT_PTR_NULL_FATAL(ir_verify(g));
    check_gradient(&small, g, "y", 1e-9);
    const struct ir_graph *d = diff_reverse(g, "d", "y", 2, x_and_w, DIFF_KEEP_ALL);
    CU_ASSERT_TRUE(fixture_gap(fixture_total(&small, d, "energy", 0), fixture_total(&small, g, "energy", 0)) <
                   1e-13);
    check_gradient(&small, d, "grad.x", 1e-8);
    return count_sums(pass_dead(d));
}

/* A sum that no cotangent depends on is the backward loop's; one whose square is wanted is not. */
static void sums_wait_for_the_backward_pass(void)
{
    struct arena *arena = arena_new();
    const struct waiting plain = sums_of(arena, false), square = sums_of(arena, true);
    CU_ASSERT_EQUAL(plain.forward, 0);
    CU_ASSERT_EQUAL(plain.late, 1);
    CU_ASSERT_EQUAL(square.forward, 1);
    CU_ASSERT_EQUAL(square.late, 0);
    arena_free(arena);
}

/* Value and tangent together need one loop: what follows it is rebuilt over the loop that has both. */
static void one_loop_carries_both(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = loop_graph(arena, false);
    const struct ir_node *const wrt[] = {ir_input_find(g, "x"), ir_input_find(g, "w")};
    const struct ir_node *const seeds[] = {ir_eye(g, 3), NULL};
    const struct ir_node *y = ir_output_find(g, "y"), *tangent, *value;
    diff_forward(g, 2, wrt, seeds, 3, 1, &y, &tangent, &value);
    struct ir_graph *both = ir_graph_new(arena, "both");
    const struct ir_node **map = ARENA_ARRAY(arena, const struct ir_node *, (size_t)g->n_nodes);
    map[wrt[0]->id] = vector_input(both, 3);
    map[wrt[1]->id] = matrix_input(both, 3, 3);
    ir_copy_into(both, g, 1, &value, map);
    ir_copy_into(both, g, 1, &tangent, map);
    ir_output_add(both, "y", map[value->id]);
    ir_output_add(both, "d.y", map[tangent->id]);
    CU_ASSERT_PTR_NULL_FATAL(ir_verify(both));
    CU_ASSERT_TRUE(ir_shape_equal(tangent->shape, ir_shape_of(2, 3, 3)));
    CU_ASSERT_TRUE(fixture_gap(fixture_total(&small, both, "y", 0), fixture_total(&small, g, "y", 0)) <
                   1e-13);
    int loops_needed = 0;
    bool *needed = ARENA_ARRAY(arena, bool, (size_t)both->n_nodes);
    ir_mark_needed(both, needed);
    for (int id = 0; id < both->n_nodes; id++)
        loops_needed += needed[id] && both->nodes[id]->op == IR_STEPS;
    CU_ASSERT_EQUAL(loops_needed, 1);
    arena_free(arena);
}

/* ---- what loops keep ----------------------------------------------------------------------------------- */

/* X' = X + V tanh(U tanh(W X)), X [3], twice; the hidden layers have 30 rows. */
static struct ir_graph *layered_loop(struct arena *arena)
{
    static const struct {
        const char *name;
        int rows, columns;
    } weight[] = {{"W", 30, 3}, {"U", 30, 30}, {"V", 3, 30}};
    struct ir_graph *g = ir_graph_new(arena, "layers"), *b = ir_graph_new(arena, "layer");
    const struct ir_node *args[4] = {vector_input(g, 3)}, *in[3];
    const struct ir_node *X = ir_input(b, "X", IR_CARRY, IR_VARYING, ir_shape_of(1, 3)), *h = X;
    for (int i = 0; i < 3; i++) {
        const struct ir_shape shape = ir_shape_of(2, weight[i].rows, weight[i].columns);
        args[i + 1] = ir_input(g, weight[i].name, IR_PARAMETER, IR_UNIFORM, shape);
        in[i] = ir_input(b, weight[i].name, IR_CAPTURE, IR_UNIFORM, shape);
    }
    for (int i = 0; i < 2; i++)
        h = ir_unary(b, IR_TANH, ir_ein(b, 1.0, "oi,i->o", in[i], h));
    ir_output_add(b, "X", ir_add2(b, X, ir_ein(b, 1.0, "oi,i->o", in[2], h)));
    const struct ir_steps steps = {.count = 2, .n_carry = 1, .n_capture = 3, .body = b};
    ir_output_add(g, "y", ir_ein(g, 1.0, "i->", ir_result(g, ir_steps(g, &steps, args), 0)));
    return g;
}

/* Elements that the forward loop stacks in each round. */
static long elements_kept(enum diff_keep keep)
{
    static const char *const weights[] = {"W", "U", "V"};
    struct arena *arena = arena_new();
    const struct ir_graph *d = diff_reverse(layered_loop(arena), "d", "y", 3, weights, keep);
    long kept = 0;
    for (int id = 0; id < d->n_nodes; id++) {
        const struct ir_node *node = d->nodes[id];
        for (int k = 0; node->op == IR_STEPS && !node->steps->backward && k < node->steps->n_stack; k++)
            kept += ir_elements(node->steps->body->outputs[node->steps->n_carry + k].value->shape);
    }
    arena_free(arena);
    return kept;
}

/* An element of the first layer takes 3 multiplications and a tanh (20), one of the second 30 and a tanh. */
static void kept_values_save_enough(void)
{
    CU_ASSERT_EQUAL(elements_kept(DIFF_KEEP_ALL), 3 + 30 + 30);
    CU_ASSERT_EQUAL(elements_kept((enum diff_keep)22), 3 + 30 + 30);
    CU_ASSERT_EQUAL(elements_kept((enum diff_keep)24), 3 + 30);
    CU_ASSERT_EQUAL(elements_kept((enum diff_keep)49), 3 + 30);
    CU_ASSERT_EQUAL(elements_kept((enum diff_keep)51), 3);
    CU_ASSERT_EQUAL(elements_kept(DIFF_KEEP_STATE), 3);
}

static const struct check_case cases[] = {
    {"elementwise functions", elementwise_functions},
    {"products", products},
    {"powers and broadcasts", powers_and_broadcasts},
    {"selections", selections},
    {"slices", slices},
    {"batch sums", batch_sums},
    {"matrix functions", matrix_functions},
    {"matrix functions in a loop", matrix_functions_in_a_loop},
    {"hold is a constant", hold_is_a_constant},
    {"derivatives pass through bfloat", derivatives_pass_through_bfloat},
    {"loops", loops},
    {"sums wait for the backward pass", sums_wait_for_the_backward_pass},
    {"one loop carries both", one_loop_carries_both},
    {"kept values save enough", kept_values_save_enough},
};

int main(void)
{
    return check_main("diff", cases, CHECK_COUNT(cases));
}
