/* SPDX-License-Identifier: MIT
 *
 * Passes keep the values of random programs and of their derivatives, leave sound graphs, and do what they
 * are for. */
#include "check.h"
#include "diff_fixture.h"
#include "pass/pass.h"
#include "random_program.h"

#include <inttypes.h>

static const char *const all_inputs[] = {"x", "z", "e", "W", "b", "V", "t"};
enum { N_INPUTS = 7 };

/* ---- random programs ----------------------------------------------------------------------------------- */

static bool pass_holds(const struct pass *pass, const struct fixture *f, const struct ir_graph *before,
                       struct ir_graph **after)
{
    *after = pass->run(before);
    const char *fault = ir_verify(*after);
    const double gap = fault ? 0 : fixture_distance(f, before, *after);
    if (fault)
        printf("%s: %s\n", pass->name, fault);
    if (gap > 1e-10)
        printf("%s: gap %g\n", pass->name, gap);
    return !fault && gap <= 1e-10;
}

/* One after the other; merging must not cost multiplications. */
static bool all_passes_hold(const struct fixture *f, const struct ir_graph *g)
{
    bool good = true;
    for (int i = 0; i < pass_count && good; i++) {
        if (pass_list[i].mixed)
            continue;
        struct ir_graph *after;
        good = pass_holds(&pass_list[i], f, g, &after);
        const double before = ir_count(g).multiplies, now = ir_count(after).multiplies;
        if (good && pass_list[i].run == pass_merge && now > before) {
            printf("%s: %g multiplications were %g\n", pass_list[i].name, now, before);
            good = false;
        }
        g = after;
    }
    return good;
}

/* The program, its gradient by either policy, and the gradient of what the passes made of that. */
static bool program_holds(struct arena *arena, uint64_t seed)
{
    const struct fixture f = {.batch = 2, .seed = seed};
    const struct random_options options = {.nodes = 8 + (int)(seed % 12), .loops = seed % 5 != 0};
    const struct ir_graph *g = random_program(arena, seed, &options);
    const enum diff_keep keep = seed % 2 ? DIFF_KEEP_ALL : DIFF_KEEP_STATE;
    const struct ir_graph *d = diff_reverse(pass_hoist(g), "reverse", "y0", N_INPUTS, all_inputs, keep);
    const struct ir_graph *dd = diff_reverse(pass_dead(d), "twice", "grad.W", N_INPUTS, all_inputs, keep);
    return all_passes_hold(&f, g) && all_passes_hold(&f, d) && all_passes_hold(&f, dd);
}

static void random_programs(void)
{
    const char *one = getenv("GPFC_SEED"), *more = getenv("GPFC_SEEDS");
    const uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    const uint64_t n = one ? 1 : more ? strtoull(more, NULL, 10) : 400;
    for (uint64_t seed = first; seed < first + n; seed++) {
        struct arena *arena = arena_new();
        const bool good = program_holds(arena, seed);
        arena_free(arena);
        CU_ASSERT_TRUE(good);
        if (!good)
            printf("repeat: GPFC_SEED=%" PRIu64 " GPFC_TEST='random' tests/property/test_pass\n", seed);
    }
}

/* ---- the same in, the same out ------------------------------------------------------------------------- */

static const char *text_of(const struct ir_graph *g)
{
    struct strbuf text;
    strbuf_init(&text, g->arena);
    ir_print(g, &text);
    return strbuf_text(&text);
}

static struct ir_graph *run_all(const struct ir_graph *g)
{
    const char *fault;
    struct ir_graph *result = pass_run(g, false, &fault, NULL, NULL);
    CU_ASSERT_PTR_NULL(fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(result);
    return result;
}

static void same_bytes(void)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        const struct random_options options = {.nodes = 15, .loops = true};
        struct arena *arena[2];
        const char *text[2];
        for (int i = 0; i < 2; i++) {
            arena[i] = arena_new();
            const struct ir_graph *g = random_program(arena[i], seed, &options);
            text[i] = text_of(run_all(diff_reverse(g, "d", "y0", N_INPUTS, all_inputs, DIFF_KEEP_STATE)));
        }
        CU_ASSERT_STRING_EQUAL(text[0], text[1]);
        arena_free(arena[0]);
        arena_free(arena[1]);
    }
}

