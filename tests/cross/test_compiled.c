/* SPDX-License-Identifier: MIT
 *
 * Random programs, compiled by every backend, for this machine and for smaller ones, give what the
 * interpreter gives: in both precisions, with and without the passes, for batches of one, of a prime number
 * and of whole tiles. Memory starts as NaNs.
 *
 *   test_compiled [SEED [COUNT]]   runs only those seeds and says what differs */
#include "check.h"
#include "cross/compiled.h"
#include "pass/pass.h"
#include "property/random_program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t first_seed = 1;
static int seed_count = 45;

struct variant {
    const char *name;
    struct compiled_options options;
    double limit; /* of |difference| / (1 + |value|) */
};

/* Single precision: values are of order one and go through some tens of operations. */
static const struct variant variants[] = {
    {"double", {.real = REAL_8, .poison = true}, 1e-11},
    {"double, passes", {.real = REAL_8, .passes = true, .poison = true}, 1e-11},
    {"single", {.real = REAL_4, .poison = true}, 5e-4},
    {"single, passes, 4 vectors a tile, their sums in memory",
     {.real = REAL_4, .passes = true, .poison = true, .schedule = "partial=1000000 window=1", .lanes = 32},
     5e-4},
    {"single, passes, lanes added up at once",
     {.real = REAL_4, .passes = true, .poison = true, .schedule = "partial=0 packed=0 window=1 layout=rows"},
     5e-4},
    {"double, 4 vectors a tile in one group",
     {.real = REAL_8, .poison = true, .schedule = "group=4 tanh=newton layout=rows", .lanes = 16},
     1e-11},
    {"single, passes, operands turned",
     {.real = REAL_4, .passes = true, .poison = true, .schedule = "partial=0 tanh=newton", .lanes = 32},
     5e-4},
    {"double, SSE2", {.real = REAL_8, .cpu = "x86-64", .poison = true}, 1e-11},
    {"single, AVX", {.real = REAL_4, .cpu = "sandybridge", .passes = true, .poison = true}, 5e-4},
    {"double, AVX2", {.real = REAL_8, .cpu = "haswell", .passes = true, .poison = true}, 1e-11},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* A backend that does not plan has no schedule and no processor to choose. */
static bool is_here(const struct variant *variant)
{
    const struct compiled_options *options = &variant->options;
    const bool planned = options->schedule || options->cpu;
    return compiled_runs_here(options->cpu) && (compiled_backend()->planner || !planned);
}

static int variants_here(void)
{
    int n = 0;
    for (int v = 0; v < VARIANTS; v++)
        n += is_here(&variants[v]);
    return n;
}

/* Random programs. */
static int seeds_here(void)
{
    enum { FEWER = 8 };
    return compiled_is_slow() && seed_count >= FEWER ? seed_count / FEWER : seed_count;
}

/* 0, or how far past the limit the worst output is; a NaN on only one side is infinitely far. */
static double compare(const struct ir_graph *graph, int batch, double *const *expected, double *const *found,
                      double limit)
{
    double worst = 0;
    for (int o = 0; o < graph->n_outputs; o++)
        for (long i = 0; i < random_count(graph->outputs[o].value, batch); i++) {
            double a = expected[o][i], b = found[o][i];
            if (isnan(a) && isnan(b))
                continue;
            double gap = a == b ? 0 : fabs(a - b) / (1 + fabs(a));
            if (!(gap <= limit))
                worst = fmax(worst, isnan(gap) ? INFINITY : gap);
        }
    return worst;
}

static void run_batch(struct arena *arena, const struct compiled *compiled, const struct ir_graph *graph,
                      const struct variant *variant, uint64_t seed, int batch)
{
    double **in = random_inputs(arena, graph, batch, seed);
    double **expected = random_outputs(arena, graph, batch), **found = random_outputs(arena, graph, batch);
    ir_eval(graph, batch, (const double *const *)in, expected);
    compiled_run(compiled, batch, (const double *const *)in, found);
    double worst = compare(graph, batch, expected, found, variant->limit);
    if (worst > 0)
        printf("seed %llu, %s, batch %d: %g; repeat: tests/cross/test_compiled %llu\n",
               (unsigned long long)seed, variant->name, batch, worst, (unsigned long long)seed);
    CU_ASSERT(worst == 0);
}

/* A program that cannot be computed tile by tile is refused with a reason. */
static bool is_refused(const char *fault)
{
    return strstr(fault, "sum over the batch") || strstr(fault, "the same for all");
}

/* Can the program be computed in this variant? */
static bool run_variant(struct arena *arena, const struct ir_graph *graph, const struct variant *variant,
                        uint64_t seed)
{
    const char *fault = NULL;
    const struct compiled *compiled = compiled_new(arena, graph, &variant->options, &fault);
    if (!compiled) {
        if (!is_refused(fault))
            printf("seed %llu, %s: %s\n", (unsigned long long)seed, variant->name, fault);
        CU_ASSERT(is_refused(fault));
        return false;
    }
    const int lanes = compiled_lanes(compiled);
    const bool is_whole = compiled_takes_whole_tiles(compiled);
    const int whole[] = {lanes, 3 * lanes}, any[] = {1, 7, 2 * lanes + 3};
    for (int i = 0; i < (is_whole ? 2 : 3); i++)
        run_batch(arena, compiled, graph, variant, seed, is_whole ? whole[i] : any[i]);
    return true;
}

/* Gives in how many variants the program can be computed. */
static int run_graph(struct arena *arena, const struct ir_graph *graph, uint64_t seed)
{
    int done = 0;
    for (int v = 0; v < VARIANTS; v++)
        if (is_here(&variants[v]))
            done += run_variant(arena, graph, &variants[v], seed);
    return done;
}

static int run_seed(uint64_t seed, bool loops)
{
    struct arena *arena = arena_new();
    const struct random_options options = {.nodes = 24, .loops = loops};
    int done = run_graph(arena, random_program(arena, seed, &options), seed);
    arena_free(arena);
    return done;
}

static void straight_programs_agree(void)
{
    int done = 0;
    for (int i = 0; i < seeds_here(); i++)
        done += run_seed(first_seed + (uint64_t)i, false);
    CU_ASSERT(seed_count == 1 || done >= seeds_here() * variants_here() / 2);
}

static void programs_with_loops_agree(void)
{
    int done = 0;
    for (int i = 0; i < seeds_here(); i++)
        done += run_seed(first_seed + (uint64_t)i, true);
    CU_ASSERT(seed_count == 1 || done >= seeds_here() * variants_here() / 3);
}

/* Where a tile need not be whole vectors. */
static void one_sample_a_tile(void)
{
    static const struct variant variant = {
        "double, one sample a tile", {.real = REAL_8, .poison = true, .lanes = 1}, 1e-11};
    const struct random_options options = {.nodes = 24, .loops = true};
    for (int i = 0; i < seeds_here() && !compiled_backend()->planner; i++) {
        struct arena *arena = arena_new();
        const uint64_t seed = first_seed + (uint64_t)i;
        (void)run_variant(arena, random_program(arena, seed, &options), &variant, seed);
        arena_free(arena);
    }
}

/* ---- matrices of many sizes ---------------------------------------------------------------------------- */

static void both_functions(struct ir_graph *g, const char *name, const struct ir_node *matrix)
{
    ir_output_add(g, arena_printf(g->arena, "logdet.%s", name), ir_logdet(g, matrix));
    ir_output_add(g, arena_printf(g->arena, "inverse.%s", name), ir_inverse(g, matrix));
}

/* 1 + b b'/n */
static const struct ir_node *positive_matrix(struct ir_graph *g, const struct ir_node *b)
{
    const int n = b->shape.size[0];
    return ir_add2(g, ir_eye(g, n), ir_ein(g, 1.0 / n, "ik,jk->ij", b, b));
}

/* Where t < 0 the last pivot is far below zero. */
static const struct ir_node *sometimes_positive(struct ir_graph *g, const struct ir_node *z,
                                                const struct ir_node *t)
{
    const int n = z->shape.size[0];
    double *last = ARENA_ARRAY(g->arena, double, (size_t)n);
    last[n - 1] = -n - 2;
    const struct ir_node *end = ir_const(g, ir_shape_of(1, n), last), *bad = ir_inside(g, t, -2, 0);
    return ir_add2(g, positive_matrix(g, z), ir_ein(g, 1, "i,ij,->ij", end, ir_eye(g, n), bad));
}

/* The same for all samples, in a loop over samples: each lane computes it. */
static const struct ir_node *in_a_loop(struct ir_graph *g, const struct ir_node *w, const struct ir_node *z)
{
    const int n = z->shape.size[0];
    struct ir_graph *body = ir_graph_new(g->arena, "body");
    const struct ir_node *x = ir_input(body, "x", IR_CARRY, IR_VARYING, z->shape);
    const struct ir_node *a = ir_input(body, "a", IR_SEQUENCE, IR_UNIFORM, ir_shape_of(2, n, n));
    const struct ir_node *inverse = ir_inverse(body, ir_add2(body, a, ir_eye(body, n)));
    ir_output_add(body, "x", ir_ein(body, 1, "ij,jk->ik", inverse, x));
    const struct ir_node *logdet = ir_logdet(body, positive_matrix(body, x));
    ir_output_add(body, "logdet", ir_mul(body, logdet, ir_logdet(body, inverse)));
    const struct ir_node *matrices = ir_ein(g, 1.0 / n, "sik,sjk->sij", w, w);
    const struct ir_node *const args[] = {z, matrices};
    const struct ir_steps steps = {.count = 2, .n_carry = 1, .n_sequence = 1, .n_stack = 1, .body = body};
    return ir_steps(g, &steps, args);
}

static struct ir_graph *matrix_program(struct arena *arena, int n, bool totals)
{
    struct ir_graph *g = ir_graph_new(arena, "matrix");
    const struct ir_node *z = ir_input(g, "z", IR_SAMPLE, IR_VARYING, ir_shape_of(2, n, n));
    const struct ir_node *t = ir_input(g, "t", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    const struct ir_node *w = ir_input(g, "w", IR_PARAMETER, IR_UNIFORM, ir_shape_of(3, 2, n, n));
    const struct ir_node *before = positive_matrix(g, ir_pick(g, w, 0, 1)), *loop = in_a_loop(g, w, z);
    both_functions(g, "before", before);
    both_functions(g, "tile", sometimes_positive(g, z, t));
    ir_output_add(g, "product", ir_ein(g, 1, "ij,jk->ik", ir_inverse(g, before), z));
    ir_output_add(g, "carry", ir_result(g, loop, 0));
    ir_output_add(g, "stack", ir_result(g, loop, 1));
    ir_output_add(g, "hold", ir_unary(g, IR_HOLD, ir_unary(g, IR_HOLD, z)));
    if (totals)
        both_functions(g, "after", positive_matrix(g, ir_scale(g, 0.05, ir_bsum(g, z))));
    return g;
}

/* Samples with t < 0 give NaN and no others: what the interpreter gives is what compiled code is held to. */
static void check_samples(struct arena *arena, const struct ir_graph *graph, int batch, uint64_t seed)
{
    double **in = random_inputs(arena, graph, batch, seed), **out = random_outputs(arena, graph, batch);
    ir_eval(graph, batch, (const double *const *)in, out);
    int bad = 0;
    for (int b = 0; b < batch; b++) {
        CU_ASSERT_EQUAL(isnan(out[2][b]), in[1][b] < 0);
        bad += isnan(out[2][b]) != 0;
    }
    CU_ASSERT(bad > 0 && bad < batch);
}

static void matrices_agree(void)
{
    static const int sizes[] = {1, 2, 3, 4, 7, 33};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && seed_count > 1; i++) {
        struct arena *arena = arena_new();
        const struct ir_graph *graph = matrix_program(arena, sizes[i], i % 2);
        check_samples(arena, graph, 16, 1 + i);
        CU_ASSERT_EQUAL(run_graph(arena, graph, 1 + i), variants_here());
        arena_free(arena);
    }
}

/* ---- products of bfloat16 numbers ---------------------------------------------------------------------- */

/* Two steps, so that weights come into a loop, whose sum is one over the batch too. */
static const struct ir_node *products_in_a_loop(struct ir_graph *g, const struct ir_node *w,
                                                const struct ir_node *pair)
{
    const int rows = w->shape.size[0], columns = w->shape.size[1];
    struct ir_graph *body = ir_graph_new(g->arena, "products");
    const struct ir_node *x = ir_input(body, "x", IR_SEQUENCE, IR_VARYING, ir_shape_of(1, columns));
    const struct ir_node *v = ir_input(body, "W", IR_CAPTURE, IR_UNIFORM, ir_shape_of(2, rows, columns));
    const struct ir_node *ones = ir_fill(body, 1, ir_shape_of(1, rows));
    const struct ir_node *y = ir_ein(body, 1, "ab,b->a", v, x);
    ir_output_add(body, "y", y);
    ir_output_add(body, "total", ir_bsum(body, ir_ein(body, -1, "a,b,b->ab", ones, x, x)));
    const struct ir_node *const args[] = {pair, w};
    const struct ir_steps steps = {
        .count = 2, .n_sequence = 1, .n_capture = 1, .n_stack = 1, .n_sum = 1, .body = body};
    return ir_steps(g, &steps, args);
}

/* Only inputs are rounded: the interpreter's doubles and a kernel's floats are then rounded alike. */
static struct ir_graph *products_program(struct arena *arena, int rows, int columns)
{
    struct ir_graph *g = ir_graph_new(arena, "pairs");
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, columns));
    const struct ir_node *many = ir_input(g, "z", IR_SAMPLE, IR_VARYING, ir_shape_of(2, columns, 3));
    const struct ir_node *y = ir_input(g, "y", IR_SAMPLE, IR_VARYING, ir_shape_of(2, rows, 3));
    const struct ir_node *pair = ir_input(g, "pair", IR_SAMPLE, IR_VARYING, ir_shape_of(2, 2, columns));
    const struct ir_node *w = ir_input(g, "W", IR_PARAMETER, IR_UNIFORM, ir_shape_of(2, rows, columns));
    const struct ir_node *deep = ir_input(g, "V", IR_PARAMETER, IR_UNIFORM, ir_shape_of(3, columns, 9, rows));
    const struct ir_node *cube = ir_input(g, "cube", IR_SAMPLE, IR_VARYING, ir_shape_of(2, rows, 9));
    const struct ir_node *loop = products_in_a_loop(g, w, pair);
    ir_output_add(g, "vector", ir_ein(g, 1, "ab,b->a", w, x));
    ir_output_add(g, "columns", ir_unary(g, IR_TANH, ir_ein(g, 0.5, "ab,bc->ac", w, many)));
    ir_output_add(g, "backward", ir_ein(g, 1, "ab,ac->bc", w, y));
    ir_output_add(g, "deep", ir_ein(g, 1, "abc,cb->a", deep, cube));
    ir_output_add(g, "total", ir_bsum(g, ir_ein(g, -1, "ac,bc->ab", y, many)));
    ir_output_add(g, "stack", ir_result(g, loop, 0));
    ir_output_add(g, "sum", ir_result(g, loop, 1));
    return g;
}

