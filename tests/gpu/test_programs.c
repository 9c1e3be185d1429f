/* SPDX-License-Identifier: MIT
 *
 * Random programs as kernels for GPUs give what the interpreter gives, in both precisions. The stand-ins look
 * at every access: a race, a read of what nobody wrote or beyond an array's end is a fault.
 *
 *   test_programs [SEED [COUNT]]   runs only those seeds */
#include "check.h"
#include "gpu/gpu_evaluate.h"
#include "gpu/in_test.h"
#include "property/random_program.h"

#include <math.h>

enum { BATCH = 64 };

static uint64_t first_seed = 1;
static int seed_count = 6;

static double error_of(double expected, double found)
{
    if (isnan(expected) || isnan(found))
        return isnan(expected) && isnan(found) ? 0 : INFINITY;
    return expected == found ? 0 : fabs(expected - found) / (1 + fabs(expected));
}

static double worst_of(const struct ir_graph *graph, double *const *expected, double *const *found)
{
    double worst = 0;
    for (int o = 0; o < graph->n_outputs; o++)
        for (long i = 0; i < random_count(graph->outputs[o].value, BATCH); i++)
            worst = fmax(worst, error_of(expected[o][i], found[o][i]));
    return worst;
}

static void check_seed(uint64_t seed, struct gpu_evaluate *options, double limit)
{
    struct arena *arena = arena_new();
    const struct random_options random = {.loops = true};
    const struct ir_graph *graph = random_program(arena, seed, &random);
    double **in = random_inputs(arena, graph, BATCH, seed), **expected = random_outputs(arena, graph, BATCH),
           **found = random_outputs(arena, graph, BATCH);
    const bool good = evaluate_by_interpreter(NULL, graph, BATCH, (const double *const *)in, expected) &&
                      gpu_evaluate(options, graph, BATCH, (const double *const *)in, found);
    const double worst = good ? worst_of(graph, expected, found) : options->cannot ? 0 : INFINITY;
    if (!(worst <= limit))
        (void)fprintf(stderr, "seed %llu: %g\n", (unsigned long long)seed, worst);
    CU_ASSERT(worst <= limit);
    arena_free(arena);
}

static void in_double(void)
{
    struct gpu_evaluate options = {.real = REAL_8};
    for (int i = 0; i < seed_count; i++)
        check_seed(first_seed + (uint64_t)i, &options, 1e-11);
}

static void in_single(void)
{
    struct gpu_evaluate options = {.real = REAL_4, .passes = true};
    for (int i = 0; i < seed_count; i++)
        check_seed(first_seed + 100 + (uint64_t)i, &options, 5e-4);
}

static const struct check_case cases[] = {
    {"random programs in double precision", in_double},
    {"random programs in single precision, after the passes", in_single},
};

int main(int argc, char **argv)
{
    const char *const why = why_no_stand_in();
    if (why)
        return check_skip(why), CHECK_SKIP;
    gpu_evaluate_begin(argv);
    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        seed_count = atoi(argv[2]);
    return check_main("programs on GPUs", cases, CHECK_COUNT(cases));
}