/* ---- a flow by hand: potential of a network, its tangents, time steps of stages ------------------------ */

enum { D = 10, H = 50, STEPS = 15, STAGES = 4 };

static struct ir_shape vector(int n)
{
    return ir_shape_of(1, n);
}

/* w_i = sum_jk U_ijk (dh_k/dx_j - x_j h_k), h = tanh(W1 tanh(W0 x + T t + b)) */
static const struct ir_node *velocity(struct ir_graph *g, const struct ir_node *x, const struct ir_node *t,
                                      const struct ir_node *const *net)
{
    const struct ir_node *seed = ir_eye(g, D), *tangent;
    const struct ir_node *shift = ir_add2(g, ir_ein(g, 1, "h,->h", net[2], t), net[3]);
    const struct ir_node *h = ir_unary(g, IR_TANH, ir_add2(g, ir_ein(g, 1, "hi,i->h", net[0], x), shift));
    h = ir_unary(g, IR_TANH, ir_ein(g, 1, "kh,h->k", net[1], h));
    diff_forward(g, 1, &x, &seed, D, 1, &h, &tangent, NULL);
    return ir_ein(g, 1, "ijk,kj->i", net[4], ir_add2(g, tangent, ir_ein(g, -1, "k,j->kj", h, x)));
}

static const char *const net_names[] = {"W0", "W1", "T", "b", "U"};
enum { N_NET = 5 };

static void network(struct ir_graph *g, enum ir_role role, const struct ir_node **net)
{
    const struct ir_shape shapes[N_NET] = {ir_shape_of(2, H, D), ir_shape_of(2, H, H), vector(H), vector(H),
                                           ir_shape_of(3, D, D, H)};
    for (int i = 0; i < N_NET; i++)
        net[i] = ir_input(g, net_names[i], role, IR_UNIFORM, shapes[i]);
}

