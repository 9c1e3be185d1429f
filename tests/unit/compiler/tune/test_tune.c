/* SPDX-License-Identifier: MIT
 *
 * The choice among candidates: wrong code is found, reported and never wins. Candidates are kernels written
 * by hand for the program cost = sum of weight (w . x)^2, grad.w = sum of weight 2 (w . x) x. */
#include "check.h"
#include "tune/tune.h"
#include "tune/tune_case.h"
#include "tune/tune_decide.h"
#include "tune/tune_time.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

enum { D = 3, LANES = 8 };

static const struct ir_graph *square_program(struct arena *arena)
{
    struct ir_graph *g = ir_graph_new(arena, "train");
    const struct ir_node *w = ir_input(g, "w", IR_PARAMETER, IR_UNIFORM, ir_shape_of(1, D));
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, D));
    const struct ir_node *weight = ir_input(g, "weight", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    const struct ir_node *product = ir_ein(g, 1, "i,i->", w, x);
    ir_output_add(g, "cost", ir_bsum(g, ir_ein(g, 1, ",,->", weight, product, product)));
    ir_output_add(g, "grad.w", ir_bsum(g, ir_ein(g, 2, ",,i->i", weight, product, x)));
    return g;
}

/* ---- kernels ------------------------------------------------------------------------------------------- */

/* Scratch memory holds 2 numbers: w . x of a lane, and one that nobody writes. */
static void before(const void *const *in, void *uniform)
{
    memcpy(uniform, in[0], D * sizeof(double));
}

static void add_lane(const void *const *in, const double *w, double *scratch, double *sums, int lane,
                     double weight)
{
    const double *x = in[1];
    scratch[0] = 0;
    for (int i = 0; i < D; i++)
        scratch[0] += w[i] * x[i * LANES + lane];
    sums[0] += weight * scratch[0] * scratch[0];
    for (int i = 0; i < D; i++)
        sums[1 + i] += weight * 2 * scratch[0] * x[i * LANES + lane];
}

static void right(const void *const *in, void *const *out, const void *uniform, void *scratch, void *sums)
{
    (void)out;
    for (int lane = 0; lane < LANES; lane++)
        add_lane(in, uniform, scratch, sums, lane, ((const double *)in[2])[lane]);
}

static void last_lane_missing(const void *const *in, void *const *out, const void *uniform, void *scratch,
                              void *sums)
{
    (void)out;
    for (int lane = 0; lane < LANES - 1; lane++)
        add_lane(in, uniform, scratch, sums, lane, ((const double *)in[2])[lane]);
}

static void lanes_swapped(const void *const *in, void *const *out, const void *uniform, void *scratch,
                          void *sums)
{
    (void)out;
    for (int lane = 0; lane < LANES; lane++)
        add_lane(in, uniform, scratch, sums, lane, ((const double *)in[2])[lane ^ (lane > 3)]);
}

static void only_last_tile(const void *const *in, void *const *out, const void *uniform, void *scratch,
                           void *sums)
{
    memset(sums, 0, (1 + D) * sizeof(double));
    right(in, out, uniform, scratch, sums);
}

static void equal_weights(const void *const *in, void *const *out, const void *uniform, void *scratch,
                          void *sums)
{
    (void)out;
    for (int lane = 0; lane < LANES; lane++)
        add_lane(in, uniform, scratch, sums, lane, ((const double *)in[2])[0]);
}

static void unset_memory(const void *const *in, void *const *out, const void *uniform, void *scratch,
                         void *sums)
{
    right(in, out, uniform, scratch, sums);
    ((double *)sums)[1] += 0 * ((double *)scratch)[1];
}

static void slightly_off(const void *const *in, void *const *out, const void *uniform, void *scratch,
                         void *sums)
{
    right(in, out, uniform, scratch, sums);
    ((double *)sums)[2] *= 1 + 1e-6;
}

static void nothing(const void *const *in, void *const *out, const void *uniform, void *scratch, void *sums)
{
    (void)in, (void)out, (void)uniform, (void)scratch, (void)sums;
}

static void after(const void *const *in, void *const *out, const void *uniform, const void *sums)
{
    (void)in, (void)uniform;
    memcpy(out[0], sums, sizeof(double));
    memcpy(out[1], (const double *)sums + 1, D * sizeof(double));
}

