/* SPDX-License-Identifier: MIT
 *
 * The interpreter of the IR, against loops written out by hand. */
#include "check.h"
#include "ir/ir.h"

#include <math.h>
#include <setjmp.h>

/* The test of failing memory asks for more than there is. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

enum { BATCH = 3 };

/* Numbers in (-1,1) that look like no pattern. */
static void fill(double *values, long n, double start)
{
    for (long i = 0; i < n; i++)
        values[i] = sin(start + 1.7 * (double)i);
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-13 * (1 + fabs(b));
}

/* A graph of one function of one varying number. */
static double apply(enum ir_op op, double x)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "f");
    const struct ir_node *in = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    ir_output_add(g, "y", ir_unary(g, op, in));
    const double *const ins[1] = {&x};
    double y = 0;
    double *const outs[1] = {&y};
    ir_eval(g, 1, ins, outs);
    arena_free(arena);
    return y;
}

/* ---- functions ----------------------------------------------------------------------------------------- */

static void functions_have_their_values(void)
{
    CU_ASSERT_TRUE(near(apply(IR_TANH, 0.5), 0.46211715726000975850));
    CU_ASSERT_TRUE(near(apply(IR_EXP, 1), 2.71828182845904523536));
    CU_ASSERT_TRUE(near(apply(IR_LOG, 10), 2.30258509299404568402));
    CU_ASSERT_EQUAL(apply(IR_SQRT, 2.25), 1.5);
    CU_ASSERT_EQUAL(apply(IR_RECIP, 8), 0.125);
    CU_ASSERT_TRUE(near(apply(IR_SIN, 1), 0.84147098480789650665));
    CU_ASSERT_TRUE(near(apply(IR_COS, 1), 0.54030230586813971740));
    CU_ASSERT_TRUE(near(apply(IR_ERF, 0.5), 0.52049987781304653768));
    CU_ASSERT_TRUE(near(apply(IR_ERFINV, 0.5), 0.47693627620446987338));
    CU_ASSERT_TRUE(near(apply(IR_SOFTPLUS, 0.5), 0.97407698418010668087));
    CU_ASSERT_TRUE(near(apply(IR_SIGMOID, 0.5), 0.62245933120185456464));
    CU_ASSERT_EQUAL(apply(IR_HOLD, 0.5), 0.5);
}

static void bfloat_rounds_to_the_nearest(void)
{
    CU_ASSERT_EQUAL(apply(IR_BFLOAT, 1 + 0x1p-7), 1 + 0x1p-7);
    CU_ASSERT_EQUAL(apply(IR_BFLOAT, 1 + 0x1p-8), 1); /* ties go to the even one */
    CU_ASSERT_EQUAL(apply(IR_BFLOAT, -1 - 0x3p-8), -1 - 0x1p-6);
    CU_ASSERT_EQUAL(apply(IR_BFLOAT, 1 + 0x1p-8 + 0x1p-20), 1 + 0x1p-7);
    CU_ASSERT_EQUAL(apply(IR_BFLOAT, 1 + 0x1p-8 + 0x1p-40), 1); /* by way of float */
    CU_ASSERT_EQUAL(apply(IR_BFLOAT, 0x1.ffp127), INFINITY);
    CU_ASSERT_EQUAL(apply(IR_BFLOAT, -INFINITY), -INFINITY);
    CU_ASSERT_TRUE(isnan(apply(IR_BFLOAT, NAN)));
}

static void functions_survive_large_arguments(void)
{
    CU_ASSERT_EQUAL(apply(IR_SOFTPLUS, 800), 800);
    CU_ASSERT_TRUE(apply(IR_SOFTPLUS, -700) > 0);
    CU_ASSERT_EQUAL(apply(IR_SIGMOID, 800), 1);
    CU_ASSERT_EQUAL(apply(IR_SIGMOID, -800), 0);
    CU_ASSERT_TRUE(isinf(apply(IR_ERFINV, 1)) && apply(IR_ERFINV, 1) > 0);
    CU_ASSERT_TRUE(isinf(apply(IR_ERFINV, -1)) && apply(IR_ERFINV, -1) < 0);
    CU_ASSERT_TRUE(isnan(apply(IR_ERFINV, 1.5)));
    CU_ASSERT_TRUE(isnan(apply(IR_TANH, NAN)));
}