/* k' = w(x + k/4, t + c): one stage after the other; gives the sum of all k. */
static const struct ir_node *stages(struct ir_graph *g, const struct ir_node *x, const struct ir_node *t,
                                    const struct ir_node *const *outer)
{
    struct ir_graph *b = ir_graph_new(g->arena, "stage");
    const struct ir_node *net[N_NET];
    const struct ir_node *k = ir_input(b, "k", IR_CARRY, IR_VARYING, vector(D));
    const struct ir_node *sum = ir_input(b, "sum", IR_CARRY, IR_VARYING, vector(D));
    const struct ir_node *c = ir_input(b, "c", IR_SEQUENCE, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *start = ir_input(b, "x", IR_CAPTURE, IR_VARYING, vector(D));
    const struct ir_node *time = ir_input(b, "t", IR_CAPTURE, IR_UNIFORM, ir_shape_of(0));
    network(b, IR_CAPTURE, net);
    const struct ir_node *at = ir_add2(b, start, ir_scale(b, 0.25, k));
    const struct ir_node *w = velocity(b, at, ir_add2(b, time, c), net);
    ir_output_add(b, "k", w);
    ir_output_add(b, "sum", ir_add2(b, sum, ir_scale(b, 0.25 / STEPS, w)));
    const struct ir_steps steps = {
        .count = STAGES, .n_carry = 2, .n_sequence = 1, .n_capture = 2 + N_NET, .body = b};
    const struct ir_node *zero = ir_fill(g, 0, vector(D));
    const struct ir_node *cs = ir_const(g, vector(STAGES), (const double[]){0, 0.02, 0.03, 0.06});
    const struct ir_node *args[5 + N_NET] = {zero, zero, cs, x, t};
    memcpy(args + 5, outer, sizeof net);
    return ir_result(g, ir_steps(g, &steps, args), 1);
}

static struct ir_graph *flow(struct arena *arena)
{
    struct ir_graph *g = ir_graph_new(arena, "flow"), *b = ir_graph_new(arena, "step");
    const struct ir_node *net[N_NET], *inner[N_NET];
    const struct ir_node *z = ir_input(g, "z", IR_SAMPLE, IR_VARYING, vector(D));
    network(g, IR_PARAMETER, net);
    const struct ir_node *x = ir_input(b, "x", IR_CARRY, IR_VARYING, vector(D));
    const struct ir_node *t = ir_input(b, "t", IR_SEQUENCE, IR_UNIFORM, ir_shape_of(0));
    network(b, IR_CAPTURE, inner);
    ir_output_add(b, "x", ir_add2(b, x, stages(b, x, t, inner)));
    double times[STEPS];
    for (int k = 0; k < STEPS; k++)
        times[k] = (double)k / STEPS;
    const struct ir_steps steps = {
        .count = STEPS, .n_carry = 1, .n_sequence = 1, .n_capture = N_NET, .body = b};
    const struct ir_node *args[2 + N_NET] = {z, ir_const(g, vector(STEPS), times)};
    memcpy(args + 2, net, sizeof net);
    const struct ir_node *end = ir_result(g, ir_steps(g, &steps, args), 0);
    ir_output_add(g, "loss", ir_ein(g, 1, "i,i->", end, end));
    return g;
}

static int count_loops(const struct ir_graph *g)
{
    int n = 0;
    bool *needed = ARENA_ARRAY(g->arena, bool, (size_t)g->n_nodes);
    ir_mark_needed(g, needed);
    for (int id = 0; id < g->n_nodes; id++)
        if (needed[id] && g->nodes[id]->op == IR_STEPS)
            n += 1 + count_loops(g->nodes[id]->steps->body);
    return n;
}

/* Uniform operations that are no views, in bodies. */
static int uniform_work(const struct ir_graph *g, bool body)
{
    int n = 0;
    bool *needed = ARENA_ARRAY(g->arena, bool, (size_t)g->n_nodes);
    ir_mark_needed(g, needed);
    for (int id = 0; id < g->n_nodes; id++) {
        const struct ir_node *node = g->nodes[id];
        const bool work = node->n_args > 0 &&
                          (node->op != IR_EIN || node->n_args > 1 || node->ein.n_labels > node->shape.rank);
        n += body && needed[id] && work && node->op != IR_RESULT && node->op != IR_STEPS &&
             node->rate == IR_UNIFORM;
        if (needed[id] && node->op == IR_STEPS)
            n += uniform_work(node->steps->body, true);
    }
    return n;
}

/* Multiply-adds of one evaluation: W0 x; W1 h; g1 W0 and W1 T1; g2 T2 and x h; U S; and g = 1 - h^2 twice. */
enum { FORWARD = H * D + H * H + H * D + H * H * D + 2 * H * D + D * D * H + 2 * H };

static void flow_is_counted(void)
{
    struct arena *arena = arena_new();
    struct ir_graph *g = run_all(flow(arena));
    const double per_stage = STEPS * STAGES;
    CU_ASSERT_EQUAL(uniform_work(g, false), 0);
    CU_ASSERT_EQUAL(count_loops(g), 2);
    CU_ASSERT_EQUAL(ir_count(g).multiplies, per_stage * FORWARD + D); /* D: the loss */
    static const double backward[2] = {98800, 70300}; /* with the forward values again but for U S; without */
    for (int keep = 0; keep < 2; keep++) {
        const struct ir_graph *d =
            diff_reverse(pass_hoist(flow(arena)), "train", "loss", N_NET, net_names, keep);
        d = run_all(d);
        CU_ASSERT_EQUAL(count_loops(d), 4);
        CU_ASSERT_EQUAL(ir_count(d).multiplies - ir_count(g).multiplies, per_stage * backward[keep]);
    }
    arena_free(arena);
}

/* ---- what each is for ---------------------------------------------------------------------------------- */

struct piece { /* a program of one loop, under construction */
    struct arena *arena;
    struct ir_graph *g, *b;
    struct ir_steps steps;
    int n;
    const struct ir_node *args[8];
};

static struct piece piece_new(int count)
{
    struct piece p = {.arena = arena_new()};
    p.g = ir_graph_new(p.arena, "piece");
    p.b = ir_graph_new(p.arena, "body");
    p.steps = (struct ir_steps){.count = count, .body = p.b};
    return p;
}

static const struct ir_node *port(struct piece *p, const char *name, enum ir_role role, struct ir_shape shape,
                                  const struct ir_node *arg)
{
    p->steps.n_carry += role == IR_CARRY;
    p->steps.n_sequence += role == IR_SEQUENCE;
    p->steps.n_capture += role == IR_CAPTURE;
    p->args[p->n++] = arg;
    return ir_input(p->b, name, role, role == IR_CARRY ? IR_VARYING : arg->rate, shape);
}

static const struct ir_steps *only_loop(const struct ir_graph *g)
{
    bool *needed = ARENA_ARRAY(g->arena, bool, (size_t)g->n_nodes);
    ir_mark_needed(g, needed);
    for (int id = 0; id < g->n_nodes; id++)
        if (needed[id] && g->nodes[id]->op == IR_STEPS)
            return g->nodes[id]->steps;
    return NULL;
}

static bool has_op(const struct ir_graph *g, enum ir_op op)
{
    bool *needed = ARENA_ARRAY(g->arena, bool, (size_t)g->n_nodes);
    ir_mark_needed(g, needed);
    for (int id = 0; id < g->n_nodes; id++)
        if (needed[id] && g->nodes[id]->op == op)
            return true;
    return false;
}

static void check_value(const struct ir_graph *before, const struct ir_graph *after)
{
    const struct fixture f = {.batch = 3, .seed = 7};
    CU_ASSERT_PTR_NULL(ir_verify(after));
    CU_ASSERT_TRUE(fixture_distance(&f, before, after) < 1e-13);
}

/* Carries: x used; y read by nobody else; zero that stays zero; w that is handed on. Captures: x twice, an
 * eye. */
static void dead_thins_loops(void)
{
    struct piece p = piece_new(3);
    const struct ir_node *x0 = ir_input(p.g, "x", IR_SAMPLE, IR_VARYING, vector(2));
    const struct ir_node *zero = ir_fill(p.g, 0, vector(2));
    const struct ir_node *slices = ir_broadcast(p.g, x0, "i->ki", ir_shape_of(2, 3, 2));
    const struct ir_node *x = port(&p, "x", IR_CARRY, vector(2), x0),
                         *y = port(&p, "y", IR_CARRY, vector(2), x0);
    const struct ir_node *z = port(&p, "z", IR_CARRY, vector(2), zero),
                         *w = port(&p, "w", IR_CARRY, vector(2), x0);
    const struct ir_node *s = port(&p, "s", IR_SEQUENCE, vector(2), slices);
    const struct ir_node *c = port(&p, "c", IR_CAPTURE, vector(2), x0),
                         *c2 = port(&p, "c2", IR_CAPTURE, vector(2), x0);
    const struct ir_node *e = port(&p, "e", IR_CAPTURE, ir_shape_of(2, 2, 2), ir_eye(p.g, 2));
    const struct ir_node *terms[] = {x, w, ir_mul(p.b, s, ir_add2(p.b, c, c2)), z};
    ir_output_add(p.b, "x", ir_ein(p.b, 0.5, "ij,j->i", e, ir_add(p.b, 4, terms)));
    ir_output_add(p.b, "y", ir_mul(p.b, y, c));
    ir_output_add(p.b, "z", ir_mul(p.b, z, x));
    ir_output_add(p.b, "w", w);
    ir_output_add(p.b, "stack", ir_mul(p.b, x, x));
    ir_output_add(p.b, "same", c);
    p.steps.n_stack = 2;
    const struct ir_node *loop = ir_steps(p.g, &p.steps, p.args);
    ir_output_add(p.g, "out", ir_result(p.g, loop, 0));
    ir_output_add(p.g, "same", ir_result(p.g, loop, 5));
    const struct ir_graph *after = pass_dead(p.g);
    const struct ir_steps *thin = only_loop(after);
    check_value(p.g, after);
    CU_ASSERT_PTR_NOT_NULL_FATAL(thin);
    CU_ASSERT_TRUE(thin->n_carry == 1 && thin->n_sequence == 0 && thin->n_capture == 1 && thin->n_stack == 0);
    arena_free(p.arena);
}

/* W t_k + b is a table; tanh of a varying capture is done once. */
static void hoist_makes_tables(void)
{
    struct piece p = piece_new(3);
    const struct ir_node *x0 = ir_input(p.g, "x", IR_SAMPLE, IR_VARYING, vector(2));
    const struct ir_node *w0 = ir_input(p.g, "w", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 2, 2));
    const struct ir_node *times = ir_input(p.g, "t", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 3, 2));
    const struct ir_node *x = port(&p, "x", IR_CARRY, vector(2), x0);
    const struct ir_node *t = port(&p, "t", IR_SEQUENCE, vector(2), times);
    const struct ir_node *c = port(&p, "c", IR_CAPTURE, vector(2), x0);
    const struct ir_node *w = port(&p, "w", IR_CAPTURE, ir_shape_of(2, 2, 2), w0);
    const struct ir_node *shift = ir_add2(p.b, ir_ein(p.b, 1, "ij,j->i", w, t), ir_pick(p.b, w, 0, 1));
    const struct ir_node *terms[] = {x, ir_unary(p.b, IR_SIN, shift), ir_unary(p.b, IR_TANH, c)};
    ir_output_add(p.b, "x", ir_scale(p.b, 0.5, ir_add(p.b, 3, terms)));
    ir_output_add(p.g, "out", ir_result(p.g, ir_steps(p.g, &p.steps, p.args), 0));
    const struct ir_graph *after = pass_dead(pass_hoist(p.g));
    const struct ir_steps *loop = only_loop(after);
    check_value(p.g, after);
    CU_ASSERT_EQUAL(uniform_work(after, false), 0);
    CU_ASSERT_TRUE(has_op(after, IR_SIN) && has_op(after, IR_TANH));
    CU_ASSERT_FALSE(has_op(loop->body, IR_SIN) || has_op(loop->body, IR_TANH));
    CU_ASSERT_TRUE(loop->n_sequence == 1 && loop->n_capture == 1);
    arena_free(p.arena);
}

