/* SPDX-License-Identifier: MIT
 *
 * Random programs as C, through the system's compiler, give what the interpreter gives, and what cannot be
 * computed tile by tile is refused. One file holds many programs: compilers are slow to start.
 *
 *   test_emit_c [SEED [COUNT]]   runs only those seeds and says what differs */
#include "check.h"
#include "cross/compiled.h"
#include "emit_c/emit_c.h"
#include "property/random_program.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SEEDS = 500 };
static uint64_t first_seed = 1;
static int seed_count = 30;

struct batch { /* programs of one file */
    struct arena *arena;
    bool is_double;
    int lanes, n;
    const struct ir_graph *graphs[MOST_SEEDS];
    uint64_t seeds[MOST_SEEDS];
};

/* ---- programs to a library ----------------------------------------------------------------------------- */

static bool emits(const struct batch *batch, const struct ir_graph *const *graphs, int n, struct strbuf *text,
                  const char **fault)
{
    struct bundle_kernel *kernels = ARENA_ARRAY(batch->arena, struct bundle_kernel, (size_t)n + 1);
    for (int k = 0; k < n; k++)
        kernels[k] = (struct bundle_kernel){.name = graphs[k]->name, .graph = graphs[k]};
    const struct emit_c what = {.lanes = batch->lanes,
                                .real = batch->is_double ? REAL_8 : REAL_4,
                                .n_kernels = n,
                                .kernels = kernels};
    strbuf_init(text, batch->arena);
    return emit_c(batch->arena, &what, text, fault);
}

/* A program that cannot be computed tile by tile is refused with a reason. */
static bool is_refused(const char *fault)
{
    return strstr(fault, "sum over the batch") || strstr(fault, "the same for all");
}

static void add_program(struct batch *batch, uint64_t seed, bool loops)
{
    const struct random_options options = {.nodes = 24, .loops = loops};
    struct ir_graph *graph = random_program(batch->arena, seed, &options);
    struct strbuf text;
    const char *fault = NULL;
    const struct ir_graph *const graphs[] = {graph};
    graph->name = arena_printf(batch->arena, "program%llu", (unsigned long long)seed);
    if (!emits(batch, graphs, 1, &text, &fault)) {
        CU_ASSERT_FATAL(fault != NULL);
        CU_ASSERT(is_refused(fault));
        return;
    }
    batch->seeds[batch->n] = seed;
    batch->graphs[batch->n++] = graph;
}

static void *library_of(struct batch *batch)
{
    struct strbuf text;
    const char *fault = NULL;
    CU_ASSERT_FATAL(emits(batch, batch->graphs, batch->n, &text, &fault));
    void *library = compiled_open_c(batch->arena, strbuf_text(&text), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(library);
    return library;
}

/* ---- against the interpreter --------------------------------------------------------------------------- */

static double gap(const struct ir_graph *graph, int rows, double *const *expected, double *const *found)
{
    double worst = 0;
    for (int o = 0; o < graph->n_outputs; o++)
        for (long i = 0; i < random_count(graph->outputs[o].value, rows); i++) {
            const double a = expected[o][i], b = found[o][i];
            const double here = (isnan(a) && isnan(b)) || a == b ? 0 : fabs(a - b) / (1 + fabs(a));
            worst = isnan(here) ? INFINITY : fmax(worst, here);
        }
    return worst;
}

static void run_program(const struct batch *batch, int i, const struct gpfc_kernel *kernel, int rows)
{
    const struct ir_graph *graph = batch->graphs[i];
    struct compiled *compiled = compiled_of(batch->arena, graph, kernel, batch->is_double, batch->lanes);
    double **in = random_inputs(batch->arena, graph, rows, batch->seeds[i]);
    double **expected = random_outputs(batch->arena, graph, rows),
           **found = random_outputs(batch->arena, graph, rows);
    ir_eval(graph, rows, (const double *const *)in, expected);
    compiled_run(compiled, rows, (const double *const *)in, found);
    const double worst = gap(graph, rows, expected, found);
    const bool good = worst <= (batch->is_double ? 1e-11 : 5e-4);
    if (!good)
        printf("seed %llu, %s, %d rows: %g\n", (unsigned long long)batch->seeds[i],
               batch->is_double ? "double" : "single", rows, worst);
    CU_ASSERT(good);
}

static void run_batch(bool is_double, int lanes, bool loops)
{
    struct batch *batch = calloc(1, sizeof *batch);
    CU_ASSERT_PTR_NOT_NULL_FATAL(batch);
    *batch = (struct batch){.arena = arena_new(), .is_double = is_double, .lanes = lanes};
    for (int i = 0; i < seed_count; i++)
        add_program(batch, first_seed + (uint64_t)i, loops);
    CU_ASSERT_FATAL(batch->n > 0 && (seed_count == 1 || batch->n >= seed_count / 3));
    void *library = library_of(batch);
    for (int i = 0; i < batch->n; i++) {
        const struct gpfc_kernel *kernel =
            dlsym(library, arena_printf(batch->arena, "gpfc_kernel_%s", batch->graphs[i]->name));
        CU_ASSERT_PTR_NOT_NULL_FATAL(kernel);
        run_program(batch, i, kernel, 3 * lanes);
        if (!random_has_totals(batch->graphs[i]))
            run_program(batch, i, kernel, 2 * lanes + 3);
    }
    arena_free(batch->arena);
    free(batch);
}

static void straight_programs_agree(void)
{
    run_batch(true, 4, false);
}

static void programs_with_loops_agree(void)
{
    run_batch(true, 8, true);
}

static void single_precision_agrees(void)
{
    run_batch(false, 16, true);
}

static void one_sample_a_tile(void)
{
    run_batch(true, 1, true);
}

static const struct check_case cases[] = {
    {"straight programs agree", straight_programs_agree},
    {"programs with loops agree", programs_with_loops_agree},
    {"single precision agrees", single_precision_agrees},
    {"one sample a tile", one_sample_a_tile},
};

int main(int argc, char **argv)
{
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        seed_count = argc > 2 ? atoi(argv[2]) : 1;
    }
    if (seed_count > MOST_SEEDS)
        seed_count = MOST_SEEDS;
    return check_main("emit_c", cases, CHECK_COUNT(cases));
}