static void products_of_rounded_numbers_agree(void)
{
    static const int sizes[][2] = {{8, 8}, {9, 11}, {15, 30}, {33, 17}};
    for (size_t i = 0; i < CHECK_COUNT(sizes) && seed_count > 1; i++) {
        struct arena *arena = arena_new();
        const struct ir_graph *plain = products_program(arena, sizes[i][0], sizes[i][1]);
        const struct ir_graph *rounded = pass_dead(pass_hoist(pass_narrow(plain)));
        CU_ASSERT_PTR_NULL(ir_verify(rounded));
        CU_ASSERT_EQUAL(run_graph(arena, rounded, 1 + i), variants_here());
        arena_free(arena);
    }
}

/* ---- long sums ----------------------------------------------------------------------------------------- */

/* In pieces: over two labels and three, beside other axes, with what follows a sum. */
static struct ir_graph *long_sums(struct arena *arena)
{
    struct ir_graph *g = ir_graph_new(arena, "long");
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(2, 23, 41));
    const struct ir_node *y = ir_input(g, "y", IR_SAMPLE, IR_VARYING, ir_shape_of(3, 3, 20, 30));
    const struct ir_node *w = ir_input(g, "w", IR_PARAMETER, IR_UNIFORM, ir_shape_of(3, 14, 41, 23));
    const struct ir_node *u = ir_input(g, "u", IR_PARAMETER, IR_UNIFORM, ir_shape_of(3, 20, 13, 30));
    const struct ir_node *two = ir_ein(g, 0.01, "abc,cb->a", w, x);
    const struct ir_node *three = ir_ein(g, 0.01, "bac,dbc->da", u, y);
    ir_output_add(g, "two", ir_unary(g, IR_TANH, two));
    ir_output_add(g, "three", ir_mul(g, three, three));
    ir_output_add(g, "plain", three);
    return g;
}