static struct ir_graph *expression(struct arena *arena, const struct ir_node **x, const struct ir_node **w)
{
    struct ir_graph *g = ir_graph_new(arena, "expression");
    *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, vector(6));
    *w = ir_input(g, "w", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, 6, 6));
    return g;
}

/* W a + W b = W (a + b), also where a sum stands within a sum; a product is not formed only to be scaled. */
static void merge_joins_contractions(void)
{
    const struct ir_node *x, *w;
    struct arena *arena = arena_new();
    struct ir_graph *g = expression(arena, &x, &w);
    const struct ir_node *a = ir_unary(g, IR_TANH, x), *b = ir_unary(g, IR_SIN, x),
                         *c = ir_unary(g, IR_COS, x);
    const struct ir_node *first = ir_add2(g, ir_ein(g, 2, "ij,j->i", w, a), ir_ein(g, 1, "ij,j->i", w, b));
    const struct ir_node *sum = ir_add2(g, ir_ein(g, -1, "ij,j->i", w, c), first);
    ir_output_add(g, "out", ir_add2(g, sum, ir_scale(g, 3, ir_mul(g, a, c))));
    const struct ir_graph *after = pass_dead(pass_merge(g));
    check_value(g, after);
    CU_ASSERT_EQUAL(ir_count(g).multiplies, 3 * 36 + 6);
    CU_ASSERT_EQUAL(ir_count(after).multiplies, 36 + 6);
    arena_free(arena);
}