/* erf(erfinv(y)) = y to the last digits, from the smallest y to the last number below 1. */
static void erfinv_is_exact(void)
{
    double worst = 0;
    for (double y = 1e-300; y < 0.5; y *= 1.37)
        worst = fmax(worst, fabs(erf(apply(IR_ERFINV, y)) / y - 1));
    for (double q = 0.5; q > 1.2e-16; q *= 0.83) {
        const double y = 1 - q;
        /* at the end q keeps few digits, so y is what counts: 1 - y is exact */
        worst = fmax(worst, fabs(erfc(apply(IR_ERFINV, y)) / (1 - y) - 1));
        CU_ASSERT_EQUAL(apply(IR_ERFINV, -y), -apply(IR_ERFINV, y));
    }
    CU_ASSERT_TRUE(worst < 2e-14); /* erfc(x) itself carries 2 x^2 times the error of x */
}

static void ranges(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "ranges");
    const struct ir_node *x = ir_input(g, "x", IR_PARAMETER, IR_UNIFORM, ir_shape_of(1, 5));
    ir_output_add(g, "clamp", ir_clamp(g, x, -0.5, 0.25));
    ir_output_add(g, "inside", ir_inside(g, x, -0.5, 0.25));
    const double in[5] = {-1, -0.5, 0, 0.25, 0.5};
    const double *const ins[1] = {in};
    double clamp[5], inside[5];
    double *const outs[2] = {clamp, inside};
    ir_eval(g, 7, ins, outs); /* uniform: the batch does not matter */
    const double expected[5] = {-0.5, -0.5, 0, 0.25, 0.25}, between[5] = {0, 1, 1, 1, 0};
    CU_ASSERT_EQUAL(memcmp(clamp, expected, sizeof clamp), 0);
    CU_ASSERT_EQUAL(memcmp(inside, between, sizeof inside), 0);
    arena_free(arena);
}

/* ---- matrices ------------------------------------------------------------------------------------------ */

/* A = L L' with L = [2 0 0; 1 3 0; -1 2 1], so det A = 36; a matrix with a negative eigenvalue; one with a
 * zero. What stands above the diagonal is not read. */
static void matrices(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = ir_graph_new(arena, "matrices");
    const struct ir_node *a = ir_input(g, "a", IR_SAMPLE, IR_VARYING, ir_shape_of(2, 3, 3));
    const struct ir_node *b = ir_input(g, "b", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 1, 1));
    ir_output_add(g, "logdet", ir_logdet(g, a));
    ir_output_add(g, "inverse", ir_inverse(g, a));
    ir_output_add(g, "one", ir_inverse(g, b));
    const double samples[3][9] = {
        {4, 99, 99, 2, 10, 99, -2, 5, 6}, {1, 0, 0, 0, -1, 0, 0, 0, 1}, {1, 1, 0, 1, 1, 0, 0, 0, 1}};
    const double eight = 8,
                 expected[9] = {35. / 36, -11. / 18, 5. / 6, -11. / 18, 5. / 9, -2. / 3, 5. / 6, -2. / 3, 1};
    const double *const ins[2] = {samples[0], &eight};
    double logdet[3], inverse[3][9], eighth;
    double *const outs[3] = {logdet, inverse[0], &eighth};
    ir_eval(g, 3, ins, outs);
    CU_ASSERT_TRUE(near(logdet[0], log(36)));
    CU_ASSERT_TRUE(isnan(logdet[1]) && isnan(logdet[2]));
    CU_ASSERT_TRUE(near(eighth, 0.125));
    for (int i = 0; i < 9; i++) {
        CU_ASSERT_TRUE(near(inverse[0][i], expected[i]));
        CU_ASSERT_TRUE(isnan(inverse[1][i]) && isnan(inverse[2][i]));
    }
    arena_free(arena);
}