static void long_sums_agree(void)
{
    struct arena *arena = arena_new();
    if (seed_count > 1)
        CU_ASSERT_EQUAL(run_graph(arena, long_sums(arena), 1), variants_here());
    arena_free(arena);
}

/* ---- weight gradients of few terms --------------------------------------------------------------------- */

/* Rows and columns that are no multiples of anything, scaled, with a factor of all results, by itself and in
 * a loop. */
static struct ir_graph *outer_program(struct arena *arena, int rows, int columns)
{
    struct ir_graph *g = ir_graph_new(arena, "outer"), *body = ir_graph_new(arena, "body");
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, rows));
    const struct ir_node *y = ir_input(g, "y", IR_SAMPLE, IR_VARYING, ir_shape_of(2, 3, columns));
    const struct ir_node *z = ir_input(g, "z", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    ir_output_add(g, "apart", ir_bsum(g, ir_ein(g, -2, "i,kj,->kij", x, y, z)));
    ir_output_add(g, "both",
                  ir_bsum(g, ir_add2(g, ir_ein(g, 1, "i,kj,kj->ij", x, y, y),
                                     ir_ein(g, 0.5, "i,j->ij", x, ir_pick(g, y, 0, 1)))));
    const struct ir_node *c = ir_input(body, "c", IR_CARRY, IR_VARYING, x->shape);
    const struct ir_node *s = ir_input(body, "s", IR_SEQUENCE, IR_VARYING, ir_shape_of(1, columns));
    const struct ir_node *next = ir_unary(body, IR_TANH, c);
    ir_output_add(body, "c", next);
    ir_output_add(body, "sum", ir_bsum(body, ir_ein(body, 1, "i,j->ij", next, s)));
    const struct ir_node *const args[] = {x, y};
    const struct ir_steps steps = {.count = 3, .n_carry = 1, .n_sequence = 1, .n_sum = 1, .body = body};
    ir_output_add(g, "loop", ir_result(g, ir_steps(g, &steps, args), 1));
    return g;
}