/* x sum(b) + x sum(c) share x, but b and c are not of one size. */
static void merge_looks_at_sizes(void)
{
    const struct ir_node *x, *w;
    struct arena *arena = arena_new();
    struct ir_graph *g = expression(arena, &x, &w);
    const struct ir_node *b = ir_slice(g, ir_unary(g, IR_SIN, x), 0, 0, 2);
    const struct ir_node *c = ir_slice(g, ir_unary(g, IR_COS, x), 0, 1, 3);
    ir_output_add(g, "out", ir_add2(g, ir_ein(g, 1, "i,j->i", x, b), ir_ein(g, 1, "i,j->i", x, c)));
    check_value(g, pass_merge(g));
    arena_free(arena);
}

/* (W (a b^T)) c is a (b.c) first. */
static void binary_finds_the_cheapest_order(void)
{
    const struct ir_node *x, *w;
    struct arena *arena = arena_new();
    struct ir_graph *g = expression(arena, &x, &w);
    const struct ir_node *a = ir_unary(g, IR_TANH, x), *b = ir_unary(g, IR_SIN, x),
                         *c = ir_unary(g, IR_COS, x);
    ir_output_add(g, "out", ir_ein(g, 1, "ij,j,k,k->i", w, a, b, c));
    const struct ir_graph *after = pass_binary(g);
    check_value(g, after);
    CU_ASSERT_EQUAL(ir_count(after).multiplies, 6 + 6 + 36);
    bool *needed = ARENA_ARRAY(arena, bool, (size_t)after->n_nodes);
    ir_mark_needed(after, needed);
    for (int id = 0; id < after->n_nodes; id++)
        CU_ASSERT_TRUE(!needed[id] || after->nodes[id]->op != IR_EIN || after->nodes[id]->n_args <= 2);
    arena_free(arena);
}