typedef void tile_function(const void *const *, void *const *, const void *, void *, void *);

static const struct gpfc_port ports_in[] = {{"w", GPFC_IN_PARAMETER, D, 1, {D}},
                                            {"x", GPFC_IN_SAMPLE, D, 1, {D}},
                                            {"weight", GPFC_IN_SAMPLE, 1, 0, {0}}};
static const struct gpfc_port ports_out[] = {{"cost", GPFC_OUT_TOTAL, 1, 0, {0}},
                                             {"grad.w", GPFC_OUT_TOTAL, D, 1, {D}}};

static struct gpfc_kernel kernel_of(tile_function *tile)
{
    return (struct gpfc_kernel){.name = "train",
                                .n_in = 3,
                                .n_out = 2,
                                .in = ports_in,
                                .out = ports_out,
                                .uniform_bytes = D * sizeof(double),
                                .scratch_bytes = 2 * sizeof(double),
                                .sum_elements = 1 + D,
                                .before = before,
                                .tile = tile,
                                .after = after};
}

static const struct wrong {
    const char *name;
    tile_function *tile;
} wrong_ones[] = {
    {"a lane missing", last_lane_missing}, {"lanes swapped", lanes_swapped},
    {"one tile only", only_last_tile},     {"equal weights", equal_weights},
    {"unset memory", unset_memory},        {"off by a millionth", slightly_off},
    {"nothing computed", nothing},
};
enum { WRONG = sizeof wrong_ones / sizeof wrong_ones[0] };

/* ---- comparing ----------------------------------------------------------------------------------------- */

static double error_of(struct arena *arena, const struct gpfc_kernel *kernel)
{
    const char *fault = NULL;
    const struct tune_case *c = tune_case_new(arena, square_program(arena), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    return tune_case_error(c, tune_run_new(arena, kernel, LANES, REAL_8));
}

static void right_code_is_right(void)
{
    struct arena *arena = arena_new();
    const struct gpfc_kernel kernel = kernel_of(right);
    const double error = error_of(arena, &kernel);
    CU_ASSERT(error >= 0 && error < 1e-14);
    arena_free(arena);
}

static void wrong_code_is_wrong(void)
{
    for (int i = 0; i < WRONG; i++) {
        struct arena *arena = arena_new();
        const struct gpfc_kernel kernel = kernel_of(wrong_ones[i].tile);
        const double error = error_of(arena, &kernel);
        if (!(error > tune_case_tolerance(REAL_8)))
            printf("%s: %g\n", wrong_ones[i].name, error);
        CU_ASSERT(error > tune_case_tolerance(REAL_8));
        arena_free(arena);
    }
}

static void other_ports_are_reported(void)
{
    struct arena *arena = arena_new();
    static const struct gpfc_port other[] = {{"cost", GPFC_OUT_TOTAL, 1, 0, {0}},
                                             {"grad.v", GPFC_OUT_TOTAL, D, 1, {D}}};
    struct gpfc_kernel kernel = kernel_of(right);
    kernel.out = other;
    CU_ASSERT(error_of(arena, &kernel) < 0);
    kernel.out = ports_out;
    kernel.n_out = 1;
    CU_ASSERT(error_of(arena, &kernel) < 0);
    arena_free(arena);
}

static void programs_without_training_are_refused(void)
{
    struct arena *arena = arena_new();
    const char *fault = NULL;
    struct ir_graph *g = ir_graph_new(arena, "apply");
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(1, D));
    ir_output_add(g, "y", ir_unary(g, IR_TANH, x));
    CU_ASSERT_PTR_NULL(tune_case_new(arena, g, &fault));
    CU_ASSERT_PTR_NOT_NULL(fault);
    arena_free(arena);
}

/* ---- loops that end early ------------------------------------------------------------------------------ */

