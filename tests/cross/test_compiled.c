/* SPDX-License-Identifier: MIT
 *
 * Random programs, compiled for this machine and for smaller ones, give what the interpreter gives: in both precisions, with
 * and without the passes, for batches of one, of a prime number and of whole tiles. Memory starts as NaNs.
 *
 *   test_compiled [SEED [COUNT]]   runs those seeds alone and says what differs */
#include "check.h"
#include "cross/compiled.h"
#include "property/random_program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t first_seed = 1;
static int seed_count = 60;

struct variant {
    const char *name;
    struct compiled_options options;
    double limit; /* of |difference| / (1 + |value|) */
};

/* Single precision: values are of order one and go through some tens of operations. */
static const struct variant variants[] = {
    {"double", {.is_double = true, .poison = true}, 1e-11},
    {"double, passes", {.is_double = true, .passes = true, .poison = true}, 1e-11},
    {"single", {.poison = true}, 2e-3},
    {"single, passes, 4 vectors a tile", {.passes = true, .poison = true, .lanes = 32}, 2e-3},
    {"double, SSE2", {.is_double = true, .cpu = "x86-64", .poison = true}, 1e-11},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static bool has_totals(const struct ir_graph *graph)
{
    for (int id = 0; id < graph->n_nodes; id++) {
        if (graph->nodes[id]->op == IR_BSUM)
            return true;
        if (graph->nodes[id]->op == IR_STEPS && has_totals(graph->nodes[id]->steps->body))
            return true;
    }
    return false;
}

/* 0, or how far past the limit the worst output is; a NaN on one side alone is infinitely far. */
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
        printf("seed %llu, %s, batch %d: %g; repeat: tests/cross/test_compiled %llu\n", (unsigned long long)seed,
               variant->name, batch, worst, (unsigned long long)seed);
    CU_ASSERT(worst == 0);
}

/* A program that cannot be computed tile by tile is refused with a reason. */
static bool is_refused(const char *fault)
{
    return strstr(fault, "sum over the batch") || strstr(fault, "the same for all");
}

static int run_seed(uint64_t seed, bool loops)
{
    struct arena *arena = arena_new();
    const struct random_options options = {.nodes = 24, .loops = loops};
    const struct ir_graph *graph = random_program(arena, seed, &options);
    int done = 0;
    for (int v = 0; v < VARIANTS; v++) {
        const char *fault = NULL;
        struct compiled *compiled = compiled_new(arena, graph, &variants[v].options, &fault);
        if (!compiled) {
            if (!is_refused(fault))
                printf("seed %llu, %s: %s\n", (unsigned long long)seed, variants[v].name, fault);
            CU_ASSERT(is_refused(fault));
            continue;
        }
        int lanes = compiled_lanes(compiled);
        const int whole[] = {lanes, 3 * lanes}, any[] = {1, 7, 2 * lanes + 3};
        for (int i = 0; i < (has_totals(graph) ? 2 : 3); i++)
            run_batch(arena, compiled, graph, &variants[v], seed, has_totals(graph) ? whole[i] : any[i]);
        compiled_free(compiled);
        done++;
    }
    arena_free(arena);
    return done;
}

static void straight_programs_agree(void)
{
    int done = 0;
    for (int i = 0; i < seed_count; i++)
        done += run_seed(first_seed + (uint64_t)i, false);
    CU_ASSERT(seed_count == 1 || done >= seed_count * VARIANTS / 2);
}

static void programs_with_loops_agree(void)
{
    int done = 0;
    for (int i = 0; i < seed_count; i++)
        done += run_seed(first_seed + (uint64_t)i, true);
    CU_ASSERT(seed_count == 1 || done >= seed_count * VARIANTS / 3);
}

int main(int argc, char **argv)
{
    static const struct check_case cases[] = {
        {"straight programs agree with the interpreter", straight_programs_agree},
        {"programs with loops agree with the interpreter", programs_with_loops_agree},
    };
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        seed_count = argc > 2 ? atoi(argv[2]) : 1;
    }
    return check_main("compiled programs", cases, sizeof cases / sizeof *cases);
}