/* ---- products and sums --------------------------------------------------------------------------------- */

struct arrays { /* inputs of the graphs below, and their values */
    struct arena *arena;
    struct ir_graph *g;
    const struct ir_node *W, *U, *x, *A;
    double w[4 * 3], u[3 * 3], xs[BATCH * 3], as[BATCH * 3 * 3];
    double limit;
};

static struct arrays *set_up(void)
{
    static struct arrays a;
    a.arena = arena_new();
    a.g = ir_graph_new(a.arena, "test");
    a.W = ir_input(a.g, "W", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 4, 3));
    a.U = ir_input(a.g, "U", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 3, 3));
    a.x = ir_input(a.g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 3));
    a.A = ir_input(a.g, "A", IR_SAMPLE, IR_VARYING, ir_shape_of(2, 3, 3));
    (void)ir_input(a.g, IR_LIMIT, IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    a.limit = 3;
    fill(a.w, 12, 1);
    fill(a.u, 9, 2);
    fill(a.xs, BATCH * 3, 3);
    fill(a.as, BATCH * 9, 4);
    return &a;
}

static void run(const struct arrays *a, const struct ir_node *node, double *out)
{
    const double *const ins[5] = {a->w, a->u, a->xs, a->as, &a->limit};
    double *const outs[1] = {out};
    a->g->n_outputs = 0;
    ir_output_add(a->g, "out", node);
    ir_eval(a->g, BATCH, ins, outs);
}

static void contraction(void)
{
    struct arrays *a = set_up();
    double out[BATCH * 4];
    run(a, ir_ein(a->g, 2, "ij,j->i", a->W, a->x), out);
    for (int b = 0; b < BATCH; b++) {
        for (int i = 0; i < 4; i++) {
            double sum = 0;
            for (int j = 0; j < 3; j++)
                sum += a->w[i * 3 + j] * a->xs[b * 3 + j];
            CU_ASSERT_TRUE(near(out[b * 4 + i], 2 * sum));
        }
    }
    arena_free(a->arena);
}

static void products_of_many(void)
{
    struct arrays *a = set_up();
    double out[BATCH * 4 * 3];
    run(a, ir_ein(a->g, -1, "ij,jk,kk,k,jl->il", a->W, a->U, a->A, a->x, a->A), out);
    for (int b = 0; b < BATCH; b++) {
        const double *A = a->as + 9 * b, *x = a->xs + 3 * b;
        for (int i = 0; i < 4; i++) {
            for (int l = 0; l < 3; l++) {
                double sum = 0;
                for (int j = 0; j < 3; j++)
                    for (int k = 0; k < 3; k++)
                        sum += a->w[3 * i + j] * a->u[3 * j + k] * A[4 * k] * x[k] * A[3 * j + l];
                CU_ASSERT_TRUE(near(out[(b * 4 + i) * 3 + l], -sum));
            }
        }
    }
    arena_free(a->arena);
}

static void views(void)
{
    struct arrays *a = set_up();
    double out[BATCH * 27];
    run(a, ir_ein(a->g, 3, "ij->ji", a->A), out);
    CU_ASSERT_EQUAL(out[9 + 1], 3 * a->as[9 + 3]);
    run(a, ir_ein(a->g, 1, "ii->i", a->A), out);
    CU_ASSERT_EQUAL(out[3 + 2], a->as[9 + 8]);
    run(a, ir_broadcast(a->g, a->x, "i->aib", ir_shape_of(3, 3, 3, 3)), out);
    CU_ASSERT_EQUAL(out[27 + 2 * 9 + 1 * 3 + 0], a->xs[3 + 1]);
    run(a, ir_ein(a->g, 1, "ij->", a->W), out);
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += a->w[i];
    CU_ASSERT_TRUE(near(out[0], sum));
    run(a, ir_ein(a->g, 1, "i,ij->ij", a->x, ir_eye(a->g, 3)), out);
    CU_ASSERT_TRUE(out[9 + 4] == a->xs[3 + 1] && out[9 + 3] == 0);
    arena_free(a->arena);
}