/* cost = sum of weight (3^n x), n the rounds, of which there are 5 at most. */
static const struct ir_graph *limited_program(struct arena *arena)
{
    struct ir_graph *g = ir_graph_new(arena, "train"), *body = ir_graph_new(arena, "body");
    const struct ir_node *rounds = ir_input(g, IR_LIMIT, IR_SETTING, IR_UNIFORM, ir_shape_of(0));
    const struct ir_node *x = ir_input(g, "x", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    const struct ir_node *weight = ir_input(g, "weight", IR_SAMPLE, IR_VARYING, ir_shape_of(0));
    ir_output_add(body, "x", ir_scale(body, 3, ir_input(body, "x", IR_CARRY, IR_VARYING, ir_shape_of(0))));
    const struct ir_steps steps = {.count = 5, .limited = true, .n_carry = 1, .body = body};
    const struct ir_node *end = ir_result(g, ir_steps(g, &steps, &x), 0);
    ir_output_add(g, "cost", ir_bsum(g, ir_mul(g, weight, end)));
    CU_ASSERT_PTR_EQUAL(ir_limit(g), rounds);
    return g;
}

static void add_limited(const void *const *in, double *sums, double most)
{
    const double *rounds = in[0], *x = in[1], *weight = in[2];
    for (int lane = 0; lane < LANES; lane++) {
        double value = x[lane];
        for (int k = 0; k + 0.5 <= *rounds && k < most; k++)
            value *= 3;
        sums[0] += weight[lane] * value;
    }
}

static void all_rounds(const void *const *in, void *const *out, const void *uniform, void *scratch,
                       void *sums)
{
    (void)out, (void)uniform, (void)scratch;
    add_limited(in, sums, 5);
}

static void no_rounds(const void *const *in, void *const *out, const void *uniform, void *scratch, void *sums)
{
    (void)out, (void)uniform, (void)scratch;
    add_limited(in, sums, 0);
}

static void nothing_before(const void *const *in, void *uniform)
{
    (void)in, (void)uniform;
}

static void copy_cost(const void *const *in, void *const *out, const void *uniform, const void *sums)
{
    (void)in, (void)uniform;
    memcpy(out[0], sums, sizeof(double));
}

static void loops_with_a_limit_run(void)
{
    static const struct gpfc_port in[] = {{IR_LIMIT, GPFC_IN_SETTING, 1, 0, {0}},
                                          {"x", GPFC_IN_SAMPLE, 1, 0, {0}},
                                          {"weight", GPFC_IN_SAMPLE, 1, 0, {0}}};
    struct arena *arena = arena_new();
    const char *fault = NULL;
    const struct tune_case *c = tune_case_new(arena, limited_program(arena), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    struct gpfc_kernel kernel = {.n_in = 3,
                                 .n_out = 1,
                                 .in = in,
                                 .out = ports_out,
                                 .sum_elements = 1,
                                 .before = nothing_before,
                                 .tile = all_rounds,
                                 .after = copy_cost};
    CU_ASSERT(tune_case_error(c, tune_run_new(arena, &kernel, LANES, REAL_8)) < 1e-14);
    kernel.tile = no_rounds;
    CU_ASSERT(tune_case_error(c, tune_run_new(arena, &kernel, LANES, REAL_8)) > 0.1);
    arena_free(arena);
}

/* ---- times --------------------------------------------------------------------------------------------- */

static void rounds_are_compared(void)
{
    struct contender reference = {.rounds = 5, .seconds = {2, 4, 2, 1, 2}};
    struct contender c = {.rounds = 5, .seconds = {3, 2, 3, 2, 0.5}};
    CU_ASSERT_EQUAL(contender_least(&reference), 1);
    CU_ASSERT_EQUAL(contender_ratio(&c, &reference), 0.5);
    CU_ASSERT_EQUAL(contender_median_ratio(&c, &reference), 1.5); /* of 1.5, 0.5, 1.5, 2, 0.25 */
    contender_reset(&c);
    CU_ASSERT_EQUAL(contender_least(&c), 0);
}

static void a_step_has_a_last_tile(void)
{
    struct arena *arena = arena_new();
    const char *fault = NULL;
    const struct gpfc_kernel kernel = kernel_of(right);
    const struct tune_case *c = tune_case_new(arena, square_program(arena), &fault);
    CU_ASSERT_EQUAL(contender_new(arena, c, &kernel, LANES, REAL_8, 20)->tiles, 3);
    CU_ASSERT_EQUAL(contender_new(arena, c, &kernel, LANES, REAL_8, 16)->tiles, 2);
    arena_free(arena);
}

/* ---- deciding ------------------------------------------------------------------------------------------ */

static void faster_beyond_noise_and_nowhere_slower(void)
{
    static const struct {
        struct tune_quotients alone, crowded;
        bool better;
    } rows[] = {
        {{1, 1}, {1, 1}, false},
        {{0.5, 0.5}, {0.5, 0.5}, true},
        {{0.98, 0.98}, {1.004, 1.004}, true}, /* faster on one thread, the same on all */
        {{1.004, 1.004}, {0.98, 0.98}, true}, /* the other way round */
        {{0.99, 0.99}, {0.99, 0.99}, false},  /* that may be noise */
        {{0.99, 0.99}, {0.98, 0.98}, true},
        {{0.5, 0.5}, {1.006, 1.006}, false}, /* slower in a crowd */
        {{1.006, 1.006}, {0.5, 0.5}, false}, /* slower on one thread */
        {{0.5, 0.99}, {1, 1}, false},        /* by one lucky round */
        {{0.99, 0.5}, {1, 1}, false},
        {{0.5, 0.5}, {0.5, 1.1}, false},
        {{0.5, 0.5}, {1.1, 0.5}, false},
        {{0.5, 1.1}, {0.5, 0.5}, false},
        {{1.1, 0.5}, {0.5, 0.5}, false},
        {{NAN, NAN}, {0.5, 0.5}, false},
    };
    for (size_t i = 0; i < CHECK_COUNT(rows); i++)
        CU_ASSERT_EQUAL(tune_is_better(rows[i].alone, rows[i].crowded), rows[i].better);
}

static void the_best_of_those_that_are_better(void)
{
    static const struct tune_quotients alone[] = {{1, 1}, {0.2, 0.2}, {0.7, 0.7}, {0.6, 0.6}, {0.5, 0.5}};
    static const struct tune_quotients crowded[] = {{1, 1}, {1.2, 1.2}, {0.5, 0.5}, {0.55, 0.55}, {0.9, 0.9}};
    CU_ASSERT_EQUAL(tune_best(alone, crowded, 1), -1);
    CU_ASSERT_EQUAL(tune_best(alone, crowded, 2), -1);
    CU_ASSERT_EQUAL(tune_best(alone, crowded, 3), 2);
    CU_ASSERT_EQUAL(tune_best(alone, crowded, 4), 3); /* 0.33 < 0.35 */
    CU_ASSERT_EQUAL(tune_best(alone, crowded, 5), 3);
    CU_ASSERT_EQUAL(tune_best(alone, alone, 5), 1);
}

/* ---- choosing ------------------------------------------------------------------------------------------ */

enum { MOST_KERNELS = 16 };

struct table { /* candidates: number k is encoded in schedule.cpu.unroll */
    struct gpfc_kernel kernel[MOST_KERNELS];
    int told, last_done, last_wrong;
    bool finished;
};

static const struct gpfc_kernel *take(void *data, struct arena *arena, const struct schedule *schedule,
                                      const char **fault)
{
    const struct table *table = data;
    const struct gpfc_kernel *kernel = &table->kernel[schedule->cpu.unroll];
    if (kernel->tile)
        return kernel;
    *fault = arena_printf(arena, "number %d is not there", schedule->cpu.unroll);
    return NULL;
}

static void note(void *data, const struct tune_progress *progress)
{
    struct table *table = data;
    table->told++;
    CU_ASSERT(progress->finished ? progress->done == table->last_done : progress->done > table->last_done);
    CU_ASSERT(progress->done <= progress->total && !table->finished);
    table->finished = progress->finished;
    table->last_done = progress->done;
    table->last_wrong = progress->wrong;
}

static bool search_for(struct arena *arena, struct table *table, int n, int threads, double seconds,
                       struct tune_result *out, const char **fault)
{
    struct schedule *schedules = ARENA_ARRAY(arena, struct schedule, (size_t)n);
    for (int i = 0; i < n; i++)
        schedules[i] = (struct schedule){.lanes = LANES, .cpu = {.vector = 4, .unroll = i}};
    const struct tune_task task = {.program = square_program(arena),
                                   .real = REAL_8,
                                   .batch = 20,
                                   .n = n,
                                   .schedules = schedules,
                                   .seconds = seconds,
                                   .threads = threads,
                                   .compile = take,
                                   .progress = note,
                                   .data = table};
    return tune_search(arena, &task, out, fault);
}

static bool search(struct arena *arena, struct table *table, int n, int threads, struct tune_result *out,
                   const char **fault)
{
    return search_for(arena, table, n, threads, 30, out, fault);
}

/* The wrong ones are much faster than this. */
static void right_but_slow(const void *const *in, void *const *out, const void *uniform, void *scratch,
                           void *sums)
{
    double rest[1 + D];
    for (int i = 0; i < 200; i++)
        right(in, out, uniform, scratch, rest);
    right(in, out, uniform, scratch, sums);
}

static void wrong_code_never_wins(void)
{
    for (int threads = 1; threads <= 3; threads += 2) {
        struct arena *arena = arena_new();
        struct table table = {.kernel = {kernel_of(right_but_slow)}};
        struct tune_result result;
        const char *fault = NULL;
        for (int i = 0; i < WRONG; i++)
            table.kernel[1 + i] = kernel_of(wrong_ones[i].tile);
        table.kernel[2 + WRONG] = kernel_of(right_but_slow);
        CU_ASSERT_TRUE_FATAL(search(arena, &table, 3 + WRONG, threads, &result, &fault));
        CU_ASSERT(result.winner == 0 || result.winner == 2 + WRONG);
        CU_ASSERT_EQUAL(result.wrong, WRONG);
        CU_ASSERT_EQUAL(result.broken, 1);
        for (int i = 0; i < WRONG; i++) {
            CU_ASSERT_EQUAL(result.candidates[1 + i].fate, TUNE_WRONG);
            CU_ASSERT_EQUAL(result.candidates[1 + i].seconds, 0);
        }
        CU_ASSERT_EQUAL(result.candidates[1 + WRONG].fate, TUNE_BROKEN);
        CU_ASSERT_STRING_EQUAL(result.candidates[1 + WRONG].fault, "number 8 is not there");
        CU_ASSERT(result.candidates[0].seconds > 0 && result.candidates[0].fate == TUNE_LAST);
        CU_ASSERT_EQUAL(table.last_done, 3 + WRONG);
        CU_ASSERT_TRUE(table.finished);
        CU_ASSERT_EQUAL(table.last_wrong, WRONG);
        arena_free(arena);
    }
}

static pthread_t who_times;
static atomic_bool crowd_came; /* a tile ran in another thread: from then on all rounds are crowded ones */

static void repeated(const void *const *in, const void *uniform, void *scratch, void *sums, int times)
{
    double rest[1 + D] = {0};
    if (!pthread_equal(pthread_self(), who_times))
        atomic_store(&crowd_came, true);
    for (int i = 1; i < times; i++)
        right(in, NULL, uniform, scratch, rest);
    right(in, NULL, uniform, scratch, sums);
}

static void as_the_first(const void *const *in, void *const *out, const void *uniform, void *scratch,
                         void *sums)
{
    (void)out;
    repeated(in, uniform, scratch, sums, 40);
}

static void fast_alone(const void *const *in, void *const *out, const void *uniform, void *scratch,
                       void *sums)
{
    (void)out;
    repeated(in, uniform, scratch, sums, atomic_load(&crowd_came) ? 400 : 4);
}

static int winner_of(struct table *table, int n, int threads)
{
    struct arena *arena = arena_new();
    struct tune_result result = {.winner = -1};
    const char *fault = NULL;
    who_times = pthread_self();
    atomic_store(&crowd_came, false);
    CU_ASSERT_TRUE(search(arena, table, n, threads, &result, &fault));
    CU_ASSERT_EQUAL(atomic_load(&crowd_came), threads > 1);
    arena_free(arena);
    return result.winner;
}

/* Ten times as fast on one thread and ten times as slow on all: the latter decides, if it was measured. */
static void crowded_rounds_decide(void)
{
    for (int threads = 1; threads <= 2; threads++) {
        struct table table = {.kernel = {kernel_of(as_the_first), kernel_of(fast_alone)}};
        CU_ASSERT_EQUAL(winner_of(&table, 2, threads), threads == 1 ? 1 : 0);
    }
}

/* The schedule that would be taken without tuning is measured like all others, and is not taken where it is
 * wrong. */
static void a_wrong_first_candidate_is_skipped(void)
{
    struct arena *arena = arena_new();
    struct table table = {.kernel = {kernel_of(nothing), kernel_of(right)}};
    struct tune_result result;
    const char *fault = NULL;
    CU_ASSERT_TRUE_FATAL(search(arena, &table, 2, 2, &result, &fault));
    CU_ASSERT_EQUAL(result.winner, 1);
    CU_ASSERT_EQUAL(result.wrong, 1);
    arena_free(arena);
}

/* Nor one with other outputs, of which nothing can be compared. */
static void other_ports_never_win(void)
{
    static const struct gpfc_port other[] = {{"cost", GPFC_OUT_TOTAL, 1, 0, {0}},
                                             {"grad.v", GPFC_OUT_TOTAL, D, 1, {D}}};
    struct arena *arena = arena_new();
    struct table table = {.kernel = {kernel_of(right), kernel_of(nothing)}};
    struct tune_result result;
    const char *fault = NULL;
    table.kernel[0].out = other;
    table.kernel[1] = kernel_of(right);
    CU_ASSERT_TRUE_FATAL(search(arena, &table, 2, 2, &result, &fault));
    CU_ASSERT_EQUAL(result.winner, 1);
    CU_ASSERT_EQUAL(result.candidates[0].fate, TUNE_WRONG);
    arena_free(arena);
}

/* The search goes on until one is right, whatever the time. */
static void no_time_finds_one_that_is_right(void)
{
    struct arena *arena = arena_new();
    struct table table = {
        .kernel = {kernel_of(nothing), kernel_of(nothing), kernel_of(right), kernel_of(right)}};
    struct tune_result result;
    const char *fault = NULL;
    CU_ASSERT_TRUE_FATAL(search_for(arena, &table, 4, 1, 1e-9, &result, &fault));
    CU_ASSERT_EQUAL(result.winner, 2);
    CU_ASSERT_EQUAL(result.candidates[3].fate, TUNE_UNTRIED);
    arena_free(arena);
}

static void none_right_is_reported(void)
{
    struct arena *arena = arena_new();
    struct table table = {.kernel = {kernel_of(nothing), kernel_of(equal_weights)}};
    struct tune_result result;
    const char *fault = NULL;
    CU_ASSERT_FALSE(search(arena, &table, 3, 2, &result, &fault));
    CU_ASSERT_PTR_NOT_NULL_FATAL(fault);
    CU_ASSERT_PTR_NOT_NULL(strstr(fault, "no candidate"));
    arena_free(arena);
}

/* More right ones than the last rounds take. */
static void many_candidates_are_reduced(void)
{
    struct arena *arena = arena_new();
    struct table table = {.told = 0};
    struct tune_result result;
    const char *fault = NULL;
    for (int i = 0; i < MOST_KERNELS; i++)
        table.kernel[i] = kernel_of(right);
    CU_ASSERT_TRUE_FATAL(search(arena, &table, MOST_KERNELS, 2, &result, &fault));
    CU_ASSERT_EQUAL(result.wrong + result.broken, 0);
    CU_ASSERT_EQUAL(result.timed, MOST_KERNELS);
    int last = 0;
    for (int i = 0; i < MOST_KERNELS; i++)
        last += result.candidates[i].fate == TUNE_LAST;
    CU_ASSERT(last >= 1 && last <= 7);
    CU_ASSERT_EQUAL(result.candidates[result.winner].fate, TUNE_LAST);
    arena_free(arena);
}

int main(void)
{
    static const struct check_case cases[] = {
        {"right code is right", right_code_is_right},
        {"wrong code is wrong", wrong_code_is_wrong},
        {"other ports are reported", other_ports_are_reported},
        {"programs without training are refused", programs_without_training_are_refused},
        {"loops with a limit run", loops_with_a_limit_run},
        {"wrong code never wins", wrong_code_never_wins},
        {"a wrong first candidate is skipped", a_wrong_first_candidate_is_skipped},
        {"rounds are compared", rounds_are_compared},
        {"a step has a last tile", a_step_has_a_last_tile},
        {"faster beyond noise and nowhere slower", faster_beyond_noise_and_nowhere_slower},
        {"the best of those that are better", the_best_of_those_that_are_better},
        {"crowded rounds decide", crowded_rounds_decide},
        {"other ports never win", other_ports_never_win},
        {"no time finds one that is right", no_time_finds_one_that_is_right},
        {"none right is reported", none_right_is_reported},
        {"many candidates are reduced", many_candidates_are_reduced},
    };
    return check_main("tuning", cases, CHECK_COUNT(cases));
}