static int count_rounded(const struct ir_graph *graph)
{
    bool *needed = ARENA_ARRAY(graph->arena, bool, (size_t)graph->n_nodes + 1);
    int n = 0;
    ir_mark_needed(graph, needed);
    for (int id = 0; id < graph->n_nodes; id++)
        n += needed[id] && graph->nodes[id]->op == IR_BFLOAT;
    return n;
}

/* W x, x^T W y (not by rows of W), the sum of y x^T, all of extents `rows` and `columns`; as it is, or with
 * rounded operands where they are multiplied by rows or summed over the batch. */
static struct ir_graph *products(struct arena *arena, int rows, int columns, bool rounded)
{
    struct ir_graph *g = ir_graph_new(arena, "products");
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, columns));
    const struct ir_node *y = ir_input(g, "y", IR_SAMPLE, IR_VARYING, ir_shape_of(1, rows));
    const struct ir_node *w = ir_input(g, "W", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, rows, columns));
    const struct ir_node *near[3] = {x, y, w};
    for (int i = 0; i < 3 && rounded; i++)
        near[i] = ir_unary(g, IR_BFLOAT, near[i]);
    ir_output_add(g, "forward", ir_ein(g, 1, "ab,b->a", near[2], near[0]));
    ir_output_add(g, "backward", ir_ein(g, -2, "ab,a->b", near[2], near[1]));
    ir_output_add(g, "total", ir_bsum(g, ir_ein(g, -1, "b,a->ab", near[0], near[1])));
    ir_output_add(g, "element", ir_ein(g, 1, "ab,ab->a", w, ir_ein(g, 1, "a,b->ab", y, x)));
    return g;
}

static void narrow_rounds_large_products(void)
{
    const struct fixture f = {.batch = 3, .seed = 5};
    struct arena *arena = arena_new();
    const struct ir_graph *large = products(arena, 9, 16, false), *narrow = pass_narrow(large);
    CU_ASSERT_PTR_NULL(ir_verify(narrow));
    CU_ASSERT(fixture_distance(&f, narrow, products(arena, 9, 16, true)) < 1e-14);
    CU_ASSERT(fixture_distance(&f, narrow, large) > 1e-4);
    CU_ASSERT_EQUAL(count_rounded(narrow), 4); /* W also with its rows last */
    CU_ASSERT_EQUAL(count_rounded(pass_narrow(products(arena, 7, 16, false))), 0);
    arena_free(arena);
}

static const struct check_case cases[] = {
    {"random programs", random_programs},
    {"the same bytes", same_bytes},
    {"a flow", flow_is_counted},
    {"dead thins loops", dead_thins_loops},
    {"hoist makes tables", hoist_makes_tables},
    {"merge joins contractions", merge_joins_contractions},
    {"merge looks at sizes", merge_looks_at_sizes},
    {"binary finds the cheapest order", binary_finds_the_cheapest_order},
    {"narrow rounds large products", narrow_rounds_large_products},
};

int main(void)
{
    return check_main("pass", cases, CHECK_COUNT(cases));
}