static void outer_products_agree(void)
{
    static const int sizes[][2] = {{1, 8}, {2, 9}, {7, 17}, {13, 50}, {50, 2}, {40, 33}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && seed_count > 1; i++) {
        struct arena *arena = arena_new();
        const struct ir_graph *graph = outer_program(arena, sizes[i][0], sizes[i][1]);
        CU_ASSERT_EQUAL(run_graph(arena, graph, 1 + i), variants_here());
        arena_free(arena);
    }
}

/* ---- weighted sums of unfilled tiles ------------------------------------------------------------------- */

/* A weight gradient and a plain sum over the batch, as a program for training has them. */
static struct ir_graph *weighted_sums(struct arena *arena)
{
    struct ir_graph *g = ir_graph_new(arena, "weighted");
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, 9));
    const struct ir_node *weight = ir_input(g, "weight", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    ir_output_add(g, "gradient", ir_bsum(g, ir_ein(g, 0.1, "i,j,->ij", x, x, weight)));
    ir_output_add(g, "sum", ir_bsum(g, ir_ein(g, 0.1, "i,i,->", x, x, weight)));
    return g;
}

static void empty_lanes_add_nothing(void)
{
    struct arena *arena = arena_new();
    if (seed_count > 1)
        CU_ASSERT_EQUAL(run_graph(arena, weighted_sums(arena), 1), variants_here());
    arena_free(arena);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"straight programs agree with the interpreter", straight_programs_agree},
        {"programs with loops agree with the interpreter", programs_with_loops_agree},
        {"one sample a tile agrees with the interpreter", one_sample_a_tile},
        {"matrices agree with the interpreter", matrices_agree},
        {"outer products agree with the interpreter", outer_products_agree},
        {"long sums agree with the interpreter", long_sums_agree},
        {"empty lanes add nothing to a sum", empty_lanes_add_nothing},
        {"products of rounded numbers agree with the interpreter", products_of_rounded_numbers_agree},
    };
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        seed_count = argc > 2 ? atoi(argv[2]) : 1;
    }
    return compiled_main("compiled programs", cases, CHECK_COUNT(cases));
}
