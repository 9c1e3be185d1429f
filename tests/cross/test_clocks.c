/* SPDX-License-Identifier: MIT
 *
 * Kernels that count the time of their nests give the same bits as those that do not, and count every call,
 * with what it does in words and in operations. The clock's values are not checked, only that it advances. */
#include "check.h"
#include "cross/compiled.h"
#include "emit_llvm/emit.h"
#include "pass/pass.h"
#include "property/random_program.h"

#include <math.h>

enum { SEEDS = 25, TILES = 3, ROUNDS = 5 };

static struct arena *arena; /* of the case that runs */

/* ---- the same answers ---------------------------------------------------------------------------------- */

static bool same_bits(const struct ir_graph *graph, int batch, double *const *a, double *const *b)
{
    for (int o = 0; o < graph->n_outputs; o++)
        if (memcmp(a[o], b[o], (size_t)random_count(graph->outputs[o].value, batch) * sizeof(double)) != 0)
            return false;
    return true;
}

static bool run_both(const struct ir_graph *graph, uint64_t seed)
{
    struct compiled_options options = {.real = REAL_4, .passes = true, .poison = true};
    const char *fault = NULL;
    struct compiled *plain = compiled_new(arena, graph, &options, &fault);
    options.clocked = true;
    struct compiled *clocked = plain ? compiled_new(arena, graph, &options, &fault) : NULL;
    if (clocked) {
        const int batch = TILES * compiled_lanes(plain);
        double **in = random_inputs(arena, graph, batch, seed);
        double **a = random_outputs(arena, graph, batch), **b = random_outputs(arena, graph, batch);
        compiled_run(plain, batch, (const double *const *)in, a);
        compiled_run(clocked, batch, (const double *const *)in, b);
        CU_ASSERT(same_bits(graph, batch, a, b));
        CU_ASSERT_EQUAL(compiled_clocks(clocked)->begun, 2 + TILES);
        CU_ASSERT_PTR_NULL(compiled_clocks(plain));
    }
    return clocked != NULL;
}

static void answers_are_the_same(void)
{
    const struct random_options options = {.nodes = 24, .loops = true};
    int done = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        arena = arena_new();
        done += run_both(random_program(arena, seed, &options), seed);
        arena_free(arena);
    }
    CU_ASSERT(done >= SEEDS / 3);
}

/* ---- what is counted ----------------------------------------------------------------------------------- */

static const char program[] =
    "graph step {\n"
    "  %0 = input \"x\" carry : varying [8]\n"
    "  %1 = input \"W\" capture : uniform [8,8]\n"
    "  %2 = ein 1 \"ab,b->a\" %1 %0 : varying [8]\n"
    "  %3 = tanh %2 : varying [8]\n"
    "  output \"x\" %3\n"
    "}\n"
    "graph train {\n"
    "  %0 = input \"x\" sample : varying [8]\n"
    "  %1 = input \"W\" parameter : uniform [8,8]\n"
    "  %2 = steps step 5 forward carry %0 sequence capture %1 stack 0 sum 0 : varying\n"
    "  %3 = result 0 %2 : varying [8]\n"
    "  %4 = ein 1 \"a,b->ab\" %3 %3 : varying [8,8]\n"
    "  %5 = bsum %4 : uniform [8,8]\n"
    "  output \"moments\" %5\n"
    "}\n";

static const struct ir_graph *read_program(void)
{
    const struct source source = {.name = "program.ir", .text = program, .length = sizeof program - 1};
    struct diag diag;
    int n = 0;
    diag_init(&diag, arena);
    struct ir_graph **graphs = ir_parse(arena, &source, &diag, &n);
    if (!graphs)
        printf("%s", diag_text(&diag));
    CU_ASSERT_FATAL(graphs && n == 1);
    return graphs[0];
}

static const struct emit_clock *find(const struct emit_clocks *clocks, const char *what)
{
    for (int64_t i = 0; i < clocks->n; i++)
        if (strcmp(clocks->nest[i].what, what) == 0)
            return &clocks->nest[i];
    printf("no nest says '%s', but\n", what);
    for (int64_t i = 0; i < clocks->n; i++)
        printf("  %s\n", clocks->nest[i].what);
    return NULL;
}

static void has_counted(const struct emit_clocks *clocks, const char *what, int64_t calls, double flop)
{
    const struct emit_clock *clock = find(clocks, what);
    CU_ASSERT_PTR_NOT_NULL_FATAL(clock);
    CU_ASSERT_STRING_EQUAL(clock->part, "tile");
    CU_ASSERT_EQUAL(clock->calls, calls);
    CU_ASSERT_EQUAL(clock->flop, flop);
    CU_ASSERT(clock->ticks > 0);
    CU_ASSERT(clock->node >= 0);
}

/* The operations of all nests are the program's. */
static double flop_of(const struct emit_clocks *clocks)
{
    double flop = 0;
    for (int64_t i = 0; i < clocks->n; i++)
        flop += (double)clocks->nest[i].calls * clocks->nest[i].flop;
    return flop;
}

static void calls_are_counted(void)
{
    const struct compiled_options options = {.real = REAL_4, .clocked = true, .lanes = 16};
    const char *fault = NULL;
    arena = arena_new();
    const struct ir_graph *graph = read_program();
    struct compiled *compiled = compiled_new(arena, graph, &options, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(compiled);
    const int lanes = compiled_lanes(compiled), batch = TILES * lanes;
    double **in = random_inputs(arena, graph, batch, 1), **out = random_outputs(arena, graph, batch);
    compiled_run(compiled, batch, (const double *const *)in, out);
    const struct emit_clocks *clocks = compiled_clocks(compiled);
    const double tanh_flop = ir_count_of(graph->nodes[2]->steps->body->nodes[3]).flops;
    has_counted(clocks, "weights 8 over 8, then tanh", TILES * ROUNDS, (2 * 64 + tanh_flop) * lanes);
    has_counted(clocks, "total 8x8: 2 factors", TILES, 2 * 64 * lanes);
    CU_ASSERT_DOUBLE_EQUAL(flop_of(clocks), ir_count(graph).flops * batch,
                           0.01 * ir_count(graph).flops * batch);
    arena_free(arena);
}

static const struct check_case cases[] = {
    {"answers are the same", answers_are_the_same},
    {"calls are counted", calls_are_counted},
};

int main(void)
{
    return check_main("clocks", cases, CHECK_COUNT(cases));
}