static void sums_of_mixed_rates(void)
{
    struct arrays *a = set_up();
    double out[BATCH * 9];
    const double c[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const struct ir_node *const terms[3] = {a->A, ir_const(a->g, ir_shape_of(2, 3, 3), c),
                                            ir_scale(a->g, 2, a->U)};
    run(a, ir_add(a->g, 3, terms), out);
    for (int i = 0; i < BATCH * 9; i++)
        CU_ASSERT_TRUE(near(out[i], a->as[i] + c[i % 9] + 2 * a->u[i % 9]));
    arena_free(a->arena);
}

static void choices(void)
{
    struct arrays *a = set_up();
    double out[BATCH * 3 * 2 * 2];
    const int lead[2] = {2, 2};
    const struct ir_entry entries[4] = {{0, 1, 2}, {1, 0, 1}, {1, 2, -1}, {3, 2, 0.5}};
    run(a, ir_select(a->g, a->A, 1, 2, lead, 4, entries), out);
    for (int b = 0; b < BATCH; b++) {
        for (int i = 0; i < 3; i++) {
            const double *row = a->as + (b * 3 + i) * 3, *got = out + (b * 3 + i) * 4;
            CU_ASSERT_EQUAL(got[0], 2 * row[1]);
            CU_ASSERT_EQUAL(got[1], row[0] - row[2]);
            CU_ASSERT_EQUAL(got[2], 0);
            CU_ASSERT_EQUAL(got[3], 0.5 * row[2]);
        }
    }
    run(a, ir_pick(a->g, a->A, 0, 2), out); /* the axis before others */
    CU_ASSERT_EQUAL(out[3 + 1], a->as[9 + 7]);
    arena_free(a->arena);
}

static void batch_sums(void)
{
    struct arrays *a = set_up();
    double out[3];
    run(a, ir_bsum(a->g, a->x), out);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_TRUE(near(out[i], a->xs[i] + a->xs[3 + i] + a->xs[6 + i]));
    arena_free(a->arena);
}

/* ---- loops --------------------------------------------------------------------------------------------- */

/* c' = s_k + r c, and stacks c, sums c, sums c over the batch; a carry that starts uniform and becomes
 * varying. */
static const struct ir_node *make_loop(struct arrays *a, bool backward, bool limited)
{
    struct ir_graph *body = ir_graph_new(a->arena, "body");
    const struct ir_node *c = ir_input(body, "c", IR_CARRY, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *s = ir_input(body, "s", IR_SEQUENCE, IR_VARYING, ir_shape_of(1, 3));
    const struct ir_node *u = ir_input(body, "u", IR_SEQUENCE, IR_UNIFORM, ir_shape_of(1, 3));
    const struct ir_node *r = ir_input(body, "r", IR_CAPTURE, IR_VARYING, ir_shape_of(1, 3));
    ir_output_add(body, "c", ir_add2(body, s, ir_mul(body, r, c)));
    ir_output_add(body, "stack", c);
    ir_output_add(body, "uniform stack", ir_scale(body, 2, u));
    ir_output_add(body, "sum", ir_mul(body, c, u));
    ir_output_add(body, "batch", ir_bsum(body, c));
    struct ir_steps steps = {.count = 3, .backward = backward, .n_carry = 1, .n_sequence = 2, .n_capture = 1};
    steps.limited = limited;
    steps.n_stack = 2;
    steps.n_sum = 2;
    steps.body = body;
    const struct ir_node *const args[4] = {ir_pick(a->g, a->W, 0, 0), a->A, a->U, a->x};
    return ir_steps(a->g, &steps, args);
}

struct loop_values {
    double c[BATCH * 3], stack[BATCH * 9], uniform[9], sum[BATCH * 3], batch[3];
};

static void direct_loop(const struct arrays *a, bool backward, int rounds, struct loop_values *v)
{
    memset(v, 0, sizeof *v);
    for (int b = 0; b < BATCH; b++)
        memcpy(v->c + 3 * b, a->w, 3 * sizeof *v->c);
    for (int i = 0; i < 3 * rounds; i++)
        v->uniform[i] = 2 * a->u[i];
    for (int step = 0; step < rounds; step++) {
        const int k = backward ? rounds - 1 - step : step;
        for (int i = 0; i < BATCH * 3; i++) {
            const int b = i / 3, e = i % 3;
            v->stack[b * 9 + k * 3 + e] = v->c[i];
            v->sum[i] += v->c[i] * a->u[k * 3 + e];
            v->batch[e] += v->c[i];
            v->c[i] = a->as[b * 9 + k * 3 + e] + a->xs[i] * v->c[i];
        }
    }
}

static void check_values(const double *got, const double *expected, int n)
{
    for (int i = 0; i < n; i++)
        CU_ASSERT_TRUE(near(got[i], expected[i]));
}

static void check_rounds(bool backward, bool limited, double limit, int rounds)
{
    struct arrays *a = set_up();
    const struct ir_node *loop = make_loop(a, backward, limited);
    struct loop_values expected;
    double out[BATCH * 9];
    a->limit = limit;
    direct_loop(a, backward, rounds, &expected);
    CU_ASSERT_EQUAL(ir_result(a->g, loop, 2)->rate, IR_UNIFORM);
    run(a, ir_result(a->g, loop, 0), out);
    check_values(out, expected.c, BATCH * 3);
    run(a, ir_result(a->g, loop, 1), out);
    check_values(out, expected.stack, BATCH * 9);
    run(a, ir_result(a->g, loop, 2), out);
    check_values(out, expected.uniform, 9);
    run(a, ir_result(a->g, loop, 3), out);
    check_values(out, expected.sum, BATCH * 3);
    run(a, ir_result(a->g, loop, 4), out);
    check_values(out, expected.batch, 3);
    arena_free(a->arena);
}

static void check_loop(bool backward)
{
    check_rounds(backward, false, 1, 3);
}

/* Rounds k with k + 1/2 <= limit; slices of the others are zeros. */
static void loops_with_a_limit(void)
{
    static const struct {
        double limit;
        int rounds;
    } limits[] = {{0, 0},    {-7, 0},  {NAN, 0}, {0.5, 1}, {1, 1},
                  {1.49, 1}, {1.5, 2}, {2, 2},   {3, 3},   {1e30, 3}};
    for (size_t i = 0; i < CHECK_COUNT(limits); i++)
        for (int backward = 0; backward < 2; backward++)
            check_rounds(backward, true, limits[i].limit, limits[i].rounds);
}

static void loops_forward(void)
{
    check_loop(false);
}

static void loops_backward(void)
{
    check_loop(true);
}

/* c' = (inner loop: twice c'' = c'' + u c''), five times: c (1 + u)^10 for a uniform u. */
static void loops_within_loops(void)
{
    struct arrays *a = set_up();
    struct ir_graph *inner = ir_graph_new(a->arena, "inner"), *outer = ir_graph_new(a->arena, "outer");
    const struct ir_node *c = ir_input(inner, "c", IR_CARRY, IR_VARYING, ir_shape_of(0));
    const struct ir_node *u = ir_input(inner, "u", IR_CAPTURE, IR_UNIFORM, ir_shape_of(0));
    ir_output_add(inner, "c", ir_add2(inner, c, ir_mul(inner, u, c)));
    struct ir_steps steps = {.count = 2, .n_carry = 1, .n_capture = 1, .body = inner};
    c = ir_input(outer, "c", IR_CARRY, IR_VARYING, ir_shape_of(0));
    u = ir_input(outer, "u", IR_CAPTURE, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *const args[2] = {c, u};
    ir_output_add(outer, "c", ir_result(outer, ir_steps(outer, &steps, args), 0));
    steps = (struct ir_steps){.count = 5, .n_carry = 1, .n_capture = 1, .body = outer};
    const struct ir_node *const top[2] = {ir_pick(a->g, a->x, 0, 1),
                                          ir_pick(a->g, ir_pick(a->g, a->U, 0, 1), 0, 2)};
    double out[BATCH];
    run(a, ir_result(a->g, ir_steps(a->g, &steps, top), 0), out);
    for (int b = 0; b < BATCH; b++)
        CU_ASSERT_TRUE(near(out[b], a->xs[3 * b + 1] * pow(1 + a->u[5], 10)));
    CU_ASSERT_PTR_NULL(ir_verify(a->g));
    arena_free(a->arena);
}

/* ---- several outputs, batches, memory ------------------------------------------------------------------ */

/* Samples do not see one another, whatever the batch. */
static void batches_do_not_matter(void)
{
    struct arrays *a = set_up();
    double all[BATCH * 9], one[9];
    const struct ir_node *h = ir_unary(a->g, IR_TANH, ir_ein(a->g, 1, "ij,jk,k->ij", a->U, a->A, a->x));
    run(a, h, all);
    for (int b = 0; b < BATCH; b++) {
        const double *const ins[5] = {a->w, a->u, a->xs + 3 * b, a->as + 9 * b, &a->limit};
        double *const outs[1] = {one};
        ir_eval(a->g, 1, ins, outs);
        CU_ASSERT_EQUAL(memcmp(one, all + 9 * b, sizeof one), 0);
    }
    arena_free(a->arena);
}

static void inputs_may_be_outputs(void)
{
    struct arrays *a = set_up();
    const double *const ins[5] = {a->w, a->u, a->xs, a->as, &a->limit};
    double x[BATCH * 3], y[BATCH * 3], fives[2];
    double *const outs[3] = {x, y, fives};
    ir_output_add(a->g, "x", a->x);
    ir_output_add(a->g, "y", ir_scale(a->g, 2, a->x));
    ir_output_add(a->g, "fives", ir_fill(a->g, 5, ir_shape_of(1, 2)));
    ir_eval(a->g, BATCH, ins, outs);
    CU_ASSERT_EQUAL(memcmp(x, a->xs, sizeof x), 0);
    CU_ASSERT_EQUAL(y[4], 2 * a->xs[4]);
    CU_ASSERT_EQUAL(fives[1], 5);
    arena_free(a->arena);
}

static void failing_memory_leaves_through_the_arena(void)
{
    struct arena *arena = arena_new();
    jmp_buf failure;
    if (setjmp(failure) == 0) {
        arena_on_failure(arena, &failure);
        struct ir_graph *g = ir_graph_new(arena, "large");
        const struct ir_node *s = ir_input(g, "s", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
        const struct ir_node *t =
            ir_unary(g, IR_TANH, ir_input(g, "t", IR_SETTING, IR_UNIFORM, ir_shape_of(0)));
        ir_output_add(g, "large", ir_broadcast(g, s, "->ij", ir_shape_of(2, 4096, 4096)));
        ir_output_add(g, "small", t); /* is there already when memory ends */
        const double zero = 0;
        const double *const ins[2] = {&zero, &zero};
        double *const outs[2] = {NULL, NULL};
        ir_eval(g, 1 << 30, ins, outs);
        CU_FAIL("so much memory cannot be");
    }
    arena_free(arena);
    CU_PASS("came back");
}

static const struct check_case cases[] = {
    {"functions have their values", functions_have_their_values},
    {"bfloat rounds to the nearest", bfloat_rounds_to_the_nearest},
    {"functions survive large arguments", functions_survive_large_arguments},
    {"erfinv is exact", erfinv_is_exact},
    {"ranges", ranges},
    {"matrices", matrices},
    {"contraction", contraction},
    {"products of many", products_of_many},
    {"views", views},
    {"sums of mixed rates", sums_of_mixed_rates},
    {"choices", choices},
    {"batch sums", batch_sums},
    {"loops forward", loops_forward},
    {"loops backward", loops_backward},
    {"loops with a limit", loops_with_a_limit},
    {"loops within loops", loops_within_loops},
    {"batches do not matter", batches_do_not_matter},
    {"inputs may be outputs", inputs_may_be_outputs},
    {"failing memory leaves through the arena", failing_memory_leaves_through_the_arena},
};

int main(void)
{
    return check_main("ir_eval", cases, CHECK_COUNT(cases));
}
